import { decodeUtf8 } from "#bytes";
import { FormatError } from "#errors";

const U32 = 2 ** 32;

/**
 * A cursor over the body of one box, which never leaves it.
 *
 * What is read is named; offsets in errors are those of the file.
 */
export class BoxBody {
  /** All bytes that are in memory; borrowed. */
  readonly bytes: Uint8Array;
  /** On `bytes`. */
  readonly view: DataView;
  /** Four characters that name the box. */
  readonly type: string;
  /** Where the next field starts, from the start of `bytes`. */
  at: number;
  /** Where the body ends, from the start of `bytes`. */
  readonly end: number;
  /** Where `bytes` start in the file, in bytes. */
  readonly fileOffset: number;

  /** @param place The body within `bytes`, and where those come from. */
  constructor(
    bytes: Uint8Array,
    place: { type: string; start: number; end: number; fileOffset: number; view?: DataView },
  ) {
    this.bytes = bytes;
    this.view = place.view ?? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.type = place.type;
    this.at = place.start;
    this.end = place.end;
    this.fileOffset = place.fileOffset;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.end - this.at;
  }

  u8(what: string): number {
    return this.view.getUint8(this.#advance(1, what));
  }

  u16(what: string): number {
    return this.view.getUint16(this.#advance(2, what));
  }

  i16(what: string): number {
    return this.view.getInt16(this.#advance(2, what));
  }

  u24(what: string): number {
    const at = this.#advance(3, what);
    return this.view.getUint8(at) << 16 | this.view.getUint16(at + 1);
  }

  u32(what: string): number {
    return this.view.getUint32(this.#advance(4, what));
  }

  i32(what: string): number {
    return this.view.getInt32(this.#advance(4, what));
  }

  /** Exact up to 2^53. */
  u64(what: string): number {
    const at = this.#advance(8, what);
    return this.view.getUint32(at) * U32 + this.view.getUint32(at + 4);
  }

  /** Exact from -2^53 to 2^53. */
  i64(what: string): number {
    const at = this.#advance(8, what);
    return this.view.getInt32(at) * U32 + this.view.getUint32(at + 4);
  }

  /** A time or duration: 64 bits in version 1 of a box, 32 in version 0. */
  time(version: number, what: string): number {
    return version === 1 ? this.u64(what) : this.u32(what);
  }

  f64(what: string): number {
    return this.view.getFloat64(this.#advance(8, what));
  }

  /** A view of the next `length` bytes. */
  take(length: number, what: string): Uint8Array {
    const at = this.#advance(length, what);
    return this.bytes.subarray(at, at + length);
  }

  /** A view of what is left. */
  rest(): Uint8Array {
    return this.take(this.remaining, this.type);
  }

  /** Four characters, each a byte. */
  fourCc(what: string): string {
    const at = this.#advance(4, what);
    return fourCcAt(this.bytes, at);
  }

  /** What is left as UTF-8, up to a zero byte. */
  text(): string {
    const bytes = this.rest();
    const end = bytes.indexOf(0);
    return decodeUtf8(end < 0 ? bytes : bytes.subarray(0, end));
  }

  /** Another cursor at the same place, over the same bytes. */
  fork(): BoxBody {
    const { type, at, end, fileOffset, view } = this;
    return new BoxBody(this.bytes, { type, start: at, end, fileOffset, view });
  }

  /** Moves over `length` bytes. */
  skip(length: number, what: string): void {
    this.#advance(length, what);
  }

  #advance(length: number, what: string): number {
    const at = this.at;
    if (length > this.end - at) {
      const offset = this.fileOffset + at;
      throw new FormatError(
        `Cannot read ${what} of "${this.type}": need ${length} bytes at offset ${offset}, have ${
          this.end - at
        }`,
        { offset },
      );
    }
    this.at = at + length;
    return at;
  }
}

/** The four bytes at `at` as characters. */
export function fourCcAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!);
}
