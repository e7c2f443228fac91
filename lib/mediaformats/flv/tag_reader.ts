import { InputQueue } from "#bytes";
import {
  type FlvTagReaderOptions,
  type FlvTagReaderStatistics,
  MAX_FLV_TAG_BODY_BYTES,
  TagCursor,
} from "./tag_cursor.ts";
import { FLV_TAG_HEADER_BYTES, type FlvHeader, type FlvTag, PREVIOUS_TAG_SIZE_BYTES } from "./tag_writer.ts";

/** Input is taken in pieces of this size, so that the queue stays small whatever is pushed. */
const PIECE_BYTES = 262_144;

/** A tag with its place in the input. */
export interface PlacedFlvTag extends FlvTag {
  /** Offset of the tag header, in bytes from the first byte pushed. */
  readonly offset: number;
}

/**
 * Reads FLV tags from bytes as they arrive, in any split: a file, or live FLV over TCP or HTTP.
 *
 * The file header may be absent, and may come again between tags (joined recordings). A wrong
 * PreviousTagSize is counted. Junk between tags is skipped, up to a limit: the next tag is then one whose
 * PreviousTagSize fits.
 *
 * ```ts
 * import { encodeFlvHeader, encodeFlvTag, FLV_TAG_TYPE, FlvTagReader } from "#mediaformats/flv";
 *
 * const reader = new FlvTagReader();
 * reader.push(encodeFlvHeader({ hasAudio: true, hasVideo: false }));
 * const body = new Uint8Array([0xaf, 1, 0x21]);
 * const [tag] = reader.push(encodeFlvTag({ tagType: FLV_TAG_TYPE.Audio, timestampMs: 40, body }));
 * console.log(reader.header?.hasAudio, tag?.timestampMs, tag?.body.length); // true 40 3
 * ```
 */
export class FlvTagReader {
  readonly #cursor: TagCursor;
  readonly #queue: InputQueue;
  #fault: unknown;

  constructor(options: FlvTagReaderOptions = {}) {
    this.#cursor = new TagCursor(options);
    const bodyBytes = options.maxTagBodyBytes ?? MAX_FLV_TAG_BODY_BYTES;
    const tagBytes = FLV_TAG_HEADER_BYTES + bodyBytes + PREVIOUS_TAG_SIZE_BYTES;
    this.#queue = new InputQueue({ maxBytes: tagBytes + PIECE_BYTES });
  }

  /** The newest file header, once it was read. */
  get header(): FlvHeader | undefined {
    return this.#cursor.header;
  }

  /** What was seen until now. */
  get statistics(): Readonly<FlvTagReaderStatistics> {
    return this.#cursor.counts;
  }

  /** Bytes pushed that are not part of a tag given out yet: what a cut recording leaves over. */
  get pendingBytes(): number {
    return this.#queue.length;
  }

  /** What ended the reading: thrown by `push`, at once or, if tags came before it, by the next call. */
  get fault(): unknown {
    return this.#fault;
  }

  /**
   * Takes more bytes.
   *
   * @param bytes Borrowed until the call returns.
   * @returns The tags that are complete now; their bodies are copies, owned by the caller. Those before a
   * fault are given out first: then the next call throws, and every one after it.
   * @throws {FormatError} If there is more junk than `maxJunkBytes`.
   * @throws {LimitError} If a tag announces more than `maxTagBodyBytes`.
   */
  push(bytes: Uint8Array): PlacedFlvTag[] {
    const tags: PlacedFlvTag[] = [];
    for (let at = 0; at < bytes.length && this.#fault === undefined; at += PIECE_BYTES) {
      this.#queue.push(bytes.subarray(at, at + PIECE_BYTES));
      const consumed = this.#read(this.#queue.readable, tags);
      this.#queue.consume(consumed);
      this.#queue.settle();
    }
    if (this.#fault !== undefined && tags.length === 0) throw this.#fault;
    return tags;
  }

  /** Reads all that is whole in `input` and returns how many bytes that was. */
  #read(input: Uint8Array, tags: PlacedFlvTag[]): number {
    const cursor = this.#cursor;
    cursor.at = 0;
    try {
      while (cursor.next(input)) {
        tags.push({
          tagType: cursor.tagType,
          timestampMs: cursor.timestampMs,
          body: input.slice(cursor.tagStart + FLV_TAG_HEADER_BYTES, cursor.tagEnd),
          offset: cursor.base + cursor.tagStart,
        });
      }
    } catch (fault) {
      this.#fault = fault;
    }
    cursor.base += cursor.at;
    return cursor.at;
  }
}
