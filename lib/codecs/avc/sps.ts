import { BitReader } from "#bytes";
import { FormatError, LimitError } from "#errors";
import { checkPictureSize, unescapeNalUnit } from "#media";

/** Longest sequence parameter set read; real ones have 20 to 60 bytes, scaling lists add some hundred. */
export const MAX_AVC_SPS_BYTES = 4096;

/** What a sequence parameter set says about the pictures: H.264 section 7.4.2.1.1. */
export interface AvcSps {
  readonly profileIdc: number;
  /** constraint_set0_flag is bit 7. */
  readonly constraintFlags: number;
  readonly levelIdc: number;
  /** 0 monochrome, 1 is 4:2:0, 2 is 4:2:2, 3 is 4:4:4. */
  readonly chromaFormatIdc: number;
  readonly bitDepth: number;
  /** Of the picture shown, in pixels. */
  readonly width: number;
  /** Of the picture shown, in pixels. */
  readonly height: number;
  /** Whether every picture is a whole frame. */
  readonly isProgressive: boolean;
  /** Frames per second, `undefined` where the timing is absent. */
  readonly frameRate: number | undefined;
}

/** Profiles whose parameter sets tell the chroma format: H.264 section 7.3.2.1.1. */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
const SPS_NAL_UNIT_TYPE = 7;

/**
 * Decodes a sequence parameter set: H.264 section 7.3.2.1.1.
 *
 * @param nalUnit With its header byte, without start code or length; borrowed.
 * @throws {FormatError} If it is cut off, or not a sequence parameter set.
 * @throws {LimitError} If it, or the picture, is larger than the limits.
 */
export function decodeAvcSps(nalUnit: Uint8Array): AvcSps {
  if (nalUnit.length > MAX_AVC_SPS_BYTES) {
    throw new LimitError("MAX_AVC_SPS_BYTES", { value: nalUnit.length, limit: MAX_AVC_SPS_BYTES });
  }
  const bits = new BitReader(unescapeNalUnit(nalUnit));
  const nalUnitType = bits.bits(8, "NAL unit header") & 0x1f;
  if (nalUnitType !== SPS_NAL_UNIT_TYPE) {
    throw new FormatError(`Cannot read SPS: NAL unit type ${nalUnitType}, expected ${SPS_NAL_UNIT_TYPE}`, {
      offset: 0,
    });
  }
  const profileIdc = bits.bits(8, "profile_idc");
  const constraintFlags = bits.bits(8, "constraint flags");
  const levelIdc = bits.bits(8, "level_idc");
  bits.ue("seq_parameter_set_id");
  const samples = HIGH_PROFILES.has(profileIdc) ? readSampleFormat(bits) : PLAIN_SAMPLES;
  skipOrderAndReferences(bits);
  const picture = readPictureSize(bits, samples);
  const { chromaFormatIdc, bitDepth } = samples;
  return {
    profileIdc,
    constraintFlags,
    levelIdc,
    chromaFormatIdc,
    bitDepth,
    ...picture,
    frameRate: readFrameRate(bits),
  };
}

interface SampleFormat {
  readonly chromaFormatIdc: number;
  readonly isSeparatePlanes: boolean;
  readonly bitDepth: number;
}

const PLAIN_SAMPLES: SampleFormat = { chromaFormatIdc: 1, isSeparatePlanes: false, bitDepth: 8 };

function readSampleFormat(bits: BitReader): SampleFormat {
  const chromaFormatIdc = boundedUe(bits, { what: "chroma_format_idc", max: 3 });
  const isSeparatePlanes = chromaFormatIdc === 3 && bits.flag("separate_colour_plane_flag");
  const bitDepth = 8 + boundedUe(bits, { what: "bit_depth_luma_minus8", max: 6 });
  boundedUe(bits, { what: "bit_depth_chroma_minus8", max: 6 });
  bits.skip(1, "qpprime_y_zero_transform_bypass_flag");
  if (bits.flag("seq_scaling_matrix_present_flag")) {
    const lists = chromaFormatIdc === 3 ? 12 : 8;
    for (let list = 0; list < lists; list++) {
      if (bits.flag("seq_scaling_list_present_flag")) skipScalingList(bits, list < 6 ? 16 : 64);
    }
  }
  return { chromaFormatIdc, isSeparatePlanes, bitDepth };
}

/** H.264 section 7.3.2.1.1.1. */
function skipScalingList(bits: BitReader, size: number): void {
  let last = 8;
  for (let index = 0; index < size; index++) {
    const next = last + bits.se("delta_scale") & 0xff;
    // from here on the list repeats its last value
    if (next === 0) return;
    last = next;
  }
}

/** Fields from log2_max_frame_num_minus4 to gaps_in_frame_num_value_allowed_flag. */
function skipOrderAndReferences(bits: BitReader): void {
  bits.ue("log2_max_frame_num_minus4");
  const orderType = boundedUe(bits, { what: "pic_order_cnt_type", max: 2 });
  if (orderType === 0) {
    bits.ue("log2_max_pic_order_cnt_lsb_minus4");
  } else if (orderType === 1) {
    bits.skip(1, "delta_pic_order_always_zero_flag");
    bits.se("offset_for_non_ref_pic");
    bits.se("offset_for_top_to_bottom_field");
    const count = boundedUe(bits, { what: "num_ref_frames_in_pic_order_cnt_cycle", max: 255 });
    for (let index = 0; index < count; index++) bits.se("offset_for_ref_frame");
  }
  bits.ue("max_num_ref_frames");
  bits.skip(1, "gaps_in_frame_num_value_allowed_flag");
}

function readPictureSize(
  bits: BitReader,
  samples: SampleFormat,
): { width: number; height: number; isProgressive: boolean } {
  const codedWidth = (bits.ue("pic_width_in_mbs_minus1") + 1) * 16;
  const mapUnits = bits.ue("pic_height_in_map_units_minus1") + 1;
  const isProgressive = bits.flag("frame_mbs_only_flag");
  const codedHeight = mapUnits * (isProgressive ? 16 : 32);
  checkPictureSize(codedWidth, codedHeight);
  if (!isProgressive) bits.skip(1, "mb_adaptive_frame_field_flag");
  bits.skip(1, "direct_8x8_inference_flag");
  if (!bits.flag("frame_cropping_flag")) return { width: codedWidth, height: codedHeight, isProgressive };
  // equations 7-19 to 7-22: offsets count chroma samples, and lines of both fields
  const chroma = samples.isSeparatePlanes ? 0 : samples.chromaFormatIdc;
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = (chroma === 1 ? 2 : 1) * (isProgressive ? 1 : 2);
  const left = bits.ue("frame_crop_left_offset");
  const right = bits.ue("frame_crop_right_offset");
  const top = bits.ue("frame_crop_top_offset");
  const bottom = bits.ue("frame_crop_bottom_offset");
  const width = codedWidth - unitX * (left + right);
  const height = codedHeight - unitY * (top + bottom);
  if (width <= 0 || height <= 0) {
    throw new FormatError(
      `Cannot read SPS: cropping ${codedWidth}x${codedHeight} leaves ${width}x${height} pixels`,
      { offset: bits.bitOffset >> 3 },
    );
  }
  return { width, height, isProgressive };
}

const EXTENDED_SAR = 255;

/** H.264 section E.1.1, up to the timing. A parameter set that ends before it has no timing. */
function readFrameRate(bits: BitReader): number | undefined {
  try {
    if (!bits.flag("vui_parameters_present_flag")) return undefined;
    if (bits.flag("aspect_ratio_info_present_flag")) {
      if (bits.bits(8, "aspect_ratio_idc") === EXTENDED_SAR) bits.skip(32, "sample aspect ratio");
    }
    if (bits.flag("overscan_info_present_flag")) bits.skip(1, "overscan_appropriate_flag");
    if (bits.flag("video_signal_type_present_flag")) {
      bits.skip(4, "video format and range");
      if (bits.flag("colour_description_present_flag")) bits.skip(24, "colour description");
    }
    if (bits.flag("chroma_loc_info_present_flag")) {
      bits.ue("chroma_sample_loc_type_top_field");
      bits.ue("chroma_sample_loc_type_bottom_field");
    }
    if (!bits.flag("timing_info_present_flag")) return undefined;
    const unitsInTick = bits.bits(32, "num_units_in_tick");
    const timeScale = bits.bits(32, "time_scale");
    // a frame is two field ticks: section E.2.1
    return unitsInTick === 0 || timeScale === 0 ? undefined : timeScale / (2 * unitsInTick);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function boundedUe(bits: BitReader, field: { what: string; max: number }): number {
  const { what, max } = field;
  const value = bits.ue(what);
  if (value <= max) return value;
  throw new FormatError(`Cannot read SPS: ${what} is ${value}, at most ${max} is allowed`, {
    offset: bits.bitOffset >> 3,
  });
}
