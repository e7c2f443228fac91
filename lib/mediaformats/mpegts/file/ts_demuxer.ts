import type { ByteSource } from "#bytes";
import { FormatError } from "#errors";
import {
  type Demuxer,
  findSeekRow,
  type MediaFault,
  type MediaPacket,
  type MediaSummary,
  type MediaTrack,
  type ScanOptions,
  type SeekIndex,
  type SeekResult,
} from "#media";
import type { TsStatistics } from "../reading/ts_reader.ts";
import { TsMediaReader } from "../converting/ts_media_reader.ts";
import { MAX_TS_PROBE_BYTES } from "../limits.ts";
import { BlockFeed } from "./block_feed.ts";
import { nearTicksOf, readTail, TimeSpan } from "./file_times.ts";
import { type KeyPlace, KeySearch } from "./key_search.ts";
import { readBlock } from "./read_block.ts";
import { scanFile } from "./scan_file.ts";

/** How a file is read. */
export interface TsDemuxerOptions {
  /** program_number of the program to read. @default the first whose map comes */
  readonly program?: number;
  /** Read at once, in bytes. @default {262_144} */
  readonly blockBytes?: number;
}

/** Packets of one `read`. */
const BATCH_PACKETS = 64;
const USUAL_BLOCK_BYTES = 262_144;

/**
 * Reads files of MPEG-TS: ISO/IEC 13818-1; packets of 188, 192 (Blu-ray, AVCHD), 204 and 208 bytes.
 *
 * One program is read: the first whose map comes, or the one asked for. Its length is told by the first and last
 * times in the file. Seeking needs no index: times are found by halving, the key frame is then looked at. Only
 * files whose times jump, and those over 26.5 h, need the index that `scan` builds.
 *
 * ```ts
 * import { MemorySource } from "#bytes";
 * import { TsDemuxer, TsMuxer } from "#mediaformats/mpegts";
 *
 * const muxer = new TsMuxer([{ kind: "audio", trackId: 0, codec: ".mp3" }]);
 * const file = new MemorySource(muxer.begin());
 * const payload = new Uint8Array(417);
 * payload.set([0xff, 0xfb, 0x90, 0x64]);
 * file.append(muxer.write({
 *   ...{ kind: "audio", trackId: 0, codec: ".mp3", role: "media", isKeyFrame: true },
 *   ...{ dtsUs: 40_000, ptsUs: 40_000, payload },
 * }));
 * const demuxer = await TsDemuxer.open(file);
 * const [packet] = await demuxer.read();
 * console.log(demuxer.summary.tracks[0]?.codecName, packet?.dtsUs, packet?.payload.length); // mp3 40000 417
 * ```
 */
export class TsDemuxer implements Demuxer {
  /** Times alone find a place. */
  readonly canSeek = true;
  readonly #source: ByteSource;
  readonly #options: TsDemuxerOptions;
  readonly #media: TsMediaReader;
  readonly #feed: BlockFeed;
  readonly #startTicks: number;
  readonly #head: TimeSpan;
  readonly #tail: TimeSpan | undefined;
  /** What was counted while the file was opened: `read` counts it again. */
  readonly #probed: TsStatistics;
  #index: SeekIndex | undefined;
  /** Whether what waits for more bytes was given out, as the file ended here. */
  #isFlushed = false;
  #queue: MediaPacket[] = [];
  #queueAt = 0;
  /** After a seek: packets of this track that come before this time are not given out. */
  #skip: { readonly trackIndex: number; readonly ptsTicks: number } | undefined;

  private constructor(probe: Probe, options: TsDemuxerOptions) {
    this.#source = probe.source;
    this.#options = options;
    this.#media = probe.media;
    this.#feed = new BlockFeed(probe.source, { blockBytes: options.blockBytes ?? USUAL_BLOCK_BYTES });
    this.#head = probe.head;
    this.#tail = probe.tail;
    this.#startTicks = probe.head.startTicks ?? 0;
    this.#media.jump(0);
    this.#probed = this.#media.reader.statistics;
  }

  /**
   * Opens a file: reads its start until the tracks are known, up to `MAX_TS_PROBE_BYTES`, and its end.
   *
   * @param source Closed by `close`, and if this throws.
   * @throws {FormatError} If there are no packets or no program.
   */
  static async open(source: ByteSource, options: TsDemuxerOptions = {}): Promise<TsDemuxer> {
    try {
      return new TsDemuxer(await probeFile(source, options), options);
    } catch (error) {
      source.close();
      throw error;
    }
  }

  /** What is in it; tracks that a later program map brings are added when it is read. */
  get summary(): MediaSummary {
    const { service } = this.#media.reader;
    const end = this.#tail?.endTicks;
    const durationUs = this.#index?.durationUs ??
      (end === undefined ? undefined : usOf(end - this.#startTicks));
    return {
      formatName: "mpegts",
      tracks: this.#media.tracks.map((track) => this.#timed(track)),
      startUs: usOf(this.#startTicks),
      ...(durationUs === undefined ? {} : { durationUs }),
      tags: service === undefined ? {} : { service_name: service.name, service_provider: service.provider },
    };
  }

  /** Damage that was passed over, and a packet that is cut off where reading has ended. */
  get faults(): readonly MediaFault[] {
    const { statistics, stride } = this.#media.reader;
    const faults = faultsOf(statistics, this.#probed);
    const { sizeBytes } = this.#source;
    const have = stride === undefined || statistics.junkBytes > 0 ? 0 : sizeBytes % stride;
    if (this.#isFlushed && have > 0) {
      const offset = sizeBytes - have;
      faults.push({
        offset,
        message: `Packet cut off: need ${stride} bytes at offset ${offset}, have ${have}`,
      });
    }
    return faults;
  }

  /** What stands below: programs, statistics. */
  get media(): TsMediaReader {
    return this.#media;
  }

  /** Reads on; see `Demuxer.read`. */
  async read(): Promise<readonly MediaPacket[]> {
    while (this.#queueAt >= this.#queue.length) {
      const bytes = await this.#feed.next();
      if (bytes.length === 0 && this.#isFlushed) return [];
      this.#isFlushed = bytes.length === 0;
      this.#queue = this.#isFlushed ? this.#media.flush() : this.#media.push(bytes);
      this.#queueAt = 0;
      if (this.#skip !== undefined) this.#dropSkipped();
    }
    const start = this.#queueAt;
    this.#queueAt += BATCH_PACKETS;
    return this.#queue.slice(start, this.#queueAt);
  }

  /** Goes to a key frame; see `Demuxer.seek`. */
  async seek(timeUs: number): Promise<SeekResult> {
    const leading = this.#leading();
    const place = leading === undefined ? undefined : await this.#find(timeUs, leading.index);
    this.#queue = [];
    this.#isFlushed = false;
    const offset = place?.offset ?? 0;
    await this.#feed.goTo(offset);
    this.#skip = place === undefined ? undefined : { trackIndex: leading!.index, ptsTicks: place.ptsTicks };
    this.#media.jump(offset, { nearTicks: place?.dtsTicks, isPacketStart: place !== undefined });
    return { timeUs: usOf(place?.ptsTicks ?? this.#startTicks) };
  }

  /** Reads the whole file and builds its index; see `Demuxer.scan`. */
  async scan(options: ScanOptions = {}): Promise<SeekIndex> {
    const { program } = this.#options;
    return await scanFile(this.#source, {
      ...options,
      leading: this.#leading()?.index ?? 0,
      startTicks: this.#startTicks,
      reader: program === undefined ? {} : { program },
    });
  }

  /** Uses an index of this file. */
  useIndex(index: SeekIndex): void {
    this.#index = index;
  }

  /** Closes the source. */
  close(): void {
    this.#source.close();
  }

  /** The track that seeking goes by. */
  #leading(): MediaTrack | undefined {
    const { tracks } = this.#media;
    return tracks.find(({ kind, codec }) => kind === "video" && codec !== "unknown") ??
      tracks.find(({ kind }) => kind === "audio") ?? tracks.find(({ kind }) => kind === "video");
  }

  async #find(timeUs: number, leading: number): Promise<KeyPlace | undefined> {
    const ptsTicks = ticksUpTo(timeUs);
    const whole = { ptsTicks, from: 0, to: this.#source.sizeBytes };
    const reader = this.#media.reader.fork();
    const searchNear = (nearTicks: number) => new KeySearch(this.#source, reader, { leading, nearTicks });
    const row = this.#index === undefined ? -1 : findSeekRow(this.#index, timeUs);
    if (row >= 0 && this.#index!.timesUs[row]! <= timeUs) {
      const { timesUs, offsets } = this.#index!;
      const nearTicks = ticksUpTo(timesUs[row]!);
      const near = searchNear(nearTicks);
      const first = await near.findAt(offsets[row]!, nearTicks);
      if (first !== undefined) {
        // the index may leave key frames out; the next one's PES packet may begin with others
        const to = row + 1 < offsets.length ? offsets[row + 1]! + 1 : whole.to;
        return await near.findLast({ ptsTicks, from: first.offset, to, isPacketStart: true }) ?? first;
      }
      // it is of another file
      this.#index = undefined;
    }
    const search = searchNear(nearTicksOf({ startTicks: this.#startTicks }));
    return await search.findLast(whole) ?? await search.findFirst(0);
  }

  #dropSkipped(): void {
    this.#queue = this.#queue.filter((packet) => {
      if (packet.trackIndex !== this.#skip?.trackIndex || packet.role !== "media") return true;
      if (packet.ptsTicks < this.#skip.ptsTicks) return false;
      this.#skip = undefined;
      return true;
    });
  }

  /** The track with its length. */
  #timed(track: MediaTrack): MediaTrack {
    const start = this.#head.startOf(track.index);
    const end = this.#tail?.endOf(track.index);
    return start === undefined || end === undefined ? track : { ...track, durationTicks: end - start };
  }
}

/** Sentences for what was counted since `before`. */
function faultsOf(now: TsStatistics, before: TsStatistics): MediaFault[] {
  const since = (...keys: readonly (keyof TsStatistics)[]): number =>
    keys.reduce((sum, key) => sum + now[key] - before[key], 0);
  const junkBytes = since("junkBytes");
  const gaps = since("continuityErrors");
  const packets = since("transportErrors", "malformedPackets");
  const sections = since("malformedSections");
  const media = since("damagedPes", "malformedPes", "endlessPes");
  const scrambled = since("scrambledPackets", "scrambledPes");
  const sentences: readonly (readonly [count: number, message: string])[] = [
    [junkBytes, `Junk between packets: ${junkBytes} bytes were passed over`],
    [gaps, `Packets missing: their counters have ${gaps} gaps`],
    [packets, `Packets damaged: ${packets} were dropped`],
    [sections, `Tables damaged: ${sections} sections were dropped`],
    [media, `Media damaged: ${media} PES packets are cut off or malformed`],
    [scrambled, `Media scrambled: ${scrambled} packets cannot be read`],
  ];
  return sentences.filter(([count]) => count > 0).map(([, message]) => ({ offset: -1, message }));
}

/** What opening a file brings. */
interface Probe {
  readonly source: ByteSource;
  readonly media: TsMediaReader;
  readonly head: TimeSpan;
  readonly tail: TimeSpan | undefined;
}

async function probeFile(source: ByteSource, options: TsDemuxerOptions): Promise<Probe> {
  const { program, blockBytes = USUAL_BLOCK_BYTES } = options;
  const media = new TsMediaReader(program === undefined ? {} : { program });
  const head = new TimeSpan();
  const block = new Uint8Array(blockBytes);
  for (let at = 0; at < MAX_TS_PROBE_BYTES && !isKnown(media, head);) {
    const bytes = await readBlock(source, { offset: at, block });
    at += bytes.length;
    const units = bytes.length > 0 ? media.reader.push(bytes) : media.reader.flush();
    for (const unit of units) head.take(unit);
    media.convert(units);
    if (bytes.length === 0) break;
  }
  if (media.reader.program === undefined) {
    const { packets } = media.reader.statistics;
    const found = packets === 0 ? "no packets" : `${packets} packets and no program map`;
    throw new FormatError(`Cannot read MPEG-TS: ${found} in the first ${MAX_TS_PROBE_BYTES} bytes`, {
      offset: 0,
    });
  }
  const startTicks = head.startTicks;
  const tail = startTicks === undefined
    ? undefined
    : await readTail(source, media.reader.fork(), { startTicks });
  return { source, media, head, tail };
}

/** Whether all tracks are known, and where each begins. */
function isKnown(media: TsMediaReader, head: TimeSpan): boolean {
  return media.isKnown &&
    media.reader.streams.every(({ kind, index }) => kind === "data" || head.startOf(index) !== undefined);
}

function usOf(ticks: number): number {
  return Math.round(ticks * 100 / 9);
}

/** The last tick whose time in whole microseconds is `timeUs` or before. */
function ticksUpTo(timeUs: number): number {
  return Math.floor((timeUs + 0.5) * 9 / 100);
}
