import { uintAt, UNKNOWN_SIZE, vintAt, vintLength } from "../ebml.ts";
import { ELEMENT_ID } from "../element_id.ts";

/** A block in its cluster; one object, filled anew for each block. */
export interface BlockPlace {
  /** Bytes that hold the block, or its beginning for who asked for heads only. */
  bytes: Uint8Array;
  /** First byte after the block's header: lace sizes or frame. */
  start: number;
  /** End of the block in `bytes`; past their end for who asked for heads only. */
  end: number;
  /** Of its SimpleBlock or BlockGroup, in bytes from the start of the file. */
  offset: number;
  trackNumber: number;
  /** Time as stored, in segment ticks: that of the cluster plus that of the block. */
  ticks: number;
  /** Bits 5 and 6 of the flags: 0 none, 1 Xiph, 2 fixed size, 3 EBML. */
  lacing: number;
  isKeyFrame: boolean;
  /** BlockDuration, in segment ticks; -1 where it is absent. */
  durationTicks: number;
}

/** Bytes of a block's head: track number of up to 8, relative timestamp, flags, number of laces. */
export const BLOCK_HEAD_BYTES = 12;

const SIMPLE_KEY_FRAME = 0x80;

/** A place to be filled. */
export function emptyPlace(): BlockPlace {
  return {
    bytes: new Uint8Array(0),
    start: 0,
    end: 0,
    offset: 0,
    trackNumber: 0,
    ticks: 0,
    lacing: 0,
    isKeyFrame: false,
    durationTicks: -1,
  };
}

/**
 * Reads the head of a SimpleBlock: RFC 9559 section 10.2.
 *
 * @param place `start` and `end` of the element's content, `ticks` of the cluster; becomes what the block says.
 * @returns Whether there is a head.
 */
export function readSimpleBlock(place: BlockPlace): boolean {
  place.durationTicks = -1;
  const flags = readHead(place);
  place.isKeyFrame = flags >= SIMPLE_KEY_FRAME;
  return flags >= 0;
}

/**
 * Reads a BlockGroup: RFC 9559 section 5.1.3.5. A block that refers to no other is a key frame.
 *
 * @param place `start` and `end` of the element's content, `ticks` of the cluster; becomes what the block says.
 * @returns Whether there is a block.
 */
export function readBlockGroup(place: BlockPlace): boolean {
  const { bytes, end: groupEnd } = place;
  let isRead = false;
  place.isKeyFrame = true;
  place.durationTicks = -1;
  for (let at = place.start; at < groupEnd;) {
    const idLength = vintLength(bytes[at]!);
    const sizeAt = at + idLength;
    const sizeLength = sizeAt < groupEnd ? vintLength(bytes[sizeAt]!) : 9;
    const start = sizeAt + sizeLength;
    if (idLength > 4 || sizeLength > 8 || start > groupEnd) return isRead;
    const length = vintAt(bytes, { at: sizeAt, length: sizeLength });
    if (length === UNKNOWN_SIZE || start + length > groupEnd) return isRead;
    const id = idLength === 1 ? bytes[at]! : 0;
    at = start + length;
    if (id === ELEMENT_ID.Block && !isRead) {
      place.start = start;
      place.end = at;
      isRead = readHead(place) >= 0;
    } else if (id === ELEMENT_ID.ReferenceBlock) place.isKeyFrame = false;
    else if (id === ELEMENT_ID.BlockDuration && length <= 8) {
      place.durationTicks = uintAt(bytes, { at: start, length });
    }
  }
  return isRead;
}

/** Track number, timestamp of 16 bits with sign, flags: RFC 9559 section 10.1; returns the flags, -1 for no head. */
function readHead(place: BlockPlace): number {
  const { bytes, start, end } = place;
  const length = vintLength(bytes[start] ?? 0);
  const flagsAt = start + length + 2;
  if (length > 8 || flagsAt >= end || flagsAt >= bytes.length) return -1;
  place.trackNumber = vintAt(bytes, { at: start, length });
  place.ticks += bytes[flagsAt - 2]! << 24 >> 16 | bytes[flagsAt - 1]!;
  place.start = flagsAt + 1;
  const flags = bytes[flagsAt]!;
  place.lacing = flags >> 1 & 3;
  return flags;
}
