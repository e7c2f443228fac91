import { FormatError, LimitError } from "#errors";
import { encodeHevcDecoderConfiguration, type HevcNalUnitArray } from "./decoder_configuration.ts";
import { HEVC_NAL_UNIT_TYPE } from "./nal_unit_type.ts";
import { decodeHevcSps } from "./sps.ts";

/** Parameter sets of one kind: H.265 section 7.4.3 allows ids up to 15, and up to 63 for pictures. */
const MAX_PARAMETER_SETS_COUNT = 64;
/** Lengths of parameter sets have 16 bits. */
const MAX_PARAMETER_SET_BYTES = 0xffff;

/** Parameter sets found in a byte stream, NAL unit headers included. */
export interface HevcParameterSets {
  readonly vps: readonly Uint8Array[];
  /** At least one. */
  readonly sps: readonly Uint8Array[];
  readonly pps: readonly Uint8Array[];
}

/**
 * Builds the HEVCDecoderConfigurationRecord of parameter sets: ISO/IEC 14496-15 section 8.3.3.1. What only the
 * usability information tells (spatial segmentation, frame rate) is left open. Lengths of NAL units are those of
 * `lengthPrefixedFrom`: four bytes.
 *
 * @param sets Borrowed.
 * @returns Bytes owned by the caller.
 * @throws {FormatError} If there is no sequence parameter set, or the first is malformed.
 * @throws {LimitError} If there are more, or larger ones, than streams can have.
 */
export function hvccFromParameterSets(sets: HevcParameterSets): Uint8Array<ArrayBuffer> {
  const [first] = sets.sps;
  if (first === undefined) throw new FormatError("Cannot build HEVC configuration: no SPS");
  const arrays: HevcNalUnitArray[] = [];
  const rows = [
    [HEVC_NAL_UNIT_TYPE.Vps, sets.vps],
    [HEVC_NAL_UNIT_TYPE.Sps, sets.sps],
    [HEVC_NAL_UNIT_TYPE.Pps, sets.pps],
  ] as const;
  for (const [nalUnitType, nalUnits] of rows) {
    checkBound("MAX_PARAMETER_SETS_COUNT", { value: nalUnits.length, limit: MAX_PARAMETER_SETS_COUNT });
    for (const { length } of nalUnits) {
      checkBound("MAX_PARAMETER_SET_BYTES", { value: length, limit: MAX_PARAMETER_SET_BYTES });
    }
    if (nalUnits.length > 0) arrays.push({ nalUnitType, isComplete: true, nalUnits });
  }
  const sps = decodeHevcSps(first);
  return encodeHevcDecoderConfiguration({
    profile: sps.profile,
    minSpatialSegmentation: 0,
    parallelismType: 0,
    chromaFormatIdc: sps.chromaFormatIdc,
    bitDepthLuma: sps.bitDepth,
    bitDepthChroma: sps.bitDepthChroma,
    averageFrameRate: 0,
    // constantFrameRate 0, then the layers and whether they are nested
    temporalFlags: sps.temporalLayers << 3 | (sps.isTemporalIdNested ? 4 : 0),
    nalLengthSize: 4,
    arrays,
  });
}

function checkBound(limitName: string, bound: { value: number; limit: number }): void {
  if (bound.value > bound.limit) throw new LimitError(limitName, bound);
}
