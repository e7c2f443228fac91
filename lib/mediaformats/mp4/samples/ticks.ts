const MICROSECONDS = 1_000_000;

/**
 * The last tick whose time, rounded to microseconds as packets have it, is at most `timeUs`.
 *
 * @param timescale Ticks per second.
 */
export function ticksAtOrBefore(timeUs: number, timescale: number): number {
  return Math.ceil((Math.floor(timeUs) + 0.5) * timescale / MICROSECONDS) - 1;
}
