import type { ByteSource } from "#bytes";
import { decodeId3v1 } from "./id3v1.ts";
import type { Id3v2Reader } from "./id3v2.ts";
import { APE_HEADER_BYTES, ID3_HEADER_BYTES, ID3V1_BYTES, readApeHeader, readSyncSafe } from "./tag_bytes.ts";
import { decodeLatin1 } from "./text.ts";

/** What stands behind the frames of a file. */
export interface Trailer {
  /** Offset in the file where tags begin, or its size. */
  readonly audioEnd: number;
  /** Of the ID3v1 tag, where there is one. */
  readonly id3v1: Record<string, string> | undefined;
}

/** Tags that may follow each other at the end: ID3v1, Lyrics3, APE, ID3v2. */
const MAX_TRAILING_TAGS = 8;
/** `LYRICS200`, with six digits of size in front. */
const LYRICS_FOOTER_BYTES = 15;

/**
 * Finds the tags at the end of a file by their footers.
 *
 * @param source Borrowed.
 * @param options `audioStart`: tags end there at the latest. `id3v2`: takes the tags of an appended one.
 */
export async function readTrailer(
  source: ByteSource,
  options: { audioStart: number; id3v2: Id3v2Reader },
): Promise<Trailer> {
  const { audioStart, id3v2 } = options;
  let audioEnd = source.sizeBytes;
  let id3v1: Record<string, string> | undefined;
  for (let count = 0; count < MAX_TRAILING_TAGS; count++) {
    const length = Math.min(ID3V1_BYTES, audioEnd - audioStart);
    if (length <= 0) break;
    const tail = new Uint8Array(length);
    if (await source.readAt(audioEnd - length, tail) < length) break;
    const found = decodeId3v1(tail);
    id3v1 ??= found;
    const tagBytes = found === undefined ? footerBytes(tail) : ID3V1_BYTES;
    if (tagBytes === 0 || audioEnd - tagBytes < audioStart) break;
    audioEnd -= tagBytes;
    await id3v2.read(audioEnd);
  }
  return { audioEnd, id3v1 };
}

/** Bytes of the tag whose footer ends `tail`; 0 if there is none. */
function footerBytes(tail: Uint8Array): number {
  const { length } = tail;
  const endsWith = (text: string, before = 0) =>
    length >= text.length + before &&
    decodeLatin1(tail.subarray(length - before - text.length, length - before)) === text;
  if (endsWith("APETAGEX", APE_HEADER_BYTES - 8)) {
    const { sizeBytes, hasHeader, isHeader } = readApeHeader(tail, length - APE_HEADER_BYTES);
    return isHeader ? 0 : sizeBytes + (hasHeader ? APE_HEADER_BYTES : 0);
  }
  if (endsWith("LYRICS200") && length >= LYRICS_FOOTER_BYTES) {
    const digits = decodeLatin1(tail.subarray(length - LYRICS_FOOTER_BYTES, length - 9));
    return /^\d{6}$/.test(digits) ? Number(digits) + LYRICS_FOOTER_BYTES : 0;
  }
  if (endsWith("3DI", ID3_HEADER_BYTES - 3)) {
    const size = readSyncSafe(tail, length - 4);
    return size === undefined ? 0 : size + 2 * ID3_HEADER_BYTES;
  }
  return 0;
}
