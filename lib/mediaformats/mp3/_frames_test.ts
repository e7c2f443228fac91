/** Bytes of MP3 files for the tests. */
import { concatBytes } from "#bytes";
import { mp3FrameBytes } from "#codecs/mp3";

/** Headers of frames: 417 or 418 bytes at 128 kbit/s; 72 bytes; 384 of layer II. */
export const HEADERS = {
  plain: [0xff, 0xfb, 0x90, 0x64],
  padded: [0xff, 0xfb, 0x92, 0x64],
  slow: [0xff, 0xfb, 0x50, 0x64],
  small: [0xff, 0xe3, 0x18, 0xc0],
  layer2: [0xff, 0xfd, 0x84, 0x04],
} as const;

/** A frame with a header and bytes that are no header, told apart by `fill`. */
export function frameOf(header: readonly number[], fill = 0x55): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(mp3FrameBytes(new Uint8Array(header), 0)).fill(fill);
  bytes.set(header);
  return bytes;
}

/** Frames of 128 kbit/s at 44,100 Hz, padded as a constant rate wants it: 417.96 bytes on the mean. */
export function constantFrames(count: number): Uint8Array<ArrayBuffer> {
  const mean = 144 * 128_000 / 44_100;
  return concatBytes(Array.from({ length: count }, (_, index) => {
    const length = Math.floor((index + 1) * mean) - Math.floor(index * mean);
    return frameOf(length === 418 ? HEADERS.padded : HEADERS.plain, index % 200);
  }));
}

/** Frames of changing rate: 128 and 64 kbit/s by turns of three. */
export function changingFrames(count: number): Uint8Array<ArrayBuffer> {
  return concatBytes(
    Array.from(
      { length: count },
      (_, index) => frameOf(index % 3 === 0 ? HEADERS.plain : HEADERS.slow, index % 200),
    ),
  );
}

/** A frame that tells of the others: Xing or Info, with LAME's delay. */
export function xingFrame(
  fields: {
    kind?: "Xing" | "Info";
    frames?: number;
    bytes?: number;
    toc?: readonly number[];
    delay?: number;
  },
): Uint8Array<ArrayBuffer> {
  const { kind = "Xing", frames, bytes, toc, delay = 576 } = fields;
  const frame = frameOf(HEADERS.plain, 0);
  const view = new DataView(frame.buffer);
  let at = 4 + 32;
  frame.set(new TextEncoder().encode(kind), at);
  view.setUint32(
    at += 4,
    (frames === undefined ? 0 : 1) | (bytes === undefined ? 0 : 2) | (toc === undefined ? 0 : 4),
  );
  at += 4;
  for (const value of [frames, bytes]) {
    if (value === undefined) continue;
    view.setUint32(at, value);
    at += 4;
  }
  if (toc !== undefined) frame.set(toc, at);
  at += toc === undefined ? 0 : 100;
  frame.set(new TextEncoder().encode("LAME3.100"), at);
  view.setUint32(at + 20, delay << 12 | 1000);
  return frame;
}

/** An ID3v2 tag with its header. */
export function id3Tag(
  version: number,
  frames: readonly Uint8Array[],
  options: { flags?: number; padding?: number; size?: number } = {},
): Uint8Array<ArrayBuffer> {
  const body = concatBytes([...frames, new Uint8Array(options.padding ?? 0)]);
  const { flags = 0, size = body.length } = options;
  return concatBytes([new Uint8Array([0x49, 0x44, 0x33, version, 0, flags, ...syncSafe(size)]), body]);
}

/** A frame of an ID3v2 tag; `size` where it is not the content's. */
export function id3Frame(
  version: number,
  id: string,
  fields: { content: readonly number[] | string; flags?: number; size?: number },
): Uint8Array<ArrayBuffer> {
  const content = typeof fields.content === "string"
    ? [...new TextEncoder().encode(fields.content)]
    : fields.content;
  const { flags = 0, size = content.length } = fields;
  const sizeBytes = version === 4
    ? syncSafe(size)
    : [size >>> 24, size >> 16 & 255, size >> 8 & 255, size & 255];
  const header = version === 2 ? sizeBytes.slice(1) : [...sizeBytes, 0, flags];
  return new Uint8Array([...new TextEncoder().encode(id), ...header, ...content]);
}

/** Four bytes of seven bits. */
export function syncSafe(value: number): number[] {
  return [value >> 21 & 127, value >> 14 & 127, value >> 7 & 127, value & 127];
}
