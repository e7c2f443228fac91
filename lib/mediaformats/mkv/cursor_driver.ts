import type { SourceWindow } from "#bytes";
import type { SegmentCursor } from "./cluster/segment_cursor.ts";

/** Shows a cursor the bytes of a source, block after block. */
export class CursorDriver {
  readonly #window: SourceWindow;
  readonly #blockBytes: number;
  #view: Uint8Array = new Uint8Array(0);
  #viewOffset = 0;

  /** @param options `blockBytes`: as the window has it. */
  constructor(window: SourceWindow, options: { blockBytes: number }) {
    this.#window = window;
    this.#blockBytes = options.blockBytes;
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
    const seenEnd = offset >= this.#viewOffset ? this.#viewOffset + this.#view.length : offset;
    // what the file does not have is not reserved for; one that has grown tells so by the block behind its end
    const known = Math.max(0, this.#window.source.sizeBytes - offset);
    const wanted = Math.max(this.#blockBytes, Math.min(neededBytes, known + this.#blockBytes));
    this.#view = await this.#window.readUpTo(offset, wanted);
    this.#viewOffset = offset;
    return offset + this.#view.length > Math.max(seenEnd, offset);
  }
}
