import { decodeUtf8 } from "#bytes";
import { FormatError } from "#errors";

/** Stands for a size that is not told: RFC 8794 section 6.2. */
export const UNKNOWN_SIZE = -1;

/** Bytes of the longest element header: an ID of 4, a size of 8. */
export const MAX_ELEMENT_HEADER_BYTES = 12;

/** An element that lies whole in memory. */
export interface EbmlElement {
  readonly id: number;
  /** What it holds; a view. */
  readonly content: Uint8Array;
  /** Of the content, in bytes from the start of the file. */
  readonly offset: number;
}

/**
 * Length of a variable-size integer by its first byte: RFC 8794 section 4.1.
 *
 * @returns 1 to 8, or 9 where the byte begins none.
 */
export function vintLength(firstByte: number): number {
  return firstByte === 0 ? 9 : Math.clz32(firstByte) - 23;
}

/**
 * The number a variable-size integer holds: RFC 8794 section 4. Numbers over 2^53 are rounded.
 *
 * @param bytes Must have all of it.
 * @param place `at`: of its first byte. `length`: by {@link vintLength}, at most 8.
 * @returns {@link UNKNOWN_SIZE} where all its bits are set.
 */
export function vintAt(bytes: Uint8Array, { at, length }: { at: number; length: number }): number {
  const mask = 0xff >> length;
  let value = bytes[at]! & mask;
  let isAllOnes = value === mask;
  for (let index = 1; index < length; index++) {
    const byte = bytes[at + index]!;
    if (byte !== 0xff) isAllOnes = false;
    value = value * 256 + byte;
  }
  return isAllOnes ? UNKNOWN_SIZE : value;
}

/**
 * An unsigned integer: RFC 8794 section 7.2. Numbers over 2^53 are rounded.
 *
 * @param bytes Must have all of it.
 * @param place `at`: of its first byte. `length`: at most 8.
 */
export function uintAt(bytes: Uint8Array, { at, length }: { at: number; length: number }): number {
  let value = 0;
  for (let index = 0; index < length; index++) value = value * 256 + bytes[at + index]!;
  return value;
}

/**
 * Walks the children of an element that lies whole in memory.
 *
 * @param parent Borrowed; what is given out are views of it.
 * @throws {FormatError} At a child that is no element, has no size, or is larger than its parent.
 */
export function* childrenOf(parent: EbmlElement): Generator<EbmlElement> {
  const { content } = parent;
  for (let at = 0; at < content.length;) {
    const offset = parent.offset + at;
    const idLength = vintLength(content[at]!);
    const sizeAt = at + idLength;
    const sizeLength = vintLength(content[sizeAt] ?? 0);
    const start = sizeAt + sizeLength;
    if (idLength > 4 || sizeLength > 8 || start > content.length) {
      throw new FormatError(
        `Cannot read element header: no ID and size in the ${content.length - at} bytes at offset ${offset}`,
        { offset },
      );
    }
    let id = 0;
    for (let index = at; index < sizeAt; index++) id = id * 256 + content[index]!;
    const size = vintAt(content, { at: sizeAt, length: sizeLength });
    if (size === UNKNOWN_SIZE || size > content.length - start) {
      const wanted = size === UNKNOWN_SIZE ? "unknown" : size;
      throw new FormatError(
        `Cannot read element ${nameOf(id)} at offset ${offset}: its size is ${wanted}, ` +
          `its parent has ${content.length - start} bytes left`,
        { offset },
      );
    }
    yield { id, content: content.subarray(start, start + size), offset: parent.offset + start };
    at = start + size;
  }
}

/** An ID as errors show it: `0x1F43B675`. */
export function nameOf(id: number): string {
  return `0x${id.toString(16).toUpperCase()}`;
}

/**
 * An unsigned integer: RFC 8794 section 7.2; 0 where it is empty. Numbers over 2^53 are rounded.
 *
 * @throws {FormatError} If it has more than 8 bytes.
 */
export function uintOf(element: EbmlElement): number {
  checkLength(element, 8);
  return uintAt(element.content, { at: 0, length: element.content.length });
}

/** A signed integer of up to 8 bytes, exact: RFC 8794 section 7.1. */
export function bigIntOf(element: EbmlElement): bigint {
  checkLength(element, 8);
  let value = 0n;
  for (const byte of element.content) value = value << 8n | BigInt(byte);
  return BigInt.asIntN(8 * element.content.length, value);
}

/**
 * A float of 4 or 8 bytes: RFC 8794 section 7.3; 0 where it is empty.
 *
 * @throws {FormatError} If it has another length.
 */
export function floatOf(element: EbmlElement): number {
  const { content, offset } = element;
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  if (content.length === 0) return 0;
  if (content.length === 4) return view.getFloat32(0);
  if (content.length === 8) return view.getFloat64(0);
  throw new FormatError(`Cannot read float at offset ${offset}: it has ${content.length} bytes, not 4 or 8`, {
    offset,
  });
}

/** A string, up to its first zero: RFC 8794 sections 7.4 and 7.5. */
export function textOf(element: EbmlElement): string {
  const end = element.content.indexOf(0);
  return decodeUtf8(end < 0 ? element.content : element.content.subarray(0, end));
}

function checkLength({ content, offset }: EbmlElement, limit: number): void {
  if (content.length <= limit) return;
  throw new FormatError(`Cannot read integer at offset ${offset}: it has ${content.length} bytes`, {
    offset,
  });
}
