import type { Clock } from "#clock";

/** One deadline of a connection; moving it later costs nothing but a number. */
export class Deadline {
  readonly #clock: Clock;
  #dueMs = Infinity;
  #timerDueMs = Infinity;
  #timer: Disposable | undefined;
  #expire: () => void = NOTHING;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `expire` once, `delayMs` from now, unless set again or cleared before. */
  set(delayMs: number, expire: () => void): void {
    this.#dueMs = this.#clock.nowMs() + delayMs;
    this.#expire = expire;
    if (this.#timerDueMs > this.#dueMs) this.#arm();
  }

  /** Forgets the deadline; its timer may still ring, to no effect. */
  clear(): void {
    this.#dueMs = Infinity;
    this.#expire = NOTHING;
  }

  /** Forgets the deadline and its timer. */
  [Symbol.dispose](): void {
    this.clear();
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#timerDueMs = Infinity;
  }

  #arm(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timerDueMs = this.#dueMs;
    this.#timer = this.#clock.after(this.#dueMs - this.#clock.nowMs(), () => this.#ring());
  }

  #ring(): void {
    this.#timer = undefined;
    this.#timerDueMs = Infinity;
    if (this.#dueMs === Infinity) return;
    // timers may ring a fraction of a millisecond early
    if (this.#dueMs - this.#clock.nowMs() > 1) return this.#arm();
    const expire = this.#expire;
    this.clear();
    expire();
  }
}

function NOTHING(): void {}
