import type { Clock } from "#clock";

/** Wrong passwords an address may send within `FAILURE_WINDOW_MS`; then nothing of it is checked. */
export const MAX_FAILED_LOGINS = 20;
/** For how long failures count, in ms. */
export const FAILURE_WINDOW_MS = 60_000;
/** Addresses remembered; the oldest is forgotten first. */
const MAX_ADDRESSES = 10_000;

/** Counts wrong passwords by address, so that nobody tries them all. */
export class FailedLogins {
  readonly #clock: Clock;
  readonly #failures = new Map<string, { count: number; sinceMs: number }>();

  /** @param clock Time of the window. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether `address` has failed too often lately. */
  isBlocked(address: string): boolean {
    const failure = this.#failures.get(address);
    if (failure === undefined) return false;
    if (this.#clock.nowMs() - failure.sinceMs < FAILURE_WINDOW_MS) return failure.count >= MAX_FAILED_LOGINS;
    this.#failures.delete(address);
    return false;
  }

  /** Notes a wrong password from `address`. */
  note(address: string): void {
    if (this.isBlocked(address)) return;
    const failure = this.#failures.get(address) ?? { count: 0, sinceMs: this.#clock.nowMs() };
    failure.count++;
    if (this.#failures.size >= MAX_ADDRESSES && !this.#failures.has(address)) {
      const [oldest] = this.#failures.keys();
      if (oldest !== undefined) this.#failures.delete(oldest);
    }
    this.#failures.set(address, failure);
  }
}
