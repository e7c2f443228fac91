import { type ByteSource, SourceWindow } from "#bytes";
import { BoxBody } from "../boxes/box_body.ts";
import { BoxCursor, LARGE_BOX_HEADER_BYTES, readBoxHead } from "../boxes/box_cursor.ts";
import { BOX } from "../boxes/box_type.ts";
import { MAX_MP4_MOOF_BYTES } from "../limits.ts";
import { u64Bytes } from "../write/box_writer.ts";
import type { SourceRange } from "./sample_ranges.ts";

/** A piece of a file that is made of another: new bytes, or a stretch of the other. */
export type Mp4Piece = SourceRange | { readonly bytes: Uint8Array };

/** Fragments that are moved. */
export interface MovedFragments {
  /** Of the first `moof`, in bytes. */
  readonly offset: number;
  /** Where the last fragment ends. */
  readonly end: number;
  /** What is added to every place in the file. */
  readonly shift: number;
}

const BLOCK_BYTES = 16_384;
/** `tfhd` flag: base_data_offset follows, a place in the file. ISO/IEC 14496-12 section 8.8.7. */
const HAS_BASE_OFFSET = 1;
const BASE_OFFSET_BYTES = 8;

/**
 * The pieces of fragments that stand elsewhere in a new file. Most count places from their own start and are copied;
 * where the first one counts from the start of the file, the heads of all are read, and the places changed.
 *
 * @throws {FormatError} If a box is broken.
 */
export async function moveFragments(source: ByteSource, moved: MovedFragments): Promise<Mp4Piece[]> {
  const { offset, end, shift } = moved;
  const window = new SourceWindow(source, { blockBytes: BLOCK_BYTES });
  const pieces: Mp4Piece[] = [];
  let copiedTo = offset;
  for (let at = offset; at < end;) {
    const head = readBoxHead(await window.readUpTo(at, LARGE_BOX_HEADER_BYTES), { at: 0, fileOffset: at });
    if (head === undefined) break;
    if (head.type === BOX.MovieFragment && head.sizeBytes <= MAX_MP4_MOOF_BYTES) {
      const bytes = await window.read(at, head.sizeBytes);
      if (bytes === undefined) break;
      const place = { type: head.type, start: head.headerBytes, end: bytes.length, fileOffset: at };
      const bases = findBaseOffsets(new BoxBody(bytes, place));
      if (bases.length === 0 && at === offset) break;
      for (const base of bases) {
        pieces.push({ offset: copiedTo, length: base.offset - copiedTo });
        pieces.push({ bytes: u64Bytes(Math.max(0, base.value + shift)) });
        copiedTo = base.offset + BASE_OFFSET_BYTES;
      }
    }
    at += head.sizeBytes;
  }
  if (end > copiedTo) pieces.push({ offset: copiedTo, length: end - copiedTo });
  return pieces;
}

/** Where a `moof` names places in the file, and which. */
function findBaseOffsets(moof: BoxBody): { readonly offset: number; readonly value: number }[] {
  const found: { offset: number; value: number }[] = [];
  const fragments = new BoxCursor(moof);
  while (fragments.next()) {
    if (fragments.type !== BOX.TrackFragment) continue;
    const parts = new BoxCursor(fragments.body());
    while (parts.next()) {
      if (parts.type !== BOX.TrackFragmentHeader) continue;
      const header = parts.body();
      if ((header.u32("flags") & HAS_BASE_OFFSET) === 0) continue;
      header.skip(4, "track ID");
      found.push({ offset: header.fileOffset + header.at, value: header.u64("base data offset") });
    }
  }
  return found;
}
