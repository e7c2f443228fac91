import { FormatError } from "#errors";
import type { TrackDescription } from "#media";

/** sequence_header_code: ISO/IEC 13818-2 section 6.2.2.1. */
const SEQUENCE_HEADER = [0, 0, 1, 0xb3] as const;

/**
 * Reads the size of the picture of MPEG-1 and MPEG-2 video, of which nothing else is read.
 *
 * @param unit Of an elementary stream; borrowed. Its sequence header is looked for at the start, where it stands.
 * @throws {FormatError} If it does not begin with one.
 */
export function describeMpegVideo(unit: Uint8Array): TrackDescription {
  if (unit.length < 7 || SEQUENCE_HEADER.some((byte, at) => unit[at] !== byte)) {
    throw new FormatError("Cannot read MPEG video: no sequence header at offset 0", { offset: 0 });
  }
  return {
    kind: "video",
    codec: "unknown",
    codecString: "mp4v.61",
    width: unit[4]! << 4 | unit[5]! >> 4,
    height: (unit[5]! & 0xf) << 8 | unit[6]!,
  };
}
