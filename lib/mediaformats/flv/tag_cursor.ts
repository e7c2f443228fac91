import { FormatError, LimitError } from "#errors";
import { FLV_TAG_TYPE, type FlvTagType } from "./codes.ts";
import { FLV_TAG_HEADER_BYTES, type FlvHeader, PREVIOUS_TAG_SIZE_BYTES } from "./tag_writer.ts";

/** Longest tag body accepted; a key frame at 100 Mbit/s has about 4 MiB. */
export const MAX_FLV_TAG_BODY_BYTES = 10_485_760;
/** Most junk skipped, over the life of a reader, in search of the next tag. */
export const MAX_FLV_JUNK_BYTES = 1_048_576;
/** Longest file header; the field has 32 bits, and every file has 9. */
export const MAX_FLV_HEADER_BYTES = 1024;

/** Places that look like a tag and wait for its end, while a tag is searched for. */
const MAX_CANDIDATES = 64;
const MIN_HEADER_BYTES = 9;
const FILTER_BIT = 0x20;

/** Bounds of a reader. */
export interface FlvTagReaderOptions {
  /** In bytes. @default {MAX_FLV_TAG_BODY_BYTES} */
  readonly maxTagBodyBytes?: number;
  /** In bytes. @default {MAX_FLV_JUNK_BYTES} */
  readonly maxJunkBytes?: number;
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
 * Goes from tag to tag in bytes that are given in pieces: the parsing that live input and files share. It
 * allocates nothing; its fields tell the tag it stands on.
 */
export class TagCursor {
  /** The newest file header, once it was read. */
  header: FlvHeader | undefined;
  /** What was seen until now. */
  readonly counts: FlvTagReaderStatistics = { tags: 0, wrongTagSizes: 0, encryptedTags: 0, junkBytes: 0 };
  /** Offset of the input's first byte in the whole, for errors. */
  base = 0;
  /** Where in the input to read on: what lies before was read. */
  at = 0;
  /** Bytes from `at` on that the next tag needs at least, after `next` found none. */
  neededBytes = 0;
  /** Where junk was met first, in the whole. */
  junkOffset: number | undefined;
  /** Of the tag found. */
  tagType: FlvTagType = FLV_TAG_TYPE.Script;
  /** Of the tag found, 0 to 2^32 - 1. */
  timestampMs = 0;
  /** Where in the input the tag found starts. */
  tagStart = 0;
  /** Where in the input the tag found ends, without its PreviousTagSize. */
  tagEnd = 0;
  readonly #maxTagBodyBytes: number;
  readonly #maxJunkBytes: number;
  /** Size that the PreviousTagSize field next to come should tell; `undefined` when none comes. */
  #expectedTagSize: number | undefined;
  #isLost = false;
  #junkBytes = 0;
  /** Of a search: places from `at` on that may turn out to be a tag, rising, and how far was searched. */
  #candidates: number[] = [];
  #searchedBytes = 0;

  constructor(options: FlvTagReaderOptions = {}) {
    this.#maxTagBodyBytes = options.maxTagBodyBytes ?? MAX_FLV_TAG_BODY_BYTES;
    this.#maxJunkBytes = options.maxJunkBytes ?? MAX_FLV_JUNK_BYTES;
  }

  /** Whether a tag is searched for among junk. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /**
   * Starts anew at another place.
   *
   * @param isLost Whether that may be in the midst of a tag: the first tag is then one that its
   *   PreviousTagSize confirms.
   */
  restart(isLost: boolean): void {
    this.at = 0;
    this.neededBytes = 0;
    this.#expectedTagSize = undefined;
    this.#isLost = isLost;
    this.#junkBytes = 0;
    this.#candidates = [];
    this.#searchedBytes = 0;
  }

  /**
   * Goes to the next tag that is whole in `input`, from `at` on.
   *
   * @param input Begins at `base`; borrowed.
   * @returns `false` if there is none: the next input begins at what was `at`.
   * @throws {FormatError} If there is more junk than `maxJunkBytes`.
   * @throws {LimitError} If a tag announces more than `maxTagBodyBytes`.
   */
  next(input: Uint8Array): boolean {
    for (;;) {
      const step = this.#isLost ? this.#search(input) : this.#step(input);
      if (step !== "again") return step;
    }
  }

  /** Reads one part. */
  #step(input: Uint8Array): boolean | "again" {
    const have = input.length - this.at;
    if (this.#expectedTagSize !== undefined) {
      if (have < PREVIOUS_TAG_SIZE_BYTES) return this.#need(PREVIOUS_TAG_SIZE_BYTES);
      if (u32(input, this.at) !== this.#expectedTagSize) this.counts.wrongTagSizes++;
      this.#expectedTagSize = undefined;
      this.at += PREVIOUS_TAG_SIZE_BYTES;
      return "again";
    }
    if (have === 0) return this.#need(FLV_TAG_HEADER_BYTES);
    const at = this.at;
    if (input[at] === 0x46) return this.#fileHeader(input);
    if (!isTagType(input[at]! & ~FILTER_BIT)) return this.#lose();
    if (have < FLV_TAG_HEADER_BYTES) return this.#need(FLV_TAG_HEADER_BYTES);
    const length = u24(input, at + 1);
    if (length > this.#maxTagBodyBytes) {
      const what = `FLV tag at offset ${this.base + at}`;
      throw new LimitError("MAX_FLV_TAG_BODY_BYTES", { value: length, limit: this.#maxTagBodyBytes, what });
    }
    const bytes = FLV_TAG_HEADER_BYTES + length;
    if (have < bytes) return this.#need(bytes);
    this.#expectedTagSize = bytes;
    this.at += bytes;
    return this.#take(input, at);
  }

  #take(input: Uint8Array, at: number): true | "again" {
    const tagType = input[at]!;
    if (!isTagType(tagType)) {
      this.counts.encryptedTags++;
      return "again";
    }
    this.counts.tags++;
    this.tagType = tagType;
    this.timestampMs = (u24(input, at + 4) | input[at + 7]! << 24) >>> 0;
    this.tagStart = at;
    this.tagEnd = this.at;
    return true;
  }

  /** FLV 10.1 section E.2; the size field may announce more than the nine bytes of version 1. */
  #fileHeader(input: Uint8Array): false | "again" {
    const { at } = this;
    const have = input.length - at;
    if (have >= 2 && input[at + 1] !== 0x4c || have >= 3 && input[at + 2] !== 0x56) return this.#lose();
    if (have < MIN_HEADER_BYTES) return this.#need(MIN_HEADER_BYTES);
    const length = u32(input, at + 5);
    if (length < MIN_HEADER_BYTES || length > MAX_FLV_HEADER_BYTES) return this.#lose();
    if (have < length) return this.#need(length);
    const flags = input[at + 4]!;
    this.header = { hasAudio: (flags & 4) !== 0, hasVideo: (flags & 1) !== 0 };
    this.#expectedTagSize = 0;
    this.at += length;
    return "again";
  }

  #lose(): "again" {
    this.junkOffset ??= this.base + this.at;
    this.#isLost = true;
    return "again";
  }

  #need(bytes: number): false {
    this.neededBytes = bytes;
    return false;
  }

  /**
   * Skips junk up to a file header or a tag that its PreviousTagSize confirms, the first to be confirmed: padding
   * often looks like a tag of some MiB. Each byte is looked at once, but for the headers of candidates, so the
   * work is bounded by the bytes received.
   */
  #search(input: Uint8Array): false | "again" {
    const { at } = this;
    let neededBytes = Infinity;
    const waiting: number[] = [];
    const consider = (place: number): boolean => {
      const verdict = this.#judge(input, at + place);
      if (verdict !== undefined) return verdict;
      waiting.push(place);
      neededBytes = Math.min(neededBytes, place + this.neededBytes);
      return false;
    };
    let found = this.#candidates.find(consider);
    let searched = this.#searchedBytes;
    while (found === undefined && at + searched < input.length && waiting.length < MAX_CANDIDATES) {
      if (consider(searched)) found = searched;
      searched++;
    }
    const skipped = found ?? waiting[0] ?? searched;
    this.#skipJunk(skipped);
    this.#isLost = found === undefined;
    this.#candidates = this.#isLost ? waiting.map((place) => place - skipped) : [];
    this.#searchedBytes = this.#isLost ? searched - skipped : 0;
    if (!this.#isLost) return "again";
    return this.#need(waiting.length === 0 ? FLV_TAG_HEADER_BYTES : neededBytes - skipped);
  }

  #skipJunk(bytes: number): void {
    this.at += bytes;
    this.counts.junkBytes += bytes;
    this.#junkBytes += bytes;
    if (this.#junkBytes <= this.#maxJunkBytes) return;
    const offset = this.base + this.at;
    throw new FormatError(
      `Cannot read FLV: no tag in ${this.#junkBytes} bytes of junk before offset ${offset}`,
      { offset },
    );
  }

  /** Whether a tag or file header starts at `at`; `undefined` if the input ends before that is known. */
  #judge(input: Uint8Array, at: number): boolean | undefined {
    const have = input.length - at;
    this.neededBytes = FLV_TAG_HEADER_BYTES;
    if (have === 0) return undefined;
    if (input[at] === 0x46) {
      if (have < MIN_HEADER_BYTES) return undefined;
      return input[at + 1] === 0x4c && input[at + 2] === 0x56 && u32(input, at + 5) === MIN_HEADER_BYTES;
    }
    if (!isTagType(input[at]!)) return false;
    if (have < FLV_TAG_HEADER_BYTES) return undefined;
    const bytes = FLV_TAG_HEADER_BYTES + u24(input, at + 1);
    if (u24(input, at + 8) !== 0 || bytes > FLV_TAG_HEADER_BYTES + this.#maxTagBodyBytes) return false;
    this.neededBytes = bytes + PREVIOUS_TAG_SIZE_BYTES;
    return have < this.neededBytes ? undefined : u32(input, at + bytes) === bytes;
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
