import { FormatError } from "#errors";
import { BoxBody, fourCcAt } from "./box_body.ts";

/** Size and type: ISO/IEC 14496-12, section 4.2. */
export const BOX_HEADER_BYTES = 8;
/** The same with a 64-bit size. */
export const LARGE_BOX_HEADER_BYTES = 16;
const U32 = 2 ** 32;
/** Sizes that mean something else. */
const SIZE_TO_END = 0;
const SIZE_IS_LARGE = 1;

/** Head of one box. */
export interface BoxHead {
  /** Four characters. */
  readonly type: string;
  readonly headerBytes: number;
  /** With the header, in bytes; `Infinity` where the box goes on to the end of what holds it. */
  readonly sizeBytes: number;
}

/**
 * Reads the head of a box.
 *
 * @param bytes Borrowed.
 * @param place `at` in `bytes`, and the offset of `bytes` in the file, for errors.
 * @returns The head, or `undefined` if `bytes` end before it does.
 * @throws {FormatError} If the size is less than the head's own.
 */
export function readBoxHead(
  bytes: Uint8Array,
  place: { readonly at: number; readonly end?: number; readonly fileOffset: number },
): BoxHead | undefined {
  const { at, fileOffset, end = bytes.length } = place;
  if (end - at < BOX_HEADER_BYTES) return undefined;
  const type = fourCcAt(bytes, at + 4);
  const size = u32At(bytes, at);
  if (size === SIZE_TO_END) return { type, headerBytes: BOX_HEADER_BYTES, sizeBytes: Infinity };
  const isLarge = size === SIZE_IS_LARGE;
  const headerBytes = isLarge ? LARGE_BOX_HEADER_BYTES : BOX_HEADER_BYTES;
  if (end - at < headerBytes) return undefined;
  const sizeBytes = isLarge ? u32At(bytes, at + 8) * U32 + u32At(bytes, at + 12) : size;
  if (sizeBytes < headerBytes) {
    const offset = fileOffset + at;
    throw new FormatError(
      `Cannot read box "${type}": size ${sizeBytes} at offset ${offset}, its head has ${headerBytes} bytes`,
      { offset },
    );
  }
  return { type, headerBytes, sizeBytes };
}

function u32At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!) >>> 0;
}

/**
 * Walks over the boxes that lie one after another in a body.
 *
 * A box that would go past the end of its parent ends with it, and fewer bytes than a head has end the walk, as
 * the zero mark of QuickTime lists does. There is no recursion: whoever walks decides what to go into, so depth
 * is that of the code.
 */
export class BoxCursor {
  /** Four characters that name the present box. */
  type = "";
  /** Where its head starts, from the start of the bytes. */
  start = 0;
  /** Where its body starts. */
  bodyStart = 0;
  /** Where it ends. */
  end = 0;
  readonly #parent: BoxBody;
  #next: number;

  /** @param parent The body that is walked over, from where it stands. */
  constructor(parent: BoxBody) {
    this.#parent = parent;
    this.#next = parent.at;
  }

  /**
   * Moves to the next box; returns false where there is none.
   *
   * @throws {FormatError} If its size is less than its head's.
   */
  next(): boolean {
    const { bytes, fileOffset, end } = this.#parent;
    const at = this.#next;
    const head = readBoxHead(bytes, { at, end, fileOffset });
    if (head === undefined) return false;
    this.type = head.type;
    this.start = at;
    this.bodyStart = at + head.headerBytes;
    this.end = Math.min(at + head.sizeBytes, end);
    this.#next = this.end;
    return true;
  }

  /** A cursor over the body of the present box. */
  body(): BoxBody {
    const { bytes, view, fileOffset } = this.#parent;
    return new BoxBody(bytes, { type: this.type, start: this.bodyStart, end: this.end, fileOffset, view });
  }
}
