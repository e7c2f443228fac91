import { BitReader } from "#bytes";

/**
 * Copies bits to the start of a new array, the last byte filled up with zeros.
 *
 * @param bytes Borrowed.
 * @param range `start` (inclusive) and `end` in bits from the start of `bytes`; both lie within it.
 * @returns Bytes owned by the caller.
 */
export function copyBits(bytes: Uint8Array, range: { start: number; end: number }): Uint8Array<ArrayBuffer> {
  const { start, end } = range;
  const first = start >> 3;
  const shift = start & 7;
  const copy = new Uint8Array(end - start + 7 >> 3);
  if (shift === 0) {
    copy.set(bytes.subarray(first, first + copy.length));
  } else {
    for (let index = 0; index < copy.length; index++) {
      copy[index] = bytes[first + index]! << shift | (bytes[first + index + 1] ?? 0) >> 8 - shift;
    }
  }
  const spare = copy.length * 8 - (end - start);
  if (spare > 0) copy[copy.length - 1]! &= 0xff << spare;
  return copy;
}

/** Bits collected most significant first. */
export class BitBuilder {
  readonly #bytes: number[] = [];
  #length = 0;

  /** Adds the lowest `count` bits of `value`, up to 32. */
  add(value: number, count: number): this {
    for (let bit = count - 1; bit >= 0; bit--) {
      if (this.#length % 8 === 0) this.#bytes.push(0);
      this.#bytes[this.#length >> 3]! |= (value >>> bit & 1) << 7 - this.#length % 8;
      this.#length++;
    }
    return this;
  }

  /** Adds the bits of `bytes` from `start` to `end`. */
  addBits(bytes: Uint8Array, range: { start: number; end: number }): this {
    const bits = new BitReader(bytes);
    bits.bitOffset = range.start;
    for (let left = range.end - range.start; left > 0; left -= 32) {
      this.add(bits.bits(Math.min(32, left), "bits to copy"), Math.min(32, left));
    }
    return this;
  }

  /** Fills the last byte with zeros. */
  align(): this {
    this.#length = this.#bytes.length * 8;
    return this;
  }

  /** What was added, the last byte filled with zeros. */
  take(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#bytes);
  }
}
