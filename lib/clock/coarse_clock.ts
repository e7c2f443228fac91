import type { Clock } from "./clock.ts";

/** Ms between two looks at what is due. */
export const COARSE_TICK_MS = 250;

type Bucket = Set<CoarseTimer>;

/** One armed timer; disposing it takes it out of its bucket. */
class CoarseTimer implements Disposable {
  readonly callback: () => void;
  bucket: Bucket | undefined;

  constructor(callback: () => void) {
    this.callback = callback;
  }

  [Symbol.dispose](): void {
    this.bucket?.delete(this);
    this.bucket = undefined;
  }
}

/**
 * A clock whose timers ring up to `COARSE_TICK_MS` late, never early, and cost next to nothing.
 *
 * For the patience of connections: a timer of the runtime costs 10 microseconds and 400 bytes, and a player that
 * joins arms five. Here arming and disposing are one set operation, and the runtime has one timer for all.
 */
export class CoarseClock implements Clock {
  readonly #clock: Clock;
  readonly #buckets = new Map<number, Bucket>();
  /** The last tick whose bucket was emptied. */
  #lastTick = 0;
  #timer: Disposable | undefined;

  /** @param clock The clock underneath. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** As the clock underneath. */
  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** As the clock underneath. */
  wallMs(): number {
    return this.#clock.wallMs();
  }

  /** Calls `callback` once, `delayMs` to `delayMs + COARSE_TICK_MS` from now, and never before it returned. */
  after(delayMs: number, callback: () => void): Disposable {
    const timer = new CoarseTimer(callback);
    this.#put(timer, delayMs);
    return timer;
  }

  /** Calls `callback` each `periodMs`, rounded up to whole ticks. */
  every(periodMs: number, callback: () => void): Disposable {
    const timer = new CoarseTimer(() => {
      this.#put(timer, periodMs);
      callback();
    });
    this.#put(timer, periodMs);
    return timer;
  }

  #put(timer: CoarseTimer, delayMs: number): void {
    const nowMs = this.#clock.nowMs();
    if (this.#timer === undefined) {
      this.#lastTick = Math.floor(nowMs / COARSE_TICK_MS);
      this.#timer = this.#clock.every(COARSE_TICK_MS, () => this.#tick());
    }
    // A bucket that was emptied is not looked at again.
    const tick = Math.max(Math.ceil((nowMs + delayMs) / COARSE_TICK_MS), this.#lastTick + 1);
    let bucket = this.#buckets.get(tick);
    if (bucket === undefined) this.#buckets.set(tick, bucket = new Set());
    bucket.add(timer);
    timer.bucket = bucket;
  }

  #tick(): void {
    const tick = Math.floor(this.#clock.nowMs() / COARSE_TICK_MS);
    while (this.#lastTick < tick) {
      const bucket = this.#buckets.get(++this.#lastTick);
      if (bucket === undefined) continue;
      this.#buckets.delete(this.#lastTick);
      for (const timer of bucket) {
        timer[Symbol.dispose]();
        timer.callback();
      }
    }
    for (const [key, bucket] of this.#buckets) if (bucket.size === 0) this.#buckets.delete(key);
    if (this.#buckets.size > 0) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }
}
