import type { ByteSource } from "#bytes";
import type { SegmentCursor } from "./cluster/segment_cursor.ts";

/** Part of a block that is kept free in front of what is read ahead, for what is left of the block before. */
const HEADROOM_SHARE = 4;

/** A block that is being read. */
interface BlockAhead {
  /** Of its first byte, in bytes from the start of the file. */
  readonly offset: number;
  /** Headroom, then what is read. */
  readonly bytes: Uint8Array;
  /** How many bytes were there; -1 where the source refused. */
  readonly count: Promise<number>;
}

/**
 * Shows a cursor the bytes of a source, block after block. While a cursor reads on, the next block is read beside it.
 *
 * Blocks are never written again, so payloads may be views of them.
 */
export class CursorDriver {
  readonly #source: ByteSource;
  readonly #blockBytes: number;
  readonly #headroom: number;
  #view: Uint8Array = new Uint8Array(0);
  #viewOffset = 0;
  #ahead: BlockAhead | undefined;

  /** @param options `blockBytes`: read at once. */
  constructor(source: ByteSource, options: { blockBytes: number }) {
    this.#source = source;
    this.#blockBytes = options.blockBytes;
    this.#headroom = Math.ceil(options.blockBytes / HEADROOM_SHARE);
  }

  /**
   * Steps until `isDone`.
   *
   * @returns False if the source, or the segment, ended before. A source that grows may give more later.
   * @throws {FormatError} What the cursor throws.
   * @throws {LimitError} What the cursor throws.
   */
  async run(cursor: SegmentCursor, isDone: () => boolean): Promise<boolean> {
    for (;;) {
      while (!isDone()) {
        if (cursor.step(this.#view, this.#viewOffset)) continue;
        if (!await this.#fetch(cursor)) return false;
      }
      return true;
    }
  }

  /** Reads from where the cursor is; false if nothing came that it has not seen. */
  async #fetch(cursor: SegmentCursor): Promise<boolean> {
    if (cursor.isEnded) return false;
    const { offset, neededBytes } = cursor;
    const viewEnd = this.#viewOffset + this.#view.length;
    const isReadingOn = this.#view.length > 0 && offset >= this.#viewOffset && offset <= viewEnd;
    const left = isReadingOn ? this.#view.subarray(offset - this.#viewOffset) : new Uint8Array(0);
    const ahead = this.#ahead?.offset === offset + left.length ? this.#ahead : undefined;
    this.#ahead = undefined;
    let view = await this.#takeAhead(ahead, left) ?? left;
    // what was read ahead ends early where the file did, or a block is larger than that
    if (view.length < left.length + this.#blockBytes || view.length < neededBytes) {
      view = await this.#fill(view, { offset, neededBytes });
    }
    this.#view = view;
    this.#viewOffset = offset;
    if (isReadingOn && view.length >= this.#blockBytes) this.#readAhead(offset + view.length);
    return view.length > left.length;
  }

  async #takeAhead(ahead: BlockAhead | undefined, left: Uint8Array): Promise<Uint8Array | undefined> {
    if (ahead === undefined || left.length > this.#headroom) return undefined;
    const count = await ahead.count;
    if (count < 0) return undefined;
    const start = this.#headroom - left.length;
    ahead.bytes.set(left, start);
    return ahead.bytes.subarray(start, this.#headroom + count);
  }

  /** What is there from `offset` on, and more of the source behind it. */
  async #fill(have: Uint8Array, place: { offset: number; neededBytes: number }): Promise<Uint8Array> {
    const { offset, neededBytes } = place;
    // what the file does not have is not reserved for; one that has grown tells so by the block behind its end
    const known = Math.max(0, this.#source.sizeBytes - offset);
    const wanted = Math.max(this.#blockBytes, Math.min(neededBytes, known + this.#blockBytes));
    if (have.length >= wanted) return have;
    const bytes = new Uint8Array(wanted);
    bytes.set(have);
    const count = await this.#source.readAt(offset + have.length, bytes.subarray(have.length));
    return bytes.subarray(0, have.length + count);
  }

  #readAhead(offset: number): void {
    const bytes = new Uint8Array(this.#headroom + this.#blockBytes);
    const count = this.#source.readAt(offset, bytes.subarray(this.#headroom)).catch(() => -1);
    this.#ahead = { offset, bytes, count };
  }
}
