import type { ByteSource } from "#bytes";
import { FormatError } from "#errors";

/** Longest piece, but for a sample that is longer. */
const MAX_EXTENT_BYTES = 1_048_576;

/** Places of samples, in columns. */
export interface Places {
  /** Bytes between two places that are rather read than left out. */
  readonly gapBytes: number;
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

/**
 * Reads the bytes of samples, in few pieces: places near to each other, in whatever order, share one.
 *
 * @param source Borrowed.
 * @returns The bytes of each sample, views of pieces that nobody writes again.
 * @throws {FormatError} If the source ends before a sample does.
 */
export async function readExtents(source: ByteSource, places: Places): Promise<Uint8Array[]> {
  const { offsets, sizes, gapBytes } = places;
  const order = orderOf(offsets);
  const extents: Extent[] = [];
  const extentOf = new Uint16Array(offsets.length);
  let extent: Extent | undefined;
  for (const at of order) {
    const start = offsets[at]!, end = start + sizes[at]!;
    const isNear = extent !== undefined && start <= extent.end + gapBytes &&
      Math.max(end, extent.end) - extent.start <= MAX_EXTENT_BYTES;
    if (extent === undefined || !isNear) extents.push(extent = { start, end });
    else extent.end = Math.max(extent.end, end);
    extentOf[at] = extents.length - 1;
  }
  const blocks = extents.length === 1
    ? [await readExtent(source, extents[0]!)]
    : await Promise.all(extents.map((one) => readExtent(source, one)));
  const payloads = new Array<Uint8Array>(offsets.length);
  for (let at = 0; at < offsets.length; at++) {
    const index = extentOf[at]!;
    const start = offsets[at]! - extents[index]!.start;
    payloads[at] = blocks[index]!.subarray(start, start + sizes[at]!);
  }
  return payloads;
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

async function readExtent(source: ByteSource, { start, end }: Extent): Promise<Uint8Array> {
  const block = new Uint8Array(Math.ceil((end - start) / 65536) * 65536).subarray(0, end - start);
  let filled = 0;
  while (filled < block.length) {
    const count = await source.readAt(start + filled, block.subarray(filled));
    if (count === 0) {
      const offset = start + filled;
      throw new FormatError(
        `Cannot read samples: need ${block.length} bytes at offset ${start}, have ${filled}`,
        {
          offset,
        },
      );
    }
    filled += count;
  }
  return block;
}
