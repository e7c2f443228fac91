import { InputQueue } from "#bytes";
import { FormatError, LimitError } from "#errors";
import { FLV_TAG_TYPE, type FlvTagType } from "./codes.ts";
import { FLV_TAG_HEADER_BYTES, type FlvHeader, type FlvTag, PREVIOUS_TAG_SIZE_BYTES } from "./tag_writer.ts";

/** Longest tag body accepted; a key frame at 100 Mbit/s has about 4 MiB. */
export const MAX_FLV_TAG_BODY_BYTES = 10_485_760;
/** Most junk skipped, over the life of a reader, in search of the next tag. */
export const MAX_FLV_JUNK_BYTES = 1_048_576;
/** Longest file header; the field has 32 bits, and every file has 9. */
export const MAX_FLV_HEADER_BYTES = 1024;

const MIN_HEADER_BYTES = 9;
/** Input is taken in pieces of this size, so that the queue stays small whatever is pushed. */
const PIECE_BYTES = 262_144;
const FILTER_BIT = 0x20;

/** Bounds of a reader. */
export interface FlvTagReaderOptions {
  /** In bytes. @default {MAX_FLV_TAG_BODY_BYTES} */
  readonly maxTagBodyBytes?: number;
  /** In bytes. @default {MAX_FLV_JUNK_BYTES} */
  readonly maxJunkBytes?: number;
}

/** A tag with its place in the input. */
export interface PlacedFlvTag extends FlvTag {
  /** Offset of the tag header, in bytes from the first byte pushed. */
  readonly offset: number;
}

/** What a reader has seen. */
export interface FlvTagReaderStatistics {
  /** Tags given out. */
  tags: number;
  /** PreviousTagSize fields that did not fit the tag before them. */
  wrongTagSizes: number;
  /** Encrypted tags, which are left out. */
  encryptedTags: number;
  /** Bytes skipped because they were not part of a tag. */
  junkBytes: number;
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
  /** The newest file header, once it was read. */
  header: FlvHeader | undefined;
  readonly statistics: Readonly<FlvTagReaderStatistics>;
  readonly #counts: FlvTagReaderStatistics;
  readonly #maxTagBodyBytes: number;
  readonly #maxJunkBytes: number;
  readonly #queue: InputQueue;
  /** Offset of the queue's first byte from the first byte pushed. */
  #offset = 0;
  /** Size that the PreviousTagSize field next to come should tell; `undefined` when none comes. */
  #expectedTagSize: number | undefined;
  /** Whether a tag is searched for among junk. */
  #isLost = false;
  #fault: unknown;

  constructor(options: FlvTagReaderOptions = {}) {
    this.#maxTagBodyBytes = options.maxTagBodyBytes ?? MAX_FLV_TAG_BODY_BYTES;
    this.#maxJunkBytes = options.maxJunkBytes ?? MAX_FLV_JUNK_BYTES;
    const tagBytes = FLV_TAG_HEADER_BYTES + this.#maxTagBodyBytes + PREVIOUS_TAG_SIZE_BYTES;
    this.#queue = new InputQueue({ maxBytes: tagBytes + PIECE_BYTES });
    this.statistics = this.#counts = { tags: 0, wrongTagSizes: 0, encryptedTags: 0, junkBytes: 0 };
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
      const readable = this.#queue.readable;
      const consumed = this.#read(readable, tags);
      this.#queue.consume(consumed);
      this.#offset += consumed;
      this.#queue.settle();
    }
    if (this.#fault !== undefined && tags.length === 0) throw this.#fault;
    return tags;
  }

  /** Reads all that is whole in `input` and returns how many bytes that was. */
  #read(input: Uint8Array, tags: PlacedFlvTag[]): number {
    let at = 0;
    try {
      for (;;) {
        const taken = this.#isLost ? this.#search(input, at) : this.#step(input, { at, tags });
        if (taken === undefined) return at;
        at += taken;
      }
    } catch (fault) {
      this.#fault = fault;
      return at;
    }
  }

  /** Reads one part at `at`; returns its length, or `undefined` if it is not whole yet. */
  #step(input: Uint8Array, place: { at: number; tags: PlacedFlvTag[] }): number | undefined {
    const { at, tags } = place;
    const have = input.length - at;
    if (this.#expectedTagSize !== undefined) {
      if (have < PREVIOUS_TAG_SIZE_BYTES) return undefined;
      if (u32(input, at) !== this.#expectedTagSize) this.#counts.wrongTagSizes++;
      this.#expectedTagSize = undefined;
      return PREVIOUS_TAG_SIZE_BYTES;
    }
    if (have === 0) return undefined;
    if (input[at] === 0x46) return this.#fileHeader(input, at);
    if (!isTagType(input[at]! & ~FILTER_BIT)) return this.#lose();
    if (have < FLV_TAG_HEADER_BYTES) return undefined;
    const length = u24(input, at + 1);
    if (length > this.#maxTagBodyBytes) {
      throw new LimitError("MAX_FLV_TAG_BODY_BYTES", { value: length, limit: this.#maxTagBodyBytes });
    }
    const bytes = FLV_TAG_HEADER_BYTES + length;
    if (have < bytes) return undefined;
    this.#expectedTagSize = bytes;
    this.#take(input, { at, end: at + bytes, tags });
    return bytes;
  }

  #take(input: Uint8Array, place: { at: number; end: number; tags: PlacedFlvTag[] }): void {
    const { at, end, tags } = place;
    const tagType = input[at]!;
    if (!isTagType(tagType)) {
      this.#counts.encryptedTags++;
      return;
    }
    this.#counts.tags++;
    tags.push({
      tagType,
      timestampMs: (u24(input, at + 4) | input[at + 7]! << 24) >>> 0,
      body: input.slice(at + FLV_TAG_HEADER_BYTES, end),
      offset: this.#offset + at,
    });
  }

  /** FLV 10.1 section E.2; the size field may announce more than the nine bytes of version 1. */
  #fileHeader(input: Uint8Array, at: number): number | undefined {
    const have = input.length - at;
    if (have >= 2 && input[at + 1] !== 0x4c || have >= 3 && input[at + 2] !== 0x56) return this.#lose();
    if (have < MIN_HEADER_BYTES) return undefined;
    const length = u32(input, at + 5);
    if (length < MIN_HEADER_BYTES || length > MAX_FLV_HEADER_BYTES) return this.#lose();
    if (have < length) return undefined;
    const flags = input[at + 4]!;
    this.header = { hasAudio: (flags & 4) !== 0, hasVideo: (flags & 1) !== 0 };
    this.#expectedTagSize = 0;
    return length;
  }

  #lose(): number {
    this.#isLost = true;
    return 0;
  }

  /**
   * Skips junk up to a file header or a tag that its PreviousTagSize confirms. Each byte is looked at once,
   * but for the headers of candidates, so the work is bounded by the bytes received.
   */
  #search(input: Uint8Array, start: number): number | undefined {
    let at = start;
    let verdict = this.#judge(input, at);
    for (; verdict === false; verdict = this.#judge(input, at)) at++;
    const skipped = at - start;
    this.#counts.junkBytes += skipped;
    if (this.#counts.junkBytes > this.#maxJunkBytes) {
      const offset = this.#offset + at;
      throw new FormatError(
        `Cannot read FLV: no tag in ${this.#counts.junkBytes} bytes of junk before offset ${offset}`,
        { offset },
      );
    }
    if (verdict === undefined) return skipped === 0 ? undefined : skipped;
    this.#isLost = false;
    return skipped;
  }

  /** Whether a tag or file header starts at `at`; `undefined` if the input ends before that is known. */
  #judge(input: Uint8Array, at: number): boolean | undefined {
    const have = input.length - at;
    if (have === 0) return undefined;
    if (input[at] === 0x46) {
      if (have < MIN_HEADER_BYTES) return undefined;
      return input[at + 1] === 0x4c && input[at + 2] === 0x56 && u32(input, at + 5) === MIN_HEADER_BYTES;
    }
    if (!isTagType(input[at]!)) return false;
    if (have < FLV_TAG_HEADER_BYTES) return undefined;
    const bytes = FLV_TAG_HEADER_BYTES + u24(input, at + 1);
    if (u24(input, at + 8) !== 0 || bytes > FLV_TAG_HEADER_BYTES + this.#maxTagBodyBytes) return false;
    if (have < bytes + PREVIOUS_TAG_SIZE_BYTES) return undefined;
    return u32(input, at + bytes) === bytes;
  }
}

function isTagType(value: number): value is FlvTagType {
  return value === FLV_TAG_TYPE.Audio || value === FLV_TAG_TYPE.Video || value === FLV_TAG_TYPE.Script ||
    value === FLV_TAG_TYPE.ScriptAmf3;
}

function u24(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 16 | bytes[at + 1]! << 8 | bytes[at + 2]!;
}

function u32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24 | u24(bytes, at + 1)) >>> 0;
}
