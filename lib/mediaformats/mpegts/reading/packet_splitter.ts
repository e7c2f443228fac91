import { FormatError } from "#errors";
import { MAX_TS_JUNK_BYTES, TS_PACKET_BYTES, TS_SYNC_BYTE } from "../limits.ts";

/** Who takes packets. */
export interface PacketSink {
  /**
   * @param bytes Has the packet, 188 bytes from `at` on; borrowed until the call returns.
   * @param at Index of its sync byte.
   * @param offset Of its sync byte in the input, in bytes from the first one.
   */
  // params: hot path
  takePacket(bytes: Uint8Array, at: number, offset: number): void;
}

/**
 * Distances between sync bytes: bare packets; with an arrival time of four bytes before each (Blu-ray, AVCHD);
 * with parity after each, of 16 bytes (DVB) or 20 (ATSC).
 */
export const TS_PACKET_STRIDES = [188, 192, 204, 208] as const;

/** Bytes from one sync byte to the next. */
export type TsPacketStride = typeof TS_PACKET_STRIDES[number];

/** What is known of the input before. */
export interface PacketSplitterOptions {
  readonly offset?: number;
  readonly stride?: TsPacketStride | undefined;
  readonly isPacketStart?: boolean | undefined;
}

/** Packet headers in a row that make a byte 0x47 a sync byte: five at the start, as the stride is unknown then too. */
const SYNCS_AT_START = 5;
const SYNCS_AFTER_LOSS = 3;
/** Room for what is searched: each place is decided with five strides ahead of it. */
const SEARCH_BYTES = 8192;

/** Finds the packets of a transport stream that comes in any split, and finds them again after a loss. */
export class PacketSplitter {
  readonly #sink: PacketSink;
  #stride: TsPacketStride | undefined;
  #isLost: boolean;
  /** What is searched for sync bytes while lost. */
  readonly #search = new Uint8Array(SEARCH_BYTES);
  #searchLength = 0;
  /** The packet that was cut by the end of what was pushed. */
  readonly #partial = new Uint8Array(TS_PACKET_BYTES);
  #partialLength = 0;
  /** Bytes to pass over up to the next sync byte. */
  #gap = 0;
  /** Of the next byte to be pushed. */
  #offset: number;
  #losses = 0;
  #junkBytes = 0;

  /**
   * @param sink Takes the packets.
   * @param options `offset` of the first byte that will be pushed, `stride` where it is known already, and whether
   *   a packet begins with that byte.
   */
  constructor(sink: PacketSink, options: PacketSplitterOptions = {}) {
    this.#sink = sink;
    this.#offset = options.offset ?? 0;
    this.#stride = options.stride;
    this.#isLost = options.stride === undefined || options.isPacketStart !== true;
  }

  /** Bytes from one sync byte to the next; `undefined` until it is known. */
  get stride(): TsPacketStride | undefined {
    return this.#stride;
  }

  /** How often the sync byte was not where it should be. */
  get losses(): number {
    return this.#losses;
  }

  /** Bytes that were passed over in search of a sync byte. */
  get junkBytes(): number {
    return this.#junkBytes;
  }

  /**
   * Takes more bytes, and gives the packets that are whole to the sink.
   *
   * @param bytes Borrowed until the call returns.
   * @throws {FormatError} If the first `MAX_TS_JUNK_BYTES` hold no packet.
   */
  push(bytes: Uint8Array): void {
    const start = this.#offset;
    this.#offset += bytes.length;
    for (let at = 0; at < bytes.length;) {
      at = this.#isLost
        ? this.#lookIn(bytes, at, { isEnd: false })
        : this.#run(bytes, at, { end: bytes.length, offset: start });
    }
  }

  /** The input has ended: decides by what is there whether its last bytes are packets. */
  flush(): void {
    while (this.#isLost && this.#searchLength > 0) {
      const before = this.#searchLength;
      this.#lookIn(EMPTY, 0, { isEnd: true });
      if (this.#searchLength === before) break;
    }
  }

  /** Passes packets to the sink while sync bytes are where they should be; returns where it stopped. */
  #run(bytes: Uint8Array, start: number, place: { end: number; offset: number }): number {
    const { end, offset } = place;
    const stride = this.#stride!;
    let at = start + this.#gap;
    this.#gap = 0;
    if (this.#partialLength > 0 && at < end) {
      const taken = Math.min(TS_PACKET_BYTES - this.#partialLength, end - at);
      this.#partial.set(bytes.subarray(at, at + taken), this.#partialLength);
      this.#partialLength += taken;
      at += taken;
      if (this.#partialLength < TS_PACKET_BYTES) return end;
      this.#partialLength = 0;
      this.#sink.takePacket(this.#partial, 0, offset + at - TS_PACKET_BYTES);
      at += stride - TS_PACKET_BYTES;
    }
    for (; at + TS_PACKET_BYTES <= end; at += stride) {
      if (bytes[at] !== TS_SYNC_BYTE) return this.#lose(at);
      this.#sink.takePacket(bytes, at, offset + at);
    }
    if (at >= end) {
      this.#gap = at - end;
      return end;
    }
    if (bytes[at] !== TS_SYNC_BYTE) return this.#lose(at);
    this.#partialLength = end - at;
    this.#partial.set(bytes.subarray(at, end));
    return end;
  }

  #lose(at: number): number {
    this.#losses++;
    this.#isLost = true;
    return at;
  }

  /** Searches for sync bytes in what is kept and in `bytes` from `start` on; returns how far it took those. */
  #lookIn(bytes: Uint8Array, start: number, options: { isEnd: boolean }): number {
    const taken = Math.min(SEARCH_BYTES - this.#searchLength, bytes.length - start);
    this.#search.set(bytes.subarray(start, start + taken), this.#searchLength);
    this.#searchLength += taken;
    const end = this.#searchLength;
    let at = 0;
    let verdict = this.#judge(at, options);
    for (; verdict === false; verdict = this.#judge(at, options)) at++;
    this.#countJunk(at);
    if (verdict === true) {
      this.#isLost = false;
      // of index 0 of the search array: all after the search array is still to come from `bytes`
      const offset = this.#offset - (bytes.length - start - taken) - end;
      at = this.#run(this.#search, at, { end, offset });
    }
    this.#search.copyWithin(0, at, end);
    this.#searchLength = end - at;
    return start + taken;
  }

  #countJunk(bytes: number): void {
    this.#junkBytes += bytes;
    if (this.#stride !== undefined || this.#junkBytes <= MAX_TS_JUNK_BYTES) return;
    throw new FormatError(
      `Cannot read MPEG-TS: no packets in the first ${this.#junkBytes} bytes, limit MAX_TS_JUNK_BYTES`,
      { offset: 0 },
    );
  }

  /** Whether packets begin at `at` of what is searched; `undefined` if that takes more bytes to know. */
  #judge(at: number, options: { isEnd: boolean }): boolean | undefined {
    if (at >= this.#searchLength) return undefined;
    if (this.#search[at] !== TS_SYNC_BYTE) return false;
    let verdict: boolean | undefined = false;
    // the stride of before is the likely one
    const strides = this.#stride === undefined
      ? TS_PACKET_STRIDES
      : [this.#stride, ...TS_PACKET_STRIDES.filter((stride) => stride !== this.#stride)];
    const wanted = this.#stride === undefined ? SYNCS_AT_START : SYNCS_AFTER_LOSS;
    for (const stride of strides) {
      const seen = this.#countSyncs(at, stride, wanted);
      if (seen === undefined) continue;
      const isEnough = seen >= wanted || options.isEnd && at + TS_PACKET_BYTES <= this.#searchLength;
      if (isEnough) {
        this.#stride = stride;
        return true;
      }
      verdict = options.isEnd ? false : undefined;
      if (!options.isEnd) break;
    }
    return verdict;
  }

  /** Packet headers in a row from `at` on as far as there are bytes; `undefined` if one is missing. */
  #countSyncs(at: number, stride: number, wanted: number): number | undefined {
    let seen = 0;
    for (let place = at; seen < wanted && place + 3 < this.#searchLength; place += stride) {
      // adaptation_field_control 0 is reserved
      if (this.#search[place] !== TS_SYNC_BYTE || (this.#search[place + 3]! & 0x30) === 0) return undefined;
      seen++;
    }
    return seen;
  }
}

const EMPTY = new Uint8Array(0);
