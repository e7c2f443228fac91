import { concatBytes, encodeUtf8 } from "#bytes";
import { AVC_NAL_UNIT_TYPE, avccFromParameterSets, avcNalUnitType } from "#codecs/avc";
import { HEVC_NAL_UNIT_TYPE, hevcNalUnitType, hvccFromParameterSets } from "#codecs/hevc";
import { decodeVp8FrameHeader } from "#codecs/vp8";
import { decodeVp9KeyFrame, encodeVpCodecConfiguration, vpccFromKeyFrame } from "#codecs/vp9";
import { FormatError, LimitError } from "#errors";
import { type CodecId, splitAnnexB } from "#media";
import type { TrackCodec } from "./track_codec.ts";
import type { TrackEntry } from "./track_entry.ts";

/** Shortest records with one byte of parameter sets: ISO/IEC 14496-15 sections 5.3.3.1 and 8.3.3.1. */
const MIN_AVCC_BYTES = 7;
const MIN_HVCC_BYTES = 23;
/** `fLaC`, a block header, streaminfo: RFC 9639 section 8.2. */
const FLAC_MAGIC = encodeUtf8("fLaC");
const STREAMINFO_BYTES = 34;
const FLAC_HEAD_BYTES = 8 + STREAMINFO_BYTES;

/**
 * The configuration of a track in the form that other containers and decoders use, in memory of its own.
 *
 * @returns `undefined` where the track has none, or only its frames tell it.
 */
export function codecConfigOf(
  entry: TrackEntry,
  { codec, privateBytes }: TrackCodec,
): Uint8Array | undefined {
  switch (codec) {
    case "avc1":
    case "hvc1":
      return pictureConfigOf(codec, privateBytes);
    case "mp4a":
      return privateBytes.length > 0 ? privateBytes.slice() : deriveAacConfig(entry);
    case "fLaC":
      return flacConfigOf(privateBytes);
    case "vp08":
    case "vp09":
      // what Matroska keeps for VP9 is no VPCodecConfigurationRecord
      return undefined;
    default:
      return privateBytes.length > 0 ? privateBytes.slice() : undefined;
  }
}

function pictureConfigOf(codec: "avc1" | "hvc1", bytes: Uint8Array): Uint8Array | undefined {
  if (hasStartCode(bytes)) return configFromAnnexB(codec, bytes);
  const isRecord = bytes[0] === 1 && bytes.length >= (codec === "avc1" ? MIN_AVCC_BYTES : MIN_HVCC_BYTES);
  return isRecord ? bytes.slice() : undefined;
}

/** Whether bytes begin with a start code of a byte stream: H.264 and H.265, annex B of each. */
export function hasStartCode(bytes: Uint8Array): boolean {
  return bytes.length > 4 && bytes[0] === 0 && bytes[1] === 0 &&
    (bytes[2] === 1 || bytes[2] === 0 && bytes[3] === 1);
}

/**
 * Builds a configuration from the parameter sets in a byte stream: a CodecPrivate that should have been one, or the
 * first key frame.
 *
 * @param annexB Borrowed.
 * @returns `undefined` if it has no parameter sets that can be read.
 */
export function configFromAnnexB(codec: CodecId, annexB: Uint8Array): Uint8Array | undefined {
  const units = splitAnnexB(annexB);
  try {
    if (codec === "avc1") {
      const ofType = (type: number) => units.filter((unit) => avcNalUnitType(unit[0]!) === type);
      return avccFromParameterSets(ofType(AVC_NAL_UNIT_TYPE.Sps), ofType(AVC_NAL_UNIT_TYPE.Pps));
    }
    const ofType = (type: number) => units.filter((unit) => hevcNalUnitType(unit[0]!) === type);
    const { Vps, Sps, Pps } = HEVC_NAL_UNIT_TYPE;
    return hvccFromParameterSets({ vps: ofType(Vps), sps: ofType(Sps), pps: ofType(Pps) });
  } catch (error) {
    if (error instanceof FormatError || error instanceof LimitError) return undefined;
    throw error;
  }
}

/** VP8 has no levels; the lowest stands for none. */
const VP8_LEVEL = 10;

/**
 * Builds the configuration of a VP8 or VP9 track, for which Matroska has no such record.
 *
 * @param frame The track's first; borrowed.
 * @returns `undefined` for other codecs, and if it is no key frame that can be read.
 */
export function configFromKeyFrame(codec: CodecId, frame: Uint8Array): Uint8Array | undefined {
  try {
    if (codec === "vp09") {
      const header = decodeVp9KeyFrame(frame);
      return header === undefined ? undefined : vpccFromKeyFrame(header);
    }
    if (codec !== "vp08") return undefined;
    const { isKeyFrame, version: profile } = decodeVp8FrameHeader(frame);
    if (!isKeyFrame) return undefined;
    return encodeVpCodecConfiguration({ profile, level: VP8_LEVEL, bitDepth: 8, chromaSubsampling: 1 });
  } catch (error) {
    if (error instanceof FormatError || error instanceof LimitError) return undefined;
    throw error;
  }
}

/** Indexes of sampling frequencies: ISO/IEC 14496-3 table 1.18. */
const AAC_RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350];
/** Object types by the end of old CodecIDs, as `A_AAC/MPEG4/LC/SBR`; LC otherwise. */
const AAC_OBJECT_TYPES: Readonly<Record<string, number>> = { MAIN: 1, LC: 2, SSR: 3, LTP: 4 };

/** Old files have the configuration in the CodecID only: AudioSpecificConfig, ISO/IEC 14496-3 section 1.6.2.1. */
function deriveAacConfig(entry: TrackEntry): Uint8Array | undefined {
  const [, , profile = "LC", extension] = entry.codecId.split("/");
  const objectType = AAC_OBJECT_TYPES[profile] ?? 2;
  const rate = AAC_RATES.indexOf(entry.codedSampleRate);
  const outputRate = AAC_RATES.indexOf(entry.sampleRate);
  if (rate < 0 || entry.channels < 1 || entry.channels > 7) return undefined;
  const core = [objectType << 3 | rate >> 1, (rate & 1) << 7 | entry.channels << 3];
  if (extension !== "SBR" || outputRate < 0) return new Uint8Array(core);
  // syncExtensionType 0x2b7, object type 5, sbrPresentFlag, the rate with SBR
  return new Uint8Array([...core, 0x56, 0xe5, 0x80 | outputRate << 3]);
}

/** Magic and streaminfo alone, as the last block: comments and pictures belong to the file, not to the decoder. */
function flacConfigOf(bytes: Uint8Array): Uint8Array | undefined {
  const blockHeader = new Uint8Array([0x80, 0, 0, STREAMINFO_BYTES]);
  const hasMagic = FLAC_MAGIC.every((byte, index) => bytes[index] === byte);
  if (hasMagic && bytes.length >= FLAC_HEAD_BYTES && (bytes[4]! & 0x7f) === 0) {
    return concatBytes([FLAC_MAGIC, blockHeader, bytes.subarray(8, FLAC_HEAD_BYTES)]);
  }
  if (bytes.length !== STREAMINFO_BYTES) return undefined;
  return concatBytes([FLAC_MAGIC, blockHeader, bytes]);
}
