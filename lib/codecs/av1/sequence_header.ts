import { BitReader } from "#bytes";
import { FormatError } from "#errors";
import { checkPictureSize } from "#media";

/** What an AV1 sequence header says about the pictures: AV1 section 5.5.1. */
export interface Av1SequenceHeader {
  readonly profile: number;
  /** Largest width of a picture, in pixels. */
  readonly width: number;
  /** Largest height of a picture, in pixels. */
  readonly height: number;
  /** Frames per second, `undefined` where pictures are not equally spaced. */
  readonly frameRate: number | undefined;
}

/** OBU_SEQUENCE_HEADER: AV1 section 6.2.2. */
const SEQUENCE_HEADER_TYPE = 1;

/**
 * Finds the sequence header among open bitstream units and decodes it up to the picture size.
 *
 * @param units Low-overhead format, each unit with its size: AV1 section 5.2. Borrowed.
 * @returns `undefined` if there is no sequence header.
 * @throws {FormatError} If a unit is cut off.
 * @throws {LimitError} If the picture is larger than `MAX_VIDEO_DIMENSION_PIXELS`.
 */
export function decodeAv1SequenceHeader(units: Uint8Array): Av1SequenceHeader | undefined {
  for (let at = 0; at < units.length;) {
    const { type, start, end } = readUnitHeader(units, at);
    if (type === SEQUENCE_HEADER_TYPE) return decodePayload(units.subarray(start, end));
    at = end;
  }
  return undefined;
}

/** AV1 sections 5.3.2 and 5.3.3: header, extension, size. */
function readUnitHeader(units: Uint8Array, at: number): { type: number; start: number; end: number } {
  const first = units[at]!;
  const hasExtension = (first & 4) !== 0;
  const hasSize = (first & 2) !== 0;
  let start = at + (hasExtension ? 2 : 1);
  let size = units.length - start;
  if (hasSize) ({ size, start } = readLeb128(units, start));
  const end = start + size;
  if (size < 0 || end > units.length) {
    throw new FormatError(
      `Cannot read AV1 unit: need ${size} bytes at offset ${start}, have ${units.length - start}`,
      { offset: at },
    );
  }
  return { type: first >> 3 & 15, start, end };
}

/** Little-endian groups of seven bits, at most 32 bits in all: AV1 section 4.10.5. */
function readLeb128(bytes: Uint8Array, at: number): { size: number; start: number } {
  let size = 0;
  for (let index = 0; index < 8; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) break;
    size += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { size, start: at + index + 1 };
  }
  throw new FormatError(`Cannot read AV1 unit: its size at offset ${at} does not end`, { offset: at });
}

function decodePayload(payload: Uint8Array): Av1SequenceHeader {
  const bits = new BitReader(payload);
  const profile = bits.bits(3, "seq_profile");
  bits.skip(1, "still_picture");
  let frameRate: number | undefined;
  if (bits.flag("reduced_still_picture_header")) bits.skip(5, "seq_level_idx");
  else frameRate = readOperation(bits);
  const widthBits = bits.bits(4, "frame_width_bits_minus_1") + 1;
  const heightBits = bits.bits(4, "frame_height_bits_minus_1") + 1;
  const width = bits.bits(widthBits, "max_frame_width_minus_1") + 1;
  const height = bits.bits(heightBits, "max_frame_height_minus_1") + 1;
  checkPictureSize(width, height);
  return { profile, width, height, frameRate };
}

/** Timing and operating points: the part that a reduced header leaves out. */
function readOperation(bits: BitReader): number | undefined {
  let frameRate: number | undefined;
  let delayBits: number | undefined;
  if (bits.flag("timing_info_present_flag")) {
    frameRate = readTiming(bits);
    if (bits.flag("decoder_model_info_present_flag")) delayBits = readDecoderModel(bits);
  }
  const hasDisplayDelay = bits.flag("initial_display_delay_present_flag");
  const points = bits.bits(5, "operating_points_cnt_minus_1") + 1;
  for (let point = 0; point < points; point++) {
    bits.skip(12, "operating_point_idc");
    if (bits.bits(5, "seq_level_idx") > 7) bits.skip(1, "seq_tier");
    if (delayBits !== undefined && bits.flag("decoder_model_present_for_this_op")) {
      bits.skip(2 * delayBits + 1, "operating_parameters_info");
    }
    if (hasDisplayDelay && bits.flag("initial_display_delay_present_for_this_op")) {
      bits.skip(4, "initial_display_delay_minus_1");
    }
  }
  return frameRate;
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
