import type { ByteSource } from "#bytes";
import { FormatError } from "#errors";

/** Longest piece, but for a sample that is longer. */
const MAX_EXTENT_BYTES = 1_048_576;

/** Places of samples, in columns. */
export interface Places {
  /** In bytes from the start of the source. */
  readonly offsets: Float64Array;
  /** In bytes. */
  readonly sizes: Float64Array;
}

/** One piece that is read at once. */
interface Extent {
  readonly start: number;
  end: number;
}

/** Bytes read further on where a place is small and others are far from it, at most. */
const MAX_SIDE_BYTES = 32_768;
/** Such pieces that are kept: tracks that lie apart from each other. */
const MAX_SIDES = 4;

/** How samples are read. */
export interface ExtentReaderOptions {
  /** Bytes between two places that are rather read than left out; twice as many are read on beside others. */
  readonly gapBytes: number;
}

/**
 * Reads the bytes of samples, in few pieces: places near to each other, in whatever order, share one.
 *
 * Where tracks lie apart, as in fragments, a batch has a large piece of one and a small one of another. Of the small
 * one more is read than wanted, and the next batches find theirs in it.
 */
export class ExtentReader {
  readonly #source: ByteSource;
  readonly #gapBytes: number;
  readonly #sideBytes: number;
  readonly #sides: { readonly start: number; readonly bytes: Uint8Array }[] = [];

  /** @param source Borrowed. */
  constructor(source: ByteSource, options: ExtentReaderOptions) {
    this.#source = source;
    this.#gapBytes = options.gapBytes;
    this.#sideBytes = Math.min(MAX_SIDE_BYTES, options.gapBytes * 2);
  }

  /**
   * Reads samples.
   *
   * @returns The bytes of each, views of pieces that nobody writes again.
   * @throws {FormatError} If the source ends before a sample does.
   */
  async read(places: Places): Promise<Uint8Array[]> {
    const { offsets, sizes } = places;
    const extents: Extent[] = [];
    const extentOf = new Uint16Array(offsets.length);
    let extent: Extent | undefined;
    for (const at of orderOf(offsets)) {
      const start = offsets[at]!, end = start + sizes[at]!;
      const isNear = extent !== undefined && start <= extent.end + this.#gapBytes &&
        Math.max(end, extent.end) - extent.start <= MAX_EXTENT_BYTES;
      if (extent === undefined || !isNear) extents.push(extent = { start, end });
      else extent.end = Math.max(extent.end, end);
      extentOf[at] = extents.length - 1;
    }
    const blocks = extents.length === 1
      ? [await this.#readBlock(extents[0]!)]
      : await Promise.all(extents.map((one) => this.#readBeside(one)));
    const payloads = new Array<Uint8Array>(offsets.length);
    for (let at = 0; at < offsets.length; at++) {
      const index = extentOf[at]!;
      const start = offsets[at]! - extents[index]!.start;
      payloads[at] = blocks[index]!.subarray(start, start + sizes[at]!);
    }
    return payloads;
  }

  /** One piece of several: what is small is looked for in what was read on before. */
  async #readBeside(extent: Extent): Promise<Uint8Array> {
    const { start, end } = extent;
    for (const side of this.#sides) {
      const at = start - side.start;
      if (at >= 0 && at + end - start <= side.bytes.length) return side.bytes.subarray(at, at + end - start);
    }
    if (end - start >= this.#sideBytes) return await this.#readBlock(extent);
    const bytes = await this.#readBlock(extent, this.#sideBytes);
    if (this.#sides.length === MAX_SIDES) this.#sides.shift();
    this.#sides.push({ start, bytes });
    return bytes;
  }

  /** What lies between `start` and `end`, and on to `wanted` bytes as far as the source goes. */
  async #readBlock({ start, end }: Extent, wanted = end - start): Promise<Uint8Array> {
    const needed = end - start;
    const block = new Uint8Array(Math.max(needed, Math.min(wanted, this.#source.sizeBytes - start)));
    let filled = 0;
    while (filled < block.length) {
      const count = await this.#source.readAt(start + filled, block.subarray(filled));
      if (count === 0) break;
      filled += count;
    }
    if (filled >= needed) return block.subarray(0, filled);
    throw new FormatError(`Cannot read samples: need ${needed} bytes at offset ${start}, have ${filled}`, {
      offset: start + filled,
    });
  }
}

/** Positions by rising offset; nearly in order as they come. */
function orderOf(offsets: Float64Array): Uint16Array {
  const order = new Uint16Array(offsets.length);
  for (let i = 0; i < offsets.length; i++) {
    let at = i;
    for (; at > 0 && offsets[order[at - 1]!]! > offsets[i]!; at--) order[at] = order[at - 1]!;
    order[at] = i;
  }
  return order;
}
