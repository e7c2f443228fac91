import type { MovieSamples } from "../samples/movie_samples.ts";
import type { SampleFeed } from "../samples/sample_feed.ts";
import type { FragmentQueue } from "./fragment_queue.ts";

/** Samples of the tables of a movie, then of its fragments: what recorders write that begin without fragments. */
export class JoinedSamples implements SampleFeed {
  readonly #tables: MovieSamples;
  readonly #fragments: FragmentQueue;

  /** Both are borrowed. */
  constructor(tables: MovieSamples, fragments: FragmentQueue) {
    this.#tables = tables;
    this.#fragments = fragments;
  }

  get #feed(): SampleFeed {
    return this.#tables.hasSample ? this.#tables : this.#fragments;
  }

  get hasSample(): boolean {
    return this.#feed.hasSample;
  }

  get offset(): number {
    return this.#feed.offset;
  }

  get size(): number {
    return this.#feed.size;
  }

  get dtsTicks(): number {
    return this.#feed.dtsTicks;
  }

  get ptsTicks(): number {
    return this.#feed.ptsTicks;
  }

  get durationTicks(): number {
    return this.#feed.durationTicks;
  }

  get isKeyFrame(): boolean {
    return this.#feed.isKeyFrame;
  }

  get isDiscarded(): boolean {
    return this.#feed.isDiscarded;
  }

  get isDisposable(): boolean {
    return this.#feed.isDisposable;
  }

  /** Goes to the next sample. */
  next(): void {
    this.#feed.next();
  }
}
