import { earliestInSpan, type EditSpan } from "./edit_spans.ts";
import type { PlaceCursor } from "./chunk_table.ts";
import type { SampleFeed } from "./sample_feed.ts";
import type { SampleTable, TimingCursor } from "./sample_table.ts";
import { syncIndexBefore } from "./sync_table.ts";

/** How samples of a track are told. */
export interface MovieSamplesOptions {
  /** What edits play, in order. */
  readonly spans: readonly EditSpan[];
  /** Every sample is a key frame: audio. */
  readonly areAllKeys: boolean;
}

/** The samples of one track of a movie with tables, as its edits play them. */
export class MovieSamples implements SampleFeed {
  hasSample = false;
  offset = 0;
  size = 0;
  dtsTicks = 0;
  ptsTicks = 0;
  durationTicks = 0;
  isKeyFrame = false;
  isDiscarded = false;
  isDisposable = false;
  /** Earliest presentation time that is shown, in ticks; `Infinity` where nothing is. */
  readonly startTicks: number;
  readonly #table: SampleTable;
  readonly #spans: readonly EditSpan[];
  /** Earliest presentation time of each span. */
  readonly #spanStarts: readonly number[];
  readonly #options: MovieSamplesOptions;
  readonly #areAllKeys: boolean;
  readonly #timing: TimingCursor;
  readonly #places: PlaceCursor;
  #span: EditSpan | undefined;
  #spanIndex = 0;

  /** @param table Borrowed for the life of the samples. */
  constructor(table: SampleTable, options: MovieSamplesOptions) {
    this.#table = table;
    this.#options = options;
    this.#spans = options.spans.filter((span) => span.end > span.first);
    this.#areAllKeys = options.areAllKeys;
    this.#timing = table.timing();
    this.#places = table.places();
    this.#spanStarts = this.#spans.map((span) => earliestInSpan(table, this.#timing, { span }));
    this.startTicks = Math.min(Infinity, ...this.#spanStarts);
    this.#enterSpan(0);
  }

  /** Goes to the next sample. */
  next(): void {
    const span = this.#span;
    if (span === undefined) return;
    if (this.#timing.sample + 1 >= span.end) return this.#enterSpan(this.#spanIndex + 1);
    this.#timing.next();
    this.#places.next();
    this.#load(span);
  }

  /**
   * Goes to the newest key frame presented at or before `ptsTicks`; where there is none, to the first sample of
   * what is played then.
   */
  seek(ptsTicks: number): void {
    let index = 0;
    for (let i = 0; i < this.#spans.length; i++) if (this.#spanStarts[i]! <= ptsTicks) index = i;
    const span = this.#spans[index];
    if (span === undefined) return;
    this.#spanIndex = index;
    this.#span = span;
    this.#goTo(this.#keySampleBefore(span, Math.min(ptsTicks - span.shiftTicks, span.shownTo - 1)), span);
  }

  /** Where the table ends, in ticks without edits. */
  get tableEndTicks(): number {
    return this.#table.times.sum;
  }

  /** The same samples from the first on. */
  all(): MovieSamples {
    return new MovieSamples(this.#table, this.#options);
  }

  /** Goes past the last sample. */
  skipAll(): void {
    this.#enterSpan(this.#spans.length);
  }

  /** The newest key sample of `span` whose presentation time in the table is at most `cts`. */
  #keySampleBefore(span: EditSpan, cts: number): number {
    const { compositionOffsets, sync, dtsShift } = this.#table;
    const latestDts = cts - Math.min(0, compositionOffsets?.least ?? 0) - dtsShift;
    const last = Math.min(this.#table.lastSampleAt(latestDts), span.end - 1);
    const timing = this.#timing;
    if (sync === undefined || this.#areAllKeys) {
      for (let sample = last; sample > span.first; sample--) {
        timing.goTo(sample);
        if (timing.cts <= cts) return sample;
      }
      return span.first;
    }
    for (let i = syncIndexBefore(sync, last); i >= 0 && sync[i]! > span.first; i--) {
      timing.goTo(sync[i]!);
      if (timing.cts <= cts) return sync[i]!;
    }
    return span.first;
  }

  #enterSpan(index: number): void {
    this.#spanIndex = index;
    this.#span = this.#spans[index];
    this.hasSample = this.#span !== undefined;
    if (this.#span !== undefined) this.#goTo(this.#span.first, this.#span);
  }

  #goTo(sample: number, span: EditSpan): void {
    this.hasSample = true;
    this.#timing.goTo(sample);
    this.#places.goTo(sample);
    this.#load(span);
  }

  #load(span: EditSpan): void {
    const timing = this.#timing;
    const { cts, duration } = timing;
    this.offset = this.#places.offset;
    this.size = this.#places.size;
    this.dtsTicks = timing.dts + span.shiftTicks;
    this.ptsTicks = cts + span.shiftTicks;
    this.durationTicks = duration;
    this.isKeyFrame = this.#areAllKeys || timing.isSync;
    const isEarly = cts < span.shownFrom && !(span.hasPartialStart && cts + duration > span.shownFrom);
    this.isDiscarded = isEarly || cts >= span.shownTo;
    this.isDisposable = this.#table.isDisposable(timing.sample);
  }
}
