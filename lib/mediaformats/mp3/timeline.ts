import { MP3_TICKS_PER_SECOND } from "#codecs/mp3";

/** All frames last multiples of it: 192 samples, at a rate that divides `MP3_TICKS_PER_SECOND`. */
const TICK_STEP = 192;

/** Ticks to microseconds, whole. */
export function usOf(ticks: number): number {
  return Math.round(ticks * 1_000_000 / MP3_TICKS_PER_SECOND);
}

/** The start of a frame in ticks, exact, from its time in microseconds, which is rounded. */
export function frameTicksAt(timeUs: number): number {
  return Math.round(timeUs * MP3_TICKS_PER_SECOND / 1_000_000 / TICK_STEP) * TICK_STEP;
}
