import type { ByteSource } from "#bytes";
import { MAX_TS_KEY_SEARCH_BYTES, MAX_TS_PES_BYTES } from "../limits.ts";
import type { TsReader } from "../reading/ts_reader.ts";
import type { TsAccessUnit } from "../units/access_unit.ts";
import { readBlock } from "./read_block.ts";

/** Where reading can start. */
export interface KeyPlace {
  /** Of the packet in which the key frame begins, in bytes from the start of the file. */
  readonly offset: number;
  readonly ptsTicks: number;
  readonly dtsTicks: number;
}

/** What is searched, and where. */
export interface KeyRange {
  /** Latest presentation time, in ticks. */
  readonly ptsTicks: number;
  /** In bytes from the start of the file. */
  readonly from: number;
  /** In bytes from the start of the file; key frames begin before it. */
  readonly to: number;
  /** Whether a packet is known to begin at `from`. */
  readonly isPacketStart?: boolean;
}

/** Halving ends at ranges of this size: they are read through. */
const GRANULE_BYTES = 262_144;
const FIRST_WINDOW_BYTES = 524_288;
const BLOCK_BYTES = 65_536;
/** How far from its time in an index a key frame may be: indexes hold whole microseconds. */
const INDEX_TOLERANCE_TICKS = 2;

/**
 * Finds key frames by their times: by halving, then by reading back from there. The work grows with the logarithm
 * of the file's length, and with the distance of key frames.
 */
export class KeySearch {
  readonly #source: ByteSource;
  readonly #reader: TsReader;
  readonly #leading: number;
  readonly #nearTicks: number;
  readonly #block = new Uint8Array(BLOCK_BYTES);

  /**
   * @param source Borrowed.
   * @param reader Knows the program; stands anywhere afterwards.
   * @param options `leading`: index of the stream whose key frames count; `nearTicks`: times are close to it.
   */
  constructor(source: ByteSource, reader: TsReader, options: { leading: number; nearTicks: number }) {
    this.#source = source;
    this.#reader = reader;
    this.#leading = options.leading;
    this.#nearTicks = options.nearTicks;
  }

  /** The last key frame in the range that is presented at or before its time; `undefined` if there is none. */
  async findLast(range: KeyRange): Promise<KeyPlace | undefined> {
    const { from } = range;
    let { start, end } = await this.#halve(range);
    let windowBytes = FIRST_WINDOW_BYTES;
    start = Math.max(from, start - windowBytes);
    for (let searched = 0; searched < MAX_TS_KEY_SEARCH_BYTES; searched += windowBytes) {
      const found = await this.#lastIn({
        ...{ ...range, from: start, to: end },
        isPacketStart: start === from && range.isPacketStart === true,
      });
      if (found !== undefined || start === from) return found;
      windowBytes *= 2;
      end = start;
      start = Math.max(from, start - windowBytes);
    }
    return undefined;
  }

  /** The first key frame at or after `offset`, within the bounds of a search. */
  async findFirst(offset: number): Promise<KeyPlace | undefined> {
    return await this.#walk(offset, {
      to: offset + MAX_TS_KEY_SEARCH_BYTES,
      visit: (unit) => unit.isKeyFrame ? placeOf(unit) : undefined,
    });
  }

  /** The key frame that begins in the packet at `offset` and has this time; `undefined` if none does. */
  async findAt(offset: number, ptsTicks: number): Promise<KeyPlace | undefined> {
    return await this.#walk(offset, {
      to: offset + 1,
      isPacketStart: true,
      visit: (unit) =>
        unit.isKeyFrame && Math.abs(unit.ptsTicks - ptsTicks) <= INDEX_TOLERANCE_TICKS
          ? placeOf(unit)
          : undefined,
    });
  }

  /** The first unit of the leading stream that begins at or after `offset`, before `to`. */
  async #firstUnit(offset: number, to: number): Promise<KeyPlace | undefined> {
    return await this.#walk(offset, { to, visit: placeOf });
  }

  /** Narrows the range to where decoding times pass the time that is searched. */
  async #halve(range: KeyRange): Promise<{ start: number; end: number }> {
    let start = range.from;
    let end = range.to;
    while (end - start > GRANULE_BYTES) {
      const middle = start + Math.floor((end - start) / 2);
      const unit = await this.#firstUnit(middle, end);
      if (unit === undefined || unit.dtsTicks > range.ptsTicks) end = middle;
      else start = Math.min(end, Math.max(middle, unit.offset));
    }
    return { start, end };
  }

  async #lastIn(range: KeyRange): Promise<KeyPlace | undefined> {
    let last: KeyPlace | undefined;
    await this.#walk(range.from, {
      to: range.to,
      isPacketStart: range.isPacketStart === true,
      visit: (unit) => {
        if (unit.dtsTicks > range.ptsTicks) return placeOf(unit);
        // in a file whose times jump the last one is not always the newest
        const isNewer = unit.ptsTicks >= (last?.ptsTicks ?? -Infinity);
        if (unit.isKeyFrame && isNewer && unit.ptsTicks <= range.ptsTicks) last = placeOf(unit);
        return undefined;
      },
    });
    return last;
  }

  /** Shows `visit` the units of the leading stream that begin between `offset` and `to`, until it gives a place. */
  async #walk(
    offset: number,
    options: { to: number; visit: (unit: TsAccessUnit) => KeyPlace | undefined; isPacketStart?: boolean },
  ): Promise<KeyPlace | undefined> {
    const { to, visit, isPacketStart = false } = options;
    this.#reader.jump(offset, { nearTicks: this.#nearTicks, isPacketStart });
    let isTimed = false;
    // a unit that begins before `to` ends within the longest one after it
    for (let at = offset; at < to + MAX_TS_PES_BYTES;) {
      const block = await readBlock(this.#source, { offset: at, block: this.#block });
      at += block.length;
      const units = block.length > 0 ? this.#reader.push(block) : this.#reader.flush();
      for (const unit of units) {
        if (unit.stream.index !== this.#leading) continue;
        if (unit.offset >= to) return undefined;
        // times that follow from others mean nothing before the first of those
        isTimed ||= unit.hasOwnTime;
        if (!isTimed) continue;
        const place = visit(unit);
        if (place !== undefined) return place;
      }
      if (block.length === 0) return undefined;
    }
    return undefined;
  }
}

function placeOf({ offset, ptsTicks, dtsTicks }: TsAccessUnit): KeyPlace {
  return { offset, ptsTicks, dtsTicks };
}
