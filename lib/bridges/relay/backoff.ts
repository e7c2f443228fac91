import type { RandomBytes } from "#clock";

/** Shortest wait before another attempt, in ms. */
export const MIN_RETRY_MS = 1_000;
/** Longest one: what is down for long is asked about twice a minute. */
export const MAX_RETRY_MS = 30_000;
/** What stood for this long, in ms, begins with the shortest wait again. */
export const STEADY_MS = 5_000;

/** Waits between attempts: each about twice the last one, and never the same for two who lost one server. */
export class Backoff {
  readonly #randomBytes: RandomBytes;
  #failures = 0;

  /** @param randomBytes Where the jitter comes from. */
  constructor(randomBytes: RandomBytes) {
    this.#randomBytes = randomBytes;
  }

  /**
   * The wait before the next attempt, in ms, MIN_RETRY_MS to MAX_RETRY_MS.
   *
   * @param stoodMs How long the last attempt stood; 0 for one that failed before.
   */
  next(stoodMs: number): number {
    if (stoodMs >= STEADY_MS) this.#failures = 0;
    const plainMs = Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** this.#failures);
    if (plainMs < MAX_RETRY_MS) this.#failures++;
    const [byte = 0] = this.#randomBytes(1);
    const jittered = plainMs * (0.75 + byte / 512);
    return Math.round(Math.min(MAX_RETRY_MS, Math.max(MIN_RETRY_MS, jittered)));
  }
}
