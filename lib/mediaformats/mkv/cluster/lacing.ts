import { UNKNOWN_SIZE, vintAt, vintLength } from "../ebml.ts";
import type { BlockPlace } from "./block_place.ts";

/** Bits 5 and 6 of a block's flags: RFC 9559 section 10.3. */
export const LACING = { None: 0, Xiph: 1, FixedSize: 2, Ebml: 3 } as const;

/** Number of frames is stored as one less, in one byte. */
const MAX_LACES = 256;

/** Where the frames of a block lie; one object is filled anew for each block. */
export class Laces {
  /** Frames of the block. */
  count = 0;
  /** Ends of the frames in the bytes of the block, each the start of the next. */
  readonly ends: Int32Array = new Int32Array(MAX_LACES);
  /** Start of the first frame. */
  start = 0;

  /**
   * Finds the frames of a block: RFC 9559 section 10.3.
   *
   * @returns Whether the sizes fit the block; otherwise it has no frames.
   */
  read(place: BlockPlace): boolean {
    const { bytes, end } = place;
    this.start = place.start;
    if (place.lacing === LACING.None) {
      this.count = 1;
      this.ends[0] = end;
      return true;
    }
    this.count = 0;
    if (place.start >= end) return false;
    const count = bytes[place.start]! + 1;
    this.start = place.start + 1;
    const isRead = place.lacing === LACING.FixedSize
      ? this.#readFixed(count, end)
      : place.lacing === LACING.Xiph
      ? this.#readXiph(count, place)
      : this.#readEbml(count, place);
    if (isRead) this.count = count;
    return isRead;
  }

  #readFixed(count: number, end: number): boolean {
    const size = (end - this.start) / count;
    if (!Number.isInteger(size)) return false;
    for (let lace = 0; lace < count; lace++) this.ends[lace] = this.start + (lace + 1) * size;
    return true;
  }

  /** Sizes of all but the last, each a sum of bytes that ends with one under 255. */
  #readXiph(count: number, { bytes, end }: BlockPlace): boolean {
    let at = this.start;
    let total = 0;
    for (let lace = 0; lace < count - 1; lace++) {
      let byte = 255;
      for (; byte === 255; at++) {
        if (at >= end) return false;
        byte = bytes[at]!;
        total += byte;
      }
      if (total > end - at) return false;
      this.ends[lace] = total;
    }
    return this.#place(count, { sizesEnd: at, end });
  }

  /** The first size, then differences: an integer less half its range. The last size is what is left. */
  #readEbml(count: number, { bytes, end }: BlockPlace): boolean {
    let at = this.start;
    let total = 0;
    let size = 0;
    for (let lace = 0; lace < count - 1; lace++) {
      const length = at < end ? vintLength(bytes[at]!) : 9;
      if (length > 8 || at + length > end) return false;
      const value = vintAt(bytes, { at, length });
      if (value === UNKNOWN_SIZE) return false;
      size = lace === 0 ? value : size + value - (2 ** (7 * length - 1) - 1);
      at += length;
      total += size;
      if (size < 0 || total > end - at) return false;
      this.ends[lace] = total;
    }
    return this.#place(count, { sizesEnd: at, end });
  }

  /** Turns sums of sizes into places, once it is known where the first frame starts. */
  #place(count: number, { sizesEnd, end }: { sizesEnd: number; end: number }): boolean {
    const total = count > 1 ? this.ends[count - 2]! : 0;
    if (sizesEnd + total > end) return false;
    this.start = sizesEnd;
    for (let lace = 0; lace < count - 1; lace++) this.ends[lace] = this.ends[lace]! + sizesEnd;
    this.ends[count - 1] = end;
    return true;
  }
}
