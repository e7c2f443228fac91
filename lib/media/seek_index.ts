import { ByteReader, ByteWriter, crc32 } from "#bytes";
import { FormatError, LimitError } from "#errors";
import type { SeekIndex } from "./container.ts";

/** Most places to start that an index holds: 46 h of a picture that is all key frames, 30 a second. */
export const MAX_SEEK_INDEX_ROWS = 5_000_000;
/** Most tracks that an index counts packets of. */
export const MAX_SEEK_INDEX_TRACKS = 1024;

/** First bytes of an encoded index: `CRSI`. */
const MAGIC = 0x4352_5349;
const VERSION = 1;
const CRC_BYTES = 4;
const NO_OFFSETS = new Float64Array(0);
/** The fewest bytes a row takes: one for its time, one for its offset. */
const MIN_ROW_BYTES = 2;

/** The state of the file an index was built from: another state needs another index. */
export interface MediaStamp {
  readonly sizeBytes: number;
  /** Time of the last change, in ms since 1970, whole. */
  readonly mtimeMs: number;
}

/**
 * Encodes an index for a file of its own: big-endian, the same on all machines, 4 to 8 bytes a row.
 *
 * Magic `CRSI`, version, then variable-length numbers (7 bits a byte, highest first): size and time of the media
 * file, duration, scanned bytes, packet counts, rows and offsets of configurations as differences; CRC-32 of all of it at the end.
 *
 * @param index Times and offsets must be integers below 2^52.
 * @param stamp The file it belongs to.
 * @returns For the caller to own.
 * @throws {LimitError} If it has more rows or tracks than are read back.
 */
export function encodeSeekIndex(index: SeekIndex, stamp: MediaStamp): Uint8Array<ArrayBuffer> {
  checkLimit("MAX_SEEK_INDEX_ROWS", { value: index.timesUs.length, limit: MAX_SEEK_INDEX_ROWS });
  checkLimit("MAX_SEEK_INDEX_TRACKS", { value: index.packetCounts.length, limit: MAX_SEEK_INDEX_TRACKS });
  const writer = new ByteWriter(64 + index.timesUs.length * 8);
  writer.u32(MAGIC).u8(VERSION);
  for (const value of [stamp.sizeBytes, stamp.mtimeMs, index.durationUs, index.scannedBytes]) {
    writeSigned(writer, value);
  }
  writeUnsigned(writer, index.packetCounts.length);
  for (const count of index.packetCounts) writeUnsigned(writer, count);
  writeUnsigned(writer, index.timesUs.length);
  let timeUs = 0;
  let offset = 0;
  for (let row = 0; row < index.timesUs.length; row++) {
    writeSigned(writer, index.timesUs[row]! - timeUs);
    writeSigned(writer, index.offsets[row]! - offset);
    timeUs = index.timesUs[row]!;
    offset = index.offsets[row]!;
  }
  writeRising(writer, index.configOffsets ?? NO_OFFSETS);
  return writer.u32(crc32(writer.view())).take();
}

/**
 * Decodes what {@link encodeSeekIndex} made.
 *
 * @param bytes The whole file; only borrowed.
 * @throws {FormatError} If it is damaged, of another version or no index.
 * @throws {LimitError} If it says it has more rows or tracks than an index may.
 */
export function decodeSeekIndex(
  bytes: Uint8Array,
): { readonly index: SeekIndex; readonly stamp: MediaStamp } {
  const reader = new ByteReader(bytes.subarray(0, Math.max(0, bytes.length - CRC_BYTES)));
  const magic = reader.u32("magic of a seek index");
  const version = reader.u8("version of a seek index");
  if (magic !== MAGIC || version !== VERSION) {
    throw new FormatError(`Cannot read seek index: magic ${magic.toString(16)}, version ${version}`, {
      offset: 0,
    });
  }
  checkCrc(bytes);
  const [sizeBytes, mtimeMs, durationUs, scannedBytes] = [
    readSigned(reader),
    readSigned(reader),
    readSigned(reader),
    readSigned(reader),
  ];
  const trackCount = readUnsigned(reader);
  checkLimit("MAX_SEEK_INDEX_TRACKS", { value: trackCount, limit: MAX_SEEK_INDEX_TRACKS });
  const packetCounts = Array.from({ length: trackCount }, () => readUnsigned(reader));
  const rows = readRows(reader);
  const configOffsets = readRising(reader);
  const index = {
    ...rows,
    durationUs,
    scannedBytes,
    packetCounts,
    ...(configOffsets.length === 0 ? {} : { configOffsets }),
  };
  return { index, stamp: { sizeBytes, mtimeMs } };
}

/**
 * The row to start from for `timeUs`: the newest at or before it, the first one if there is none.
 *
 * @returns -1 for an index without rows. The time taken grows with the logarithm of the rows.
 */
export function findSeekRow(index: Pick<SeekIndex, "timesUs">, timeUs: number): number {
  const { timesUs } = index;
  let low = 0;
  let high = timesUs.length;
  while (low < high) {
    const middle = low + high >>> 1;
    if (timesUs[middle]! <= timeUs) low = middle + 1;
    else high = middle;
  }
  return timesUs.length === 0 ? -1 : Math.max(0, low - 1);
}

/**
 * Leaves out rows that follow the one before by less than `granularityUs`; the first row stays.
 *
 * @returns The index itself where nothing is to be left out.
 */
export function thinSeekIndex(index: SeekIndex, granularityUs: number): SeekIndex {
  const kept: number[] = [];
  let nextUs = -Infinity;
  for (const [row, timeUs] of index.timesUs.entries()) {
    if (timeUs < nextUs) continue;
    kept.push(row);
    nextUs = timeUs + granularityUs;
  }
  if (kept.length === index.timesUs.length) return index;
  return {
    ...index,
    timesUs: Float64Array.from(kept, (row) => index.timesUs[row]!),
    offsets: Float64Array.from(kept, (row) => index.offsets[row]!),
  };
}

function readRows(reader: ByteReader): Pick<SeekIndex, "timesUs" | "offsets"> {
  const count = readUnsigned(reader);
  checkLimit("MAX_SEEK_INDEX_ROWS", { value: count, limit: MAX_SEEK_INDEX_ROWS });
  if (count * MIN_ROW_BYTES > reader.remaining) {
    throw new FormatError(
      `Cannot read ${count} rows of a seek index: need at least ${count * MIN_ROW_BYTES} bytes at offset ` +
        `${reader.offset}, have ${reader.remaining}`,
      { offset: reader.offset },
    );
  }
  const timesUs = new Float64Array(count);
  const offsets = new Float64Array(count);
  let timeUs = 0;
  let offset = 0;
  for (let row = 0; row < count; row++) {
    timesUs[row] = timeUs += readSigned(reader);
    offsets[row] = offset += readSigned(reader);
  }
  return { timesUs, offsets };
}

function writeRising(writer: ByteWriter, offsets: Float64Array): void {
  writeUnsigned(writer, offsets.length);
  let last = 0;
  for (const offset of offsets) {
    writeSigned(writer, offset - last);
    last = offset;
  }
}

function readRising(reader: ByteReader): Float64Array {
  const count = readUnsigned(reader);
  if (count > reader.remaining) {
    throw new FormatError(
      `Cannot read ${count} configuration offsets of a seek index: have ${reader.remaining} bytes at offset ` +
        `${reader.offset}`,
      { offset: reader.offset },
    );
  }
  const offsets = new Float64Array(count);
  let last = 0;
  for (let at = 0; at < count; at++) offsets[at] = last += readSigned(reader);
  return offsets;
}

function checkCrc(bytes: Uint8Array): void {
  const body = bytes.subarray(0, bytes.length - CRC_BYTES);
  const stated = new ByteReader(bytes.subarray(body.length)).u32("CRC of a seek index");
  const actual = crc32(body);
  if (stated === actual) return;
  throw new FormatError(
    `Cannot read seek index: its CRC-32 is ${actual.toString(16)}, it says ${stated.toString(16)}`,
    { offset: body.length },
  );
}

function checkLimit(limitName: string, { value, limit }: { value: number; limit: number }): void {
  if (value > limit) throw new LimitError(limitName, { value, limit });
}

/** Seven bits a byte, highest first; the top bit says that more follow. Numbers reach 2^53: no bit operators. */
function writeUnsigned(writer: ByteWriter, value: number): void {
  if (value >= 0x80) writeHigh(writer, Math.floor(value / 0x80));
  writer.u8(value % 0x80);
}

function writeHigh(writer: ByteWriter, value: number): void {
  if (value >= 0x80) writeHigh(writer, Math.floor(value / 0x80));
  writer.u8(value % 0x80 + 0x80);
}

/** Zigzag: 0, -1, 1, -2, ... become 0, 1, 2, 3, ... */
function writeSigned(writer: ByteWriter, value: number): void {
  if (!Number.isInteger(value) || Math.abs(value) >= 2 ** 52) {
    throw new RangeError(`Cannot write ${value} into a seek index: it must be an integer below 2^52`);
  }
  writeUnsigned(writer, value < 0 ? -2 * value - 1 : 2 * value);
}

function readUnsigned(reader: ByteReader): number {
  const at = reader.offset;
  let value = 0;
  for (;;) {
    const byte = reader.u8("number of a seek index");
    value = value * 0x80 + byte % 0x80;
    if (value > Number.MAX_SAFE_INTEGER) {
      throw new FormatError("Cannot read number of a seek index: it exceeds 2^53", { offset: at });
    }
    if (byte < 0x80) return value;
  }
}

function readSigned(reader: ByteReader): number {
  const value = readUnsigned(reader);
  return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
}
