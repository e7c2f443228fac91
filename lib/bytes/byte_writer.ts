import { encodeUtf8, SHORT_LENGTH } from "./text.ts";

/** A growing byte array with a write cursor at its end. Every method but `take` returns the writer. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  /** @param capacity First allocation in bytes; doubled as needed. */
  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    // the place first: growing replaces the view
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, value);
    return this;
  }

  u24(value: number): this {
    const at = this.#grow(3);
    this.#view.setUint8(at, value >>> 16);
    this.#view.setUint16(at + 1, value & 0xffff);
    return this;
  }

  u32(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value);
    return this;
  }

  u32Le(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  i16(value: number): this {
    const at = this.#grow(2);
    this.#view.setInt16(at, value);
    return this;
  }

  f64(value: number): this {
    const at = this.#grow(8);
    this.#view.setFloat64(at, value);
    return this;
  }

  /** Copies `bytes`. */
  bytes(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** Adds `length` bytes for the caller to fill: a view of them, with what was there before, valid until the next call. */
  span(length: number): Uint8Array<ArrayBuffer> {
    const at = this.#grow(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Writes `text` as UTF-8 without a length. */
  utf8(text: string): this {
    return text.length <= SHORT_LENGTH && this.#ascii(text) ? this : this.bytes(encodeUtf8(text));
  }

  /** Overwrites four bytes written earlier, at `offset` from the start. */
  patchU32(offset: number, value: number): this {
    if (offset + 4 > this.#length) throw new RangeError(`Cannot patch offset ${offset} of ${this.#length}`);
    this.#view.setUint32(offset, value);
    return this;
  }

  /** Returns the written bytes, owned by the caller, and starts again empty. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  /** A view of the written bytes, valid until the next call on the writer. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Forgets the written bytes and keeps the memory. */
  reset(): this {
    this.#length = 0;
    return this;
  }

  /** Writes `text` without an array in between; writes nothing and returns `false` if it is not ASCII. */
  #ascii(text: string): boolean {
    const at = this.#grow(text.length);
    const bytes = this.#bytes;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.#length = at;
        return false;
      }
      bytes[at + i] = code;
    }
    return true;
  }

  #grow(by: number): number {
    const at = this.#length;
    const length = at + by;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(length, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = length;
    return at;
  }
}
