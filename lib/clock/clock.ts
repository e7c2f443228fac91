/** A monotonic clock with timers. */
export interface Clock {
  /** Milliseconds since an arbitrary start, with a fraction; never goes back. */
  nowMs(): number;
  /** Milliseconds since 1970-01-01 UTC, for names and logs. */
  wallMs(): number;
  /** Calls `callback` once, `delayMs` from now, unless the returned timer is disposed first. */
  after(delayMs: number, callback: () => void): Disposable;
  /** Calls `callback` each `periodMs` until the returned timer is disposed. */
  every(periodMs: number, callback: () => void): Disposable;
}

/** Fills a new array with random bytes of cryptographic quality (or, in tests, with known ones). */
export type RandomBytes = (length: number) => Uint8Array<ArrayBuffer>;

/** The runtime's clock. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, callback) {
    const id = setTimeout(callback, delayMs);
    return { [Symbol.dispose]: () => clearTimeout(id) };
  },
  every(periodMs, callback) {
    const id = setInterval(callback, periodMs);
    return { [Symbol.dispose]: () => clearInterval(id) };
  },
};

/** Random bytes from the runtime's cryptographic source. */
export const systemRandomBytes: RandomBytes = (length: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, Math.min(at + 65_536, length)));
  }
  return bytes;
};

interface ManualTimer {
  dueMs: number;
  periodMs: number | undefined;
  callback: () => void;
}

/** A clock that stands still until `advance` is called; for tests. */
export class ManualClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<ManualTimer>();

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Disposable {
    return this.#add({ dueMs: this.#nowMs + delayMs, periodMs: undefined, callback });
  }

  every(periodMs: number, callback: () => void): Disposable {
    return this.#add({ dueMs: this.#nowMs + periodMs, periodMs, callback });
  }

  /** Number of timers that are still armed. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves time forward by `byMs` and runs, in order, every timer that falls due. */
  advance(byMs: number): void {
    const endMs = this.#nowMs + byMs;
    for (;;) {
      let next: ManualTimer | undefined;
      for (const timer of this.#timers) {
        if (timer.dueMs <= endMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
      }
      if (next === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      if (next.periodMs === undefined) this.#timers.delete(next);
      else next.dueMs += next.periodMs;
      next.callback();
    }
    this.#nowMs = endMs;
  }

  #add(timer: ManualTimer): Disposable {
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }
}
