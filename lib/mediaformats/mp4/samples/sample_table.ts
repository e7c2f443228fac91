import { type ChunkTable, PlaceCursor } from "./chunk_table.ts";
import { RunCursor, type RunTable } from "./run_table.ts";
import type { SizeTable } from "./size_table.ts";
import { syncIndexBefore, type SyncSamples } from "./sync_table.ts";

/** The tables of one track. */
export interface SampleTableParts {
  /** `stts`. */
  readonly times: RunTable;
  /** `ctts`; absent where samples are presented when they are decoded. */
  readonly compositionOffsets?: RunTable;
  readonly chunks: ChunkTable;
  readonly sizes: SizeTable;
  /** Absent where all samples are sync samples. */
  readonly sync?: SyncSamples;
  /** `sdtp`, a byte a sample; it may have fewer. */
  readonly dependencies?: Uint8Array;
}

/** sample_is_depended_on: ISO/IEC 14496-12 section 8.6.4; "no" where it is 2. */
const DEPENDED_ON_SHIFT = 2;
const DEPENDED_ON_MASK = 3;
const NOT_DEPENDED_ON = 2;

/**
 * The samples of one track as its tables tell, in decode order, before any edit.
 *
 * Where composition offsets are negative (QuickTime, and version 1 of `ctts`), decoding times are moved back by
 * the largest of them, so that none is after its presentation time.
 */
export class SampleTable {
  /** Samples that have a time, a size and a place. */
  readonly count: number;
  /** Samples that the tables declare. */
  readonly declared: number;
  /** Ticks by which decoding times are moved back. */
  readonly dtsShift: number;
  readonly times: RunTable;
  readonly compositionOffsets: RunTable | undefined;
  readonly sync: SyncSamples | undefined;
  readonly #parts: SampleTableParts;

  /** @param parts Borrowed for the life of the table. */
  constructor(parts: SampleTableParts) {
    this.#parts = parts;
    this.times = parts.times;
    this.compositionOffsets = parts.compositionOffsets;
    this.sync = parts.sync;
    this.count = parts.times.runs === 0 ? 0 : Math.min(parts.chunks.samples, parts.sizes.count);
    this.declared = parts.sizes.declared;
    this.dtsShift = shiftOf(parts.compositionOffsets);
  }

  /** A cursor over times, at the first sample. */
  timing(): TimingCursor {
    return new TimingCursor(this);
  }

  /** A cursor over places and sizes, not placed yet. */
  places(): PlaceCursor {
    return new PlaceCursor(this.#parts.chunks, this.#parts.sizes);
  }

  /** Whether no other sample needs `sample`; false where the tables do not say. */
  isDisposable(sample: number): boolean {
    const byte = this.#parts.dependencies?.[sample] ?? 0;
    return (byte >> DEPENDED_ON_SHIFT & DEPENDED_ON_MASK) === NOT_DEPENDED_ON;
  }

  /** The last sample decoded at or before `dtsTicks`, moved back as all are; -1 where there is none. */
  lastSampleAt(dtsTicks: number): number {
    return Math.min(this.times.lastSampleAt(dtsTicks + this.dtsShift), this.count - 1);
  }
}

/** The last entries of `ctts` are often wrong, so they have no say. */
const DISTRUSTED_RUNS = 2;

function shiftOf(offsets: RunTable | undefined): number {
  if (offsets === undefined || offsets.least >= 0) return 0;
  let shift = 0;
  for (let run = 0; run + DISTRUSTED_RUNS < offsets.runs; run++) {
    if (offsets.countOf(run) > 0) shift = Math.max(shift, -offsets.valueOf(run));
  }
  return shift;
}

/** Walks over the times of the samples of one track. */
export class TimingCursor {
  /** Number of the present sample, from 0. */
  sample = 0;
  /** Whether decoding can start at it. */
  isSync = false;
  readonly #shift: number;
  readonly #sync: SyncSamples | undefined;
  readonly #times: RunCursor;
  readonly #offsets: RunCursor | undefined;
  /** Index in `#sync` of the next sync sample at or after the present one. */
  #nextSync = 0;

  constructor(table: SampleTable) {
    this.#shift = table.dtsShift;
    this.#sync = table.sync;
    this.#times = new RunCursor(table.times, { goesOn: true });
    this.#offsets = table.compositionOffsets === undefined
      ? undefined
      : new RunCursor(table.compositionOffsets, { goesOn: false });
    this.#findSync();
  }

  /** Decoding time, in ticks; from `-dtsShift` on. */
  get dts(): number {
    return this.#times.sum - this.#shift;
  }

  /** Presentation time, in ticks. */
  get cts(): number {
    return this.#offsets === undefined
      ? this.#times.sum - this.#shift
      : this.#times.sum + this.#offsets.value;
  }

  /** Ticks to the next sample. */
  get duration(): number {
    return this.#times.value;
  }

  /** Goes to sample `sample`. */
  goTo(sample: number): void {
    this.sample = sample;
    this.#times.goTo(sample);
    this.#offsets?.goTo(sample);
    this.#findSync();
  }

  /** Goes to the next sample. */
  next(): void {
    this.sample++;
    this.#times.next();
    this.#offsets?.next();
    const sync = this.#sync;
    if (sync === undefined) return;
    if (this.isSync) this.#nextSync++;
    this.isSync = sync[this.#nextSync] === this.sample;
  }

  #findSync(): void {
    const sync = this.#sync;
    if (sync === undefined) {
      this.isSync = true;
      return;
    }
    const before = syncIndexBefore(sync, this.sample);
    this.isSync = before >= 0 && sync[before] === this.sample;
    this.#nextSync = this.isSync ? before : before + 1;
  }
}
