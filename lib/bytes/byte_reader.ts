import { FormatError } from "#errors";
import { decodeUtf8 } from "./text.ts";

/**
 * A cursor over one byte array.
 *
 * Each read names what it reads, so that a short input gives an error with facts. The array is borrowed,
 * not copied; `bytes` returns views of it.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Offset of the next byte to read, from the start of the array. */
  offset = 0;

  /** @param bytes Input; borrowed for the life of the reader. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Length of the whole input in bytes. */
  get length(): number {
    return this.#bytes.length;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.offset;
  }

  u8(what: string): number {
    return this.#view.getUint8(this.#advance(1, what));
  }

  u16(what: string): number {
    return this.#view.getUint16(this.#advance(2, what));
  }

  u24(what: string): number {
    const at = this.#advance(3, what);
    return this.#view.getUint8(at) << 16 | this.#view.getUint16(at + 1);
  }

  /** Signed, -8388608 to 8388607. */
  i24(what: string): number {
    return this.u24(what) << 8 >> 8;
  }

  i16(what: string): number {
    return this.#view.getInt16(this.#advance(2, what));
  }

  u32(what: string): number {
    return this.#view.getUint32(this.#advance(4, what));
  }

  u32Le(what: string): number {
    return this.#view.getUint32(this.#advance(4, what), true);
  }

  f64(what: string): number {
    return this.#view.getFloat64(this.#advance(8, what));
  }

  /** A view of the next `length` bytes. */
  bytes(length: number, what: string): Uint8Array {
    const at = this.#advance(length, what);
    return this.#bytes.subarray(at, at + length);
  }

  /** The next `length` bytes decoded as UTF-8; malformed sequences become U+FFFD, a byte order mark is kept. */
  utf8(length: number, what: string): string {
    return decodeUtf8(this.bytes(length, what));
  }

  /** The next byte without moving the cursor. */
  peekU8(what: string): number {
    const value = this.u8(what);
    this.offset--;
    return value;
  }

  /** Moves over `length` bytes. */
  skip(length: number, what: string): void {
    this.#advance(length, what);
  }

  #advance(length: number, what: string): number {
    const at = this.offset;
    if (length > this.#bytes.length - at) {
      throw new FormatError(
        `Cannot read ${what}: need ${length} bytes at offset ${at}, have ${this.#bytes.length - at}`,
        { offset: at },
      );
    }
    this.offset = at + length;
    return at;
  }
}
