import { BitReader } from "#bytes";
import { checkPictureSize } from "#media";
import { AV1_UNIT_TYPE, type Av1Unit, readAv1Unit } from "./units.ts";

/** What an AV1 sequence header says about the pictures: AV1 section 5.5.1. */
export interface Av1SequenceHeader {
  readonly profile: number;
  /** Largest width of a picture, in pixels. */
  readonly width: number;
  /** Largest height of a picture, in pixels. */
  readonly height: number;
  /** Frames per second, `undefined` where pictures are not equally spaced. */
  readonly frameRate: number | undefined;
  /** Of operating point 0: level 2.0 is 0, 2.1 is 1, 3.0 is 4. */
  readonly levelIndex: number;
  /** Of operating point 0. */
  readonly isHighTier: boolean;
  readonly color: Av1ColorConfig;
}

/** How samples are coded: AV1 section 5.5.2. */
export interface Av1ColorConfig {
  /** 8, 10 or 12. */
  readonly bitDepth: number;
  readonly isMonochrome: boolean;
  /** Whether colour planes have half the width; true for monochrome. */
  readonly halvesWidth: boolean;
  /** Whether colour planes have half the height; true for monochrome. */
  readonly halvesHeight: boolean;
  /** chroma_sample_position, 0 to 3; 0 is unknown. */
  readonly chromaSamplePosition: number;
}

/**
 * Finds the sequence header among open bitstream units and decodes it up to the picture size.
 *
 * @param units Low-overhead format, each unit with its size: AV1 section 5.2. Borrowed.
 * @returns `undefined` if there is no sequence header.
 * @throws {FormatError} If a unit is cut off.
 * @throws {LimitError} If the picture is larger than `MAX_VIDEO_DIMENSION_PIXELS`.
 */
export function decodeAv1SequenceHeader(units: Uint8Array): Av1SequenceHeader | undefined {
  const unit = findAv1SequenceHeader(units);
  return unit === undefined ? undefined : decodePayload(units.subarray(unit.payloadStart, unit.end));
}

/**
 * Finds the first sequence header among open bitstream units; those behind it are not looked at.
 *
 * @throws {FormatError} If a unit is cut off.
 */
export function findAv1SequenceHeader(units: Uint8Array): Av1Unit | undefined {
  for (let at = 0; at < units.length;) {
    const unit = readAv1Unit(units, at);
    if (unit.type === AV1_UNIT_TYPE.SequenceHeader) return unit;
    at = unit.end;
  }
  return undefined;
}

function decodePayload(payload: Uint8Array): Av1SequenceHeader {
  const bits = new BitReader(payload);
  const profile = bits.bits(3, "seq_profile");
  bits.skip(1, "still_picture");
  const isReduced = bits.flag("reduced_still_picture_header");
  const operation = isReduced
    ? { frameRate: undefined, levelIndex: bits.bits(5, "seq_level_idx"), isHighTier: false }
    : readOperation(bits);
  const widthBits = bits.bits(4, "frame_width_bits_minus_1") + 1;
  const heightBits = bits.bits(4, "frame_height_bits_minus_1") + 1;
  const width = bits.bits(widthBits, "max_frame_width_minus_1") + 1;
  const height = bits.bits(heightBits, "max_frame_height_minus_1") + 1;
  checkPictureSize(width, height);
  skipTools(bits, { isReduced });
  return { profile, width, height, ...operation, color: readColorConfig(bits, profile) };
}

/** From frame_id_numbers_present_flag to enable_restoration: AV1 section 5.5.1. */
function skipTools(bits: BitReader, options: { isReduced: boolean }): void {
  const { isReduced } = options;
  if (!isReduced && bits.flag("frame_id_numbers_present_flag")) bits.skip(4 + 3, "frame id lengths");
  bits.skip(3, "superblocks and intra tools");
  if (!isReduced) {
    bits.skip(4, "inter tools");
    const hasOrderHint = bits.flag("enable_order_hint");
    if (hasOrderHint) bits.skip(2, "enable_jnt_comp, enable_ref_frame_mvs");
    const mayHaveScreenContent = bits.flag("seq_choose_screen_content_tools") ||
      bits.flag("seq_force_screen_content_tools");
    if (mayHaveScreenContent && !bits.flag("seq_choose_integer_mv")) bits.skip(1, "seq_force_integer_mv");
    if (hasOrderHint) bits.skip(3, "order_hint_bits_minus_1");
  }
  bits.skip(3, "enable_superres, enable_cdef, enable_restoration");
}

/** CP_BT_709, TC_SRGB and MC_IDENTITY, which together mean RGB: AV1 section 6.4.2. */
const RGB = 1 << 16 | 13 << 8 | 0;

function readColorConfig(bits: BitReader, profile: number): Av1ColorConfig {
  const isHighDepth = bits.flag("high_bitdepth");
  const bitDepth = !isHighDepth ? 8 : profile === 2 && bits.flag("twelve_bit") ? 12 : 10;
  const isMonochrome = profile !== 1 && bits.flag("mono_chrome");
  const isDescribed = bits.flag("color_description_present_flag");
  const description = isDescribed ? bits.bits(24, "color description") : undefined;
  const base = { bitDepth, isMonochrome };
  if (!isMonochrome && description === RGB) {
    return { ...base, halvesWidth: false, halvesHeight: false, chromaSamplePosition: 0 };
  }
  bits.skip(1, "color_range");
  if (isMonochrome) return { ...base, halvesWidth: true, halvesHeight: true, chromaSamplePosition: 0 };
  // profile 0 is 4:2:0, 1 is 4:4:4, 2 is 4:2:2, or tells it where samples have 12 bits
  let halvesWidth = profile !== 1;
  let halvesHeight = profile === 0;
  if (profile === 2 && bitDepth === 12) {
    halvesWidth = bits.flag("subsampling_x");
    halvesHeight = halvesWidth && bits.flag("subsampling_y");
  }
  const chromaSamplePosition = halvesWidth && halvesHeight ? bits.bits(2, "chroma_sample_position") : 0;
  return { ...base, halvesWidth, halvesHeight, chromaSamplePosition };
}

type Operation = Pick<Av1SequenceHeader, "frameRate" | "levelIndex" | "isHighTier">;

/** Timing and operating points: the part that a reduced header leaves out. */
function readOperation(bits: BitReader): Operation {
  let frameRate: number | undefined;
  let delayBits: number | undefined;
  if (bits.flag("timing_info_present_flag")) {
    frameRate = readTiming(bits);
    if (bits.flag("decoder_model_info_present_flag")) delayBits = readDecoderModel(bits);
  }
  const hasDisplayDelay = bits.flag("initial_display_delay_present_flag");
  const points = bits.bits(5, "operating_points_cnt_minus_1") + 1;
  let first: { levelIndex: number; isHighTier: boolean } | undefined;
  for (let point = 0; point < points; point++) {
    bits.skip(12, "operating_point_idc");
    const levelIndex = bits.bits(5, "seq_level_idx");
    const isHighTier = levelIndex > 7 && bits.flag("seq_tier");
    first ??= { levelIndex, isHighTier };
    if (delayBits !== undefined && bits.flag("decoder_model_present_for_this_op")) {
      bits.skip(2 * delayBits + 1, "operating_parameters_info");
    }
    if (hasDisplayDelay && bits.flag("initial_display_delay_present_for_this_op")) {
      bits.skip(4, "initial_display_delay_minus_1");
    }
  }
  return { frameRate, levelIndex: first!.levelIndex, isHighTier: first!.isHighTier };
}

/** AV1 section 5.5.3. */
function readTiming(bits: BitReader): number | undefined {
  const unitsInTick = bits.bits(32, "num_units_in_display_tick");
  const timeScale = bits.bits(32, "time_scale");
  if (!bits.flag("equal_picture_interval")) return undefined;
  // uvlc() is the Exp-Golomb code: section 4.10.3
  const ticksPerPicture = bits.ue("num_ticks_per_picture_minus_1") + 1;
  return unitsInTick === 0 ? undefined : timeScale / (unitsInTick * ticksPerPicture);
}

/** AV1 section 5.5.4; returns the length of the delays of each operating point, in bits. */
function readDecoderModel(bits: BitReader): number {
  const delayBits = bits.bits(5, "buffer_delay_length_minus_1") + 1;
  bits.skip(32 + 5 + 5, "decoder_model_info");
  return delayBits;
}
