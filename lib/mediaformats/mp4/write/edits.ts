import type { Edit } from "./movie_boxes.ts";
import type { SampleColumns } from "./sample_columns.ts";

/** The field has 32 bits: ISO/IEC 14496-12 section 8.2.2. */
const MAX_MOVIE_TIMESCALE = 0xffff_ffff;

/**
 * The least common multiple of all timescales, in which edits of all tracks are whole.
 *
 * @param otherwise Where it is too large.
 */
export function movieTimescaleOf(timescales: readonly number[], otherwise: number): number {
  let multiple = 1;
  for (const timescale of timescales) {
    multiple = multiple / greatestDivisor(multiple, timescale) * timescale;
    if (multiple > MAX_MOVIE_TIMESCALE) return otherwise;
  }
  return multiple;
}

function greatestDivisor(a: number, b: number): number {
  while (b > 0) [a, b] = [b, a % b];
  return a;
}

/**
 * Media time begins with the first sample decoded, presentation time at 0 of the packets: an empty edit for what
 * starts late, then the media from what is shown first, or from what stands at 0 on.
 */
export function editsOf(columns: SampleColumns, movieTicksPerTick: number): readonly Edit[] {
  const { firstDtsTicks, startTicks, endTicks } = columns;
  if (firstDtsTicks === 0 && startTicks <= 0) return [];
  const lateTicks = Math.max(0, startTicks);
  const shown: Edit = {
    durationTicks: Math.max(0, Math.ceil((endTicks - lateTicks) * movieTicksPerTick)),
    mediaTicks: lateTicks - firstDtsTicks,
  };
  if (lateTicks === 0) return [shown];
  return [{ durationTicks: Math.round(lateTicks * movieTicksPerTick), mediaTicks: -1 }, shown];
}
