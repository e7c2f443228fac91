import type { ByteWriter } from "#bytes";
import type { FlvTagType } from "./codes.ts";

/** Bytes before a tag body: FLV 10.1 section E.4.1. */
export const FLV_TAG_HEADER_BYTES = 11;
/** Bytes of the PreviousTagSize field after each tag, and after the file header. */
export const PREVIOUS_TAG_SIZE_BYTES = 4;
/** Longest body the 24-bit DataSize field can announce. */
const MAX_DATA_SIZE_BYTES = 0xff_ffff;

/** One FLV tag. */
export interface FlvTag {
  readonly tagType: FlvTagType;
  /** 0 to 2^32 - 1; larger times wrap. */
  readonly timestampMs: number;
  readonly body: Uint8Array;
}

/** Which kinds of tags an FLV file announces: FLV 10.1 section E.2. */
export interface FlvHeader {
  readonly hasAudio: boolean;
  readonly hasVideo: boolean;
}

/** Encodes the file header and the PreviousTagSize field after it: 13 bytes, owned by the caller. */
export function encodeFlvHeader(header: FlvHeader): Uint8Array<ArrayBuffer> {
  const flags = (header.hasAudio ? 4 : 0) | (header.hasVideo ? 1 : 0);
  return new Uint8Array([0x46, 0x4c, 0x56, 1, flags, 0, 0, 0, 9, 0, 0, 0, 0]);
}

/**
 * Returns how many bytes a tag takes with its header and the PreviousTagSize field after it.
 *
 * @throws {RangeError} If the body is longer than the format allows.
 */
export function flvTagBytes(bodyBytes: number): number {
  if (bodyBytes > MAX_DATA_SIZE_BYTES) {
    throw new RangeError(`Cannot write FLV tag: body of ${bodyBytes} bytes exceeds ${MAX_DATA_SIZE_BYTES}`);
  }
  return FLV_TAG_HEADER_BYTES + bodyBytes + PREVIOUS_TAG_SIZE_BYTES;
}

/**
 * Writes a tag and the PreviousTagSize field after it.
 *
 * @param target May be on shared memory; `flvTagBytes(body.length)` bytes are free at `offset`.
 * @param tag The time is written modulo 2^32 ms.
 * @returns Offset after the last byte written.
 */
// params: hot path
export function writeFlvTagInto(
  target: Uint8Array,
  offset: number,
  tag: Omit<FlvTag, "body">,
  body: Uint8Array,
): number {
  const { length } = body;
  const timestampMs = tag.timestampMs >>> 0;
  target[offset] = tag.tagType;
  target[offset + 1] = length >> 16;
  target[offset + 2] = length >> 8;
  target[offset + 3] = length;
  target[offset + 4] = timestampMs >> 16;
  target[offset + 5] = timestampMs >> 8;
  target[offset + 6] = timestampMs;
  target[offset + 7] = timestampMs >> 24;
  // StreamID is always 0
  target[offset + 8] = 0;
  target[offset + 9] = 0;
  target[offset + 10] = 0;
  target.set(body, offset + FLV_TAG_HEADER_BYTES);
  const end = offset + FLV_TAG_HEADER_BYTES + length;
  const tagSize = FLV_TAG_HEADER_BYTES + length;
  target[end] = tagSize >> 24;
  target[end + 1] = tagSize >> 16;
  target[end + 2] = tagSize >> 8;
  target[end + 3] = tagSize;
  return end + PREVIOUS_TAG_SIZE_BYTES;
}

/** Encodes one tag and the PreviousTagSize field after it; see `writeFlvTagInto`. */
export function encodeFlvTag(tag: FlvTag): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(flvTagBytes(tag.body.length));
  writeFlvTagInto(bytes, 0, tag, tag.body);
  return bytes;
}

/**
 * Adds a tag and the PreviousTagSize field after it to what `writer` holds; see `writeFlvTagInto`.
 *
 * @param timestampMs Written modulo 2^32.
 * @throws {RangeError} If the body is longer than the format allows.
 */
// params: hot path
export function writeFlvTag(
  writer: ByteWriter,
  tagType: FlvTagType,
  timestampMs: number,
  body: Uint8Array,
): void {
  const tagBytes = flvTagBytes(body.length) - PREVIOUS_TAG_SIZE_BYTES;
  writer.u8(tagType).u24(body.length).u24(timestampMs & 0xff_ffff).u8(timestampMs >>> 24 & 0xff);
  // StreamID is always 0
  writer.u24(0).bytes(body).u32(tagBytes);
}
