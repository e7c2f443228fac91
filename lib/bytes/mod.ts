/**
 * Byte and bit cursors, an input queue, sources to read at any place (layer 1). All multi-byte values are big-endian unless the name
 * ends in `Le`.
 *
 * ```ts
 * import { ByteReader, ByteWriter } from "#bytes";
 *
 * const writer = new ByteWriter();
 * writer.u8(9).u24(1_000_000);
 * const reader = new ByteReader(writer.take());
 * console.log(reader.u8("type"), reader.u24("length")); // 9 1000000
 * ```
 *
 * @module
 */
export { ByteReader } from "./byte_reader.ts";
export { ByteWriter } from "./byte_writer.ts";
export { BitReader } from "./bit_reader.ts";
export { MemorySource } from "./byte_source.ts";
export type { ByteSource } from "./byte_source.ts";
export { SourceWindow } from "./source_window.ts";
export type { SourceWindowOptions } from "./source_window.ts";
export { InputQueue } from "./input_queue.ts";
export { Slab, SLAB_BYTES } from "./slab.ts";
export { decodeUtf8, encodeUtf8, utf8Length } from "./text.ts";
export { crc32 } from "./crc32.ts";
export { bytesEqual, concatBytes, hexOf } from "./arrays.ts";
