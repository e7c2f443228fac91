import { FormatError } from "#errors";

/** What an open bitstream unit holds: AV1 section 6.2.2. */
export const AV1_UNIT_TYPE = {
  SequenceHeader: 1,
  TemporalDelimiter: 2,
  FrameHeader: 3,
  TileGroup: 4,
  Metadata: 5,
  Frame: 6,
  RedundantFrameHeader: 7,
  TileList: 8,
  Padding: 15,
} as const;

/** One of `AV1_UNIT_TYPE`. */
export type Av1UnitType = typeof AV1_UNIT_TYPE[keyof typeof AV1_UNIT_TYPE];

/** Where an open bitstream unit lies, in bytes from the start of the array. */
export interface Av1Unit {
  /** 0 to 15; see `AV1_UNIT_TYPE`. */
  readonly type: number;
  /** Of its header. */
  readonly start: number;
  readonly payloadStart: number;
  /** Exclusive. */
  readonly end: number;
}

/** Longest size field: AV1 section 4.10.5. */
const MAX_LEB128_BYTES = 8;

/**
 * Finds the open bitstream units of a temporal unit in low-overhead format: AV1 section 5.2.
 *
 * @param units Borrowed; each unit with its size, but for the last, which may do without.
 * @throws {FormatError} If a unit is cut off.
 */
export function findAv1Units(units: Uint8Array): Av1Unit[] {
  const found: Av1Unit[] = [];
  for (let at = 0; at < units.length;) {
    const unit = readAv1Unit(units, at);
    found.push(unit);
    at = unit.end;
  }
  return found;
}

/**
 * Reads the header of the unit at `at`, with extension and size: AV1 sections 5.3.2 and 5.3.3.
 *
 * @throws {FormatError} If the unit is cut off.
 */
export function readAv1Unit(units: Uint8Array, at: number): Av1Unit {
  const first = units[at]!;
  const hasExtension = (first & 4) !== 0;
  const hasSize = (first & 2) !== 0;
  let payloadStart = at + (hasExtension ? 2 : 1);
  let size = units.length - payloadStart;
  if (hasSize) ({ size, start: payloadStart } = readLeb128(units, payloadStart));
  const end = payloadStart + size;
  if (size < 0 || end > units.length) {
    throw new FormatError(
      `Cannot read AV1 unit: need ${size} bytes at offset ${payloadStart}, have ${
        units.length - payloadStart
      }`,
      { offset: at },
    );
  }
  return { type: first >> 3 & 15, start: at, payloadStart, end };
}

/** Little-endian groups of seven bits, at most 32 bits in all: AV1 section 4.10.5. */
function readLeb128(bytes: Uint8Array, at: number): { size: number; start: number } {
  let size = 0;
  for (let index = 0; index < MAX_LEB128_BYTES; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) break;
    size += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { size, start: at + index + 1 };
  }
  throw new FormatError(`Cannot read AV1 unit: its size at offset ${at} does not end`, { offset: at });
}

/**
 * Returns whether decoding can start at a temporal unit: its first frame is a key frame that is shown. AV1 section
 * 5.9.2; AV1 in ISOBMFF section 2.4.
 *
 * @param temporalUnit Borrowed.
 * @throws {FormatError} If a unit is cut off.
 */
export function isAv1KeyFrame(temporalUnit: Uint8Array): boolean {
  for (let at = 0; at < temporalUnit.length;) {
    const { type, payloadStart, end } = readAv1Unit(temporalUnit, at);
    at = end;
    if (payloadStart >= end) continue;
    const first = temporalUnit[payloadStart]!;
    // seq_profile 3, still_picture 1, reduced_still_picture_header 1: then every frame is a key frame
    if (type === AV1_UNIT_TYPE.SequenceHeader && (first & 0x08) !== 0) return true;
    // show_existing_frame 1, frame_type 2 (0 is a key frame), show_frame 1
    if (type === AV1_UNIT_TYPE.FrameHeader || type === AV1_UNIT_TYPE.Frame) return first >> 4 === 1;
  }
  return false;
}

/**
 * Takes out temporal delimiters, which files do without: AV1 in ISOBMFF section 2.4.
 *
 * @param temporalUnit Borrowed.
 * @returns `temporalUnit` itself, a view of it where only its start goes, or a new array.
 * @throws {FormatError} If a unit is cut off.
 */
export function withoutTemporalDelimiters(temporalUnit: Uint8Array): Uint8Array {
  const delimiters = findAv1Units(temporalUnit).filter(({ type }) =>
    type === AV1_UNIT_TYPE.TemporalDelimiter
  );
  const [first] = delimiters;
  if (first === undefined) return temporalUnit;
  if (delimiters.length === 1 && first.start === 0) return temporalUnit.subarray(first.end);
  const kept = new Uint8Array(temporalUnit.length);
  let length = 0;
  let at = 0;
  for (const { start, end } of [...delimiters, { start: temporalUnit.length, end: temporalUnit.length }]) {
    kept.set(temporalUnit.subarray(at, start), length);
    length += start - at;
    at = end;
  }
  return kept.subarray(0, length);
}
