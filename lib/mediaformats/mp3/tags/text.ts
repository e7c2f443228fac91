/** How texts of ID3v2 are encoded: ID3v2.4.0 structure, section 4. */
export const ID3_ENCODING = { Latin1: 0, Utf16: 1, Utf16Be: 2, Utf8: 3 } as const;

const UTF8 = new TextDecoder("utf-8", { fatal: true });
const LENIENT_UTF8 = new TextDecoder("utf-8");
const UTF16 = new TextDecoder("utf-16le");
const UTF16_BE = new TextDecoder("utf-16be");

/** A text, and where the next one begins. */
export interface Id3Text {
  readonly text: string;
  /** Index after the text and its terminator. */
  readonly end: number;
}

/**
 * Decodes a text that ends with a zero (two in UTF-16) or with the bytes.
 *
 * @param bytes Borrowed.
 * @param place Where it starts, and one of `ID3_ENCODING`.
 * @returns `undefined` if the encoding is none of these, or the start lies past the bytes.
 */
export function decodeId3Text(
  bytes: Uint8Array,
  place: { readonly start: number; readonly encoding: number },
): Id3Text | undefined {
  const { start, encoding } = place;
  if (start > bytes.length) return undefined;
  if (encoding === ID3_ENCODING.Latin1 || encoding === ID3_ENCODING.Utf8) {
    const zero = bytes.indexOf(0, start);
    const stop = zero < 0 ? bytes.length : zero;
    const part = bytes.subarray(start, stop);
    const text = encoding === ID3_ENCODING.Utf8 ? LENIENT_UTF8.decode(part) : decodeLatin1(part);
    return { text, end: zero < 0 ? stop : stop + 1 };
  }
  if (encoding !== ID3_ENCODING.Utf16 && encoding !== ID3_ENCODING.Utf16Be) return undefined;
  let stop = start;
  while (stop + 1 < bytes.length && (bytes[stop] !== 0 || bytes[stop + 1] !== 0)) stop += 2;
  const isTerminated = stop + 1 < bytes.length;
  const end = isTerminated ? stop + 2 : bytes.length;
  return { text: decodeUtf16(bytes.subarray(start, stop), encoding), end };
}

/** The byte order mark tells the order, and is left out; without one version 1 is little-endian, as Windows wrote. */
function decodeUtf16(bytes: Uint8Array, encoding: number): string {
  const isBig = encoding === ID3_ENCODING.Utf16Be || bytes[0] === 0xfe && bytes[1] === 0xff;
  return (isBig ? UTF16_BE : UTF16).decode(bytes);
}

/** ISO/IEC 8859-1: each byte is a code point. */
export function decodeLatin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** Decodes what says no encoding: UTF-8 where it can be that, else ISO/IEC 8859-1. */
export function decodeUnmarked(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    return decodeLatin1(bytes);
  }
}
