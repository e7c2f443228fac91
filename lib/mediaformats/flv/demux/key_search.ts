import type { ByteSource } from "#bytes";
import { FormatError, LimitError } from "#errors";
import type { MediaTrack, Packet } from "#media";
import { FLV_TAG_TYPE } from "../codes.ts";
import { flvTagToPacket, splitTracks } from "../tag_body.ts";
import { MAX_FLV_TAG_BODY_BYTES } from "../tag_cursor.ts";
import { TagWalk } from "./tag_walk.ts";

/** Where a reader can start. */
export interface KeyFramePlace {
  /** Of the tag, in bytes from the start of the file. */
  readonly offset: number;
  readonly dtsUs: number;
  readonly ptsUs: number;
}

/** What is searched for, and where. */
export interface KeySearchRange {
  /** Presentation time at or before which the key frame is, in microseconds. */
  readonly timeUs: number;
  /** A tag starts here; no key frame before it is found. In bytes. */
  readonly from: number;
  /** A guess of where that time is behind; a wrong one only costs time. In bytes. */
  readonly to: number;
}

/** Halving ends here: reading on is cheaper. */
const BISECT_BYTES = 1_048_576;
const BLOCK_BYTES = 131_072;
/** A place in the midst of a tag may be as far from the next one as a tag is long. */
const MAX_LOST_BYTES = 2 * MAX_FLV_TAG_BODY_BYTES;

/**
 * Finds key frames of one track in a file by its times alone, without an index: by halving, so that the time
 * it takes grows with the logarithm of the file's length.
 */
export class KeySearch {
  readonly #walk: TagWalk;
  readonly #track: MediaTrack;

  /**
   * @param source Borrowed.
   * @param track What seeks go by.
   */
  constructor(source: ByteSource, track: MediaTrack) {
    this.#walk = new TagWalk(source, { blockBytes: BLOCK_BYTES, maxJunkBytes: MAX_LOST_BYTES });
    this.#track = track;
  }

  /** The key frame whose tag is at exactly `offset`, if there is one. */
  async keyFrameAt(offset: number): Promise<KeyFramePlace | undefined> {
    this.#walk.goTo(offset, { isLost: true });
    if (!await this.#advance() || this.#walk.tagOffset !== offset) return undefined;
    const packet = this.#packet();
    return packet?.isKeyFrame === true ? this.#place(packet) : undefined;
  }

  /** The newest key frame presented at or before a time, or else the first of all. */
  async find(range: KeySearchRange): Promise<KeyFramePlace | undefined> {
    const { timeUs, from } = range;
    const low = await this.#narrow(range);
    let found = await this.#newest(low, { from, timeUs, until: Infinity });
    // a group of pictures may be longer than what halving left over
    for (let start = low, step = BISECT_BYTES; found === undefined && start > from; step *= 4) {
      const until = start;
      start = Math.max(from, low - step);
      found = await this.#newest(start, { from, timeUs, until });
    }
    return found ?? await this.#first(from);
  }

  /** Halves the range down to `BISECT_BYTES`; returns where its first tag starts, at or before `timeUs`. */
  async #narrow(range: KeySearchRange): Promise<number> {
    let low = range.from;
    let high = range.to;
    while (high - low > BISECT_BYTES) {
      const middle = Math.floor((low + high) / 2);
      this.#walk.goTo(middle, { isLost: true });
      const packet = await this.#nextPacket(high);
      if (packet === undefined || packet.dtsUs > range.timeUs) high = middle;
      else low = this.#walk.tagOffset;
    }
    return low;
  }

  /** Reads on from `start` until the time is over, and keeps the newest key frame in it. */
  async #newest(
    start: number,
    range: { readonly from: number; readonly timeUs: number; readonly until: number },
  ): Promise<KeyFramePlace | undefined> {
    this.#walk.goTo(start, { isLost: start !== range.from });
    let found: KeyFramePlace | undefined;
    for (;;) {
      const packet = await this.#nextPacket(range.until);
      if (packet === undefined || packet.dtsUs > range.timeUs) return found;
      if (packet.isKeyFrame && packet.ptsUs <= range.timeUs) found = this.#place(packet);
    }
  }

  async #first(from: number): Promise<KeyFramePlace | undefined> {
    this.#walk.goTo(from);
    for (;;) {
      const packet = await this.#nextPacket(Infinity);
      if (packet === undefined) return undefined;
      if (packet.isKeyFrame) return this.#place(packet);
    }
  }

  /** The next packet of the track whose tag starts before `until`. */
  async #nextPacket(until: number): Promise<Packet | undefined> {
    while (await this.#advance() && this.#walk.tagOffset < until) {
      const packet = this.#packet();
      if (packet !== undefined) return packet;
    }
    return undefined;
  }

  /** The packet of the track in the tag at hand. */
  #packet(): Packet | undefined {
    const { kind, trackId } = this.#track;
    const tagType = kind === "video" ? FLV_TAG_TYPE.Video : FLV_TAG_TYPE.Audio;
    if (this.#walk.cursor.tagType !== tagType) return undefined;
    try {
      const packet = flvTagToPacket(this.#walk.tag);
      if (packet === undefined) return undefined;
      return splitTracks(packet).find((one) => one.trackId === trackId && one.role === "media");
    } catch (error) {
      if (isBroken(error)) return undefined;
      throw error;
    }
  }

  #place(packet: Packet): KeyFramePlace {
    return { offset: this.#walk.tagOffset, dtsUs: packet.dtsUs, ptsUs: packet.ptsUs };
  }

  async #advance(): Promise<boolean> {
    try {
      return await this.#walk.advance();
    } catch (error) {
      if (isBroken(error)) return false;
      throw error;
    }
  }
}

/** How much of the end is read for the last time, in turn. */
const TAIL_BYTES = [65_536, 1_048_576, 2 * MAX_FLV_TAG_BODY_BYTES] as const;

/**
 * The time of the last whole tag of audio or video, in ms.
 *
 * @param source Borrowed.
 * @param from Where the first tag starts, in bytes.
 * @returns `undefined` if there is none near the end.
 */
export async function findLastTimeMs(source: ByteSource, from: number): Promise<number | undefined> {
  for (const tailBytes of TAIL_BYTES) {
    const start = Math.max(from, source.sizeBytes - tailBytes);
    const walk = new TagWalk(source, { blockBytes: TAIL_BYTES[0], maxJunkBytes: tailBytes });
    walk.goTo(start, { isLost: start > from });
    let lastMs: number | undefined;
    try {
      while (await walk.advance()) {
        const { tagType, timestampMs } = walk.cursor;
        const isMedia = tagType === FLV_TAG_TYPE.Audio || tagType === FLV_TAG_TYPE.Video;
        if (isMedia && timestampMs >= (lastMs ?? 0)) lastMs = timestampMs;
      }
    } catch (error) {
      if (!isBroken(error)) throw error;
    }
    if (lastMs !== undefined || start === from) return lastMs;
  }
  return undefined;
}

function isBroken(error: unknown): boolean {
  return error instanceof FormatError || error instanceof LimitError;
}
