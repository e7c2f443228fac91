import { FormatError } from "#errors";

/**
 * Where the NAL units of an access unit lie: start and end (exclusive) of the first, start and end of the
 * second, and so on, in bytes from the start of the array. Numbers rather than views, so that looking at the
 * types of a megabyte of units reserves nothing.
 */
export type NalUnitRanges = readonly number[];

/** Bytes that `lengthPrefixedFrom` puts before each NAL unit. */
const WRITTEN_LENGTH_BYTES = 4;

/**
 * Finds the NAL units of a byte stream: H.264 annex B, H.265 annex B. Start codes have three or four bytes;
 * zeros after a unit are not its own; bytes before the first start code and empty units are passed over.
 *
 * @param annexB Borrowed.
 * @param into Emptied and filled; passing the same array each time saves reserving one.
 * @returns `into`.
 */
export function findNalUnits(annexB: Uint8Array, into: number[] = []): number[] {
  into.length = 0;
  const length = annexB.length;
  let start = -1;
  // `at` looks for the 1 of 00 00 01: a byte above 1 is no part of a start code, nor are the two before it
  for (let at = 2; at < length;) {
    const byte = annexB[at]!;
    if (byte === 0) {
      at += 1;
    } else if (byte === 1 && annexB[at - 1] === 0 && annexB[at - 2] === 0) {
      if (start >= 0) pushTrimmed(annexB, { start, end: at - 2, into });
      start = at + 1;
      at += 3;
    } else {
      at += 3;
    }
  }
  if (start >= 0) pushTrimmed(annexB, { start, end: length, into });
  return into;
}

/** Zeros at the end belong to the next start code, or are trailing_zero_8bits. */
function pushTrimmed(annexB: Uint8Array, unit: { start: number; end: number; into: number[] }): void {
  const { start, into } = unit;
  let end = unit.end;
  while (end > start && annexB[end - 1] === 0) end--;
  if (end > start) into.push(start, end);
}

/**
 * Finds the NAL units of an access unit as files and RTMP have it: each with its length in front, ISO/IEC
 * 14496-15 section 5.3.4.2.1. Empty units are passed over.
 *
 * @param accessUnit Borrowed.
 * @param options `nalLengthSize`: of the configuration; 4 unless told. `into`: emptied and filled.
 * @returns `into`.
 * @throws {FormatError} If a length is cut off, or a unit is longer than what is there.
 */
export function findLengthPrefixed(
  accessUnit: Uint8Array,
  options: { nalLengthSize?: number; into?: number[] } = {},
): number[] {
  const { nalLengthSize = 4, into = [] } = options;
  into.length = 0;
  const total = accessUnit.length;
  for (let at = 0; at < total;) {
    const start = at + nalLengthSize;
    let size = 0;
    for (; at < start && at < total; at++) size = size * 256 + accessUnit[at]!;
    const end = start + size;
    if (end > total) {
      throw new FormatError(
        `Cannot read NAL unit: need ${nalLengthSize + size} bytes at offset ${start - nalLengthSize}, ` +
          `have ${total - start + nalLengthSize}`,
        { offset: start - nalLengthSize },
      );
    }
    if (size > 0) into.push(start, end);
    at = end;
  }
  return into;
}

/**
 * Returns the NAL units as views.
 *
 * @param bytes What the ranges were found in; the views keep it alive.
 */
export function nalUnitsAt(bytes: Uint8Array, ranges: NalUnitRanges): Uint8Array[] {
  const units: Uint8Array[] = [];
  for (let index = 0; index < ranges.length; index += 2) {
    units.push(bytes.subarray(ranges[index]!, ranges[index + 1]!));
  }
  return units;
}

/** Splits a byte stream of H.264 or H.265, annex B of each, into views of its NAL units. */
export function splitAnnexB(annexB: Uint8Array): Uint8Array[] {
  return nalUnitsAt(annexB, findNalUnits(annexB));
}

/**
 * Writes the NAL units at `ranges` with lengths of four bytes in front of them.
 *
 * @param bytes What the ranges were found in; borrowed.
 * @returns Bytes owned by the caller.
 */
export function lengthPrefixedFrom(bytes: Uint8Array, ranges: NalUnitRanges): Uint8Array<ArrayBuffer> {
  const written = new Uint8Array(writtenLength(ranges));
  let at = 0;
  for (let index = 0; index < ranges.length; index += 2) {
    const start = ranges[index]!;
    const end = ranges[index + 1]!;
    const length = end - start;
    written[at] = length >>> 24;
    written[at + 1] = length >>> 16;
    written[at + 2] = length >>> 8;
    written[at + 3] = length;
    written.set(bytes.subarray(start, end), at + WRITTEN_LENGTH_BYTES);
    at += WRITTEN_LENGTH_BYTES + length;
  }
  return written;
}

/**
 * Writes the NAL units at `ranges` as a byte stream with start codes of four bytes.
 *
 * @param bytes What the ranges were found in; borrowed.
 * @returns Bytes owned by the caller.
 */
export function annexBFrom(bytes: Uint8Array, ranges: NalUnitRanges): Uint8Array<ArrayBuffer> {
  const written = new Uint8Array(writtenLength(ranges));
  let at = 0;
  for (let index = 0; index < ranges.length; index += 2) {
    const start = ranges[index]!;
    const end = ranges[index + 1]!;
    written[at + 3] = 1;
    written.set(bytes.subarray(start, end), at + WRITTEN_LENGTH_BYTES);
    at += WRITTEN_LENGTH_BYTES + end - start;
  }
  return written;
}

function writtenLength(ranges: NalUnitRanges): number {
  let total = 0;
  for (let index = 0; index < ranges.length; index += 2) {
    total += WRITTEN_LENGTH_BYTES + ranges[index + 1]! - ranges[index]!;
  }
  return total;
}

/**
 * Turns an access unit of a byte stream into its length-prefixed form.
 *
 * @param annexB Borrowed.
 * @returns Bytes owned by the caller; empty if there is no NAL unit.
 */
export function annexBToLengthPrefixed(annexB: Uint8Array): Uint8Array<ArrayBuffer> {
  return lengthPrefixedFrom(annexB, findNalUnits(annexB));
}

/**
 * Turns a length-prefixed access unit into a byte stream.
 *
 * @param accessUnit Borrowed.
 * @param options `nalLengthSize`: of the configuration; 4 unless told.
 * @returns Bytes owned by the caller.
 * @throws {FormatError} If a length is cut off, or a unit is longer than what is there.
 */
export function lengthPrefixedToAnnexB(
  accessUnit: Uint8Array,
  options: { nalLengthSize?: number } = {},
): Uint8Array<ArrayBuffer> {
  return annexBFrom(accessUnit, findLengthPrefixed(accessUnit, options));
}
