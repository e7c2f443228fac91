import { TS_TIME_ROLLOVER_TICKS, TS_TIMESCALE } from "./limits.ts";

/**
 * A stream that begins less than this before the rollover is taken to begin before zero: so writers that start
 * a little early stay near zero.
 */
const NEGATIVE_START_TICKS = 60 * TS_TIMESCALE;

/** Turns times of 33 bits into times that go on rising: ISO/IEC 13818-1 section 2.4.3.7. */
export class Timeline {
  #newest: number | undefined;

  /** @param near A time that the first one is close to, in ticks; without it, the first one decides. */
  constructor(near?: number) {
    this.#newest = near;
  }

  /** The newest time unwrapped, in ticks; `undefined` before the first. */
  get newest(): number | undefined {
    return this.#newest;
  }

  /**
   * Unwraps a decoding time.
   *
   * @param wrapped In ticks, 0 to 2^33 - 1.
   * @param previous The time before it on the same stream, if there was one.
   * @returns The time that is `wrapped` modulo 2^33 and closest to the ones before.
   */
  unwrap(wrapped: number, previous?: number): number {
    const near = previous ?? this.#newest;
    const time = near === undefined ? firstTime(wrapped) : closestTime(wrapped, near);
    this.#newest = time;
    return time;
  }
}

/** The time that is `wrapped` modulo 2^33 and closest to `near`, in ticks. */
export function closestTime(wrapped: number, near: number): number {
  return wrapped + Math.round((near - wrapped) / TS_TIME_ROLLOVER_TICKS) * TS_TIME_ROLLOVER_TICKS;
}

function firstTime(wrapped: number): number {
  return wrapped >= TS_TIME_ROLLOVER_TICKS - NEGATIVE_START_TICKS
    ? wrapped - TS_TIME_ROLLOVER_TICKS
    : wrapped;
}
