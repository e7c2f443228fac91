/**
 * Bytes that can be read at any place: a file, an array, a range of a remote file.
 *
 * `lib/storage/` has the one for files; {@link MemorySource} is for tests and for what is in memory anyway.
 */
export interface ByteSource {
  /** Bytes known to be there; a file that is being written grows, and a read past this size finds out. */
  readonly sizeBytes: number;
  /**
   * Fills `into` with the bytes from `offset` on.
   *
   * @param offset From the start, in bytes.
   * @param into Filled from its start; only borrowed.
   * @returns How many bytes were there: fewer than `into` holds only at the end.
   * @throws {ClosedError} After `close`.
   */
  readAt(offset: number, into: Uint8Array): Promise<number>;
  /** Gives back what the source holds. Closing twice is harmless. */
  close(): void;
}

/** Bytes in memory as a source; `append` makes it grow as a file does. */
export class MemorySource implements ByteSource {
  #bytes: Uint8Array;

  /** @param bytes Borrowed: must not change. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bytes there now. */
  get sizeBytes(): number {
    return this.#bytes.length;
  }

  /** Fills `into` from `offset` on; returns how many bytes were there. */
  readAt(offset: number, into: Uint8Array): Promise<number> {
    const part = this.#bytes.subarray(offset, offset + into.length);
    into.set(part);
    return Promise.resolve(part.length);
  }

  /** Adds `bytes` at the end; copied. */
  append(bytes: Uint8Array): void {
    const grown = new Uint8Array(this.#bytes.length + bytes.length);
    grown.set(this.#bytes);
    grown.set(bytes, this.#bytes.length);
    this.#bytes = grown;
  }

  /** Nothing to give back. */
  close(): void {}
}
