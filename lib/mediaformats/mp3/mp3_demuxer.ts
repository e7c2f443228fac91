import type { ByteSource } from "#bytes";
import { MP3_TICKS_PER_SECOND, mp3FrameBytes, mp3FrameTicks } from "#codecs/mp3";
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
import { FrameWalk } from "./frame_walk.ts";
import { isCertainStart, type Mp3Head, readHead } from "./head.ts";
import { ConstantRate, type FramePlace } from "./seeking/constant_rate.ts";
import { findFrame } from "./seeking/find_frame.ts";
import { FrameIndexBuilder } from "./seeking/index_builder.ts";
import type { AttachedPicture } from "./tags/id3v2.ts";
import { attachmentOf } from "./tags/picture_attachment.ts";
import { frameTicksAt, usOf } from "./timeline.ts";

/** How a file is read. */
export interface Mp3DemuxerOptions {
  /** Read at once, in bytes. @default {262_144} */
  readonly blockBytes?: number;
}

/** Packets of one `read`. */
const BATCH_PACKETS = 64;
const MP3_HEADER_BYTES = 4;
const SCAN_BLOCK_BYTES = 1_048_576;
/** Files without a header are walked to the end at once if they are no longer: a millisecond or two. */
const MAX_WALKED_BYTES = 1_048_576;
/** Samples that decoders of layer III are late, and one more, by which ffprobe shifts the start. */
const DECODER_DELAY_SAMPLES = 529;

const CODEC_NAMES: Readonly<Record<number, string>> = { 1: "mp1", 2: "mp2", 3: "mp3" };

/**
 * Reads files of MPEG audio: MPEG-1, 2 and 2.5, layers I to III. Tags around the frames are read, junk between
 * them is passed over; a frame cut off at the end waits for the file to grow.
 *
 * Attached pictures are noted in `pictures` with their place in the file; they are no track, as no picture
 * belongs to any time.
 *
 * Seeking lands on the frame that is heard at that time. In a file of constant bit rate its place is computed
 * and verified; with an index it is known; the table of a Xing or VBRI header gives it to about a percent of the
 * file's length; else all frames before are walked.
 *
 * ```ts
 * import { MemorySource } from "#bytes";
 * import { Mp3Demuxer } from "#mediaformats/mp3";
 *
 * // 8 kbit/s at 8 kHz: frames of 72 bytes, 72 ms each
 * const frame = new Uint8Array(72);
 * frame.set([0xff, 0xe3, 0x18, 0xc0]);
 * const source = new MemorySource(new Uint8Array([...frame, ...frame, ...frame]));
 * const demuxer = await Mp3Demuxer.open(source);
 * const packets = await demuxer.read();
 * console.log(demuxer.summary.tracks[0]?.codecName, packets.map(({ ptsUs }) => ptsUs)); // mp3 [ 0, 72000, 144000 ]
 * ```
 */
export class Mp3Demuxer implements Demuxer {
  readonly #source: ByteSource;
  readonly #head: Mp3Head;
  readonly #rate: ConstantRate | undefined;
  readonly #track: MediaTrack;
  readonly #walk: FrameWalk;
  #index: SeekIndex | undefined;
  /** When the next frame begins. */
  #ticks = 0;
  #fault: unknown;
  readonly #faults: MediaFault[] = [];
  #isAtEnd = false;

  private constructor(
    source: ByteSource,
    first: { head: Mp3Head; rate: ConstantRate | undefined },
    options: Mp3DemuxerOptions,
  ) {
    this.#source = source;
    this.#head = first.head;
    this.#rate = first.rate;
    this.#track = trackOf(first.head);
    this.#walk = new FrameWalk(source, options);
    this.#goTo({ offset: first.head.firstOffset, ticks: 0 });
    const { junkOffset, junkBytes } = first.head;
    if (junkBytes > 0) this.#faults.push(junkFault(junkOffset, junkBytes));
  }

  /**
   * Opens a file: reads its tags, its first frames, and some in its midst; all of it where no header tells its
   * length and it has less than a megabyte.
   *
   * @param source Closed by `close`, and if this throws.
   * @throws {FormatError} If it has no frame of MPEG audio.
   */
  static async open(source: ByteSource, options: Mp3DemuxerOptions = {}): Promise<Mp3Demuxer> {
    try {
      const head = await readHead(source);
      const rate = await ConstantRate.find(source, head);
      const demuxer = new Mp3Demuxer(source, { head, rate }, options);
      const bytes = head.audioEnd - head.firstOffset;
      if (head.vbr?.frames === undefined && bytes <= MAX_WALKED_BYTES) demuxer.useIndex(await demuxer.scan());
      return demuxer;
    } catch (error) {
      source.close();
      throw error;
    }
  }

  /** What is in it. Without header or index the duration is that of a constant bit rate, if it is one. */
  get summary(): MediaSummary {
    const { vbr, header, tags } = this.#head;
    const durationTicks = this.#durationTicks();
    const delaySamples = vbr?.delaySamples;
    return {
      formatName: "mp3",
      tracks: [durationTicks === undefined ? this.#track : { ...this.#track, durationTicks }],
      startUs: delaySamples === undefined
        ? 0
        : Math.round((delaySamples + DECODER_DELAY_SAMPLES) * 1e6 / header.sampleRate),
      ...(durationTicks === undefined ? {} : { durationUs: usOf(durationTicks) }),
      tags,
    };
  }

  /** Pictures in the tags, in their order. */
  get pictures(): readonly AttachedPicture[] {
    return this.#head.pictures;
  }

  /** Pictures in the tags; see `Demuxer.attachments`. */
  attachments(): Promise<readonly MediaAttachment[]> {
    return Promise.resolve(this.#head.pictures.map(attachmentOf));
  }

  /** Whether a place can be computed or looked up. */
  get canSeek(): boolean {
    return this.#index !== undefined || this.#rate !== undefined || (this.#head.vbr?.places.length ?? 0) > 0;
  }

  #durationTicks(): number | undefined {
    const { vbr, frameTicks } = this.#head;
    if (this.#index !== undefined) return frameTicksAt(this.#index.durationUs);
    const frames = this.#hasWholeFile() ? vbr?.frames : undefined;
    const count = frames ?? this.#rate?.frames;
    return count === undefined ? undefined : count * frameTicks;
  }

  /** Files put together have the header of the first: its numbers are too small by more than a sixteenth. */
  #hasWholeFile(): boolean {
    const { vbr } = this.#head;
    const told = vbr?.sizeBytes;
    return told === undefined || this.#source.sizeBytes - told <= told / 16;
  }

  /** Reads on; see `Demuxer.read`. */
  async read(): Promise<readonly MediaPacket[]> {
    if (this.#fault !== undefined) throw this.#fault;
    const packets: MediaPacket[] = [];
    try {
      while (packets.length < BATCH_PACKETS) {
        if (this.#walk.next()) packets.push(this.#takePacket());
        else if (packets.length > 0) break;
        else if (!await this.#walk.fill()) {
          this.#isAtEnd = true;
          break;
        }
      }
    } catch (fault) {
      this.#fault = fault;
      if (packets.length === 0) throw fault;
    }
    return packets;
  }

  /** Junk between frames, and a frame that is cut off where the file ends; see `Demuxer.faults`. */
  get faults(): readonly MediaFault[] {
    const last = this.#isAtEnd && this.#faults.length < MAX_MEDIA_FAULTS ? this.#lastFault() : undefined;
    return last === undefined ? this.#faults : [...this.#faults, last];
  }

  #lastFault(): MediaFault | undefined {
    const { view, cursor, offset } = this.#walk;
    const have = view.length - cursor.at;
    const need = have < MP3_HEADER_BYTES ? 0 : mp3FrameBytes(view, cursor.at);
    if (need > have) return { offset, message: `Frame cut off: need ${need} bytes, have ${have}` };
    const isSound = cursor.openJunk > 0 && cursor.junkOffset < this.#head.audioEnd;
    return isSound ? junkFault(cursor.junkOffset, cursor.openJunk) : undefined;
  }

  /** Once, however often it is read. */
  #noteJunk(): void {
    const { junkOffset, junkRun } = this.#walk.cursor;
    const isKnown = this.#faults.some(({ offset }) => offset === junkOffset);
    if (!isKnown && this.#faults.length < MAX_MEDIA_FAULTS) this.#faults.push(junkFault(junkOffset, junkRun));
  }

  #takePacket(): MediaPacket {
    const { view, cursor } = this.#walk;
    this.#isAtEnd = false;
    if (cursor.junkRun > 0) this.#noteJunk();
    const durationTicks = mp3FrameTicks(view, cursor.frameStart);
    const ticks = this.#ticks;
    const timeUs = usOf(ticks);
    this.#ticks = ticks + durationTicks;
    return {
      kind: "audio",
      trackId: 0,
      trackIndex: 0,
      codec: ".mp3",
      role: "media",
      dtsUs: timeUs,
      ptsUs: timeUs,
      dtsTicks: ticks,
      ptsTicks: ticks,
      durationTicks,
      isKeyFrame: true,
      isDiscarded: false,
      payload: view.subarray(cursor.frameStart, cursor.frameEnd),
    };
  }

  /** Goes to the frame heard at `timeUs`; see `Demuxer.seek`. */
  async seek(timeUs: number): Promise<SeekResult> {
    // a time is rounded to microseconds: half of one more keeps the start of a frame in that frame
    const targetTicks = Math.max(0, (timeUs + 0.5) * MP3_TICKS_PER_SECOND / 1e6);
    this.#fault = undefined;
    const search = {
      head: this.#head,
      rate: this.#rate,
      index: this.#index,
      durationTicks: this.#durationTicks(),
    };
    const place = await findFrame(this.#walk, { ...search, targetTicks });
    this.#goTo(place);
    return { timeUs: usOf(place.ticks) };
  }

  #goTo(place: FramePlace): void {
    this.#walk.goTo(place.offset, { isInSync: isCertainStart(this.#head, place.offset) });
    this.#ticks = place.ticks;
  }

  /**
   * Reads the whole file and builds its index, a row a second; see `Demuxer.scan`. With an index in use it reads
   * on from where that one ends.
   */
  async scan(options: ScanOptions = {}): Promise<SeekIndex> {
    const builder = new FrameIndexBuilder(this.#index);
    const walk = new FrameWalk(this.#source, { blockBytes: SCAN_BLOCK_BYTES });
    const start = this.#index?.scannedBytes ?? this.#head.firstOffset;
    walk.goTo(start, { isInSync: isCertainStart(this.#head, start) });
    let end = walk.offset;
    for (;;) {
      while (walk.next()) {
        builder.take(walk.frameOffset, mp3FrameTicks(walk.view, walk.cursor.frameStart));
        end = walk.offset;
      }
      options.signal?.throwIfAborted();
      options.onProgress?.(Math.min(1, walk.offset / Math.max(1, this.#source.sizeBytes)));
      if (!await walk.fill()) break;
    }
    return builder.finish(end);
  }

  /** Uses an index of this file; see `Demuxer.useIndex`. */
  useIndex(index: SeekIndex): void {
    this.#index = index;
  }

  /** Closes the source. */
  close(): void {
    this.#source.close();
  }
}

function junkFault(offset: number, bytes: number): MediaFault {
  return { offset, message: `Junk: ${bytes} bytes belong to no frame` };
}

function trackOf(head: Mp3Head): MediaTrack {
  const { header, description } = head;
  return {
    index: 0,
    kind: "audio",
    trackId: 0,
    containerTrackId: 0,
    codec: ".mp3",
    codecName: CODEC_NAMES[header.layer]!,
    timescale: MP3_TICKS_PER_SECOND,
    description,
    sampleRate: header.sampleRate,
    channels: header.channels,
    tags: {},
  };
}
