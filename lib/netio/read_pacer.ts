import type { Clock } from "#clock";

/** Reads in a second above which the wait grows: about 34 publishers of video and audio, 5 % of a core. */
const MANY_READS_PER_S = 2_500;
/** Reads in a second below which the wait shrinks. */
const FEW_READS_PER_S = 1_500;
/** Longest wait before a paced read, in ms. */
const MAX_PACE_MS = 40;
/** How often the rate is taken, in ms. */
const RATE_WINDOW_MS = 100;

/**
 * Merges reads of many busy connections: while the process reads often, a connection waits for the next
 * beat before it reads again, so that one read brings several messages.
 *
 * Latency is spent only where it buys processor time: the wait grows and shrinks, up to `MAX_PACE_MS`, so that
 * the process reads between `FEW_READS_PER_S` and `MANY_READS_PER_S` times.
 */
export class ReadPacer {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #isArmed = false;
  #windowStartMs = 0;
  #windowReads = 0;
  #paceMs = 0;

  /** @param clock Time for the rate and the beat. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Wait before a read, in ms, at the present rate; 0 while reads are made at once. */
  get paceMs(): number {
    return this.#paceMs;
  }

  /**
   * Counts a read that brought bytes.
   *
   * @returns Whether the next read of this connection should wait for the beat.
   */
  shouldPace(): boolean {
    this.#windowReads++;
    // the clock is asked once in 16 reads: it costs as much as the rest of this function
    if ((this.#windowReads & 15) === 0) this.#takeRate(this.#clock.nowMs());
    return this.#paceMs > 0;
  }

  /** Calls `read` at the next beat. */
  wait(read: () => void): void {
    this.#waiting.push(read);
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#clock.after(this.#paceMs, () => this.#beat());
  }

  #beat(): void {
    this.#isArmed = false;
    this.#takeRate(this.#clock.nowMs());
    const due = this.#waiting.splice(0);
    for (const read of due) read();
  }

  #takeRate(nowMs: number): void {
    const elapsedMs = nowMs - this.#windowStartMs;
    if (elapsedMs < RATE_WINDOW_MS) return;
    const readsPerS = this.#windowReads * 1000 / elapsedMs;
    this.#windowStartMs = nowMs;
    this.#windowReads = 0;
    if (readsPerS > MANY_READS_PER_S) this.#paceMs = Math.min(MAX_PACE_MS, this.#paceMs + 8);
    else if (readsPerS < FEW_READS_PER_S) this.#paceMs = Math.max(0, this.#paceMs - 4);
  }
}
