/** Bytes of an ID3v2 header, and of its footer: ID3v2.4.0 structure, sections 3.1 and 3.4. */
export const ID3_HEADER_BYTES = 10;
/** Bytes of an ID3v1 tag: `TAG`, then fields of fixed length. */
export const ID3V1_BYTES = 128;
/** Bytes of the header and footer of an APE tag. */
export const APE_HEADER_BYTES = 32;
/** Version 2.4: a footer stands behind the tag. */
const HAS_FOOTER = 0x10;

const LETTER = { A: 0x41, I: 0x49, T: 0x54 } as const;

/**
 * Bytes of the tag that begins at `at`: ID3v2 with header and footer, ID3v1, or APE with its header.
 *
 * @param bytes Borrowed.
 * @returns 0 where there is none; `undefined` where more bytes must come to tell.
 */
export function tagBytesAt(bytes: Uint8Array, at: number): number | undefined {
  switch (bytes[at]) {
    case LETTER.I:
      return id3BytesAt(bytes, at);
    case LETTER.T:
      return startsWith(bytes, { at, text: "TAG", length: ID3V1_BYTES });
    case LETTER.A:
      return apeBytesAt(bytes, at);
    default:
      return 0;
  }
}

function id3BytesAt(bytes: Uint8Array, at: number): number | undefined {
  const found = startsWith(bytes, { at, text: "ID3", length: ID3_HEADER_BYTES });
  if (found === undefined || found === 0) return found;
  if (bytes.length - at < ID3_HEADER_BYTES) return undefined;
  const size = readSyncSafe(bytes, at + 6);
  if (bytes[at + 3] === 0xff || bytes[at + 4] === 0xff || size === undefined) return 0;
  const footer = (bytes[at + 5]! & HAS_FOOTER) !== 0 ? ID3_HEADER_BYTES : 0;
  return ID3_HEADER_BYTES + size + footer;
}

function apeBytesAt(bytes: Uint8Array, at: number): number | undefined {
  const found = startsWith(bytes, { at, text: "APETAGEX", length: APE_HEADER_BYTES });
  if (found === undefined || found === 0) return found;
  if (bytes.length - at < APE_HEADER_BYTES) return undefined;
  const { sizeBytes, isHeader } = readApeHeader(bytes, at);
  // as a header it stands before the size it tells, as a footer it belongs to it
  return isHeader ? APE_HEADER_BYTES + sizeBytes : APE_HEADER_BYTES;
}

/** What the header or footer of an APE tag says: little-endian, items and footer counted. */
export function readApeHeader(
  bytes: Uint8Array,
  at: number,
): { readonly sizeBytes: number; readonly isHeader: boolean; readonly hasHeader: boolean } {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, APE_HEADER_BYTES);
  const flags = view.getUint32(20, true);
  return {
    sizeBytes: view.getUint32(12, true),
    isHeader: (flags & 0x2000_0000) !== 0,
    hasHeader: (flags & 0x8000_0000) !== 0,
  };
}

/** Four bytes of seven bits each: ID3v2.4.0 structure, section 6.2; `undefined` if one has more. */
export function readSyncSafe(bytes: Uint8Array, at: number): number | undefined {
  let value = 0;
  for (let index = at; index < at + 4; index++) {
    const byte = bytes[index]!;
    if (byte >= 0x80) return undefined;
    value = value << 7 | byte;
  }
  return value;
}

/** `length` if `text` stands at `at`, 0 if something else, `undefined` if the bytes end before that is known. */
function startsWith(
  bytes: Uint8Array,
  wanted: { at: number; text: string; length: number },
): number | undefined {
  const { at, text, length } = wanted;
  for (let index = 0; index < text.length; index++) {
    if (at + index >= bytes.length) return undefined;
    if (bytes[at + index] !== text.charCodeAt(index)) return 0;
  }
  return length;
}
