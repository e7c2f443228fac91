import type { ByteSource } from "#bytes";

/**
 * Fills `block` from `offset` on, as far as the source goes.
 *
 * @param source Borrowed.
 * @returns A view of what was read; empty at the end.
 */
export async function readBlock(
  source: ByteSource,
  { offset, block }: { offset: number; block: Uint8Array },
): Promise<Uint8Array> {
  let filled = 0;
  while (filled < block.length) {
    const count = await source.readAt(offset + filled, filled === 0 ? block : block.subarray(filled));
    if (count === 0) break;
    filled += count;
  }
  return filled === block.length ? block : block.subarray(0, filled);
}
