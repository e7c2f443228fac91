import type { Clock } from "#clock";

/** Below this many reads in a second, every read is made at once. */
const FREE_READS_PER_S = 1_500;
/** Longest wait before a paced read, in ms. */
const MAX_PACE_MS = 40;
/** How often the rate is taken, in ms. */
const RATE_WINDOW_MS = 100;

/**
 * Merges reads of many busy connections: while the process reads often, a connection waits for the next
 * beat before it reads again, so that one read brings several messages.
 *
 * Latency is spent only where it buys processor time: below `FREE_READS_PER_S` nothing waits. The wait grows
 * with the rate at which reads would come, up to `MAX_PACE_MS`.
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
    // rises at once in steps, falls slowly: the rate itself drops when reads are merged
    if (readsPerS > FREE_READS_PER_S) this.#paceMs = Math.min(MAX_PACE_MS, this.#paceMs + 8);
    else if (readsPerS < FREE_READS_PER_S / 4) this.#paceMs = Math.max(0, this.#paceMs - 4);
  }
}
