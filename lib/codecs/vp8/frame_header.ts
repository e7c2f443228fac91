import { FormatError } from "#errors";
import { checkPictureSize, type TrackDescription } from "#media";

/** What the first bytes of a VP8 frame say: RFC 6386 section 9.1. */
export interface Vp8FrameHeader {
  readonly isKeyFrame: boolean;
  /** 0 to 3: which filters the decoder uses. */
  readonly version: number;
  readonly isShown: boolean;
  /** In pixels; of key frames only. */
  readonly width?: number;
  /** In pixels; of key frames only. */
  readonly height?: number;
}

const FRAME_TAG_BYTES = 3;
const KEY_FRAME_HEADER_BYTES = 10;

/**
 * Decodes the header at the start of a frame.
 *
 * @param frame Borrowed.
 * @throws {FormatError} If it is cut off, or a key frame without its start code.
 * @throws {LimitError} If the picture is larger than `MAX_VIDEO_DIMENSION_PIXELS`.
 */
export function decodeVp8FrameHeader(frame: Uint8Array): Vp8FrameHeader {
  const isKeyFrame = isVp8KeyFrame(frame);
  const needed = isKeyFrame ? KEY_FRAME_HEADER_BYTES : FRAME_TAG_BYTES;
  if (frame.length < needed) {
    throw new FormatError(`Cannot read VP8 frame: need ${needed} bytes at offset 0, have ${frame.length}`, {
      offset: 0,
    });
  }
  // key frame bit (0 for one), version 3, show_frame 1, first_part_size 19, least significant first
  const header = { isKeyFrame, version: frame[0]! >> 1 & 7, isShown: (frame[0]! & 0x10) !== 0 };
  if (!isKeyFrame) return header;
  if (frame[3] !== 0x9d || frame[4] !== 0x01 || frame[5] !== 0x2a) {
    const shown = frame.subarray(3, 6).toHex();
    throw new FormatError(`Cannot read VP8 frame: start code 0x${shown} at offset 3, expected 0x9d012a`, {
      offset: 3,
    });
  }
  // the two bits above each are the upscaling that is wished for
  const width = frame[6]! | (frame[7]! & 0x3f) << 8;
  const height = frame[8]! | (frame[9]! & 0x3f) << 8;
  checkPictureSize(width, height);
  return { ...header, width, height };
}

/** Whether a frame is a key frame: bit 0 of its tag is clear. Borrows `frame`; one without bytes is none. */
export function isVp8KeyFrame(frame: Uint8Array): boolean {
  return frame.length > 0 && (frame[0]! & 1) === 0;
}

/**
 * Describes the track of a key frame.
 *
 * @param frame Borrowed.
 * @throws {FormatError} If it is cut off or no key frame.
 * @throws {LimitError} If the picture is larger than the limits.
 */
export function describeVp8Frame(frame: Uint8Array): TrackDescription {
  const { version, width, height } = decodeVp8FrameHeader(frame);
  if (width === undefined || height === undefined) {
    throw new FormatError("Cannot describe VP8 track: the frame is no key frame");
  }
  return { kind: "video", codec: "vp08", codecString: "vp8", profile: `Profile ${version}`, width, height };
}
