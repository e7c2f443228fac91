/**
 * Times of a segment in whole ticks: a TimestampScale that is no whole part of a second, such as the 20,832 ns of
 * files with 48 kHz audio alone, makes more ticks a second than the file counts.
 */
export class TickScale {
  /** Nanoseconds of a tick as the file counts. */
  readonly scaleNs: number;
  /** Ticks per second, whole. */
  readonly timescale: number;
  /** Ticks for each tick of the file; times are multiples of it. */
  readonly step: number;

  /** @param scaleNs TimestampScale, at least 1. */
  constructor(scaleNs: number) {
    const divisor = largestDivisorOf(scaleNs, 1_000_000_000);
    this.scaleNs = scaleNs;
    this.timescale = 1_000_000_000 / divisor;
    this.step = scaleNs / divisor;
  }

  /** Microseconds of a time in ticks, rounded. */
  toUs(ticks: number): number {
    // adding 0 makes 0 of -0
    return Math.round(ticks * 1e6 / this.timescale) + 0;
  }

  /** Whole ticks of the file in a length in nanoseconds, rounded. */
  fileTicksOf(lengthNs: number): number {
    return Math.round(lengthNs / this.scaleNs);
  }
}

function largestDivisorOf(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
