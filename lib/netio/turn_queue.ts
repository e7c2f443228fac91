import type { Clock } from "#clock";

/**
 * Part of the time that a connection's bytes took which others get after it. The runtime looks at sockets only
 * when no timer is due and no write can go on: without it, busy connections would keep the process to themselves.
 */
const YIELDED_SHARE = 1 / 4;

/** Busy connections of a reactor, which go on reading one after another, with time for all others between them. */
export class TurnQueue {
  readonly #clock: Clock;
  #waiting: (() => void)[] = [];
  #isArmed = false;
  /** Until then the others have their time, in ms. */
  #freeMs = 0;

  /** @param clock Time of the turns. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `read` when it is its turn; `busyMs` is how long the bytes took that it read before. */
  wait(read: () => void, busyMs: number): void {
    this.#freeMs = this.#clock.nowMs() + busyMs * YIELDED_SHARE;
    this.#waiting.push(read);
    this.#arm();
  }

  #arm(): void {
    if (this.#isArmed || this.#waiting.length === 0) return;
    this.#isArmed = true;
    this.#clock.after(Math.max(0, this.#freeMs - this.#clock.nowMs()), () => {
      this.#isArmed = false;
      // the one before may have been busy since
      if (this.#clock.nowMs() >= this.#freeMs) this.#waiting.shift()?.();
      this.#arm();
    });
  }
}
