import type { ByteSource } from "#bytes";
import { FormatError, LimitError } from "#errors";
import type { MediaFault, MediaTrack, ScanOptions, SeekIndex } from "#media";
import type { SampleDefaults } from "../movie/movie_box.ts";
import type { MovieSamples } from "../samples/movie_samples.ts";
import type { SampleFeed } from "../samples/sample_feed.ts";
import { ticksAtOrBefore } from "../samples/ticks.ts";
import { FragmentQueue } from "./fragment_queue.ts";
import { FragmentScan } from "./fragment_scan.ts";
import { FragmentWalker } from "./fragment_walker.ts";
import { JoinedSamples } from "./joined_samples.ts";
import type { FragmentSamples } from "./movie_fragment.ts";

/** Samples that may wait, of all tracks, while one of them has none. */
const MAX_WAITING_SAMPLES = 65_536;
/** Fragments that may wait for each track meanwhile. */
const MAX_WAITING_FRAGMENTS = 64;
const MICROSECONDS = 1_000_000;
/** Fragments between two reports of a scan. */
const SCAN_REPORT_FRAGMENTS = 64;

/** One track of a fragmented movie. */
export interface FragmentedTrack {
  readonly track: MediaTrack;
  /** What its edit list subtracts from all times, in ticks. */
  readonly startTicks: number;
  /** What the tables of the movie hold. */
  readonly tables: MovieSamples | undefined;
  /** Where the tables end, in ticks without edits. */
  readonly tableEndTicks: number;
}

/** Where a fragmented movie is read from. */
export interface FragmentedMovie {
  readonly source: ByteSource;
  /** Where to look for the first `moof`, in bytes. */
  readonly position: number;
  readonly defaults: ReadonlyMap<number, SampleDefaults>;
}

/** A place to start at for each time. */
export type TimeIndex = Pick<SeekIndex, "timesUs" | "offsets">;

/** A fragment that holds a key frame of the leading track. */
export interface FragmentPlace {
  /** Presentation time of the key frame, in microseconds. */
  readonly timeUs: number;
  /** Of the fragment's `moof`, in bytes. */
  readonly offset: number;
}

/** The tracks of a fragmented movie: reads on from fragment to fragment as they are used up. */
export class FragmentedTracks {
  /** Samples of each track, in the order of the tracks. */
  readonly feeds: readonly SampleFeed[];
  /** What ended the reading of fragments, if anything did. */
  fault: unknown;
  /** Where key frames are; without it, a seek builds one. */
  index: TimeIndex | undefined;
  readonly #movie: FragmentedMovie;
  readonly #tracks: readonly FragmentedTrack[];
  readonly #leading: number;
  readonly #queues: readonly FragmentQueue[];
  readonly #queueById = new Map<number, FragmentQueue>();
  #walker: FragmentWalker;

  /**
   * @param movie Its source is borrowed.
   * @param options The tracks, and which of them seeks go by.
   */
  constructor(
    movie: FragmentedMovie,
    options: { readonly tracks: readonly FragmentedTrack[]; readonly leading: number },
  ) {
    this.#movie = movie;
    this.#tracks = options.tracks;
    this.#leading = options.leading;
    this.#walker = this.#walkerAt(movie.position);
    this.#queues = options.tracks.map(({ track, startTicks, tableEndTicks }) => {
      const queue = new FragmentQueue({ startTicks, areAllKeys: track.kind === "audio" });
      queue.restart(tableEndTicks);
      this.#queueById.set(track.containerTrackId, queue);
      return queue;
    });
    this.feeds = this.#queues.map((queue, at) => {
      const { tables } = options.tracks[at]!;
      return tables === undefined ? queue : new JoinedSamples(tables, queue);
    });
  }

  /** A box that the file ends in, if the reading of fragments came to one. */
  get cut(): MediaFault | undefined {
    return this.#walker.cut;
  }

  /** Reads fragments until all tracks have samples, or none is left, or enough wait. */
  async refill(): Promise<void> {
    while (this.fault === undefined && this.#needsMore()) {
      if (await this.#readFragment() === undefined) return;
    }
  }

  /** Earliest presentation time of what waits of track `at`, in ticks; `Infinity` where nothing does. */
  earliestTicks(at: number): number {
    return this.#queues[at]!.earliestTicks;
  }

  /**
   * Goes to the newest key frame of the leading track presented at or before `timeUs`.
   *
   * @returns Its presentation time in microseconds; `undefined` where the track has nothing more.
   */
  async seek(timeUs: number): Promise<number | undefined> {
    const leading = this.#tracks[this.#leading]!;
    const { timescale } = leading.track;
    const tableEndUs = (leading.tableEndTicks - leading.startTicks) * MICROSECONDS / timescale;
    const isInTables = leading.tables !== undefined && timeUs < tableEndUs;
    if (!isInTables) await this.#seekFragments(timeUs);
    // The last key frame of the tables is the one wanted, if the first one of the fragments comes later.
    if (isInTables || leading.tables !== undefined && !this.#isAtKeyFrame(timeUs)) this.#seekTables(timeUs);
    const feed = this.feeds[this.#leading]!;
    return feed.hasSample ? Math.round(feed.ptsTicks * MICROSECONDS / timescale) + 0 : undefined;
  }

  /**
   * The fragment that holds the newest key frame presented at or before `timeUs` (the first one, if there is none
   * before): the time of the key frame, in microseconds, and the offset of the fragment, in bytes.
   */
  async placeOf(timeUs: number): Promise<FragmentPlace> {
    this.index ??= (await this.scan()).index;
    const { timesUs, offsets } = this.index;
    let first: FragmentPlace | undefined;
    // tables of files list fragments that hold no key frame, too
    for (let row = rowAtOrBefore(timesUs, timeUs); row >= 0 && row < offsets.length; row--) {
      const places = await this.#keyFramesIn(offsets[row]!, offsets[row + 1] ?? Infinity);
      const place = places.findLast((each) => each.timeUs <= timeUs);
      if (place !== undefined) return place;
      first = places[0] ?? first;
    }
    return first ?? { timeUs: timesUs[0] ?? 0, offset: offsets[0] ?? this.#movie.position };
  }

  /** Key frames of the leading track in the fragments from `from` to before `end`. */
  async #keyFramesIn(from: number, end: number): Promise<FragmentPlace[]> {
    const scan = new FragmentScan(this.#tracks[this.#leading]!.track.containerTrackId, this.#tracks);
    const walker = this.#walkerAt(from);
    while (walker.position < end) {
      const fragment = await walker.next();
      if (fragment === undefined || fragment.offset >= end) break;
      scan.add(fragment.offset, fragment.samples);
    }
    const { timesUs, offsets } = scan.finish(0);
    return Array.from(timesUs, (timeUs, row) => ({ timeUs, offset: offsets[row]! }));
  }

  /** Goes through all fragments, reading their heads only. */
  async scan(options: ScanOptions = {}): Promise<{ index: SeekIndex; endTicks: number[] }> {
    const { source, position } = this.#movie;
    const leading = this.#tracks[this.#leading]!.track.containerTrackId;
    const scan = new FragmentScan(leading, this.#tracks);
    for (const { tables, track } of this.#tracks) {
      if (tables !== undefined) scan.addTables(track.containerTrackId, tables.all());
    }
    const walker = this.#walkerAt(position);
    try {
      for (let count = 1;; count++) {
        options.signal?.throwIfAborted();
        const fragment = await walker.next();
        if (fragment === undefined) break;
        scan.add(fragment.offset, fragment.samples);
        if (count % SCAN_REPORT_FRAGMENTS === 0) {
          options.onProgress?.(Math.min(1, walker.position / source.sizeBytes));
        }
      }
    } catch (error) {
      // What comes before the fault can be played.
      if (!(error instanceof FormatError || error instanceof LimitError)) throw error;
    }
    options.onProgress?.(1);
    return {
      index: scan.finish(Math.min(walker.position, source.sizeBytes)),
      endTicks: this.#tracks.map(({ track }) => scan.endTicksOf(track.containerTrackId)),
    };
  }

  #walkerAt(position: number): FragmentWalker {
    return new FragmentWalker(this.#movie.source, { position, defaults: this.#movie.defaults });
  }

  #needsMore(): boolean {
    let isMissing = false, waiting = 0, fragments = 0;
    for (let at = 0; at < this.#tracks.length; at++) {
      if (!this.feeds[at]!.hasSample && this.#tracks[at]!.track.kind !== "data") isMissing = true;
      waiting += this.#queues[at]!.waiting;
      fragments = Math.max(fragments, this.#queues[at]!.fragments);
    }
    return isMissing && waiting < MAX_WAITING_SAMPLES && fragments < MAX_WAITING_FRAGMENTS;
  }

  /** Reads one `moof` into the queues. */
  async #readFragment(): Promise<readonly FragmentSamples[] | undefined> {
    try {
      const fragment = await this.#walker.next();
      if (fragment === undefined) return undefined;
      for (const samples of fragment.samples) this.#queueById.get(samples.containerTrackId)?.add(samples);
      return fragment.samples;
    } catch (fault) {
      this.fault = fault;
      return undefined;
    }
  }

  #restart(position: number): void {
    this.fault = undefined;
    this.#walker = this.#walkerAt(position);
    this.#queues.forEach((queue, at) => queue.restart(this.#tracks[at]!.tableEndTicks));
  }

  #seekTables(timeUs: number): void {
    this.#restart(this.#movie.position);
    const { tables, track } = this.#tracks[this.#leading]!;
    tables!.seek(ticksAtOrBefore(timeUs, track.timescale));
    const landedUs = tables!.ptsTicks * MICROSECONDS / track.timescale;
    this.#tracks.forEach(({ tables, track }, at) => {
      if (at !== this.#leading) tables?.seek(ticksAtOrBefore(landedUs, track.timescale));
    });
  }

  async #seekFragments(timeUs: number): Promise<void> {
    this.index ??= (await this.scan()).index;
    for (const { tables } of this.#tracks) tables?.skipAll();
    const { timesUs, offsets } = this.index;
    const start = this.#movie.position;
    // Without decoding times in the fragments, times are known from the start only.
    let row = this.#queues[this.#leading]!.hasDecodeTimes ? rowAtOrBefore(timesUs, timeUs) : 0;
    for (let step = 1;; step *= 2) {
      await this.#readTo(timeUs, row === 0 ? start : offsets[row] ?? start);
      // Some tables name fragments without key frames, or times of decoding: then it is further ahead.
      if (row === 0 || this.#isAtKeyFrame(timeUs)) break;
      row = Math.max(0, row - step);
    }
    await this.refill();
    this.#trimOthers();
    // What other tracks have may end before: their next fragments come later in the file.
    for (let count = 0; count < MAX_WAITING_FRAGMENTS && this.#isAnyBehind(); count++) {
      if (await this.#readFragment() === undefined) break;
      this.#trimOthers();
    }
  }

  /** Reads from `position` on until the leading track has come to `timeUs`. */
  async #readTo(timeUs: number, position: number): Promise<void> {
    const queue = this.#queues[this.#leading]!;
    const limitTicks = ticksAtOrBefore(timeUs, this.#tracks[this.#leading]!.track.timescale);
    this.#restart(position);
    while (await this.#readFragment() !== undefined) {
      if (!queue.hasSample) continue;
      const isPast = queue.dropToKeyFrame(limitTicks);
      this.#trimOthers();
      if (isPast && (queue.isKeyFrame || position !== this.#movie.position)) break;
    }
  }

  /** Whether the leading track stands at a key frame presented at or before `timeUs`. */
  #isAtKeyFrame(timeUs: number): boolean {
    const feed = this.feeds[this.#leading]!;
    const { timescale } = this.#tracks[this.#leading]!.track;
    return feed.hasSample && feed.isKeyFrame && feed.ptsTicks <= ticksAtOrBefore(timeUs, timescale);
  }

  /** Whether all that waits of a track is over when the leading one begins. */
  #isAnyBehind(): boolean {
    const leading = this.#queues[this.#leading]!;
    const time = leading.ptsTicks / this.#tracks[this.#leading]!.track.timescale;
    return leading.hasSample && this.#queues.some((queue, at) => {
      const { timescale, kind } = this.#tracks[at]!.track;
      return kind !== "data" && queue.hasSample && queue.endTicks / timescale <= time;
    });
  }

  /** Drops what other tracks have from before the leading one. */
  #trimOthers(): void {
    const leading = this.#queues[this.#leading]!;
    if (!leading.hasSample) return;
    const timeUs = leading.ptsTicks * MICROSECONDS / this.#tracks[this.#leading]!.track.timescale;
    this.#queues.forEach((queue, at) => {
      if (at === this.#leading || !queue.hasSample) return;
      queue.dropToKeyFrame(ticksAtOrBefore(timeUs, this.#tracks[at]!.track.timescale));
    });
  }
}

function rowAtOrBefore(timesUs: Float64Array, timeUs: number): number {
  let low = 0, high = timesUs.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (timesUs[middle]! <= timeUs) low = middle;
    else high = middle;
  }
  return low;
}
