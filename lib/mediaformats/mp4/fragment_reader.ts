import { FormatError, LimitError } from "#errors";
import type { MediaPacket, MediaSummary, MediaTrack } from "#media";
import { BoxBody } from "./boxes/box_body.ts";
import { BOX_HEADER_BYTES, type BoxHead, LARGE_BOX_HEADER_BYTES, readBoxHead } from "./boxes/box_cursor.ts";
import { BOX } from "./boxes/box_type.ts";
import { FragmentQueue } from "./fragments/fragment_queue.ts";
import { readMovieFragment } from "./fragments/movie_fragment.ts";
import {
  MAX_MP4_FRAGMENT_BYTES,
  MAX_MP4_FRAGMENT_SAMPLES,
  MAX_MP4_MOOF_BYTES,
  MAX_MP4_MOVIE_BYTES,
} from "./limits.ts";
import {
  type FileTypeBox,
  type MovieBox,
  NO_FILE_TYPE,
  readFileType,
  readMovie,
  type SampleDefaults,
} from "./movie/movie_box.ts";
import { movieTracksOf, startTicksOf, summaryOf } from "./reading/movie_tracks.ts";
import { packetOf } from "./reading/packet_reader.ts";
import { earliestFeed } from "./samples/sample_feed.ts";

/** First room for a box whose bytes are yet to come. */
const FIRST_ROOM_BYTES = 4096;
/** A longer `ftyp` is passed over. */
const MAX_FILE_TYPE_BYTES = 4096;

/** What a reader has seen. */
export interface Mp4FragmentStatistics {
  /** `moof` boxes read. */
  fragments: number;
  /** Packets given out. */
  packets: number;
  /** Samples whose bytes were in no `mdat` after their `moof`. */
  lostSamples: number;
}

/** Bounds of a reader. */
export interface Mp4FragmentReaderOptions {
  /** Longest `mdat`, in bytes, which is gathered before its packets are given out. @default {MAX_MP4_FRAGMENT_BYTES} */
  readonly maxFragmentBytes?: number;
}

/** One track and its samples that wait for their bytes. */
interface Waiting {
  readonly track: MediaTrack;
  readonly feed: FragmentQueue;
}

/**
 * Reads fragmented MP4 from bytes as they arrive, in any split: CMAF, DASH and HLS segments, recordings, live input.
 *
 * ISO/IEC 14496-12 section 8.8. A header (`moov`) comes first and may come again; each fragment gives its packets
 * once it is whole, all tracks merged by decoding time. Everything else is passed over unread.
 *
 * ```ts
 * import { Mp4FragmentMuxer, Mp4FragmentReader } from "#mediaformats/mp4";
 *
 * const muxer = new Mp4FragmentMuxer([{ kind: "audio", trackId: 0, codec: "Opus", channels: 2 }]);
 * const payload = new Uint8Array([0xfc, 0xff, 0xfe]);
 * muxer.write({
 *   ...{ kind: "audio", trackId: 0, codec: "Opus", role: "media", isKeyFrame: true, payload },
 *   ...{ dtsUs: 0, ptsUs: 0 },
 * });
 * const reader = new Mp4FragmentReader();
 * const [packet] = reader.push(muxer.end().append);
 * console.log(reader.summary?.tracks[0]?.codecName, packet?.payload.length); // opus 3
 * ```
 */
export class Mp4FragmentReader {
  /** What was seen so far. */
  readonly statistics: Readonly<Mp4FragmentStatistics>;
  readonly #counts: Mp4FragmentStatistics;
  readonly #maxFragmentBytes: number;
  #fileType: FileTypeBox = NO_FILE_TYPE;
  #defaults: ReadonlyMap<number, SampleDefaults> = new Map();
  #tracks: readonly Waiting[] = [];
  /** The box that is gathered, from its head on. */
  #box = new Uint8Array(BOX_HEADER_BYTES);
  #filled = 0;
  #needed = BOX_HEADER_BYTES;
  /** Where it starts, in bytes from the first one pushed. */
  #offset = 0;
  /** Bytes of a box that are not looked at. */
  #toSkip = 0;
  #fault: unknown;
  #summary: MediaSummary | undefined;

  /** @param options Bounds; in bytes. */
  constructor(options: Mp4FragmentReaderOptions = {}) {
    this.#maxFragmentBytes = options.maxFragmentBytes ?? MAX_MP4_FRAGMENT_BYTES;
    this.statistics = this.#counts = { fragments: 0, packets: 0, lostSamples: 0 };
  }

  /** What the newest header says; `undefined` until it was read. */
  get summary(): MediaSummary | undefined {
    return this.#summary;
  }

  /** Bytes of a box that is not whole yet: what a cut recording leaves over. */
  get pendingBytes(): number {
    return this.#filled;
  }

  /** What ended the reading: thrown by `push`, at once or, if packets came before it, by the next call. */
  get fault(): unknown {
    return this.#fault;
  }

  /**
   * Takes more bytes.
   *
   * @param bytes Borrowed until the call returns.
   * @returns The packets whose fragments are whole now; payloads are views of the fragment, which is not written
   *   again. Those before a fault are given out first: then the next call throws, and every one after it.
   * @throws {FormatError} If boxes are broken, or the movie has no fragments.
   * @throws {LimitError} If a box exceeds one of the limits of this format.
   */
  push(bytes: Uint8Array): MediaPacket[] {
    const packets: MediaPacket[] = [];
    try {
      for (let at = 0; at < bytes.length && this.#fault === undefined;) {
        at += this.#toSkip > 0 ? this.#skip(bytes.length - at) : this.#gather(bytes, at);
        if (this.#filled === this.#needed) this.#step(packets);
      }
    } catch (fault) {
      this.#fault = fault;
    }
    this.#counts.packets += packets.length;
    if (this.#fault !== undefined && packets.length === 0) throw this.#fault;
    return packets;
  }

  #skip(most: number): number {
    const count = Math.min(this.#toSkip, most);
    this.#toSkip -= count;
    this.#offset += count;
    return count;
  }

  /** Takes what the box still needs; room grows with what has arrived, not with what is announced. */
  #gather(bytes: Uint8Array, at: number): number {
    const count = Math.min(this.#needed - this.#filled, bytes.length - at);
    const end = this.#filled + count;
    if (end > this.#box.length) {
      const roomy = new Uint8Array(Math.min(this.#needed, Math.max(end * 2, FIRST_ROOM_BYTES)));
      roomy.set(this.#box.subarray(0, this.#filled));
      this.#box = roomy;
    }
    this.#box.set(bytes.subarray(at, at + count), this.#filled);
    this.#filled = end;
    return count;
  }

  #step(packets: MediaPacket[]): void {
    const head = readBoxHead(this.#box, { at: 0, end: this.#filled, fileOffset: this.#offset });
    if (head === undefined) {
      this.#needed = LARGE_BOX_HEADER_BYTES;
      return;
    }
    const limit = this.#limitOf(head);
    if (limit !== undefined && this.#filled < head.sizeBytes) {
      if (head.sizeBytes > limit.most) {
        throw new LimitError(limit.name, { value: head.sizeBytes, limit: limit.most });
      }
      this.#needed = head.sizeBytes;
      return;
    }
    if (limit !== undefined) this.#take(head, packets);
    this.#toSkip = head.sizeBytes - this.#filled;
    this.#offset += this.#filled;
    this.#box = new Uint8Array(BOX_HEADER_BYTES);
    this.#filled = 0;
    this.#needed = BOX_HEADER_BYTES;
  }

  /** How long a box may be that is read; `undefined` for one that is passed over. */
  #limitOf({ type, sizeBytes }: BoxHead): { name: string; most: number } | undefined {
    switch (type) {
      case BOX.FileType:
        return sizeBytes > MAX_FILE_TYPE_BYTES
          ? undefined
          : { name: "MAX_FILE_TYPE_BYTES", most: MAX_FILE_TYPE_BYTES };
      case BOX.Movie:
        return { name: "MAX_MP4_MOVIE_BYTES", most: MAX_MP4_MOVIE_BYTES };
      case BOX.MovieFragment:
        return { name: "MAX_MP4_MOOF_BYTES", most: MAX_MP4_MOOF_BYTES };
      case BOX.Media:
        return this.#tracks.some(({ feed }) => feed.hasSample)
          ? { name: "MAX_MP4_FRAGMENT_BYTES", most: this.#maxFragmentBytes }
          : undefined;
    }
    return undefined;
  }

  #take({ type, headerBytes }: BoxHead, packets: MediaPacket[]): void {
    const end = this.#filled;
    const body = new BoxBody(this.#box, { type, start: headerBytes, end, fileOffset: this.#offset });
    if (type === BOX.FileType) this.#fileType = readFileType(body);
    else if (type === BOX.Movie) this.#takeMovie(readMovie(body, this.#fileType));
    else if (type === BOX.MovieFragment) this.#takeFragment(body);
    else this.#takeMedia(this.#box.subarray(0, end), packets);
  }

  #takeMovie(movie: MovieBox): void {
    if (movie.fragmentDefaults === undefined) {
      throw new FormatError(
        `Cannot read MP4 as it arrives: the movie at offset ${this.#offset} is not fragmented`,
        { offset: this.#offset },
      );
    }
    const tracks = movieTracksOf(movie, { fileBytes: 0 });
    this.#defaults = movie.fragmentDefaults;
    this.#summary = summaryOf(movie, tracks);
    this.#tracks = tracks.map((movieTrack) => ({
      track: movieTrack.track,
      feed: new FragmentQueue({
        startTicks: startTicksOf(movieTrack, movie),
        areAllKeys: movieTrack.track.kind === "audio",
      }),
    }));
  }

  #takeFragment(body: BoxBody): void {
    const samples = readMovieFragment(body, { moofOffset: this.#offset, defaults: this.#defaults });
    this.#counts.fragments++;
    for (const part of samples) {
      this.#tracks.find(({ track }) => track.containerTrackId === part.containerTrackId)?.feed.add(part);
    }
    const waiting = this.#tracks.reduce((sum, { feed }) => sum + feed.waiting, 0);
    if (waiting > MAX_MP4_FRAGMENT_SAMPLES) {
      throw new LimitError("MAX_MP4_FRAGMENT_SAMPLES", { value: waiting, limit: MAX_MP4_FRAGMENT_SAMPLES });
    }
  }

  /** Gives out the samples in `media`, and drops those whose bytes have gone by. */
  #takeMedia(media: Uint8Array, packets: MediaPacket[]): void {
    const start = this.#offset;
    const end = start + media.length;
    const isHeld = this.#tracks.map(() => false);
    for (;;) {
      const index = earliestFeed(this.#tracks, isHeld);
      if (index < 0) return;
      const { track, feed } = this.#tracks[index]!;
      const at = feed.offset - start;
      if (feed.offset >= end) {
        isHeld[index] = true;
        continue;
      }
      if (at >= 0 && at + feed.size <= media.length) {
        const { dtsTicks, ptsTicks, durationTicks, isKeyFrame, isDiscarded, isDisposable } = feed;
        const payload = media.subarray(at, at + feed.size);
        packets.push(
          packetOf(track, {
            ...{ dtsTicks, ptsTicks, durationTicks, isKeyFrame, isDiscarded, isDisposable },
            payload,
          }),
        );
      } else this.#counts.lostSamples++;
      feed.next();
    }
  }
}
