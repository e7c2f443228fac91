import { BitReader } from "#bytes";
import { FormatError } from "#errors";
import { checkPictureSize, type TrackDescription } from "#media";
import { describeVp9, encodeVpCodecConfiguration } from "./codec_configuration.ts";

/** What the uncompressed header of a VP9 key frame says: VP9 bitstream specification section 6.2. */
export interface Vp9KeyFrame {
  /** 0 to 3. */
  readonly profile: number;
  /** 8, 10 or 12. */
  readonly bitDepth: number;
  /** As `vpcC` has it: 1 is 4:2:0, 2 is 4:2:2, 3 is 4:4:4, 4 is 4:4:0. */
  readonly chromaSubsampling: number;
  readonly isFullRange: boolean;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
}

const FRAME_MARKER = 2;
const SYNC_CODE = 0x49_83_42;
const COLOR_SPACE_RGB = 7;
/** Largest luma picture of each level, ten times the level first: VP9 levels, annex A. */
const LEVEL_PICTURES = [
  [10, 36_864],
  [11, 73_728],
  [20, 122_880],
  [21, 245_760],
  [30, 552_960],
  [31, 983_040],
  [40, 2_228_224],
  [50, 8_912_896],
] as const;
const LARGEST_LEVEL = 60;

/**
 * Returns whether a frame, or the first of a superframe, is a key frame.
 *
 * @param frame Borrowed; one that cannot be read is none.
 */
export function isVp9KeyFrame(frame: Uint8Array): boolean {
  const first = frame[0] ?? 0;
  if (first >> 6 !== FRAME_MARKER) return false;
  // profile 3 has a reserved bit; then show_existing_frame and frame_type, both 0 for a key frame
  const isProfile3 = (first & 0x30) === 0x30;
  return isProfile3 ? (first & 0x06) === 0 : (first & 0x0c) === 0;
}

/**
 * Decodes the header of a key frame up to the picture size.
 *
 * @param frame A frame or superframe; borrowed.
 * @returns `undefined` if it is no key frame.
 * @throws {FormatError} If it is cut off or has no sync code.
 * @throws {LimitError} If the picture is larger than `MAX_VIDEO_DIMENSION_PIXELS`.
 */
export function decodeVp9KeyFrame(frame: Uint8Array): Vp9KeyFrame | undefined {
  if (!isVp9KeyFrame(frame)) return undefined;
  const bits = new BitReader(frame);
  bits.skip(2, "frame_marker");
  const profile = bits.bits(1, "profile_low_bit") | bits.bits(1, "profile_high_bit") << 1;
  if (profile === 3) bits.skip(1, "reserved_zero");
  bits.skip(4, "show_existing_frame, frame_type, show_frame, error_resilient_mode");
  const syncCode = bits.bits(24, "frame_sync_code");
  if (syncCode !== SYNC_CODE) {
    throw new FormatError(
      `Cannot read VP9 key frame: sync code 0x${syncCode.toString(16)}, expected 0x498342`,
      {
        offset: 1,
      },
    );
  }
  const color = readColorConfig(bits, profile);
  const width = bits.bits(16, "frame_width_minus_1") + 1;
  const height = bits.bits(16, "frame_height_minus_1") + 1;
  checkPictureSize(width, height);
  return { profile, ...color, width, height };
}

/** color_config: section 6.2.2. */
function readColorConfig(
  bits: BitReader,
  profile: number,
): Pick<Vp9KeyFrame, "bitDepth" | "chromaSubsampling" | "isFullRange"> {
  const bitDepth = profile < 2 ? 8 : bits.flag("ten_or_twelve_bit") ? 12 : 10;
  const tellsSubsampling = (profile & 1) === 1;
  if (bits.bits(3, "color_space") === COLOR_SPACE_RGB) {
    if (tellsSubsampling) bits.skip(1, "reserved_zero");
    return { bitDepth, chromaSubsampling: 3, isFullRange: true };
  }
  const isFullRange = bits.flag("color_range");
  if (!tellsSubsampling) return { bitDepth, chromaSubsampling: 1, isFullRange };
  const halvesWidth = bits.flag("subsampling_x");
  const halvesHeight = bits.flag("subsampling_y");
  bits.skip(1, "reserved_zero");
  const chromaSubsampling = halvesWidth ? halvesHeight ? 1 : 2 : halvesHeight ? 4 : 3;
  return { bitDepth, chromaSubsampling, isFullRange };
}

/**
 * Builds the VPCodecConfigurationRecord of a key frame, colours unspecified; the level is the lowest that allows
 * the picture, as the frame does not tell it.
 *
 * @returns Bytes owned by the caller, without the four bytes of a full box.
 */
export function vpccFromKeyFrame(header: Vp9KeyFrame): Uint8Array<ArrayBuffer> {
  const { profile, bitDepth, chromaSubsampling, isFullRange, width, height } = header;
  const pixels = width * height;
  const level = LEVEL_PICTURES.find(([, most]) => pixels <= most)?.[0] ?? LARGEST_LEVEL;
  return encodeVpCodecConfiguration({ profile, level, bitDepth, chromaSubsampling }, { isFullRange });
}

/**
 * Describes the track of a key frame.
 *
 * @param frame Borrowed.
 * @throws {FormatError} If it is malformed or no key frame.
 * @throws {LimitError} If the picture is larger than the limits.
 */
export function describeVp9Frame(frame: Uint8Array): TrackDescription {
  const header = decodeVp9KeyFrame(frame);
  if (header === undefined) throw new FormatError("Cannot describe VP9 track: the frame is no key frame");
  return { ...describeVp9(vpccFromKeyFrame(header)), width: header.width, height: header.height };
}
