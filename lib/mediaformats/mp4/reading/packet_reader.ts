import type { ByteSource } from "#bytes";
import { FormatError, LimitError } from "#errors";
import type { MediaFault, MediaPacket, MediaTrack } from "#media";
import { MAX_MP4_REREAD_FACTOR, MAX_MP4_SAMPLE_BYTES } from "../limits.ts";
import { earliestFeed, type FeedOfTrack, type SampleFeed } from "../samples/sample_feed.ts";
import { ExtentReader } from "./extents.ts";

/** Most packets of one read. */
const MAX_BATCH_PACKETS = 64;
const BATCH_BYTES = 262_144;
/** Bytes between two samples that are rather read than left out, at most, and as a part of a batch. */
const MAX_GAP_BYTES = 16_384;
const GAP_PART = 8;
const MICROSECONDS = 1_000_000;
const KEY_FRAME = 1;
const DISCARDED = 2;
const DISPOSABLE = 4;

/** What a reader of packets is told. */
export interface PacketReaderOptions {
  /** Bytes after which a batch is full. @default {262_144} */
  readonly batchBytes?: number;
  /** Read the next batch while the one before is used: its bytes are in memory too. @default {false} */
  readonly readsAhead?: boolean;
  /** Called where a track has run out of samples; may find more of them. */
  readonly refill?: () => Promise<void>;
}

/**
 * Reads the packets of all tracks, merged by decoding time, the place in the file breaking ties.
 *
 * A batch is planned first, from tables alone; then what it needs is read in as few pieces as there are places.
 * So a file that is interleaved, however coarsely, is read once from front to back, and one that is not costs a
 * read for each track and batch; nothing is held from one batch to the next.
 */
export class PacketReader {
  readonly #source: ByteSource;
  readonly #tracks: readonly FeedOfTrack[];
  readonly #batchBytes: number;
  readonly #extents: ExtentReader;
  readonly #readsAhead: boolean;
  readonly #refill: (() => Promise<void>) | undefined;
  /** The plan: columns, by position in the batch. */
  readonly #trackOf = new Uint16Array(MAX_BATCH_PACKETS);
  readonly #flags = new Uint8Array(MAX_BATCH_PACKETS);
  readonly #offsets = new Float64Array(MAX_BATCH_PACKETS);
  readonly #sizes = new Float64Array(MAX_BATCH_PACKETS);
  readonly #dts = new Float64Array(MAX_BATCH_PACKETS);
  readonly #pts = new Float64Array(MAX_BATCH_PACKETS);
  readonly #durations = new Float64Array(MAX_BATCH_PACKETS);
  /** Tracks whose next sample is not in the file yet, for the batch in the making. */
  readonly #isHeld: boolean[];
  #planned = 0;
  /** The next batch, where it is read ahead. */
  #ahead: Promise<MediaPacket[]> | undefined;
  /** Bytes given out since the last seek. */
  #givenBytes = 0;

  /**
   * @param source Borrowed.
   * @param tracks Borrowed for the life of the reader.
   */
  constructor(source: ByteSource, tracks: readonly FeedOfTrack[], options: PacketReaderOptions = {}) {
    this.#source = source;
    this.#tracks = tracks;
    this.#batchBytes = options.batchBytes ?? BATCH_BYTES;
    this.#extents = new ExtentReader(source, {
      gapBytes: Math.min(MAX_GAP_BYTES, this.#batchBytes / GAP_PART),
    });
    this.#readsAhead = options.readsAhead ?? false;
    this.#refill = options.refill;
    this.#isHeld = tracks.map(() => false);
  }

  /** Samples that the last read wanted and that are not in the file. */
  get cuts(): MediaFault[] {
    return this.#tracks.filter((_, at) => this.#isHeld[at]).map(({ track, feed: { offset, size } }) => ({
      offset,
      message: `Track ${track.index} is cut off: its next sample has ${size} bytes at offset ${offset}, ` +
        `the file has ${this.#source.sizeBytes}`,
    }));
  }

  /** To be told before the feeds are moved: what was read ahead is dropped. */
  async restart(): Promise<void> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    await ahead?.catch(() => {});
    this.#givenBytes = 0;
  }

  /**
   * Reads on.
   *
   * @returns Packets in the order of decoding, none at the end of what is there.
   * @throws {LimitError} If a sample is larger than `MAX_MP4_SAMPLE_BYTES`, or all of them are more than
   *   `MAX_MP4_REREAD_FACTOR` times the file.
   * @throws {FormatError} If the file has become shorter.
   */
  async read(): Promise<MediaPacket[]> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    let packets = await (ahead ?? this.#readBatch());
    // The file may have grown since.
    if (ahead !== undefined && packets.length === 0) packets = await this.#readBatch();
    if (this.#readsAhead && packets.length > 0) {
      this.#ahead = this.#readBatch();
      // The next read tells of it; there may be none.
      this.#ahead.catch(() => {});
    }
    return packets;
  }

  async #readBatch(): Promise<MediaPacket[]> {
    this.#planned = 0;
    this.#isHeld.fill(false);
    await this.#plan();
    const count = this.#planned;
    if (count === 0) return [];
    const payloads = await this.#extents.read({
      offsets: this.#offsets.subarray(0, count),
      sizes: this.#sizes.subarray(0, count),
    });
    const packets = new Array<MediaPacket>(count);
    for (let i = 0; i < count; i++) packets[i] = this.#packetOf(i, payloads[i]!);
    return packets;
  }

  async #plan(): Promise<void> {
    if (this.#refill !== undefined) await this.#refill();
    let bytes = 0;
    while (this.#planned < MAX_BATCH_PACKETS && bytes < this.#batchBytes) {
      const index = earliestFeed(this.#tracks, this.#isHeld);
      if (index < 0) return;
      const { feed } = this.#tracks[index]!;
      const end = feed.offset + feed.size;
      if (end > this.#source.sizeBytes && !await this.#hasGrownTo(end)) {
        this.#isHeld[index] = true;
        continue;
      }
      if (!this.#isWithinLimits(feed)) return;
      this.#take(index, feed);
      bytes += feed.size;
      feed.next();
      if (!feed.hasSample && this.#refill !== undefined) await this.#refill();
    }
  }

  async #hasGrownTo(end: number): Promise<boolean> {
    if (!Number.isSafeInteger(end)) return false;
    return await this.#source.readAt(end - 1, new Uint8Array(1)) === 1;
  }

  /** Throws where a sample is too much, but lets what was planned before it go out first. */
  #isWithinLimits(feed: SampleFeed): boolean {
    this.#givenBytes += feed.size;
    const most = this.#source.sizeBytes * MAX_MP4_REREAD_FACTOR;
    const isSane = Number.isSafeInteger(feed.dtsTicks) && Number.isSafeInteger(feed.ptsTicks) &&
      feed.offset >= 0;
    if (feed.size <= MAX_MP4_SAMPLE_BYTES && this.#givenBytes <= most && isSane) return true;
    this.#givenBytes -= feed.size;
    if (this.#planned > 0) return false;
    if (feed.size > MAX_MP4_SAMPLE_BYTES) {
      throw new LimitError("MAX_MP4_SAMPLE_BYTES", {
        value: feed.size,
        limit: MAX_MP4_SAMPLE_BYTES,
        message:
          `Cannot read sample at offset ${feed.offset}: ${feed.size} bytes exceed MAX_MP4_SAMPLE_BYTES ` +
          `(${MAX_MP4_SAMPLE_BYTES})`,
      });
    }
    if (!isSane) {
      throw new FormatError(
        `Cannot read sample at offset ${feed.offset}: its time is ${feed.dtsTicks} ticks`,
        {
          offset: feed.offset,
        },
      );
    }
    throw new LimitError("MAX_MP4_REREAD_FACTOR", {
      value: Math.ceil((this.#givenBytes + feed.size) / this.#source.sizeBytes),
      limit: MAX_MP4_REREAD_FACTOR,
    });
  }

  #take(index: number, feed: SampleFeed): void {
    const at = this.#planned++;
    this.#trackOf[at] = index;
    this.#offsets[at] = feed.offset;
    this.#sizes[at] = feed.size;
    this.#dts[at] = feed.dtsTicks;
    this.#pts[at] = feed.ptsTicks;
    this.#durations[at] = feed.durationTicks;
    this.#flags[at] = (feed.isKeyFrame ? KEY_FRAME : 0) | (feed.isDiscarded ? DISCARDED : 0) |
      (feed.isDisposable ? DISPOSABLE : 0);
  }

  #packetOf(at: number, payload: Uint8Array): MediaPacket {
    const { track } = this.#tracks[this.#trackOf[at]!]!;
    return packetOf(track, {
      dtsTicks: this.#dts[at]!,
      ptsTicks: this.#pts[at]!,
      durationTicks: this.#durations[at]!,
      isKeyFrame: (this.#flags[at]! & KEY_FRAME) !== 0,
      isDiscarded: (this.#flags[at]! & DISCARDED) !== 0,
      isDisposable: (this.#flags[at]! & DISPOSABLE) !== 0,
      payload,
    });
  }
}

/** A sample that was read. */
export interface ReadSample {
  readonly dtsTicks: number;
  readonly ptsTicks: number;
  readonly durationTicks: number;
  readonly isKeyFrame: boolean;
  readonly isDiscarded: boolean;
  readonly isDisposable: boolean;
  /** A view. */
  readonly payload: Uint8Array;
}

/** Makes a packet of a sample of `track`. */
export function packetOf(track: MediaTrack, sample: ReadSample): MediaPacket {
  const { timescale } = track;
  return {
    kind: track.kind,
    trackId: track.trackId,
    codec: track.codec,
    role: "media",
    // plus 0: -0 is no time
    dtsUs: Math.round(sample.dtsTicks * MICROSECONDS / timescale) + 0,
    ptsUs: Math.round(sample.ptsTicks * MICROSECONDS / timescale) + 0,
    isKeyFrame: sample.isKeyFrame,
    payload: sample.payload,
    trackIndex: track.index,
    dtsTicks: sample.dtsTicks,
    ptsTicks: sample.ptsTicks,
    durationTicks: sample.durationTicks,
    isDiscarded: sample.isDiscarded,
    isDisposable: sample.isDisposable,
  };
}
