import type { ByteSource } from "#bytes";
import { ClosedError } from "#errors";
import {
  type Demuxer,
  MAX_MEDIA_FAULTS,
  type MediaAttachment,
  type MediaFault,
  type MediaPacket,
  type MediaSummary,
  type MediaTrack,
  type ScanOptions,
  type SeekIndex,
  type SeekResult,
} from "#media";
import type { BoxBody } from "./boxes/box_body.ts";
import { type Mp4Start, type OpenMovie, startFragments, startMovie } from "./cut/movie_start.ts";
import type { FragmentIndex } from "./fragments/fragment_index.ts";
import { FragmentedTracks, type TimeIndex } from "./fragments/fragmented_tracks.ts";
import type { FileTypeBox, MovieBox } from "./movie/movie_box.ts";
import { coversOf } from "./reading/covers.ts";
import {
  type MovieTrack,
  movieTracksOf,
  startTicksOf,
  summaryOf,
  tableEndTicksOf,
} from "./reading/movie_tracks.ts";
import { FileOpening } from "./reading/open_movie.ts";
import { PacketReader } from "./reading/packet_reader.ts";
import { describedByFrame } from "./reading/track_summary.ts";
import { ticksAtOrBefore } from "./samples/ticks.ts";

const MICROSECONDS = 1_000_000;
/** Of a first packet, enough to tell what is in it. */
const FRAME_HEAD_BYTES = 64;

/** How a file is read. */
export interface Mp4DemuxerOptions {
  /**
   * Read at once, in bytes: less for many files open side by side. Without it, the next block is read while packets
   * of one are used.
   * @default {262_144}
   */
  readonly blockBytes?: number;
}

/**
 * Reads MP4 and its family: mov, m4a, m4v, f4v, 3gp, fragmented or not, the movie header first or last.
 *
 * ISO/IEC 14496-12, QuickTime File Format. Tables stay as the file has them, so a movie costs the memory of its
 * header; packets are read in batches, each byte of an interleaved file once. Edit lists are applied, and what
 * they leave out is delivered flagged. A file that is cut off plays up to the cut; a fragmented file that grows
 * is read on.
 *
 * ```ts
 * import { MemorySource } from "#bytes";
 * import { Mp4Demuxer } from "#mediaformats/mp4";
 *
 * const bytes = new Uint8Array([0, 0, 0, 16, ...new TextEncoder().encode("ftypisom"), 0, 0, 2, 0]);
 * await Mp4Demuxer.open(new MemorySource(bytes)).catch((error) => console.log(error.message));
 * // Cannot read MP4: no movie header; the last box has 16 bytes at offset 0, the file has 16
 * ```
 */
export class Mp4Demuxer implements Demuxer {
  /** Whether `seek` works at once; fragmented files without a table of their own need `scan`. */
  canSeek: boolean;
  /** Reads the heads of all fragments and builds their index; only there for fragmented files. */
  readonly scan?: (options?: ScanOptions) => Promise<SeekIndex>;
  /** Uses an index built earlier for this very file; only there for fragmented files. */
  readonly useIndex?: (index: SeekIndex) => void;
  readonly #source: ByteSource;
  readonly #open: OpenMovie;
  readonly #tracks: readonly MovieTrack[];
  readonly #leading: number;
  readonly #fragments: FragmentedTracks | undefined;
  readonly #reader: PacketReader;
  #summary: MediaSummary;
  #isClosed = false;

  private constructor(
    opened: {
      source: ByteSource;
      movie: MovieBox;
      body: BoxBody;
      fileType: FileTypeBox;
      tracks: readonly MovieTrack[];
      fragments: FragmentedTracks | undefined;
      leading: number;
    },
    options: Mp4DemuxerOptions,
  ) {
    const { source, movie, body, fileType, tracks, fragments, leading } = opened;
    this.#source = source;
    this.#open = { source, body, fileType, leading };
    this.#tracks = tracks;
    this.#leading = leading;
    this.#fragments = fragments;
    this.#summary = summaryOf(movie, tracks);
    this.canSeek = fragments === undefined || fragments.index !== undefined;
    const feeds = tracks.flatMap(({ track, samples }, at) => {
      const feed = fragments?.feeds[at] ?? samples;
      return feed === undefined ? [] : [{ track, feed }];
    });
    this.#reader = new PacketReader(source, feeds, {
      ...(options.blockBytes === undefined ? { readsAhead: true } : { batchBytes: options.blockBytes }),
      ...(fragments === undefined ? {} : { refill: () => fragments.refill() }),
    });
    if (fragments === undefined) return;
    this.scan = (options) => this.#scan(fragments, options);
    this.useIndex = (index) => this.#useIndex(fragments, index);
  }

  /**
   * Opens a file: reads its movie header, and of a fragmented one its index, where it has one, and the head of
   * the first fragment.
   *
   * @param source Borrowed until `close`, which closes it.
   * @throws {FormatError} If there is no movie header, or it is cut off or broken.
   * @throws {LimitError} If it exceeds one of the limits of this format.
   */
  static async open(source: ByteSource, options: Mp4DemuxerOptions = {}): Promise<Mp4Demuxer> {
    const opening = new FileOpening(source);
    const { movie, body, fileType, endOffset } = await opening.findMovie();
    const tracks = movieTracksOf(movie, { fileBytes: source.sizeBytes });
    const leading = leadingOf(tracks);
    const opened = { source, movie, body, fileType, tracks, leading };
    if (movie.fragmentDefaults === undefined || leading < 0) {
      const demuxer = new Mp4Demuxer({ ...opened, fragments: undefined }, options);
      await demuxer.#describeByFrames();
      return demuxer;
    }
    const fragments = new FragmentedTracks(
      { source, position: endOffset, defaults: movie.fragmentDefaults },
      {
        leading,
        tracks: tracks.map((track) => ({
          track: track.track,
          tables: track.samples,
          startTicks: startTicksOf(track, movie),
          tableEndTicks: tableEndTicksOf(track),
        })),
      },
    );
    const indexes = await opening.findFragmentIndexes(endOffset);
    fragments.index = timeIndexOf(indexes, tracks[leading]!.track, startTicksOf(tracks[leading]!, movie));
    await fragments.refill();
    const demuxer = new Mp4Demuxer({ ...opened, fragments }, options);
    demuxer.#learnFromFragments(indexes);
    await demuxer.#describeByFrames();
    return demuxer;
  }

  /** What is in it. */
  get summary(): MediaSummary {
    return this.#summary;
  }

  /** Covers; see `Demuxer.attachments`. */
  attachments(): Promise<readonly MediaAttachment[]> {
    return Promise.resolve(coversOf(this.#open.body));
  }

  /** What is missing: samples that the tables declare and do not list, or that are not in the file. */
  get faults(): readonly MediaFault[] {
    const fragment = this.#fragments?.cut;
    return [
      ...this.#tracks.flatMap(({ faults }) => faults),
      ...this.#reader.cuts,
      ...(fragment === undefined ? [] : [fragment]),
    ].slice(0, MAX_MEDIA_FAULTS);
  }

  /**
   * Reads on.
   *
   * @returns Up to 64 packets, all tracks merged by decoding time; none at the end.
   * @throws {FormatError} If fragments are broken, once all before them were given out.
   * @throws {LimitError} If a sample or a fragment exceeds one of the limits of this format.
   */
  async read(): Promise<readonly MediaPacket[]> {
    if (this.#isClosed) throw new ClosedError("Cannot read MP4: it is closed");
    const packets = await this.#reader.read();
    if (packets.length === 0 && this.#fragments?.fault !== undefined) throw this.#fragments.fault;
    return packets;
  }

  /** Goes to the newest key frame of the leading track that is presented at or before `timeUs`. */
  async seek(timeUs: number): Promise<SeekResult> {
    if (this.#isClosed) throw new ClosedError("Cannot seek in MP4: it is closed");
    await this.#reader.restart();
    if (this.#fragments !== undefined) {
      const landed = await this.#fragments.seek(timeUs);
      this.canSeek = true;
      return { timeUs: landed ?? this.#summary.startUs };
    }
    const leading = this.#tracks[this.#leading];
    if (leading?.samples === undefined) return { timeUs: this.#summary.startUs };
    const { samples, track } = leading;
    samples.seek(ticksAtOrBefore(timeUs, track.timescale));
    if (!samples.hasSample) return { timeUs: this.#summary.startUs };
    const landedUs = Math.round(samples.ptsTicks * MICROSECONDS / track.timescale) + 0;
    for (const other of this.#tracks) {
      if (other !== leading) other.samples?.seek(ticksAtOrBefore(landedUs, other.track.timescale));
    }
    return { timeUs: landedUs };
  }

  /**
   * Makes a file that begins at the key frame `seek` would go to, its times counted from there: a head, and the
   * pieces of this file that follow it. Does not move the place `read` is at. A fragmented file begins with the
   * whole fragment that holds the key frame.
   *
   * @throws {FormatError} If nothing can be played from there.
   */
  async startAt(timeUs: number): Promise<Mp4Start> {
    if (this.#isClosed) throw new ClosedError("Cannot begin MP4 in the midst: it is closed");
    if (this.#fragments === undefined) return await startMovie(this.#open, timeUs);
    return await startFragments(this.#open, await this.#fragments.placeOf(timeUs));
  }

  /** Closes the source. */
  close(): void {
    this.#isClosed = true;
    this.#source.close();
  }

  async #scan(fragments: FragmentedTracks, options?: ScanOptions): Promise<SeekIndex> {
    const { index, endTicks } = await fragments.scan(options);
    this.#useIndex(fragments, index);
    const tracks = this.#summary.tracks.map((track, at) =>
      endTicks[at]! > 0 ? { ...track, durationTicks: endTicks[at]! } : track
    );
    this.#summary = { ...this.#summary, tracks };
    return index;
  }

  #useIndex(fragments: FragmentedTracks, index: SeekIndex): void {
    fragments.index = index;
    this.canSeek = true;
    this.#summary = { ...this.#summary, durationUs: index.durationUs };
  }

  /** Tracks without a configuration are told by their first packet: MP3, VP8. */
  async #describeByFrames(): Promise<void> {
    const tracks: MediaTrack[] = [];
    for (const [at, { track, samples }] of this.#tracks.entries()) {
      const feed = this.#fragments?.feeds[at] ?? samples;
      if (track.kind === "data" || track.codecConfig !== undefined || feed?.hasSample !== true) {
        tracks.push(track);
        continue;
      }
      const head = new Uint8Array(Math.min(feed.size, FRAME_HEAD_BYTES));
      const isInFile = Number.isSafeInteger(feed.offset) && feed.offset < this.#source.sizeBytes;
      const have = isInFile ? await this.#source.readAt(feed.offset, head) : 0;
      tracks.push(describedByFrame(track, head.subarray(0, have)));
    }
    this.#summary = { ...this.#summary, tracks };
  }

  /** Where nothing was in the tables, the first fragments say when the file starts, and an index when it ends. */
  #learnFromFragments(indexes: readonly FragmentIndex[]): void {
    let startUs = Infinity;
    this.#tracks.forEach(({ track, samples }, at) => {
      if (track.kind === "data") return;
      const ticks = samples?.startTicks ?? this.#fragments!.earliestTicks(at);
      startUs = Math.min(startUs, ticks * MICROSECONDS / track.timescale);
    });
    if (startUs < Infinity) this.#summary = { ...this.#summary, startUs: Math.round(startUs) + 0 };
    const ends = indexes.map(({ endTicks = 0, timescale = 1 }) => endTicks * MICROSECONDS / timescale);
    const durationUs = Math.round(Math.max(0, ...ends));
    if (durationUs > 0) this.#summary = { ...this.#summary, durationUs };
  }
}

/** The first video track, else the first audio track, else any; -1 where there is none. */
function leadingOf(tracks: readonly MovieTrack[]): number {
  const kinds = tracks.map(({ track }) => track.kind);
  const video = kinds.indexOf("video");
  return video >= 0 ? video : Math.max(kinds.indexOf("audio"), Math.min(0, tracks.length - 1));
}

/** The index for the leading track, in microseconds of its packets. */
function timeIndexOf(
  indexes: readonly FragmentIndex[],
  track: MediaTrack,
  startTicks: number,
): TimeIndex | undefined {
  const index = indexes.find(({ containerTrackId }) => containerTrackId === track.containerTrackId) ??
    indexes[0];
  if (index === undefined) return undefined;
  const startUs = startTicks * MICROSECONDS / track.timescale;
  const timescale = index.timescale ?? track.timescale;
  return {
    timesUs: index.ticks.map((ticks) => Math.round(ticks * MICROSECONDS / timescale - startUs)),
    offsets: index.offsets,
  };
}
