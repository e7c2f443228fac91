import { decodeUtf8 } from "#bytes";
import {
  CODECS_BY_FORMAT_TAG,
  CODECS_BY_FOUR_CC,
  CODECS_BY_ID,
  type NamedCodec,
  UNKNOWN_CODEC,
} from "./codec_names.ts";
import type { TrackEntry } from "./track_entry.ts";

/** What a track is coded with. */
export interface TrackCodec extends NamedCodec {
  /** What the container keeps for the decoder, without the headers of other containers; empty for nothing. */
  readonly privateBytes: Uint8Array;
}

/** BITMAPINFOHEADER: the code of the codec is at 16. */
const BITMAP_HEADER_BYTES = 40;
/** WAVEFORMATEX: its size field, the last, counts what follows. */
const WAVE_HEADER_BYTES = 18;

/**
 * Tells the codec of a track by its CodecID and what that points to.
 *
 * @param privateBytes CodecPrivate, with ContentEncodings undone; views of it are kept.
 */
export function trackCodecOf(entry: TrackEntry, privateBytes: Uint8Array): TrackCodec {
  const { codecId } = entry;
  if (codecId.startsWith("V_MS/VFW/FOURCC") && privateBytes.length >= BITMAP_HEADER_BYTES) {
    return { ...byFourCc(privateBytes, 16), privateBytes: privateBytes.subarray(BITMAP_HEADER_BYTES) };
  }
  if (codecId.startsWith("V_QUICKTIME") && privateBytes.length >= 8) {
    return { ...byFourCc(privateBytes, 4), privateBytes };
  }
  if (codecId.startsWith("A_MS/ACM") && privateBytes.length >= WAVE_HEADER_BYTES - 2) {
    return { ...byFormatTag(privateBytes), privateBytes: privateBytes.subarray(WAVE_HEADER_BYTES) };
  }
  const pcmName = pcmNameOf(codecId, entry.bitDepth);
  if (pcmName !== undefined) return { codec: "unknown", codecName: pcmName, privateBytes };
  const row = CODECS_BY_ID.find(([beginning]) => codecId.startsWith(beginning));
  return { ...(row?.[1] ?? UNKNOWN_CODEC), privateBytes };
}

function byFourCc(bytes: Uint8Array, at: number): NamedCodec {
  const code = decodeUtf8(bytes.subarray(at, at + 4)).toUpperCase();
  return Object.hasOwn(CODECS_BY_FOUR_CC, code) ? CODECS_BY_FOUR_CC[code]! : UNKNOWN_CODEC;
}

function byFormatTag(bytes: Uint8Array): NamedCodec {
  const tag = bytes[0]! | bytes[1]! << 8;
  const bits = bytes[14]! | bytes[15]! << 8;
  const isLinear = tag === 1 || tag === 3;
  const pcmName = isLinear ? pcmNameOf(tag === 1 ? "A_PCM/INT/LIT" : "A_PCM/FLOAT/IEEE", bits) : undefined;
  if (pcmName !== undefined) return { codec: "unknown", codecName: pcmName };
  return CODECS_BY_FORMAT_TAG[tag] ?? UNKNOWN_CODEC;
}

/** Names by bit depth; samples of 8 bits have no sign. */
function pcmNameOf(codecId: string, bitDepth: number): string | undefined {
  const isWhole = bitDepth === 16 || bitDepth === 24 || bitDepth === 32;
  switch (codecId) {
    case "A_PCM/INT/LIT":
    case "A_PCM/INT/BIG":
      if (bitDepth === 8) return "pcm_u8";
      return isWhole ? `pcm_s${bitDepth}${codecId.endsWith("BIG") ? "be" : "le"}` : undefined;
    case "A_PCM/FLOAT/IEEE":
      return bitDepth === 32 || bitDepth === 64 ? `pcm_f${bitDepth}le` : undefined;
    default:
      return undefined;
  }
}
