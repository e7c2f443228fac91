/** Bytes of a PES header up to and with PES_header_data_length. */
export const PES_FIXED_BYTES = 9;
/** Bytes of a PES header up to and with PES_packet_length. */
export const PES_START_BYTES = 6;

/** What each PES packet begins with: ISO/IEC 13818-1 section 2.4.3.6. */
export interface PesHeader {
  /** 0xC0 to 0xDF audio, 0xE0 to 0xEF video, 0xBD private. */
  readonly streamId: number;
  /** Bytes before the payload. */
  readonly headerBytes: number;
  /** In ticks, 0 to 2^33 - 1; absent where the packet tells none. */
  readonly pts?: number;
  /** Absent where it equals `pts`. */
  readonly dts?: number;
  /** PES_scrambling_control is not 0: the payload cannot be read. */
  readonly isScrambled: boolean;
}

/** Kinds without the optional header: section 2.4.3.7, table 2-18. */
const BARE_STREAM_IDS = new Set([0xbc, 0xbe, 0xbf, 0xf0, 0xf1, 0xf2, 0xf8, 0xff]);
/** Nothing but stuffing: padding_stream. */
export const PADDING_STREAM_ID = 0xbe;

/**
 * Decodes the header of a PES packet.
 *
 * @param bytes Borrowed.
 * @param length How many bytes of it count.
 * @returns `undefined` if `bytes` do not begin with a whole one.
 */
export function decodePesHeader(bytes: Uint8Array, length: number): PesHeader | undefined {
  if (length < PES_START_BYTES || bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== 1) return undefined;
  const streamId = bytes[3]!;
  if (BARE_STREAM_IDS.has(streamId)) return { streamId, headerBytes: PES_START_BYTES, isScrambled: false };
  if (length < PES_FIXED_BYTES) return undefined;
  const headerBytes = PES_FIXED_BYTES + bytes[8]!;
  if (headerBytes > length) return undefined;
  const isScrambled = (bytes[6]! & 0x30) !== 0;
  const flags = bytes[7]! >> 6;
  // the flags may promise more than PES_header_data_length has room for
  if (flags < 2 || headerBytes < PES_FIXED_BYTES + 5) return { streamId, headerBytes, isScrambled };
  const pts = readTimestamp(bytes, PES_FIXED_BYTES);
  if (flags === 2 || headerBytes < PES_FIXED_BYTES + 10) return { streamId, headerBytes, isScrambled, pts };
  return { streamId, headerBytes, isScrambled, pts, dts: readTimestamp(bytes, PES_FIXED_BYTES + 5) };
}

/** 33 bits in five bytes, marker bits between: section 2.4.3.7. */
function readTimestamp(bytes: Uint8Array, at: number): number {
  const high = bytes[at]! >> 1 & 7;
  const middle = bytes[at + 1]! << 7 | bytes[at + 2]! >> 1;
  const low = bytes[at + 3]! << 7 | bytes[at + 4]! >> 1;
  return high * 2 ** 30 + middle * 2 ** 15 + low;
}
