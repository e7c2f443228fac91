/**
 * Time and randomness as values that are passed in (layer 0), so that timeouts and handshakes are tested
 * without waiting.
 *
 * ```ts
 * import { ManualClock } from "#clock";
 *
 * const clock = new ManualClock();
 * let rang = false;
 * using _timer = clock.after(5_000, () => rang = true);
 * clock.advance(5_000);
 * console.log(rang); // true
 * ```
 *
 * @module
 */
export { ManualClock, systemClock, systemRandomBytes } from "./clock.ts";
export type { Clock, RandomBytes } from "./clock.ts";
export { COARSE_TICK_MS, CoarseClock } from "./coarse_clock.ts";
export { TurnEnd } from "./turn_end.ts";
