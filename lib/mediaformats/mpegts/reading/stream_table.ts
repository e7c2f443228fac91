import { MAX_TS_STREAMS } from "../limits.ts";
import { languageOf, opusChannelsOf } from "../psi/descriptor.ts";
import type { ProgramMap, ProgramStream } from "../psi/tables.ts";
import { codingOf } from "../stream_type.ts";
import { Timeline } from "../timeline.ts";
import type { TsAccessUnit, TsStream } from "../units/access_unit.ts";
import { newUnitCutter } from "../units/unit_cutters.ts";
import { UnitClock } from "../units/unit_clock.ts";
import type { UnitCutter } from "../units/access_unit.ts";
import { type PesCounts, PesReader } from "./pes_reader.ts";
import { ProgramTables, TS_PID } from "./program_tables.ts";

/** A PID that is read. */
export interface PidEntry {
  readonly pid: number;
  /** It carries PAT, PMT or SDT. */
  readonly isTables: boolean;
  /** It carries the clock of the program. */
  isClock: boolean;
  /** Continuity counter of its newest packet; -1 before the first. */
  counter: number;
  /** The stream it carries. */
  readonly stream?: TsStream;
  cutter?: UnitCutter;
  /** Puts its PES packets together. */
  pes?: PesReader;
}

/** PIDs of a transport stream: ISO/IEC 13818-1 section 2.4.3.3. */
const PID_COUNT = 8192;

/** What each PID means now, by the program tables. */
export class StreamTable {
  /** The program tables. */
  readonly tables: ProgramTables;
  /** What went wrong with PES packets. */
  readonly pesCounts: PesCounts = { malformedPes: 0, endlessPes: 0, scrambledPes: 0, damagedPes: 0 };
  /** All streams seen, by their index. */
  readonly streams: TsStream[] = [];
  readonly #take: (unit: TsAccessUnit) => void;
  readonly #maxPesBytes: number | undefined;
  /** Position in `#entries` of what is known of a PID; 0 for those that are passed over. */
  readonly #slots = new Uint16Array(PID_COUNT);
  #entries: (PidEntry | undefined)[] = [undefined];
  #mapPids: readonly number[] = [];
  #timeline = new Timeline();
  /** Maps by the offset they were first seen at, rising: what holds at a place that is read again. */
  readonly #history: { readonly offset: number; readonly map: ProgramMap }[] = [];
  /** Of the packet that is read. */
  #offset = 0;

  /** @param options `take` gets the units. */
  constructor(
    options: {
      program: number | undefined;
      maxPesBytes: number | undefined;
      take: (unit: TsAccessUnit) => void;
    },
  ) {
    this.#take = options.take;
    this.#maxPesBytes = options.maxPesBytes;
    this.tables = new ProgramTables(this, { program: options.program });
    this.#fill([]);
  }

  /** What is known of `pid`; `undefined` if its packets are passed over. */
  entryOf(pid: number): PidEntry | undefined {
    return this.#entries[this.#slots[pid]!];
  }

  /**
   * Reads a packet of a PID with tables.
   *
   * @param payload Borrowed.
   */
  readTables(entry: PidEntry, payload: Uint8Array, options: { isUnitStart: boolean; offset: number }): void {
    this.#offset = options.offset;
    this.tables.push(entry.pid, payload, options);
  }

  /** Takes over what another table of the same input knows. */
  adopt(other: StreamTable): void {
    this.tables.adopt(other.tables);
    this.streams.push(...other.streams);
    this.#history.push(...other.#history);
    this.watchMaps(other.#mapPids);
  }

  /** The PIDs that may carry a program map. */
  watchMaps(pids: readonly number[]): void {
    this.#mapPids = pids;
    this.#fill(this.#streamEntries());
  }

  /** The streams of the program are these from now on. */
  takeProgramMap(map: ProgramMap): void {
    this.#remember(map);
    this.#apply(map);
  }

  /** Notes where a map begins to hold, if it is not the one that held there. */
  #remember(map: ProgramMap): void {
    const after = this.#history.findIndex(({ offset }) => offset > this.#offset);
    const at = after < 0 ? this.#history.length : after;
    const held = this.#history[at - 1]?.map;
    if (held !== undefined && isSameMap(held, map) || this.#history.length >= MAX_REMEMBERED_MAPS) return;
    this.#history.splice(at, 0, { offset: this.#offset, map });
  }

  #apply(map: ProgramMap): void {
    const before = this.#streamEntries();
    const seen = new Set<number>();
    const described = map.streams.filter(({ pid }) => !seen.has(pid) && seen.add(pid));
    const kept = before.filter((entry) => described.some((stream) => isSame(entry.stream!, stream)));
    const gone = before.filter((entry) => !kept.includes(entry));
    for (const entry of gone) finish(entry);
    const left = gone.map(({ stream }) => stream!);
    const entries = described.map((stream) =>
      kept.find(({ pid }) => pid === stream.pid) ?? this.#open(stream, left)
    );
    this.#fill(entries.filter((entry) => entry !== undefined), map.pcrPid);
  }

  /** discontinuity_indicator was set on `entry`; on the clock it holds for all streams. */
  noteDiscontinuity(entry: PidEntry): void {
    if (!entry.isClock) return entry.pes?.noteDiscontinuity();
    for (const other of this.#streamEntries()) other.pes?.noteDiscontinuity();
  }

  /** Gives out what waits for more. */
  flush(): void {
    for (const entry of this.#streamEntries()) finish(entry);
  }

  /** Forgets what is unfinished, as for reading on at `offset`, with the map that holds there. */
  restart(timeline: Timeline, offset: number): void {
    this.#timeline = timeline;
    const held = this.#history.findLast((known) => known.offset <= offset) ?? this.#history[0];
    if (held !== undefined && held.map !== this.tables.map) this.#apply(held.map);
    this.tables.restore(held?.map);
    for (const entry of this.#entries) {
      if (entry === undefined) continue;
      entry.counter = -1;
      if (entry.stream !== undefined) this.#equip(entry, entry.stream);
    }
  }

  #streamEntries(): PidEntry[] {
    return this.#entries.filter((entry) => entry?.stream !== undefined) as PidEntry[];
  }

  /** Makes the entry of a stream that is new; it takes the place of one in `left` that had the same coding. */
  #open(described: ProgramStream, left: TsStream[]): PidEntry | undefined {
    const { streamType, pid, descriptors } = described;
    const coding = codingOf(streamType, descriptors);
    const index = this.#indexOf({ pid, streamType, ...coding }, left);
    if (index >= MAX_TS_STREAMS) return undefined;
    const language = languageOf(descriptors);
    const opusChannels = opusChannelsOf(descriptors);
    const stream: TsStream = {
      index,
      pid,
      streamType,
      ...coding,
      ...(language === undefined ? {} : { language }),
      ...(opusChannels === undefined ? {} : { opusChannels }),
    };
    this.streams[index] = stream;
    const entry: PidEntry = { pid, isTables: false, isClock: false, counter: -1, stream };
    this.#equip(entry, stream);
    return entry;
  }

  /** That of the same stream if it was seen before, otherwise that of one in `left`, otherwise a new one. */
  #indexOf(stream: Pick<TsStream, "pid" | "streamType" | "kind" | "codecName">, left: TsStream[]): number {
    const known = this.streams.find((other) =>
      other.pid === stream.pid && other.streamType === stream.streamType &&
      other.codecName === stream.codecName
    );
    if (known !== undefined) return known.index;
    const heir = left.findIndex(({ kind, codecName }) =>
      kind === stream.kind && codecName === stream.codecName
    );
    return heir < 0 ? this.streams.length : left.splice(heir, 1)[0]!.index;
  }

  #equip(entry: PidEntry, stream: TsStream): void {
    const clock = new UnitClock(stream, this.#timeline);
    const cutter = newUnitCutter(stream.form, (unit) => this.#take(clock.time(unit)));
    if (cutter === undefined) return;
    entry.cutter = cutter;
    entry.pes = new PesReader(cutter, { counts: this.pesCounts, maxBytes: this.#maxPesBytes });
  }

  /** Sets the table anew; tables win over streams. */
  #fill(streams: readonly PidEntry[], clockPid?: number): void {
    const before = this.#entries;
    const clock = clockPid ?? before.find((entry) => entry?.isClock)?.pid ?? TS_PID.Null;
    const tablePids = new Set([TS_PID.ProgramAssociation, TS_PID.ServiceDescription, ...this.#mapPids]);
    const entries: PidEntry[] = streams.filter(({ pid }) => !tablePids.has(pid));
    for (const pid of tablePids) {
      const known = before.find((entry) => entry?.pid === pid && entry.isTables);
      entries.push(known ?? { pid, isTables: true, isClock: false, counter: -1 });
    }
    if (clock !== TS_PID.Null && !entries.some(({ pid }) => pid === clock)) {
      entries.push({ pid: clock, isTables: false, isClock: true, counter: -1 });
    }
    this.#entries = [undefined, ...entries];
    this.#slots.fill(0);
    for (const [index, entry] of entries.entries()) {
      entry.isClock = entry.pid === clock;
      this.#slots[entry.pid] = index + 1;
    }
  }
}

function finish(entry: PidEntry): void {
  entry.pes?.finish();
  entry.cutter?.flush();
}

/** Bounds what alternating maps can make a reader keep. */
const MAX_REMEMBERED_MAPS = 256;

function isSameMap(one: ProgramMap, other: ProgramMap): boolean {
  const textOf = ({ programNumber, pcrPid, streams }: ProgramMap) =>
    [
      programNumber,
      pcrPid,
      ...streams.map(({ pid, streamType, descriptors }) =>
        `${pid}:${codingOf(streamType, descriptors).codecName}:${streamType}`
      ),
    ].join();
  return textOf(one) === textOf(other);
}

function isSame(stream: TsStream, described: ProgramStream): boolean {
  return stream.pid === described.pid && stream.streamType === described.streamType &&
    stream.codecName === codingOf(described.streamType, described.descriptors).codecName;
}
