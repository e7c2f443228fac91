/** What the first bytes of a still picture say. */
export interface PictureDescription {
  /** As ffprobe names it: `mjpeg`, `png`, `gif`, `bmp`, `webp`. */
  readonly codecName: string;
  /** In pixels; absent where the bytes end before they are told. */
  readonly width?: number;
  /** In pixels; absent where the bytes end before they are told. */
  readonly height?: number;
}

/** How a format is recognised, and where it tells its size. */
interface PictureFormat {
  readonly codecName: string;
  /** What its first bytes are; `.` stands for any. */
  readonly signature: string;
  readonly sizeOf: (bytes: DataView) => readonly [width: number, height: number] | undefined;
}

/** Markers of JPEG: ISO/IEC 10918-1 table B.1. */
const JPEG_MARKER = {
  StartOfFrame: 0xc0,
  LastOfFrame: 0xcf,
  HuffmanTables: 0xc4,
  Reserved: 0xc8,
  Arithmetic: 0xcc,
};
const SIGNATURE_CHARS = 16;

const FORMATS: readonly PictureFormat[] = [
  { codecName: "mjpeg", signature: "\xff\xd8\xff", sizeOf: jpegSize },
  // PNG (RFC 2083) section 3.1 and 4.1.1
  {
    codecName: "png",
    signature: "\x89PNG\r\n\x1a\n",
    sizeOf: (bytes) => bytes.byteLength < 24 ? undefined : [bytes.getUint32(16), bytes.getUint32(20)],
  },
  // GIF89a section 18
  {
    codecName: "gif",
    signature: "GIF8",
    sizeOf: (bytes) =>
      bytes.byteLength < 10 ? undefined : [bytes.getUint16(6, true), bytes.getUint16(8, true)],
  },
  // BITMAPINFOHEADER; rows from the top down have a negative height
  {
    codecName: "bmp",
    signature: "BM",
    sizeOf: (bytes) =>
      bytes.byteLength < 26 ? undefined : [bytes.getInt32(18, true), Math.abs(bytes.getInt32(22, true))],
  },
  { codecName: "webp", signature: "RIFF....WEBP", sizeOf: webpSize },
];

/**
 * Tells what a still picture is: JPEG, PNG, GIF, BMP or WebP.
 *
 * @param head Its first bytes; borrowed. A JPEG may have 64 KiB of other things before its size.
 * @returns `undefined` for anything else.
 */
export function describePicture(head: Uint8Array): PictureDescription | undefined {
  const start = String.fromCharCode(...head.subarray(0, SIGNATURE_CHARS));
  const format = FORMATS.find(({ signature }) =>
    start.length >= signature.length && [...signature].every((char, at) => char === "." || char === start[at])
  );
  if (format === undefined) return undefined;
  const size = format.sizeOf(new DataView(head.buffer, head.byteOffset, head.length));
  return { codecName: format.codecName, ...(size === undefined ? {} : { width: size[0], height: size[1] }) };
}

/** Walks over the segments up to the frame header: ISO/IEC 10918-1 section B.2.2. */
function jpegSize(bytes: DataView): [number, number] | undefined {
  for (let at = 2; at + 9 <= bytes.byteLength;) {
    if (bytes.getUint8(at) !== 0xff) return undefined;
    const marker = bytes.getUint8(at + 1);
    if (marker === 0xff) {
      at++; // fill bytes
      continue;
    }
    if (isFrameHeader(marker)) return [bytes.getUint16(at + 7), bytes.getUint16(at + 5)];
    at += 2 + bytes.getUint16(at + 2);
  }
  return undefined;
}

function isFrameHeader(marker: number): boolean {
  const { StartOfFrame, LastOfFrame, HuffmanTables, Reserved, Arithmetic } = JPEG_MARKER;
  return marker >= StartOfFrame && marker <= LastOfFrame &&
    marker !== HuffmanTables && marker !== Reserved && marker !== Arithmetic;
}

/** RFC 9649 sections 2.5 to 2.7. */
function webpSize(bytes: DataView): [number, number] | undefined {
  if (bytes.byteLength < 30) return undefined;
  const u24 = (at: number): number => bytes.getUint16(at, true) | bytes.getUint8(at + 2) << 16;
  switch (bytes.getUint32(12)) {
    case 0x56503820: // "VP8 "
      return [bytes.getUint16(26, true) & 0x3fff, bytes.getUint16(28, true) & 0x3fff];
    case 0x5650384c: { // "VP8L"
      const bits = bytes.getUint32(21, true);
      return [(bits & 0x3fff) + 1, (bits >>> 14 & 0x3fff) + 1];
    }
    case 0x56503858: // "VP8X"
      return [u24(24) + 1, u24(27) + 1];
  }
  return undefined;
}
