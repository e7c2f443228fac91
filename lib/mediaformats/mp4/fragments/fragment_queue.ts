import type { SampleFeed } from "../samples/sample_feed.ts";
import type { FragmentSamples } from "./movie_fragment.ts";

/** How samples of a track are told. */
export interface FragmentQueueOptions {
  /** Subtracted from all times, in ticks: what the edit list says of the start. */
  readonly startTicks: number;
  /** Every sample is a key frame: audio. */
  readonly areAllKeys: boolean;
}

/**
 * Samples of one track from fragments that were read and not given out yet.
 *
 * Where composition offsets are negative, presentation times are moved on by the largest of them, so that none is
 * before its decoding time; decoding times stay as they are stored. That is how ffmpeg reads such fragments.
 */
export class FragmentQueue implements SampleFeed {
  hasSample = false;
  offset = 0;
  size = 0;
  dtsTicks = 0;
  ptsTicks = 0;
  durationTicks = 0;
  isKeyFrame = false;
  readonly isDiscarded = false;
  isDisposable = false;
  /** Samples from the present one on. */
  waiting = 0;
  /** Whether every fragment so far said when it begins. */
  hasDecodeTimes = true;
  readonly #options: FragmentQueueOptions;
  readonly #fragments: FragmentSamples[] = [];
  /** Decoding time of the first sample of each fragment. */
  readonly #starts: number[] = [];
  #index = 0;
  /** Decoding time at the end of the last fragment, without edits. */
  #endTicks = 0;
  /** Largest negative composition offset so far, made positive. */
  #shift = 0;

  constructor(options: FragmentQueueOptions) {
    this.#options = options;
  }

  /** Where decoding goes on after the last fragment, in ticks, with the edit list. */
  get endTicks(): number {
    return this.#endTicks - this.#options.startTicks;
  }

  /** Adds a fragment; it goes on where the last one ended, if it does not say when it begins. */
  add(fragment: FragmentSamples): void {
    const start = fragment.decodeTime ?? this.#endTicks;
    if (fragment.decodeTime === undefined) this.hasDecodeTimes = false;
    this.#fragments.push(fragment);
    this.#starts.push(start);
    let end = start;
    for (let i = 0; i < fragment.count; i++) {
      end += fragment.durations[i]!;
      this.#shift = Math.max(this.#shift, -fragment.compositionOffsets[i]!);
    }
    this.#endTicks = end;
    this.waiting += fragment.count;
    if (!this.hasSample) this.#enter(start);
  }

  /** Fragments that are not given out yet. */
  get fragments(): number {
    return this.#fragments.length;
  }

  /** Earliest presentation time of the fragment that is given out, in ticks; `Infinity` where there is none. */
  get earliestTicks(): number {
    const fragment = this.#fragments[0];
    let earliest = Infinity;
    for (let i = this.#index, dts = this.dtsTicks; i < (fragment?.count ?? 0); i++) {
      earliest = Math.min(earliest, dts + this.#shift + fragment!.compositionOffsets[i]!);
      dts += fragment!.durations[i]!;
    }
    return earliest;
  }

  /**
   * Drops what comes before the newest key frame presented at or before `limitTicks`; where there is none, before
   * the first key frame.
   *
   * @returns Whether what waits goes on past `limitTicks`, so that no later fragment can have a newer one.
   */
  dropToKeyFrame(limitTicks: number): boolean {
    let passed = 0, toDrop = -1, hasKey = false, isPast = false;
    for (let at = 0; at < this.#fragments.length && !(isPast && hasKey); at++) {
      const fragment = this.#fragments[at]!;
      let dts = at === 0 ? this.dtsTicks : this.#starts[at]! - this.#options.startTicks;
      for (let i = at === 0 ? this.#index : 0; i < fragment.count; i++, passed++) {
        const isKey = this.#options.areAllKeys || fragment.syncs[i] === 1;
        const isReached = dts + this.#shift + fragment.compositionOffsets[i]! <= limitTicks;
        if (isKey && (isReached || !hasKey)) toDrop = passed;
        hasKey ||= isKey;
        isPast = dts > limitTicks;
        if (isPast && hasKey) break;
        dts += fragment.durations[i]!;
      }
    }
    for (; toDrop > 0; toDrop--) this.next();
    return isPast;
  }

  /** Forgets all samples; the next fragment that does not say when it begins does so at `ticks`, without edits. */
  restart(ticks: number): void {
    this.#fragments.length = 0;
    this.#starts.length = 0;
    this.#index = 0;
    this.#endTicks = ticks;
    this.waiting = 0;
    this.hasSample = false;
  }

  /** Goes to the next sample. */
  next(): void {
    if (!this.hasSample) return;
    this.waiting--;
    if (++this.#index < this.#fragments[0]!.count) {
      this.#load(this.dtsTicks + this.durationTicks);
      return;
    }
    this.#fragments.shift();
    this.#starts.shift();
    this.#index = 0;
    if (this.#fragments.length > 0) this.#enter(this.#starts[0]!);
    else this.hasSample = false;
  }

  #enter(start: number): void {
    this.hasSample = true;
    this.#index = 0;
    this.#load(start - this.#options.startTicks);
  }

  #load(dts: number): void {
    const fragment = this.#fragments[0]!;
    const index = this.#index;
    this.offset = fragment.offsets[index]!;
    this.size = fragment.sizes[index]!;
    this.durationTicks = fragment.durations[index]!;
    this.dtsTicks = dts;
    this.ptsTicks = dts + this.#shift + fragment.compositionOffsets[index]!;
    this.isKeyFrame = this.#options.areAllKeys || fragment.syncs[index] === 1;
    this.isDisposable = fragment.disposables[index] === 1;
  }
}
