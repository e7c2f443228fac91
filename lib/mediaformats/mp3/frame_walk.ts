import { type ByteSource, SourceWindow } from "#bytes";
import { FrameCursor } from "./frame_cursor.ts";

/** How a walk reads. */
export interface FrameWalkOptions {
  /** Read at once, in bytes, at least 16,384. @default {262_144} */
  readonly blockBytes?: number;
}

const BLOCK_BYTES = 262_144;
/** Holds any frame with those that confirm it. */
const MIN_BLOCK_BYTES = 16_384;
const EMPTY = new Uint8Array(0);

/** Walks over the frames of a source, from any place on, by views of its blocks. */
export class FrameWalk {
  /** Knows the frame the walk stands on. */
  readonly cursor = new FrameCursor();
  readonly #window: SourceWindow;
  readonly #blockBytes: number;
  #view: Uint8Array = EMPTY;
  #isEnd = false;

  /** @param source Borrowed. */
  constructor(source: ByteSource, options: FrameWalkOptions = {}) {
    this.#blockBytes = Math.max(MIN_BLOCK_BYTES, options.blockBytes ?? BLOCK_BYTES);
    this.#window = new SourceWindow(source, { blockBytes: this.#blockBytes });
  }

  /** Offset of the frame the walk stands on, in bytes from the start of the source. */
  get frameOffset(): number {
    return this.cursor.base + this.cursor.frameStart;
  }

  /** Offset after all that was read. */
  get offset(): number {
    return this.cursor.base + this.cursor.at;
  }

  /** The bytes read, in which the cursor's places lie. */
  get view(): Uint8Array {
    return this.#view;
  }

  /** The frame the walk stands on: a view of a block that is never written again. */
  get frame(): Uint8Array {
    return this.#view.subarray(this.cursor.frameStart, this.cursor.frameEnd);
  }

  /**
   * Goes to another place.
   *
   * @param options `isLost`: it may be in the midst of a frame; `isInSync`: a frame ends there.
   */
  goTo(offset: number, options: { isLost?: boolean; isInSync?: boolean } = {}): void {
    this.#view = EMPTY;
    this.#isEnd = false;
    this.cursor.base = offset;
    this.cursor.restart(options);
  }

  /**
   * Goes to the next frame, if it lies whole in the bytes that were read.
   *
   * @returns `false` if `fill` must read on.
   * @throws {FormatError} As `FrameCursor.next`.
   */
  next(): boolean {
    return this.cursor.next(this.#view, this.#isEnd);
  }

  /**
   * Reads on. A large tag that the cursor is to pass over is not read, but for the rest of its first block.
   *
   * @returns `false` if the source has no byte more, for now.
   */
  async fill(): Promise<boolean> {
    const start = this.offset + this.cursor.passOver();
    const had = this.#isEnd ? this.#view.length - this.cursor.at : -1;
    const view = await this.#window.readUpTo(start, this.#blockBytes);
    this.#view = view;
    this.cursor.base = start;
    this.cursor.at = 0;
    this.#isEnd = view.length < this.#blockBytes;
    return view.length > had;
  }

  /**
   * Goes to the next frame, reading on where needed.
   *
   * @returns `false` at the end of the source.
   * @throws {FormatError} As `FrameCursor.next`.
   */
  async advance(): Promise<boolean> {
    while (!this.next()) if (!await this.fill()) return false;
    return true;
  }
}
