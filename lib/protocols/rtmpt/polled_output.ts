import { concatBytes } from "#bytes";
import type { SliceSource } from "#stack";

/** What waits to leave with the next request or answer: own bytes, then slices of a source. */
export class PolledOutput {
  #own: Uint8Array[] = [];
  #ownBytes = 0;
  #source: SliceSource | undefined;

  /** Own bytes that wait. */
  get ownBytes(): number {
    return this.#ownBytes;
  }

  /** Queues own bytes, which it keeps. */
  push(bytes: Uint8Array): void {
    this.#own.push(bytes);
    this.#ownBytes += bytes.length;
  }

  /** Sets where shared bytes come from, or that none do any more. */
  setSource(source: SliceSource | undefined): void {
    this.#source = source;
  }

  /**
   * Takes what is to leave now; empty for nothing.
   *
   * @param maxBytes Once there are so many, no more slices are asked for.
   * @returns A copy, which is the caller's.
   */
  take(maxBytes: number): Uint8Array {
    const parts = this.#own;
    let length = this.#ownBytes;
    this.#own = [];
    this.#ownBytes = 0;
    // a slice is taken whole, so the source always stands between two messages
    while (length < maxBytes && this.#source !== undefined) {
      const source = this.#source;
      const slice = source.nextSlice();
      if (slice === undefined) break;
      parts.push(slice.slice());
      length += slice.length;
      source.accepted(slice.length);
    }
    return concatBytes(parts);
  }

  /** Drops what waits and tells the source why. */
  fail(error: Error): void {
    this.#own = [];
    this.#ownBytes = 0;
    const source = this.#source;
    this.#source = undefined;
    source?.failed(error);
  }
}
