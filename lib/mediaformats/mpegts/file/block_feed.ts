import type { ByteSource } from "#bytes";
import { readBlock } from "./read_block.ts";

/** Reads a source block by block: the next block is fetched while the last one is looked at. */
export class BlockFeed {
  readonly #source: ByteSource;
  /** One that is lent, one that is being filled. */
  #blocks: readonly [Uint8Array, Uint8Array];
  #at = 0;
  #ahead: Promise<Uint8Array> | undefined;

  /** @param source Borrowed. */
  constructor(source: ByteSource, options: { blockBytes: number }) {
    this.#source = source;
    this.#blocks = [new Uint8Array(options.blockBytes), new Uint8Array(options.blockBytes)];
  }

  /** Offset of the byte that comes next. */
  get offset(): number {
    return this.#at;
  }

  /**
   * The next block.
   *
   * @returns A view that is valid until the next call; empty at the end, where a later call may find more.
   */
  async next(): Promise<Uint8Array> {
    const ahead = this.#ahead ?? this.#read();
    this.#ahead = undefined;
    const bytes = await ahead;
    this.#at += bytes.length;
    this.#blocks = [this.#blocks[1], this.#blocks[0]];
    // at the end nothing is fetched: it may grow before the next call
    if (bytes.length === this.#blocks[0].length) {
      this.#ahead = this.#read();
      // who waits for it next is told
      this.#ahead.catch(() => {});
    }
    return bytes;
  }

  /** Goes on at `offset`. */
  async goTo(offset: number): Promise<void> {
    // the block is being filled: it must not be lent meanwhile
    await this.#ahead?.catch(() => {});
    this.#ahead = undefined;
    this.#at = offset;
  }

  #read(): Promise<Uint8Array> {
    return readBlock(this.#source, { offset: this.#at, block: this.#blocks[0] });
  }
}
