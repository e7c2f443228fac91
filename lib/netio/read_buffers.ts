/** Sizes of read buffers in bytes: a quiet peer's read pins the smallest, a busy publisher's the largest. */
export const READ_BUFFER_BYTES = [2_048, 16_384, 65_536, 262_144] as const;

/** Most bytes of idle buffers kept of each size: a beat of the pacer gives hundreds back at once. */
const MAX_IDLE_BYTES = 8 * 1024 * 1024;

/** Free lists of read buffers, by size class; buffers are lent to a pending read and given back. */
export class ReadBuffers {
  readonly #idle: Uint8Array<ArrayBuffer>[][] = READ_BUFFER_BYTES.map(() => []);

  /** Lends a buffer of size class `sizeClass`, an index of `READ_BUFFER_BYTES`. */
  take(sizeClass: number): Uint8Array<ArrayBuffer> {
    return this.#idle[sizeClass]!.pop() ?? new Uint8Array(READ_BUFFER_BYTES[sizeClass]!);
  }

  /** Takes a buffer back. */
  give(sizeClass: number, buffer: Uint8Array<ArrayBuffer>): void {
    const idle = this.#idle[sizeClass]!;
    if (idle.length * buffer.length < MAX_IDLE_BYTES) idle.push(buffer);
  }
}

/** Chooses the size class of the next read from what the last ones brought. */
export class ReadSizing {
  /** Index of `READ_BUFFER_BYTES`. */
  sizeClass = 0;
  #smallReads = 0;

  /** Takes note of a read of `bytes`; a full buffer goes up a class, eight small reads go down one. */
  observe(bytes: number): void {
    const size = READ_BUFFER_BYTES[this.sizeClass]!;
    if (bytes === size) {
      this.#smallReads = 0;
      if (this.sizeClass < READ_BUFFER_BYTES.length - 1) this.sizeClass++;
    } else if (this.sizeClass > 0 && bytes <= READ_BUFFER_BYTES[this.sizeClass - 1]! / 2) {
      if (++this.#smallReads >= 8) {
        this.#smallReads = 0;
        this.sizeClass--;
      }
    } else {
      this.#smallReads = 0;
    }
  }
}
