import type { BoxBody } from "../boxes/box_body.ts";

/** A run is a count and a value, 32 bits each. */
const RUN_BYTES = 8;
/** Runs between two places that are known without counting. */
const CHECKPOINT_RUNS = 128;

/** How the values of a table are taken. */
export interface RunTableOptions {
  /** Values below 0 count as 1: times of decoding only go on. @default false */
  readonly isRising?: boolean;
}

/**
 * A table of runs, `stts` or `ctts`, kept as the file has it; nothing is laid out for each sample.
 *
 * ISO/IEC 14496-12, sections 8.6.1.2 and 8.6.1.3. A sum and a count every 128 runs make any sample, and any time,
 * reachable in a bounded number of steps.
 */
export class RunTable {
  /** Number of runs: what the box holds, whatever it declares. */
  readonly runs: number;
  /** Samples of all runs. */
  readonly samples: number;
  /** Sum of the values of all samples. */
  readonly sum: number;
  /** Smallest value; 0 in a table without runs. */
  readonly least: number;
  /** Largest value; 0 in a table without runs. */
  readonly most: number;
  readonly #view: DataView;
  readonly #start: number;
  readonly #floor: number;
  /** Sample that begins each 128th run, and the sum of values before it. */
  readonly #samplesBefore: Float64Array;
  readonly #sumsBefore: Float64Array;

  /** @param body At the number of entries; borrowed for the life of the table. */
  constructor(body: BoxBody, options: RunTableOptions = {}) {
    const declared = body.u32("entry count");
    this.runs = Math.min(declared, Math.floor(body.remaining / RUN_BYTES));
    this.#view = body.view;
    this.#start = body.at;
    this.#floor = options.isRising ? 0 : -Infinity;
    const checkpoints = Math.ceil(this.runs / CHECKPOINT_RUNS);
    this.#samplesBefore = new Float64Array(checkpoints);
    this.#sumsBefore = new Float64Array(checkpoints);
    let samples = 0, sum = 0, least = Infinity, most = -Infinity;
    for (let run = 0; run < this.runs; run++) {
      if (run % CHECKPOINT_RUNS === 0) {
        this.#samplesBefore[run / CHECKPOINT_RUNS] = samples;
        this.#sumsBefore[run / CHECKPOINT_RUNS] = sum;
      }
      const count = this.countOf(run);
      if (count === 0) continue;
      const value = this.valueOf(run);
      samples += count;
      sum += count * value;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    this.samples = samples;
    this.sum = sum;
    this.least = samples === 0 ? 0 : least;
    this.most = samples === 0 ? 0 : most;
  }

  /** Samples of run `run`. */
  countOf(run: number): number {
    return this.#view.getUint32(this.#start + run * RUN_BYTES);
  }

  /** Value of each sample of run `run`. */
  valueOf(run: number): number {
    const value = this.#view.getInt32(this.#start + run * RUN_BYTES + 4);
    return value < this.#floor ? 1 : value;
  }

  /** The last known place that is not past sample `sample`: a run, its first sample, the sum before it. */
  placeBefore(sample: number): { run: number; sample: number; sum: number } {
    const at = lastNotAbove(this.#samplesBefore, sample);
    return {
      run: at * CHECKPOINT_RUNS,
      sample: this.#samplesBefore[at] ?? 0,
      sum: this.#sumsBefore[at] ?? 0,
    };
  }

  /**
   * The last sample whose sum of values before it is at most `sum`: with decoding times, what is decoded then.
   *
   * @returns -1 if `sum` is negative; may be past the last sample, where the last value goes on.
   */
  lastSampleAt(sum: number): number {
    if (sum < 0 || this.samples === 0) return -1;
    const at = lastNotAbove(this.#sumsBefore, sum);
    let sample = this.#samplesBefore[at]!, before = this.#sumsBefore[at]!, last = sample;
    for (let run = at * CHECKPOINT_RUNS; run < this.runs && before <= sum; run++) {
      const count = this.countOf(run);
      const value = this.valueOf(run);
      const passed = value === 0 ? count - 1 : Math.min(count - 1, Math.floor((sum - before) / value));
      if (count > 0) last = sample + passed;
      sample += count;
      before += count * value;
    }
    const value = this.valueOf(this.runs - 1);
    return before <= sum && value > 0 ? sample + Math.floor((sum - before) / value) : last;
  }
}

/** Walks over the samples of a run table. */
export class RunCursor {
  /** Value of the present sample; past the end, as `pastEnd` says. */
  value = 0;
  /** Sum of the values of all samples before the present one. */
  sum = 0;
  readonly #table: RunTable;
  readonly #goesOn: boolean;
  #run = 0;
  /** Samples of the run from the present one on. */
  #left = 0;

  /** @param options Whether samples past the end have the last value, or 0. */
  constructor(table: RunTable, options: { goesOn: boolean }) {
    this.#table = table;
    this.#goesOn = options.goesOn;
    this.goTo(0);
  }

  /** Goes to sample `sample`. */
  goTo(sample: number): void {
    const place = this.#table.placeBefore(sample);
    this.sum = place.sum;
    this.#run = place.run - 1;
    this.#left = 0;
    this.#enterRun();
    let ahead = sample - place.sample;
    while (ahead >= this.#left) {
      ahead -= this.#left;
      this.sum += this.#left * this.value;
      this.#enterRun();
    }
    this.#left -= ahead;
    this.sum += ahead * this.value;
  }

  /** Goes to the next sample. */
  next(): void {
    this.sum += this.value;
    if (--this.#left === 0) this.#enterRun();
  }

  #enterRun(): void {
    const { runs } = this.#table;
    do this.#run++; while (this.#run < runs && this.#table.countOf(this.#run) === 0);
    if (this.#run < runs) {
      this.#left = this.#table.countOf(this.#run);
      this.value = this.#table.valueOf(this.#run);
      return;
    }
    this.#run = runs;
    this.#left = Infinity;
    this.value = this.#goesOn && runs > 0 ? this.#table.valueOf(runs - 1) : 0;
  }
}

/** Index of the last element of a rising array that is at most `value`; 0 where there is none. */
export function lastNotAbove(rising: Float64Array | Uint32Array, value: number): number {
  let low = 0, high = rising.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (rising[middle]! <= value) low = middle;
    else high = middle;
  }
  return low;
}
