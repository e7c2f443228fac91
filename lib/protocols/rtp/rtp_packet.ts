import { ProtocolError } from "#errors";

/** Header without contributing sources and extension: RFC 3550 section 5.1. */
export const RTP_HEADER_BYTES = 12;

const VERSION = 2;
const PADDING = 0x20;
const EXTENSION = 0x10;
const MARKER = 0x80;
const EXTENSION_HEADER_BYTES = 4;

/** What stands in a header that every packet has: RFC 3550 section 5.1. */
export interface RtpHeader {
  /** 0 to 127. */
  readonly payloadType: number;
  readonly isMarked: boolean;
  /** 0 to 65,535. */
  readonly sequenceNumber: number;
  /** In ticks of the payload's clock, modulo 2^32. */
  readonly timestamp: number;
  /** Synchronization source, 32 bits. */
  readonly ssrc: number;
}

/** A header extension: RFC 3550 section 5.3.1. */
export interface RtpExtension {
  /** 0xbede where it holds elements of RFC 8285 with one-byte headers. */
  readonly profile: number;
  /** A multiple of four bytes; a view of the packet. */
  readonly bytes: Uint8Array;
}

/** One RTP packet. */
export interface RtpPacket extends RtpHeader {
  /** Contributing sources, at most 15. */
  readonly csrcs: readonly number[];
  readonly extension: RtpExtension | undefined;
  /** Without padding; a view of the packet. */
  readonly payload: Uint8Array;
}

const NO_SOURCES: readonly number[] = [];

/**
 * Decodes one RTP packet.
 *
 * @param bytes A whole packet; the payload is a view of it.
 * @throws {ProtocolError} If it is cut off, of another version, or has more padding than bytes.
 */
export function decodeRtpPacket(bytes: Uint8Array): RtpPacket {
  need(bytes, RTP_HEADER_BYTES, "header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = bytes[0]!;
  if (first >> 6 !== VERSION) {
    throw new ProtocolError(`Cannot read RTP packet: version ${first >> 6} at offset 0, expected ${VERSION}`);
  }
  const sources = first & 0x0f;
  let start = RTP_HEADER_BYTES + sources * 4;
  need(bytes, start, "contributing sources");
  let csrcs = NO_SOURCES;
  if (sources > 0) {
    csrcs = Array.from({ length: sources }, (_, index) => view.getUint32(RTP_HEADER_BYTES + index * 4));
  }
  let extension: RtpExtension | undefined;
  if ((first & EXTENSION) !== 0) {
    need(bytes, start + EXTENSION_HEADER_BYTES, "extension header");
    const end = start + EXTENSION_HEADER_BYTES + view.getUint16(start + 2) * 4;
    need(bytes, end, "extension");
    extension = {
      profile: view.getUint16(start),
      bytes: bytes.subarray(start + EXTENSION_HEADER_BYTES, end),
    };
    start = end;
  }
  let end = bytes.length;
  if ((first & PADDING) !== 0) {
    const padding = bytes[end - 1]!;
    if (padding === 0 || padding > end - start) {
      throw new ProtocolError(`Cannot read RTP packet: ${padding} bytes of padding, have ${end - start}`);
    }
    end -= padding;
  }
  const second = bytes[1]!;
  return {
    payloadType: second & 0x7f,
    isMarked: (second & MARKER) !== 0,
    sequenceNumber: view.getUint16(2),
    timestamp: view.getUint32(4),
    ssrc: view.getUint32(8),
    csrcs,
    extension,
    payload: bytes.subarray(start, end),
  };
}

function need(bytes: Uint8Array, length: number, what: string): void {
  if (bytes.length >= length) return;
  throw new ProtocolError(`Cannot read RTP ${what}: need ${length} bytes, have ${bytes.length}`);
}

/**
 * Writes a header without contributing sources, extension and padding.
 *
 * @param target Has `RTP_HEADER_BYTES` bytes at `offset`; may lie on shared memory.
 * @returns Where the payload begins.
 */
// params: hot path
export function writeRtpHeader(target: Uint8Array, offset: number, header: RtpHeader): number {
  const { payloadType, isMarked, sequenceNumber, timestamp, ssrc } = header;
  target[offset] = VERSION << 6;
  target[offset + 1] = payloadType | (isMarked ? MARKER : 0);
  target[offset + 2] = sequenceNumber >> 8;
  target[offset + 3] = sequenceNumber;
  writeU32(target, offset + 4, timestamp);
  writeU32(target, offset + 8, ssrc);
  return offset + RTP_HEADER_BYTES;
}

// params: hot path
function writeU32(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value >>> 24;
  target[offset + 1] = value >>> 16;
  target[offset + 2] = value >>> 8;
  target[offset + 3] = value;
}

/**
 * Encodes one RTP packet, without padding.
 *
 * @returns Bytes owned by the caller.
 * @throws {RangeError} If there are more than 15 contributing sources, or the extension is no multiple of 4 bytes.
 */
export function encodeRtpPacket(
  packet: RtpHeader & {
    payload: Uint8Array;
    csrcs?: readonly number[];
    extension?: RtpExtension | undefined;
  },
): Uint8Array<ArrayBuffer> {
  const { csrcs = NO_SOURCES, extension, payload } = packet;
  if (csrcs.length > 15) throw new RangeError(`Cannot write RTP packet: ${csrcs.length} sources, at most 15`);
  const extensionBytes = extension === undefined ? 0 : EXTENSION_HEADER_BYTES + extension.bytes.length;
  if (extensionBytes % 4 !== 0) {
    throw new RangeError(
      `Cannot write RTP packet: extension of ${extension!.bytes.length} bytes, not of words`,
    );
  }
  const bytes = new Uint8Array(RTP_HEADER_BYTES + csrcs.length * 4 + extensionBytes + payload.length);
  let at = writeRtpHeader(bytes, 0, packet);
  bytes[0]! |= csrcs.length | (extension === undefined ? 0 : EXTENSION);
  for (const source of csrcs) {
    writeU32(bytes, at, source);
    at += 4;
  }
  if (extension !== undefined) {
    writeU32(bytes, at, extension.profile << 16 | extension.bytes.length / 4);
    bytes.set(extension.bytes, at + EXTENSION_HEADER_BYTES);
    at += extensionBytes;
  }
  bytes.set(payload, at);
  return bytes;
}
