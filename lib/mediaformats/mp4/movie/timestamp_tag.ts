/** Seconds from 1904, where the times of boxes begin, to 1970: ISO/IEC 14496-12 section 8.2.2. */
const EPOCH_1904_SECONDS = 2_082_844_800;
/** Latest second that a date can be made of. */
const MAX_DATE_SECONDS = 8_640_000_000_000;

/** `creation_time` as ffprobe shows it, or nothing where the box has 0. */
export function timestampTag(seconds: number): Record<string, string> {
  if (seconds === 0) return {};
  const since1970 = seconds >= EPOCH_1904_SECONDS ? seconds - EPOCH_1904_SECONDS : seconds;
  if (since1970 > MAX_DATE_SECONDS) return {};
  return { creation_time: new Date(since1970 * 1000).toISOString().replace(/Z$/, "000Z") };
}
