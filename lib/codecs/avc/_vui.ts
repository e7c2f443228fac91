import type { BitReader } from "#bytes";
import { FormatError } from "#errors";

/** What the video usability information adds to a sequence parameter set: H.264 section E.1.1. */
export interface Vui {
  frameRate?: number;
  maxReorderFrames?: number;
}

const EXTENDED_SAR = 255;

/** Reads as far as the parameter set goes: one that ends early has told what came before. */
export function readVui(bits: BitReader): Vui {
  const vui: Vui = {};
  try {
    if (bits.flag("vui_parameters_present_flag")) readParameters(bits, vui);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
  return vui;
}

function readParameters(bits: BitReader, vui: Vui): void {
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
  if (bits.flag("timing_info_present_flag")) {
    const unitsInTick = bits.bits(32, "num_units_in_tick");
    const timeScale = bits.bits(32, "time_scale");
    // a frame is two field ticks: section E.2.1
    if (unitsInTick !== 0 && timeScale !== 0) vui.frameRate = timeScale / (2 * unitsInTick);
    bits.skip(1, "fixed_frame_rate_flag");
  }
  const hasNalHrd = bits.flag("nal_hrd_parameters_present_flag");
  if (hasNalHrd) skipHrd(bits);
  const hasVclHrd = bits.flag("vcl_hrd_parameters_present_flag");
  if (hasVclHrd) skipHrd(bits);
  if (hasNalHrd || hasVclHrd) bits.skip(1, "low_delay_hrd_flag");
  bits.skip(1, "pic_struct_present_flag");
  if (!bits.flag("bitstream_restriction_flag")) return;
  bits.skip(1, "motion_vectors_over_pic_boundaries_flag");
  bits.ue("max_bytes_per_pic_denom");
  bits.ue("max_bits_per_mb_denom");
  bits.ue("log2_max_mv_length_horizontal");
  bits.ue("log2_max_mv_length_vertical");
  vui.maxReorderFrames = bits.ue("max_num_reorder_frames");
}

/** Section E.1.2. */
function skipHrd(bits: BitReader): void {
  const count = bits.ue("cpb_cnt_minus1") + 1;
  if (count > 32) {
    throw new FormatError(`Cannot read SPS: cpb_cnt_minus1 is ${count - 1}, at most 31 is allowed`);
  }
  bits.skip(8, "bit_rate_scale, cpb_size_scale");
  for (let index = 0; index < count; index++) {
    bits.ue("bit_rate_value_minus1");
    bits.ue("cpb_size_value_minus1");
    bits.skip(1, "cbr_flag");
  }
  bits.skip(20, "HRD delay lengths");
}
