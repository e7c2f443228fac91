import { TS_PACKET_BYTES } from "../limits.ts";
import { type ProgramMap, type ProgramPlace, type Service } from "../psi/tables.ts";
import { closestTime, Timeline } from "../timeline.ts";
import type { TsAccessUnit, TsStream } from "../units/access_unit.ts";
import { PacketSplitter, type TsPacketStride } from "./packet_splitter.ts";
import type { PesCounts } from "./pes_reader.ts";
import { type PidEntry, StreamTable } from "./stream_table.ts";

/** What is read, and within which bounds. */
export interface TsReaderOptions {
  /** program_number of the program to read. @default the first whose map comes */
  readonly program?: number;
  /** Longest PES packet, in bytes. @default {MAX_TS_PES_BYTES} */
  readonly maxPesBytes?: number;
}

/** What a reader has seen, counted. */
export interface TsStatistics extends Readonly<PesCounts> {
  /** Packets found, of all PIDs. */
  readonly packets: number;
  /** How often the sync byte was not where it should be. */
  readonly syncLosses: number;
  /** Bytes passed over in search of a sync byte. */
  readonly junkBytes: number;
  /** Gaps in the continuity counters of PIDs that are read. */
  readonly continuityErrors: number;
  /** Packets sent twice, as is allowed; read once. */
  readonly repeatedPackets: number;
  /** transport_error_indicator: dropped. */
  readonly transportErrors: number;
  /** Packets that are scrambled: dropped. */
  readonly scrambledPackets: number;
  /** Packets whose adaptation field is longer than they are: dropped. */
  readonly malformedPackets: number;
  /** Sections left out: too long, cut off, or with a wrong CRC. */
  readonly malformedSections: number;
}

/** Ticks of 27 MHz in one of 90 kHz. */
const CLOCK_FACTOR = 300;

/**
 * Reads the streams of one program from a transport stream that comes in any split: a file, or live over UDP, TCP
 * or HTTP. Packets of 188, 192, 204 and 208 bytes are told apart; after a loss it finds its place again.
 *
 * Units are as the stream has them: Annex B access units, ADTS and LOAS frames; `TsMediaReader` converts them.
 *
 * ```ts
 * import { TsMuxer, TsReader } from "#mediaformats/mpegts";
 *
 * const muxer = new TsMuxer([{ kind: "audio", trackId: 0, codec: ".mp3" }]);
 * const reader = new TsReader();
 * reader.push(muxer.begin());
 * reader.flush(); // so short a stream is recognised at its end only
 * console.log(reader.streams[0]?.codecName, reader.streams[0]?.pid); // mp3 256
 * ```
 */
export class TsReader {
  readonly #options: TsReaderOptions;
  readonly #table: StreamTable;
  #splitter: PacketSplitter;
  #timeline = new Timeline();
  #units: TsAccessUnit[] = [];
  #clock: number | undefined;
  #earlierLosses = 0;
  #earlierJunkBytes = 0;
  readonly #counts = {
    packets: 0,
    continuityErrors: 0,
    repeatedPackets: 0,
    transportErrors: 0,
    scrambledPackets: 0,
    malformedPackets: 0,
  };

  constructor(options: TsReaderOptions = {}) {
    this.#options = options;
    this.#table = new StreamTable({
      program: options.program,
      maxPesBytes: options.maxPesBytes,
      take: (unit) => this.#units.push(unit),
    });
    this.#splitter = new PacketSplitter(this);
  }

  /** Programs of the newest program association. */
  get programs(): readonly ProgramPlace[] {
    return this.#table.tables.programs;
  }

  /** The newest map of the program that is read. */
  get program(): ProgramMap | undefined {
    return this.#table.tables.map;
  }

  /** Name and provider of the program that is read, where the service description tells. */
  get service(): Service | undefined {
    const number = this.program?.programNumber;
    return this.#table.tables.services.find(({ programNumber }) => programNumber === number);
  }

  /** All streams seen, by `index`; those of earlier maps too. */
  get streams(): readonly TsStream[] {
    return this.#table.streams;
  }

  /** The newest program clock reference, unwrapped, in ticks of 27 MHz. */
  get clockTicks(): number | undefined {
    return this.#clock;
  }

  /** Bytes from one sync byte to the next; `undefined` until it is known. */
  get stride(): TsPacketStride | undefined {
    return this.#splitter.stride;
  }

  /** Counts since the reader was made. */
  get statistics(): TsStatistics {
    return {
      ...this.#counts,
      ...this.#table.pesCounts,
      syncLosses: this.#earlierLosses + this.#splitter.losses,
      junkBytes: this.#earlierJunkBytes + this.#splitter.junkBytes,
      malformedSections: this.#table.tables.malformed,
    };
  }

  /**
   * Takes more bytes.
   *
   * @param bytes Borrowed until the call returns.
   * @returns Units that are complete now, in decode order of each stream.
   * @throws {FormatError} If the first `MAX_TS_JUNK_BYTES` hold no packet.
   */
  push(bytes: Uint8Array): TsAccessUnit[] {
    this.#splitter.push(bytes);
    return this.#takeUnits();
  }

  /** The input has ended, for now: gives out what waited for more. */
  flush(): TsAccessUnit[] {
    this.#splitter.flush();
    this.#table.flush();
    return this.#takeUnits();
  }

  /**
   * Goes on at another place of the input; the program and its streams stay.
   *
   * @param offset Of the next byte to be pushed, in bytes from the start of the input.
   * @param options `nearTicks`: a time that those to come are close to, for files longer than 26.5 h;
   *   `isPacketStart`: a packet is known to begin there.
   */
  jump(offset: number, options: { nearTicks?: number | undefined; isPacketStart?: boolean } = {}): void {
    this.#earlierLosses += this.#splitter.losses;
    this.#earlierJunkBytes += this.#splitter.junkBytes;
    // the start is looked at as it was the first time
    const stride = offset === 0 ? undefined : this.#splitter.stride;
    this.#splitter = new PacketSplitter(this, { offset, stride, isPacketStart: options.isPacketStart });
    this.#timeline = new Timeline(options.nearTicks);
    this.#table.restart(this.#timeline, offset);
    this.#units = [];
  }

  /** Another reader of the same input that knows what this one does: for looking elsewhere with `jump`. */
  fork(): TsReader {
    const reader = new TsReader(this.#options);
    reader.#splitter = new PacketSplitter(reader, { stride: this.#splitter.stride });
    reader.#table.adopt(this.#table);
    return reader;
  }

  /** Takes a packet from the splitter: ISO/IEC 13818-1 section 2.4.3.2. */
  // params: hot path
  takePacket(bytes: Uint8Array, at: number, offset: number): void {
    this.#counts.packets++;
    const flags = bytes[at + 1]!;
    const entry = this.#table.entryOf((flags & 0x1f) << 8 | bytes[at + 2]!);
    if (entry === undefined) return;
    if ((flags & 0x80) !== 0) {
      this.#counts.transportErrors++;
      return;
    }
    const control = bytes[at + 3]!;
    const end = at + TS_PACKET_BYTES;
    let start = at + 4;
    let isDiscontinuity = false;
    if ((control & 0x20) !== 0) {
      start += 1 + bytes[start]!;
      if (start > end) {
        this.#counts.malformedPackets++;
        return;
      }
      isDiscontinuity = start > at + 5 && this.#readAdaptation(bytes, at + 5, start, entry);
    }
    // without a payload the counter stands still
    if ((control & 0x10) === 0) return;
    if (!this.#isNext(entry, control & 0x0f, isDiscontinuity, bytes, start, end)) return;
    if ((control & 0xc0) !== 0) {
      this.#counts.scrambledPackets++;
      return;
    }
    const isUnitStart = (flags & 0x40) !== 0;
    if (entry.pes === undefined) {
      const payload = bytes.subarray(start, end);
      if (entry.isTables) this.#table.readTables(entry, payload, { isUnitStart, offset });
    } else if (isUnitStart) {
      entry.pes.begin(bytes, start, end, offset);
    } else {
      entry.pes.append(bytes, start, end);
    }
  }

  /** Reads the flags and the clock; returns discontinuity_indicator: section 2.4.3.4. */
  // params: hot path
  #readAdaptation(bytes: Uint8Array, at: number, end: number, entry: PidEntry): boolean {
    const flags = bytes[at]!;
    const isDiscontinuity = (flags & 0x80) !== 0;
    if (isDiscontinuity) this.#table.noteDiscontinuity(entry);
    if (entry.isClock && (flags & 0x10) !== 0 && end - at >= 7) {
      const base =
        ((bytes[at + 1]! << 24 | bytes[at + 2]! << 16 | bytes[at + 3]! << 8 | bytes[at + 4]!) >>> 0) *
          2 + (bytes[at + 5]! >> 7);
      const extension = (bytes[at + 5]! & 1) << 8 | bytes[at + 6]!;
      const near = this.#timeline.newest ?? (this.#clock ?? base * CLOCK_FACTOR) / CLOCK_FACTOR;
      this.#clock = closestTime(base, near) * CLOCK_FACTOR + extension;
    }
    return isDiscontinuity;
  }

  /** Follows the continuity counter; returns whether the packet is to be read: section 2.4.3.3. */
  // params: hot path
  #isNext(
    entry: PidEntry,
    counter: number,
    isDiscontinuity: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const previous = entry.counter;
    entry.counter = counter;
    if (previous < 0 || counter === (previous + 1 & 0x0f) || isDiscontinuity) return true;
    if (counter === previous && entry.pes?.endsWith(bytes, start, end) !== false) {
      this.#counts.repeatedPackets++;
      return false;
    }
    this.#counts.continuityErrors++;
    if (entry.isTables) this.#table.tables.noteLoss(entry.pid);
    entry.pes?.noteLoss();
    return true;
  }

  #takeUnits(): TsAccessUnit[] {
    const units = this.#units;
    this.#units = [];
    return units;
  }
}
