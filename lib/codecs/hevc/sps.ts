import { BitReader } from "#bytes";
import { FormatError, LimitError } from "#errors";
import { checkPictureSize, unescapeNalUnit } from "#media";
import type { HevcProfile } from "./decoder_configuration.ts";

/** Longest sequence parameter set read; real ones have 40 to 100 bytes, scaling lists add some hundred. */
export const MAX_HEVC_SPS_BYTES = 8192;

/** What a sequence parameter set says about the pictures: H.265 section 7.4.3.2.1. */
export interface HevcSps {
  readonly profile: HevcProfile;
  /** sps_max_sub_layers_minus1 + 1, 1 to 7. */
  readonly temporalLayers: number;
  readonly isTemporalIdNested: boolean;
  /** 0 monochrome, 1 is 4:2:0, 2 is 4:2:2, 3 is 4:4:4. */
  readonly chromaFormatIdc: number;
  readonly bitDepth: number;
  /** Of the two colour planes. */
  readonly bitDepthChroma: number;
  /** Of the picture shown, in pixels. */
  readonly width: number;
  /** Of the picture shown, in pixels. */
  readonly height: number;
  /**
   * Most pictures that come before another in decoding order and after it in presentation order, 0 to 15:
   * sps_max_num_reorder_pics of the highest layer.
   */
  readonly maxReorderPictures: number;
}

/** Type of a sequence parameter set: H.265 table 7-1. */
export const SPS_NAL_UNIT_TYPE = 33;
/** Largest sps_max_dec_pic_buffering_minus1: section A.4.2. */
const MAX_BUFFERED_PICTURES = 15;
/** Profile and level of each sub-layer. Section 7.3.3. */
const PROFILE_BITS = 88;
const LEVEL_BITS = 8;

/**
 * Decodes the part of a sequence parameter set up to the reordering of pictures: H.265 section 7.3.2.2.1.
 *
 * @param nalUnit With its two header bytes, without start code or length; borrowed.
 * @throws {FormatError} If it is cut off, or not a sequence parameter set.
 * @throws {LimitError} If it, or the picture, is larger than the limits.
 */
export function decodeHevcSps(nalUnit: Uint8Array): HevcSps {
  if (nalUnit.length > MAX_HEVC_SPS_BYTES) {
    throw new LimitError("MAX_HEVC_SPS_BYTES", { value: nalUnit.length, limit: MAX_HEVC_SPS_BYTES });
  }
  const bits = new BitReader(unescapeNalUnit(nalUnit));
  const nalUnitType = bits.bits(16, "NAL unit header") >> 9 & 0x3f;
  if (nalUnitType !== SPS_NAL_UNIT_TYPE) {
    throw new FormatError(`Cannot read SPS: NAL unit type ${nalUnitType}, expected ${SPS_NAL_UNIT_TYPE}`, {
      offset: 0,
    });
  }
  bits.skip(4, "sps_video_parameter_set_id");
  const maxSubLayersMinus1 = bits.bits(3, "sps_max_sub_layers_minus1");
  const isTemporalIdNested = bits.flag("sps_temporal_id_nesting_flag");
  const profile = readProfileTierLevel(bits, maxSubLayersMinus1);
  bits.ue("sps_seq_parameter_set_id");
  const chromaFormatIdc = boundedUe(bits, { what: "chroma_format_idc", max: 3 });
  const isSeparatePlanes = chromaFormatIdc === 3 && bits.flag("separate_colour_plane_flag");
  const size = readPictureSize(bits, isSeparatePlanes ? 0 : chromaFormatIdc);
  const bitDepth = 8 + boundedUe(bits, { what: "bit_depth_luma_minus8", max: 8 });
  const bitDepthChroma = 8 + boundedUe(bits, { what: "bit_depth_chroma_minus8", max: 8 });
  return {
    profile,
    temporalLayers: maxSubLayersMinus1 + 1,
    isTemporalIdNested,
    chromaFormatIdc,
    bitDepth,
    bitDepthChroma,
    ...size,
    maxReorderPictures: readReordering(bits, maxSubLayersMinus1),
  };
}

/** The sub-layers' order fields; the last one's is that of the whole stream. */
function readReordering(bits: BitReader, maxSubLayersMinus1: number): number {
  boundedUe(bits, { what: "log2_max_pic_order_cnt_lsb_minus4", max: 12 });
  const isEach = bits.flag("sps_sub_layer_ordering_info_present_flag");
  let pictures = 0;
  for (let layer = isEach ? 0 : maxSubLayersMinus1; layer <= maxSubLayersMinus1; layer++) {
    bits.ue("sps_max_dec_pic_buffering_minus1");
    pictures = boundedUe(bits, { what: "sps_max_num_reorder_pics", max: MAX_BUFFERED_PICTURES });
    bits.ue("sps_max_latency_increase_plus1");
  }
  return pictures;
}

/** Section 7.3.3, with its sub-layers. */
function readProfileTierLevel(bits: BitReader, maxSubLayersMinus1: number): HevcProfile {
  const profile: HevcProfile = {
    profileSpace: bits.bits(2, "general_profile_space"),
    isHighTier: bits.flag("general_tier_flag"),
    profileIdc: bits.bits(5, "general_profile_idc"),
    compatibilityFlags: bits.bits(32, "general_profile_compatibility_flags"),
    constraintFlags: Uint8Array.from({ length: 6 }, () => bits.bits(8, "general_constraint_indicator_flags")),
    levelIdc: bits.bits(8, "general_level_idc"),
  };
  const present: { hasProfile: boolean; hasLevel: boolean }[] = [];
  for (let layer = 0; layer < maxSubLayersMinus1; layer++) {
    const hasProfile = bits.flag("sub_layer_profile_present_flag");
    present.push({ hasProfile, hasLevel: bits.flag("sub_layer_level_present_flag") });
  }
  if (maxSubLayersMinus1 > 0) bits.skip(2 * (8 - maxSubLayersMinus1), "reserved_zero_2bits");
  for (const { hasProfile, hasLevel } of present) {
    bits.skip((hasProfile ? PROFILE_BITS : 0) + (hasLevel ? LEVEL_BITS : 0), "sub-layer profile and level");
  }
  return profile;
}

function readPictureSize(bits: BitReader, chroma: number): { width: number; height: number } {
  const codedWidth = bits.ue("pic_width_in_luma_samples");
  const codedHeight = bits.ue("pic_height_in_luma_samples");
  checkPictureSize(codedWidth, codedHeight);
  let width = codedWidth;
  let height = codedHeight;
  if (bits.flag("conformance_window_flag")) {
    // table 6-1: offsets count chroma samples
    const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
    const unitY = chroma === 1 ? 2 : 1;
    width -= unitX * (bits.ue("conf_win_left_offset") + bits.ue("conf_win_right_offset"));
    height -= unitY * (bits.ue("conf_win_top_offset") + bits.ue("conf_win_bottom_offset"));
  }
  if (width > 0 && height > 0) return { width, height };
  throw new FormatError(
    `Cannot read SPS: the window of ${codedWidth}x${codedHeight} has ${width}x${height} pixels`,
    { offset: bits.bitOffset >> 3 },
  );
}

function boundedUe(bits: BitReader, field: { what: string; max: number }): number {
  const { what, max } = field;
  const value = bits.ue(what);
  if (value <= max) return value;
  throw new FormatError(`Cannot read SPS: ${what} is ${value}, at most ${max} is allowed`, {
    offset: bits.bitOffset >> 3,
  });
}
