import { FormatError } from "#errors";

/** A cursor over bits, most significant first, with the Exp-Golomb codes of H.264 and H.265. */
export class BitReader {
  readonly #bytes: Uint8Array;
  /** Index of the next bit from the start of the input. */
  bitOffset = 0;

  /** @param bytes Input; borrowed for the life of the reader. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bits not read yet. */
  get remaining(): number {
    return this.#bytes.length * 8 - this.bitOffset;
  }

  /** The next `count` bits, 0 to 32, as an unsigned number. */
  bits(count: number, what: string): number {
    if (count > this.remaining) {
      throw new FormatError(
        `Cannot read ${what}: need ${count} bits at bit ${this.bitOffset}, have ${this.remaining}`,
        { offset: this.bitOffset >> 3 },
      );
    }
    let value = 0;
    for (let left = count; left > 0;) {
      const used = this.bitOffset & 7;
      const take = Math.min(8 - used, left);
      const byte = this.#bytes[this.bitOffset >> 3]!;
      value = value * 2 ** take + (byte >> (8 - used - take) & (1 << take) - 1);
      this.bitOffset += take;
      left -= take;
    }
    return value;
  }

  /** Whether the next bit is set. */
  flag(what: string): boolean {
    return this.bits(1, what) === 1;
  }

  /** Moves over `count` bits. */
  skip(count: number, what: string): void {
    for (let left = count; left > 0; left -= 32) this.bits(Math.min(32, left), what);
  }

  /** Unsigned Exp-Golomb code, ue(v): H.264 section 9.1. */
  ue(what: string): number {
    let zeros = 0;
    while (!this.flag(what)) {
      if (++zeros > 32) {
        throw new FormatError(`Cannot read ${what}: Exp-Golomb prefix exceeds 32 bits`, {
          offset: this.bitOffset >> 3,
        });
      }
    }
    return 2 ** zeros - 1 + this.bits(zeros, what);
  }

  /** Signed Exp-Golomb code, se(v): H.264 section 9.1.1. */
  se(what: string): number {
    const code = this.ue(what);
    return code % 2 === 1 ? (code + 1) / 2 : 0 - code / 2;
  }
}
