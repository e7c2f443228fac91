import { type ByteSource, SourceWindow } from "#bytes";
import { TagCursor } from "../tag_cursor.ts";
import { FLV_TAG_HEADER_BYTES, type FlvTag } from "../tag_writer.ts";

/** How a walk reads. */
export interface TagWalkOptions {
  /** Read at once, in bytes. @default {262_144} */
  readonly blockBytes?: number;
  /** Most bytes passed over in search of a tag, after each `goTo`. @default {MAX_FLV_JUNK_BYTES} */
  readonly maxJunkBytes?: number;
}

const BLOCK_BYTES = 262_144;
const EMPTY = new Uint8Array(0);

/** Walks over the tags of a source, from any place on, by views of its blocks. */
export class TagWalk {
  /** Knows the tag the walk stands on. */
  readonly cursor: TagCursor;
  readonly #window: SourceWindow;
  readonly #blockBytes: number;
  #view: Uint8Array = EMPTY;

  /** @param source Borrowed. */
  constructor(source: ByteSource, options: TagWalkOptions = {}) {
    this.#blockBytes = options.blockBytes ?? BLOCK_BYTES;
    this.#window = new SourceWindow(source, { blockBytes: this.#blockBytes });
    this.cursor = new TagCursor(options.maxJunkBytes === undefined ? {} : options);
  }

  /** Offset of the tag the walk stands on, in bytes from the start of the source. */
  get tagOffset(): number {
    return this.cursor.base + this.cursor.tagStart;
  }

  /** Offset after all that was read. */
  get offset(): number {
    return this.cursor.base + this.cursor.at;
  }

  /** Body of the tag the walk stands on: a view of a block that is never written again. */
  get body(): Uint8Array {
    return this.#view.subarray(this.cursor.tagStart + FLV_TAG_HEADER_BYTES, this.cursor.tagEnd);
  }

  /** The tag the walk stands on; see `body`. */
  get tag(): FlvTag {
    const { tagType, timestampMs } = this.cursor;
    return { tagType, timestampMs, body: this.body };
  }

  /**
   * Goes to another place.
   *
   * @param options `isLost`: it may be in the midst of a tag.
   */
  goTo(offset: number, options: { isLost?: boolean } = {}): void {
    this.#view = EMPTY;
    this.cursor.base = offset;
    this.cursor.restart(options.isLost ?? false);
  }

  /**
   * Goes to the next tag, if it lies whole in the bytes that were read.
   *
   * @returns `false` if `fill` must read on.
   * @throws {FormatError | LimitError} As `TagCursor.next`.
   */
  next(): boolean {
    return this.cursor.next(this.#view);
  }

  /**
   * Reads on, at least what the next tag needs.
   *
   * @returns `false` if the source has no byte more, for now.
   */
  async fill(): Promise<boolean> {
    const start = this.offset;
    const had = this.#view.length - this.cursor.at;
    const length = Math.max(this.#blockBytes, this.cursor.neededBytes);
    const view = await this.#window.readUpTo(start, length);
    this.#view = view;
    this.cursor.base = start;
    this.cursor.at = 0;
    return view.length > had;
  }

  /**
   * Goes to the next tag, reading on where needed.
   *
   * @returns `false` at the end of the source.
   * @throws {FormatError | LimitError} As `TagCursor.next`.
   */
  async advance(): Promise<boolean> {
    while (!this.next()) if (!await this.fill()) return false;
    return true;
  }
}
