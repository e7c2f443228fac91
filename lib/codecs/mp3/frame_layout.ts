import { readMp3FrameHeader } from "./frame_header.ts";

/** The least common multiple of all sampling rates of MPEG audio: frames of every kind last whole ticks. */
export const MP3_TICKS_PER_SECOND = 14_112_000;
/** Longest frame: layer II at 8 kHz with 160 kbit/s and padding. */
export const MAX_MP3_FRAME_BYTES = 2881;

/** Version, layer, bit rate and sampling rate: the ten bits of a header that tell its frame's length. */
const LAYOUTS = 1024;
/** In bytes, without padding; 0 for reserved layouts and free rates. */
const FRAME_BYTES = new Uint16Array(LAYOUTS);
/** In bytes. */
const PADDING_BYTES = new Uint8Array(LAYOUTS);
/** In ticks of `MP3_TICKS_PER_SECOND`. */
const FRAME_TICKS = new Uint32Array(LAYOUTS);

for (let layout = 0; layout < LAYOUTS; layout++) {
  const header = readMp3FrameHeader(new Uint8Array([0xff, 0xe1 | layout >> 6 << 1, layout << 2 & 0xff, 0]));
  if (header === undefined) continue;
  FRAME_BYTES[layout] = header.frameBytes;
  PADDING_BYTES[layout] = header.layer === 1 ? 4 : 1;
  FRAME_TICKS[layout] = header.frameSamples * MP3_TICKS_PER_SECOND / header.sampleRate;
}

/**
 * Bytes of the frame at `at`, by table: a file's frames are walked this way.
 *
 * @param bytes Borrowed; holds at least three bytes from `at` on.
 * @returns 0 where there is no header, or one with a free rate.
 */
export function mp3FrameBytes(bytes: Uint8Array, at: number): number {
  const second = bytes[at + 1]!;
  if (bytes[at] !== 0xff || second < 0xe0) return 0;
  const third = bytes[at + 2]!;
  const layout = (second & 0x1e) << 5 | third >> 2;
  const frameBytes = FRAME_BYTES[layout]!;
  return frameBytes === 0 || (third & 2) === 0 ? frameBytes : frameBytes + PADDING_BYTES[layout]!;
}

/**
 * How long the frame at `at` lasts, in ticks of `MP3_TICKS_PER_SECOND`.
 *
 * @param bytes Borrowed; a header stands at `at`.
 * @returns 0 where there is none.
 */
export function mp3FrameTicks(bytes: Uint8Array, at: number): number {
  return FRAME_TICKS[(bytes[at + 1]! & 0x1e) << 5 | bytes[at + 2]! >> 2]!;
}
