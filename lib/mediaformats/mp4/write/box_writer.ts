import { ByteWriter } from "#bytes";

const U32 = 2 ** 32;
const FULL_BOX_VERSION_SHIFT = 24;

/** Writes nested boxes: ISO/IEC 14496-12 section 4.2. Sizes are filled in when a box ends. */
export class BoxWriter {
  readonly #writer: ByteWriter;

  /** @param capacity First allocation, in bytes. */
  constructor(capacity = 1024) {
    this.#writer = new ByteWriter(capacity);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#writer.length;
  }

  /**
   * Writes a box whose content `body` writes.
   *
   * @param type Four characters of Latin-1, a byte each.
   */
  box(type: string, body: () => void): this {
    const start = this.#writer.length;
    this.#writer.u32(0);
    this.fourCc(type);
    body();
    this.#writer.patchU32(start, this.#writer.length - start);
    return this;
  }

  /** Writes version and flags, which a full box begins with. */
  versionAndFlags(version: number, flags = 0): this {
    this.#writer.u32((version << FULL_BOX_VERSION_SHIFT | flags) >>> 0);
    return this;
  }

  u8(...values: readonly number[]): this {
    for (const value of values) this.#writer.u8(value);
    return this;
  }

  u16(...values: readonly number[]): this {
    for (const value of values) this.#writer.u16(value);
    return this;
  }

  u24(value: number): this {
    this.#writer.u24(value);
    return this;
  }

  /** Negative values are written as two's complement. */
  u32(...values: readonly number[]): this {
    for (const value of values) this.#writer.u32(value);
    return this;
  }

  /** An integer up to 2^53. */
  u64(value: number): this {
    this.#writer.u32(Math.floor(value / U32)).u32(value % U32);
    return this;
  }

  /** A time or duration: 64 bits in version 1 of a box, 32 in version 0. */
  time(value: number, version: number): this {
    return version === 1 ? this.u64(value) : this.u32(value);
  }

  zeros(count: number): this {
    for (let i = 0; i < count; i++) this.#writer.u8(0);
    return this;
  }

  /** Four characters of Latin-1, a byte each. */
  fourCc(code: string): this {
    for (let i = 0; i < 4; i++) this.#writer.u8(code.charCodeAt(i));
    return this;
  }

  /** UTF-8 without an end mark. */
  utf8(text: string): this {
    this.#writer.utf8(text);
    return this;
  }

  /** Copies `bytes`. */
  bytes(bytes: Uint8Array): this {
    this.#writer.bytes(bytes);
    return this;
  }

  /** Overwrites four bytes written earlier, at `offset` from the start. */
  patchU32(offset: number, value: number): this {
    this.#writer.patchU32(offset, value);
    return this;
  }

  /** Returns the written bytes, owned by the caller, and starts again empty. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#writer.take();
  }
}

/** Eight bytes of an integer up to 2^53, for a patch. */
export function u64Bytes(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}
