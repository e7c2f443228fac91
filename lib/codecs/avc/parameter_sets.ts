import { FormatError, LimitError } from "#errors";
import { encodeAvcDecoderConfiguration } from "./decoder_configuration.ts";
import { type AvcSps, decodeAvcSps } from "./sps.ts";

/** numOfSequenceParameterSets has five bits: ISO/IEC 14496-15 section 5.3.3.1.2. */
const MAX_AVC_SPS_COUNT = 31;
/** numOfPictureParameterSets has eight bits. */
const MAX_AVC_PPS_COUNT = 255;
/** Lengths of parameter sets have 16 bits. */
const MAX_PARAMETER_SET_BYTES = 0xffff;

/** Profiles whose record ends without chroma format and bit depths: ISO/IEC 14496-15 section 5.3.3.1.2. */
const PROFILES_WITHOUT_EXTENSION = new Set([66, 77, 88]);

/**
 * Builds the AVCDecoderConfigurationRecord of parameter sets found in a byte stream: ISO/IEC 14496-15 section
 * 5.3.3.1. Lengths of NAL units are those of `lengthPrefixedFrom`: four bytes.
 *
 * @param sps Sequence parameter sets, NAL unit headers included, at least one; borrowed.
 * @param pps Picture parameter sets, NAL unit headers included; borrowed.
 * @returns Bytes owned by the caller.
 * @throws {FormatError} If there is no sequence parameter set, or the first is malformed.
 * @throws {LimitError} If there are more, or larger ones, than the record can hold.
 */
export function avccFromParameterSets(
  sps: readonly Uint8Array[],
  pps: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const [first] = sps;
  if (first === undefined) throw new FormatError("Cannot build AVC configuration: no SPS");
  checkCount("MAX_AVC_SPS_COUNT", { value: sps.length, limit: MAX_AVC_SPS_COUNT });
  checkCount("MAX_AVC_PPS_COUNT", { value: pps.length, limit: MAX_AVC_PPS_COUNT });
  for (const set of [...sps, ...pps]) {
    checkCount("MAX_PARAMETER_SET_BYTES", { value: set.length, limit: MAX_PARAMETER_SET_BYTES });
  }
  const decoded = decodeAvcSps(first);
  const { profileIdc, constraintFlags, levelIdc } = decoded;
  return encodeAvcDecoderConfiguration({
    profileIdc,
    constraintFlags,
    levelIdc,
    nalLengthSize: 4,
    sps,
    pps,
    extension: extensionOf(decoded),
  });
}

function extensionOf(sps: AvcSps): Uint8Array {
  if (PROFILES_WITHOUT_EXTENSION.has(sps.profileIdc)) return new Uint8Array(0);
  return new Uint8Array([
    0xfc | sps.chromaFormatIdc,
    0xf8 | sps.bitDepth - 8,
    0xf8 | sps.bitDepthChroma - 8,
    // numOfSequenceParameterSetExt
    0,
  ]);
}

function checkCount(limitName: string, bound: { value: number; limit: number }): void {
  if (bound.value > bound.limit) throw new LimitError(limitName, bound);
}
