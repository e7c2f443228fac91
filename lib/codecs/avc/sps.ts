import { BitReader } from "#bytes";
import { FormatError, LimitError } from "#errors";
import { checkPictureSize, unescapeNalUnit } from "#media";
import { readVui } from "./_vui.ts";

/** Longest sequence parameter set read; real ones have 20 to 60 bytes, scaling lists add some hundred. */
export const MAX_AVC_SPS_BYTES = 4096;

/** What a sequence parameter set says about the pictures: H.264 section 7.4.2.1.1. */
export interface AvcSps {
  readonly profileIdc: number;
  /** constraint_set0_flag is bit 7. */
  readonly constraintFlags: number;
  readonly levelIdc: number;
  /** seq_parameter_set_id, 0 to 31. */
  readonly id: number;
  /** 0 monochrome, 1 is 4:2:0, 2 is 4:2:2, 3 is 4:4:4. */
  readonly chromaFormatIdc: number;
  readonly bitDepth: number;
  /** Of the two colour planes. */
  readonly bitDepthChroma: number;
  /** Of the picture shown, in pixels. */
  readonly width: number;
  /** Of the picture shown, in pixels. */
  readonly height: number;
  /** Whether every picture is a whole frame. */
  readonly isProgressive: boolean;
  /** Frames per second, `undefined` where the timing is absent. */
  readonly frameRate: number | undefined;
  /**
   * Most frames that come before another in decoding order and after it in presentation order, 0 to 16: what
   * the usability information says, else what section E.2.1 infers.
   */
  readonly maxReorderFrames: number;
  /** What slice headers need to be read. */
  readonly order: AvcPictureOrder;
}

/** How slice headers number their pictures: H.264 section 7.4.2.1.1. */
export interface AvcPictureOrder {
  /** Whether the three colours are coded as pictures of their own. */
  readonly isSeparatePlanes: boolean;
  /** Bits of frame_num, 4 to 16. */
  readonly frameNumBits: number;
  /** pic_order_cnt_type, 0 to 2. */
  readonly countType: number;
  /** Bits of pic_order_cnt_lsb, 4 to 16; 0 where the type has none. */
  readonly countBits: number;
  /** delta_pic_order_always_zero_flag. */
  readonly isDeltaAlwaysZero: boolean;
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
  const id = boundedUe(bits, { what: "seq_parameter_set_id", max: 31 });
  const samples = HIGH_PROFILES.has(profileIdc) ? readSampleFormat(bits) : PLAIN_SAMPLES;
  const order = { isSeparatePlanes: samples.isSeparatePlanes, ...readOrderAndReferences(bits) };
  const { codedWidth, codedHeight, ...picture } = readPictureSize(bits, samples);
  const { chromaFormatIdc, bitDepth, bitDepthChroma } = samples;
  const { frameRate, maxReorderFrames } = readVui(bits);
  const codes = { profileIdc, constraintFlags, levelIdc };
  return {
    ...codes,
    id,
    chromaFormatIdc,
    bitDepth,
    bitDepthChroma,
    ...picture,
    frameRate,
    maxReorderFrames: maxReorderFrames !== undefined && maxReorderFrames <= MAX_DPB_FRAMES
      ? maxReorderFrames
      : inferReorderFrames({ ...codes, countType: order.countType, codedWidth, codedHeight }),
    order,
  };
}

interface SampleFormat {
  readonly chromaFormatIdc: number;
  readonly isSeparatePlanes: boolean;
  readonly bitDepth: number;
  readonly bitDepthChroma: number;
}

const PLAIN_SAMPLES: SampleFormat = {
  chromaFormatIdc: 1,
  isSeparatePlanes: false,
  bitDepth: 8,
  bitDepthChroma: 8,
};

function readSampleFormat(bits: BitReader): SampleFormat {
  const chromaFormatIdc = boundedUe(bits, { what: "chroma_format_idc", max: 3 });
  const isSeparatePlanes = chromaFormatIdc === 3 && bits.flag("separate_colour_plane_flag");
  const bitDepth = 8 + boundedUe(bits, { what: "bit_depth_luma_minus8", max: 6 });
  const bitDepthChroma = 8 + boundedUe(bits, { what: "bit_depth_chroma_minus8", max: 6 });
  bits.skip(1, "qpprime_y_zero_transform_bypass_flag");
  if (bits.flag("seq_scaling_matrix_present_flag")) {
    const lists = chromaFormatIdc === 3 ? 12 : 8;
    for (let list = 0; list < lists; list++) {
      if (bits.flag("seq_scaling_list_present_flag")) skipScalingList(bits, list < 6 ? 16 : 64);
    }
  }
  return { chromaFormatIdc, isSeparatePlanes, bitDepth, bitDepthChroma };
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
function readOrderAndReferences(bits: BitReader): Omit<AvcPictureOrder, "isSeparatePlanes"> {
  const frameNumBits = boundedUe(bits, { what: "log2_max_frame_num_minus4", max: 12 }) + 4;
  const countType = boundedUe(bits, { what: "pic_order_cnt_type", max: 2 });
  let countBits = 0;
  let isDeltaAlwaysZero = false;
  if (countType === 0) {
    countBits = boundedUe(bits, { what: "log2_max_pic_order_cnt_lsb_minus4", max: 12 }) + 4;
  } else if (countType === 1) {
    isDeltaAlwaysZero = bits.flag("delta_pic_order_always_zero_flag");
    bits.se("offset_for_non_ref_pic");
    bits.se("offset_for_top_to_bottom_field");
    const count = boundedUe(bits, { what: "num_ref_frames_in_pic_order_cnt_cycle", max: 255 });
    for (let index = 0; index < count; index++) bits.se("offset_for_ref_frame");
  }
  bits.ue("max_num_ref_frames");
  bits.skip(1, "gaps_in_frame_num_value_allowed_flag");
  return { frameNumBits, countType, countBits, isDeltaAlwaysZero };
}

/** Most frames that any decoded picture buffer holds: H.264 section A.3.1. */
const MAX_DPB_FRAMES = 16;

/** MaxDpbMbs by level_idc, H.264 table A-1; level 1b signalled as 11 counts as 1.1. */
const MAX_DPB_MACROBLOCKS: Readonly<Record<number, number>> = {
  9: 396,
  10: 396,
  11: 900,
  12: 2376,
  13: 2376,
  20: 2376,
  21: 4752,
  22: 8100,
  30: 8100,
  31: 18_000,
  32: 20_480,
  40: 32_768,
  41: 32_768,
  42: 34_816,
  50: 110_400,
  51: 184_320,
  52: 184_320,
  60: 696_320,
  61: 696_320,
  62: 696_320,
};

/** Profiles that have only intra pictures with constraint_set3_flag: section E.2.1. */
const MAY_BE_INTRA = new Set([44, 86, 100, 110, 122, 244]);

/** Section E.2.1, max_num_reorder_frames: none where pictures cannot be reordered, else what the level allows. */
function inferReorderFrames(sps: {
  profileIdc: number;
  constraintFlags: number;
  levelIdc: number;
  countType: number;
  codedWidth: number;
  codedHeight: number;
}): number {
  const { profileIdc, constraintFlags, levelIdc, countType, codedWidth, codedHeight } = sps;
  const isIntra = MAY_BE_INTRA.has(profileIdc) && (constraintFlags & 0x10) !== 0;
  // type 2 has output in decoding order (section 8.2.1.3), and Baseline has no B slices (section A.2.1)
  if (isIntra || countType === 2 || profileIdc === 66) return 0;
  const macroblocks = codedWidth * codedHeight / 256;
  const most = MAX_DPB_MACROBLOCKS[levelIdc];
  return most === undefined ? MAX_DPB_FRAMES : Math.min(Math.floor(most / macroblocks), MAX_DPB_FRAMES);
}

interface PictureSize {
  readonly codedWidth: number;
  readonly codedHeight: number;
  readonly width: number;
  readonly height: number;
  readonly isProgressive: boolean;
}

function readPictureSize(
  bits: BitReader,
  samples: SampleFormat,
): PictureSize {
  const codedWidth = (bits.ue("pic_width_in_mbs_minus1") + 1) * 16;
  const mapUnits = bits.ue("pic_height_in_map_units_minus1") + 1;
  const isProgressive = bits.flag("frame_mbs_only_flag");
  const codedHeight = mapUnits * (isProgressive ? 16 : 32);
  checkPictureSize(codedWidth, codedHeight);
  if (!isProgressive) bits.skip(1, "mb_adaptive_frame_field_flag");
  bits.skip(1, "direct_8x8_inference_flag");
  const coded = { codedWidth, codedHeight, isProgressive };
  if (!bits.flag("frame_cropping_flag")) return { ...coded, width: codedWidth, height: codedHeight };
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
  return { ...coded, width, height };
}

function boundedUe(bits: BitReader, field: { what: string; max: number }): number {
  const { what, max } = field;
  const value = bits.ue(what);
  if (value <= max) return value;
  throw new FormatError(`Cannot read SPS: ${what} is ${value}, at most ${max} is allowed`, {
    offset: bits.bitOffset >> 3,
  });
}
