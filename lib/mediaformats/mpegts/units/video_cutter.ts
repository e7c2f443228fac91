import { concatBytes } from "#bytes";
import { AVC_NAL_UNIT_TYPE, AvcAccessUnitSplitter, avcNalUnitType, isAvcKeyFrame } from "#codecs/avc";
import { HEVC_NAL_UNIT_TYPE, HevcAccessUnitSplitter, hevcNalUnitType, isHevcKeyFrame } from "#codecs/hevc";
import { findNalUnits, type NalUnitRanges } from "#media";
import { MAX_TS_NAL_UNITS, MAX_TS_PES_BYTES } from "../limits.ts";
import type { PesPacket, TakeUnit, UnitCutter } from "./access_unit.ts";

/** What cutting needs to know of a coding. */
export interface VideoSyntax {
  /** Whether a NAL unit is an access unit delimiter, by its first byte. */
  isDelimiter(firstByte: number): boolean;
  isKeyFrame(accessUnit: Uint8Array, ranges: NalUnitRanges): boolean;
  newSplitter(): { startsAccessUnit(nalUnit: Uint8Array): boolean; reset(): void };
}

/** H.264. */
export const AVC_SYNTAX: VideoSyntax = {
  isDelimiter: (firstByte) => avcNalUnitType(firstByte) === AVC_NAL_UNIT_TYPE.AccessUnitDelimiter,
  isKeyFrame: (accessUnit, ranges) => isAvcKeyFrame(accessUnit, ranges, { acceptsRecoveryPoint: true }),
  newSplitter: () => new AvcAccessUnitSplitter(),
};

/** H.265. */
export const HEVC_SYNTAX: VideoSyntax = {
  isDelimiter: (firstByte) => hevcNalUnitType(firstByte) === HEVC_NAL_UNIT_TYPE.AccessUnitDelimiter,
  isKeyFrame: isHevcKeyFrame,
  newSplitter: () => new HevcAccessUnitSplitter(),
};

/** An access unit that may go on in the next PES packet. */
interface PendingUnit {
  /** Its bytes up to `length`, room behind them where `isOwned`. */
  bytes: Uint8Array;
  length: number;
  isOwned: boolean;
  ranges: number[];
  readonly packet: PesPacket;
  readonly isFollower: boolean;
  isDamaged: boolean;
}

/** Bytes of a start code that may lie on both sides of a cut. */
const START_CODE_OVERLAP_BYTES = 3;
/** Zeros of the longer start code. */
const START_CODE_ZEROS = 3;
/** Zeros looked at in search of the start code at the start of a payload. */
const MAX_LEADING_ZEROS = 8;

/**
 * Cuts H.264 and H.265 into access units, start codes and all. One PES packet has one as a rule; it may have
 * several, or a part of one. Where delimiters are there, as ISO/IEC 13818-1 section 2.14 wants them, they alone
 * are looked at.
 */
export class VideoCutter implements UnitCutter {
  readonly #syntax: VideoSyntax;
  readonly #take: TakeUnit;
  readonly #splitter: ReturnType<VideoSyntax["newSplitter"]>;
  /** Whether access units went by that the splitter has not seen. */
  #isSplitterBehind = false;
  #pending: PendingUnit | undefined;

  constructor(syntax: VideoSyntax, take: TakeUnit) {
    this.#syntax = syntax;
    this.#take = take;
    this.#splitter = syntax.newSplitter();
  }

  /** Takes the next PES packet; its last access unit waits for what follows. */
  push(packet: PesPacket): void {
    const payload = this.#withStraddlingCode(packet.payload);
    const ranges = findNalUnits(payload);
    if (ranges.length > 2 * MAX_TS_NAL_UNITS) ranges.length = 2 * MAX_TS_NAL_UNITS;
    const starts = this.#findStarts(payload, ranges);
    let from = 0;
    if (this.#pending !== undefined) {
      from = starts.length === 0 ? payload.length : startCodeAt(payload, ranges[starts[0]!]!);
      if (from > 0) this.#continue(payload.subarray(0, from), packet.isDamaged);
      if (starts.length === 0) return;
    }
    if (starts.length <= 1 && from === 0) {
      this.#open({ payload, ranges, packet, isFollower: false });
      return;
    }
    for (let index = 0; index < starts.length; index++) {
      const next = starts[index + 1];
      const end = next === undefined ? payload.length : startCodeAt(payload, ranges[next]!);
      const own = ranges.slice(starts[index], next).map((place) => place - from);
      this.#open({ payload: payload.subarray(from, end), ranges: own, packet, isFollower: index > 0 });
      from = end;
    }
  }

  /** Ends the waiting access unit if a delimiter comes next. */
  foresee(start: Uint8Array): void {
    // a zero at its end may belong to the start code to come
    if (this.#pending === undefined || this.#pending.bytes[this.#pending.length - 1] === 0) return;
    let at = 0;
    while (at < MAX_LEADING_ZEROS && start[at] === 0) at++;
    if (at >= 2 && start[at] === 1 && at + 1 < start.length && this.#syntax.isDelimiter(start[at + 1]!)) {
      this.flush();
    }
  }

  /** Gives out the waiting access unit. */
  flush(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    const { bytes, length, ranges, packet, isFollower, isDamaged } = pending;
    const payload = bytes.length === length ? bytes : bytes.subarray(0, length);
    this.#take({
      payload,
      nalUnits: ranges,
      isKeyFrame: this.#syntax.isKeyFrame(payload, ranges),
      packet,
      isFollower,
      duration: undefined,
      isDamaged,
    });
  }

  /** Puts zeros at the end of the waiting access unit in front of `payload` if a start code lies across the cut. */
  #withStraddlingCode(payload: Uint8Array): Uint8Array {
    const pending = this.#pending;
    if (pending === undefined || payload[0]! > 1) return payload;
    let after = 0;
    while (after < START_CODE_ZEROS && payload[after] === 0) after++;
    if (payload[after] !== 1) return payload;
    let before = 0;
    while (before + after < START_CODE_ZEROS && pending.bytes[pending.length - 1 - before] === 0) before++;
    if (before === 0 || before + after < 2) return payload;
    pending.length -= before;
    return concatBytes([new Uint8Array(before), payload]);
  }

  /** Positions in `ranges` of the NAL units that begin an access unit. */
  #findStarts(payload: Uint8Array, ranges: NalUnitRanges): number[] {
    const starts: number[] = [];
    if (ranges.length > 0 && this.#syntax.isDelimiter(payload[ranges[0]!]!)) {
      for (let index = 0; index < ranges.length; index += 2) {
        if (this.#syntax.isDelimiter(payload[ranges[index]!]!)) starts.push(index);
      }
      this.#isSplitterBehind = true;
      return starts;
    }
    if (this.#isSplitterBehind) this.#catchUp();
    const judged = Math.min(ranges.length, judgedPlaces(payload.length));
    for (let index = 0; index < judged; index += 2) {
      const nalUnit = payload.subarray(ranges[index], ranges[index + 1]);
      const isStart = this.#splitter.startsAccessUnit(nalUnit);
      if (isStart || index === 0 && this.#pending === undefined) starts.push(index);
    }
    return starts;
  }

  /** Shows the splitter the waiting access unit, which was cut by its delimiter alone. */
  #catchUp(): void {
    this.#splitter.reset();
    this.#isSplitterBehind = false;
    if (this.#pending === undefined) return;
    const { bytes, length, ranges } = this.#pending;
    const judged = Math.min(ranges.length, judgedPlaces(length));
    for (let index = 0; index < judged; index += 2) {
      this.#splitter.startsAccessUnit(bytes.subarray(ranges[index], ranges[index + 1]));
    }
  }

  /** Begins an access unit; gives out the one before. */
  #open(unit: { payload: Uint8Array; ranges: number[]; packet: PesPacket; isFollower: boolean }): void {
    this.flush();
    const { payload, ranges, packet, isFollower } = unit;
    this.#pending = {
      bytes: payload,
      length: payload.length,
      isOwned: false,
      ranges,
      packet,
      isFollower,
      isDamaged: packet.isDamaged,
    };
  }

  /** Adds to the waiting access unit what belongs to it still. */
  #continue(bytes: Uint8Array, isDamaged: boolean): void {
    const pending = this.#pending!;
    const length = pending.length + bytes.length;
    if (length > MAX_TS_PES_BYTES) {
      pending.isDamaged = true;
      return;
    }
    if (!pending.isOwned || length > pending.bytes.length) {
      const grown = new Uint8Array(Math.min(MAX_TS_PES_BYTES, length * 2));
      grown.set(pending.bytes.subarray(0, pending.length));
      pending.bytes = grown;
      pending.isOwned = true;
    }
    pending.bytes.set(bytes, pending.length);
    const from = Math.max(0, pending.length - START_CODE_OVERLAP_BYTES);
    pending.length = length;
    pending.isDamaged ||= isDamaged;
    extendRanges(pending, from);
  }
}

/**
 * How far the ranges of so many bytes are looked at. Looking into a unit costs as much as passing over a kilobyte:
 * pictures have fewer units than this, and what has more is no picture.
 */
function judgedPlaces(bytes: number): number {
  return 2 * (FREE_NAL_UNITS + Math.floor(bytes / BYTES_PER_NAL_UNIT));
}

const FREE_NAL_UNITS = 8;
const BYTES_PER_NAL_UNIT = 64;

/** Finds the NAL units from `from` on, and lets the one before end where the first of them begins. */
function extendRanges(unit: PendingUnit, from: number): void {
  const { ranges, length } = unit;
  const bytes = unit.bytes.subarray(0, length);
  const found = findNalUnits(bytes.subarray(from));
  if (ranges.length > 0) {
    let end = found.length === 0 ? length : found[0]! + from - START_CODE_OVERLAP_BYTES;
    const start = ranges[ranges.length - 2]!;
    while (end > start + 1 && bytes[end - 1] === 0) end--;
    ranges[ranges.length - 1] = Math.max(end, start + 1);
  }
  const room = 2 * MAX_TS_NAL_UNITS - ranges.length;
  for (let index = 0; index < Math.min(found.length, room); index++) ranges.push(found[index]! + from);
}

/** Where the start code before the NAL unit at `start` begins: a zero before its three bytes is part of it. */
function startCodeAt(bytes: Uint8Array, start: number): number {
  const at = start - START_CODE_OVERLAP_BYTES;
  return at > 0 && bytes[at - 1] === 0 ? at - 1 : Math.max(0, at);
}
