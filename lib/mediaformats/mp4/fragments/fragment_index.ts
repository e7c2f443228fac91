import type { BoxBody } from "../boxes/box_body.ts";
import { BoxCursor } from "../boxes/box_cursor.ts";
import { BOX } from "../boxes/box_type.ts";

/** Places to start at, from a table in the file. */
export interface FragmentIndex {
  /** track_ID it is about. */
  readonly containerTrackId: number;
  /** Presentation times in ticks, rising. */
  readonly ticks: Float64Array;
  /** Of those, per second; `undefined` where they are the track's own. */
  readonly timescale?: number;
  /** Where to read from, in bytes. */
  readonly offsets: Float64Array;
  /** Where what it covers ends; `Infinity` for a table of the whole file. */
  readonly endOffset: number;
  /** Presentation time there, where the table tells. */
  readonly endTicks?: number;
}

const REFERENCE_BYTES = 12;
const REFERENCED_SIZE_MASK = 0x7fff_ffff;

/**
 * Reads `sidx`: ISO/IEC 14496-12 section 8.16.3.
 *
 * @param body Of the box, whole.
 * @param boxEnd Where the box ends in the file, in bytes: offsets count from there.
 */
export function readSegmentIndex(body: BoxBody, boxEnd: number): FragmentIndex {
  const version = body.u8("version");
  body.skip(3, "flags");
  const containerTrackId = body.u32("reference ID");
  const timescale = body.u32("timescale");
  let time = body.time(version, "earliest presentation time");
  let offset = boxEnd + body.time(version, "first offset");
  body.skip(2, "reserved bytes");
  const declared = body.u16("reference count");
  const count = Math.min(declared, Math.floor(body.remaining / REFERENCE_BYTES));
  const ticks = new Float64Array(count);
  const offsets = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    ticks[i] = time;
    offsets[i] = offset;
    offset += body.u32("referenced size") & REFERENCED_SIZE_MASK;
    time += body.u32("subsegment duration");
    body.skip(4, "access point");
  }
  return { containerTrackId, timescale, ticks, offsets, endOffset: offset, endTicks: time };
}

/**
 * Reads `mfra`: ISO/IEC 14496-12 sections 8.8.9 and 8.8.10.
 *
 * @returns A table for each track that has one.
 */
export function readRandomAccess(body: BoxBody): FragmentIndex[] {
  const tables: FragmentIndex[] = [];
  const cursor = new BoxCursor(body);
  while (cursor.next()) {
    if (cursor.type === BOX.TrackFragmentRandomAccess) tables.push(readTrackRandomAccess(cursor.body()));
  }
  return tables;
}

function readTrackRandomAccess(body: BoxBody): FragmentIndex {
  const version = body.u8("version");
  body.skip(3, "flags");
  const containerTrackId = body.u32("track ID");
  const lengths = body.u32("field lengths");
  // Three numbers follow each place, of 1 to 4 bytes each: which traf, which trun, which sample.
  const numberBytes = (lengths >> 4 & 3) + (lengths >> 2 & 3) + (lengths & 3) + 3;
  const declared = body.u32("entry count");
  const entryBytes = (version === 1 ? 16 : 8) + numberBytes;
  const count = Math.min(declared, Math.floor(body.remaining / entryBytes));
  const ticks = new Float64Array(count);
  const offsets = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    ticks[i] = body.time(version, "time");
    offsets[i] = body.time(version, "moof offset");
    body.skip(numberBytes, "numbers");
  }
  return { containerTrackId, ticks, offsets, endOffset: Infinity };
}
