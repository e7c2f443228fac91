import { decodeAc3SyncFrame, encodeDac3, encodeDec3, readAc3SyncFrame } from "#codecs/ac3";
import { av1cFromUnits } from "#codecs/av1";
import { decodeVp9KeyFrame, vpccFromKeyFrame } from "#codecs/vp9";
import { FormatError, LimitError } from "#errors";
import type { CodecId } from "#media";
import { substreamsOf } from "./eac3_unit.ts";

/** Headers of 48 kHz stereo, for a track that has not sent anything when the file begins. */
const PLAIN_AC3 = new Uint8Array([0x0b, 0x77, 0, 0, 0x14, 0x40, 0x40, 0]);
const PLAIN_EAC3 = new Uint8Array([0x0b, 0x77, 0x01, 0x7f, 0x34, 0x80, 0, 0]);

/**
 * Builds the configuration of a codec whose frames tell it.
 *
 * @param frame Payload of a packet, where there is one; borrowed.
 * @returns Owned by the caller; `undefined` where the frame, or any frame of the codec, does not tell.
 */
export function configOfFrame(codec: CodecId, frame: Uint8Array | undefined): Uint8Array | undefined {
  try {
    switch (codec) {
      case "ac-3":
        return encodeDac3((frame && readAc3SyncFrame(frame)) ?? decodeAc3SyncFrame(PLAIN_AC3));
      case "ec-3":
        return encodeDec3(substreamsOf(frame !== undefined && readAc3SyncFrame(frame) ? frame : PLAIN_EAC3));
      case "av01":
        return frame && av1cFromUnits(frame);
      case "vp09": {
        const header = frame && decodeVp9KeyFrame(frame);
        return header && vpccFromKeyFrame(header);
      }
    }
  } catch (error) {
    if (!(error instanceof FormatError || error instanceof LimitError)) throw error;
  }
  return undefined;
}
