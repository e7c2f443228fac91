import { readSyncSafe } from "./tag_bytes.ts";

/** One frame of an ID3v2 tag, by its header. */
export interface Id3FrameHeader {
  /** Three letters in version 2.2, four in later ones. */
  readonly id: string;
  /** Bytes of header. */
  readonly headerBytes: number;
  /** Bytes of content as they stand in the tag. */
  readonly sizeBytes: number;
  /** Bytes in front of the content proper: grouping, length indicator. */
  readonly prefixBytes: number;
  /** Whether the content is escaped: 2.4 only. */
  readonly isUnsynchronised: boolean;
  /** Whether the content can be read: neither compressed nor encrypted. */
  readonly isPlain: boolean;
}

/** Most bytes that a frame header has. */
export const MAX_ID3_FRAME_HEADER_BYTES = 10;

/** Flags of the second byte: ID3v2.3.0 section 3.3.1, ID3v2.4.0 structure, section 4.1.2. */
const V3_FLAG = { Compressed: 0x80, Encrypted: 0x40, Grouped: 0x20 } as const;
const V4_FLAG = {
  Grouped: 0x40,
  Compressed: 0x08,
  Encrypted: 0x04,
  Unsynchronised: 0x02,
  HasLength: 0x01,
} as const;

/**
 * Reads the header of a frame.
 *
 * @param bytes Ten bytes, or fewer at the end of the tag; borrowed.
 * @param version 2, 3 or 4.
 * @param options `isValidNext`: whether a frame, padding or the end of the tag stands so many bytes after this
 *   header: tells the sizes of old iTunes, which wrote 2.4 like 2.3.
 * @returns `undefined` where padding begins, or what is no frame.
 */
export function readId3FrameHeader(
  bytes: Uint8Array,
  version: number,
  options: { readonly isValidNext: (sizeBytes: number) => boolean },
): Id3FrameHeader | undefined {
  const idLength = version === 2 ? 3 : 4;
  const headerBytes = version === 2 ? 6 : 10;
  if (bytes.length < headerBytes || !isFrameId(bytes, idLength)) return undefined;
  const id = String.fromCharCode(...bytes.subarray(0, idLength));
  if (version === 2) {
    const sizeBytes = bytes[3]! << 16 | bytes[4]! << 8 | bytes[5]!;
    return { id, headerBytes, sizeBytes, prefixBytes: 0, isUnsynchronised: false, isPlain: true };
  }
  const plainSize = (bytes[4]! << 24 | bytes[5]! << 16 | bytes[6]! << 8 | bytes[7]!) >>> 0;
  const flags = bytes[9]!;
  if (version === 3) {
    const isPlain = (flags & (V3_FLAG.Compressed | V3_FLAG.Encrypted)) === 0;
    const prefixBytes = (flags & V3_FLAG.Grouped) !== 0 ? 1 : 0;
    return { id, headerBytes, sizeBytes: plainSize, prefixBytes, isUnsynchronised: false, isPlain };
  }
  const safeSize = readSyncSafe(bytes, 4);
  const isOldItunes = safeSize === undefined ||
    safeSize !== plainSize && !options.isValidNext(safeSize) && options.isValidNext(plainSize);
  return {
    id,
    headerBytes,
    sizeBytes: isOldItunes ? plainSize : safeSize,
    prefixBytes: ((flags & V4_FLAG.Grouped) !== 0 ? 1 : 0) + ((flags & V4_FLAG.HasLength) !== 0 ? 4 : 0),
    isUnsynchronised: (flags & V4_FLAG.Unsynchronised) !== 0,
    isPlain: (flags & (V4_FLAG.Compressed | V4_FLAG.Encrypted)) === 0,
  };
}

/** Whether `bytes` begin with a frame's name: capital letters and digits. */
export function isFrameId(bytes: Uint8Array, length: number): boolean {
  for (let index = 0; index < length; index++) {
    const byte = bytes[index] ?? 0;
    const isLetter = byte >= 0x41 && byte <= 0x5a;
    const isDigit = byte >= 0x30 && byte <= 0x39;
    if (!isLetter && !isDigit) return false;
  }
  return true;
}

/** Takes out the zero that stands after each 0xff: ID3v2.4.0 structure, section 6.1. */
export function removeUnsynchronisation(bytes: Uint8Array): Uint8Array {
  const plain = new Uint8Array(bytes.length);
  let length = 0;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]!;
    plain[length++] = byte;
    if (byte === 0xff && bytes[index + 1] === 0) index++;
  }
  return plain.subarray(0, length);
}
