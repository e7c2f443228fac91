import type { ByteSource } from "./byte_source.ts";

/** How much a window reads at once. */
export interface SourceWindowOptions {
  /** Size of a block, in bytes. @default {262_144} */
  readonly blockBytes?: number;
}

/**
 * Reads a source in blocks and lends views of them: what lies in the newest block is there without waiting.
 *
 * A block is never written again, so a view stays good as long as somebody holds it; it keeps its whole block
 * alive, so what is kept for long must be copied.
 */
export class SourceWindow {
  readonly #source: ByteSource;
  readonly #blockBytes: number;
  #block = new Uint8Array(0);
  #start = 0;

  /** @param source Borrowed: whoever opened it closes it. */
  constructor(source: ByteSource, options: SourceWindowOptions = {}) {
    this.#source = source;
    this.#blockBytes = options.blockBytes ?? 256 * 1024;
  }

  /** What is read from. */
  get source(): ByteSource {
    return this.#source;
  }

  /**
   * The bytes from `offset` on, where the window holds all of them.
   *
   * @returns A view, or `undefined` where `read` must fetch.
   */
  peek(offset: number, length: number): Uint8Array | undefined {
    const at = offset - this.#start;
    if (at < 0 || at + length > this.#block.length) return undefined;
    return this.#block.subarray(at, at + length);
  }

  /**
   * The bytes from `offset` on, fetched where the window does not hold them. What is larger than a block is
   * read by itself: the caller has checked `length` against a limit of its own.
   *
   * @returns A view of exactly `length` bytes, or `undefined` where the source ends before.
   */
  async read(offset: number, length: number): Promise<Uint8Array | undefined> {
    return this.peek(offset, length) ?? await this.#fetch(offset, length);
  }

  /**
   * What is there from `offset` on, up to `length` bytes.
   *
   * @returns A view of `length` bytes or fewer; fewer only at the end of the source.
   */
  async readUpTo(offset: number, length: number): Promise<Uint8Array> {
    const whole = await this.read(offset, length);
    if (whole !== undefined) return whole;
    const at = offset - this.#start;
    return at < 0 || at > this.#block.length ? new Uint8Array(0) : this.#block.subarray(at, at + length);
  }

  async #fetch(offset: number, length: number): Promise<Uint8Array | undefined> {
    const block = new Uint8Array(Math.max(length, this.#blockBytes));
    const at = offset - this.#start;
    // What the old block holds of it is taken over: reading on needs no byte twice.
    let filled = 0;
    if (at >= 0 && at < this.#block.length) {
      const kept = this.#block.subarray(at);
      block.set(kept);
      filled = kept.length;
    }
    while (filled < block.length) {
      const count = await this.#source.readAt(offset + filled, block.subarray(filled));
      if (count === 0) break;
      filled += count;
    }
    this.#block = block.subarray(0, filled);
    this.#start = offset;
    return filled < length ? undefined : this.#block.subarray(0, length);
  }
}
