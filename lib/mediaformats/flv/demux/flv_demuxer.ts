import type { ByteSource } from "#bytes";
import {
  type Demuxer,
  findSeekRow,
  type MediaFault,
  type MediaPacket,
  type MediaSummary,
  type ScanOptions,
  type SeekIndex,
  type SeekResult,
} from "#media";
import { ConfigLog, type ConfigPlace } from "./config_log.ts";
import { IndexBuilder } from "./index_builder.ts";
import { findLastTimeMs, type KeyFramePlace, KeySearch } from "./key_search.ts";
import { type FlvKeyFrames, type FlvMetadata, readFlvMetadata } from "./metadata.ts";
import { PacketMaker } from "./packet_maker.ts";
import { checkSignature, FLV_FILE_HEADER_BYTES } from "./signature.ts";
import { TagWalk } from "./tag_walk.ts";
import { TrackTable } from "./track_table.ts";

/** Most bytes read at the start to find the tracks: what comes later is added when it turns up. */
export const MAX_FLV_PROBE_BYTES = 1_048_576;

/** So much is looked at whatever the file header says, which knows nothing of further tracks and is often wrong. */
const LEAST_PROBE_BYTES = 65_536;

/** How a file is read. */
export interface FlvDemuxerOptions {
  /** Read at once, in bytes. @default {262_144} */
  readonly blockBytes?: number;
}

/** Packets of one `read`. */
const BATCH_PACKETS = 64;
const SCAN_BLOCK_BYTES = 1_048_576;
/** How far from its time in an index a key frame may be, in microseconds: seconds are rounded in many ways. */
const INDEX_TOLERANCE_US = 1_000_000;

/** Where a part of a file begins that is a file of its own, once it has a head. */
export interface FlvStart {
  /** Presentation time of the key frame, in microseconds. */
  readonly timeUs: number;
  /** Offset of its tag, in bytes. */
  readonly offset: number;
  /** The configurations that hold there, at its time. */
  readonly configs: readonly MediaPacket[];
}

/** Where a file's tags begin, and what its head told. */
interface FileHead {
  readonly firstOffset: number;
  readonly startUs: number;
  readonly metadata: FlvMetadata | undefined;
  readonly lastTimeMs: number | undefined;
}

/**
 * Reads FLV files, legacy and enhanced: FLV 10.1 annex E, Enhanced RTMP v2.
 *
 * Packets keep the tag body they came in; a body that carries several tracks gives one packet a track. Script
 * data, configurations and control data come at their places, too. What is not a tag is passed over, up to
 * `MAX_FLV_JUNK_BYTES`; a broken tag body is left out; a tag cut off at the end waits for the file to grow.
 *
 * Seeking needs no index: times are found by halving. The `keyframes` of `onMetaData` are used where the file
 * bears them out. After a seek the configurations that hold at that place come first: those at the start of the
 * file, those met since, and those an index tells.
 *
 * ```ts
 * import { MemorySource } from "#bytes";
 * import { encodeFlvHeader, encodeFlvTag, FLV_TAG_TYPE, FlvDemuxer } from "#mediaformats/flv";
 *
 * const file = new MemorySource(encodeFlvHeader({ hasAudio: true, hasVideo: false }));
 * const body = new Uint8Array([0x22, 0xff, 0xf3, 0x40, 0xc0]);
 * file.append(encodeFlvTag({ tagType: FLV_TAG_TYPE.Audio, timestampMs: 40, body }));
 * const demuxer = await FlvDemuxer.open(file);
 * const [packet] = await demuxer.read();
 * console.log(demuxer.summary.tracks[0]?.codecName, packet?.dtsUs); // mp3 40000
 * ```
 */
export class FlvDemuxer implements Demuxer {
  /** Times alone find a place in any FLV file. */
  readonly canSeek = true;
  readonly #source: ByteSource;
  readonly #walk: TagWalk;
  readonly #table: TrackTable;
  readonly #log: ConfigLog;
  readonly #head: FileHead;
  #maker: PacketMaker;
  #index: SeekIndex | undefined;
  /** What the metadata says, until the file shows that it is wrong. */
  #keyFrames: FlvKeyFrames | undefined;
  /** Configurations that `read` gives before it reads on. */
  #preface: MediaPacket[] = [];
  #fault: unknown;
  #isAtEnd = false;

  private constructor(source: ByteSource, pass: FirstPass, options: FlvDemuxerOptions) {
    this.#source = source;
    this.#table = pass.table;
    this.#log = pass.log;
    this.#head = pass.head;
    this.#keyFrames = pass.head.metadata?.keyFrames;
    this.#walk = new TagWalk(source, options);
    this.#walk.goTo(pass.head.firstOffset);
    this.#maker = new PacketMaker(this.#table, this.#log);
  }

  /**
   * Opens a file: reads its head, up to `MAX_FLV_PROBE_BYTES`, and its last tags.
   *
   * @param source Closed by `close`, and if this throws.
   * @throws {FormatError} If it is no FLV file.
   */
  static async open(source: ByteSource, options: FlvDemuxerOptions = {}): Promise<FlvDemuxer> {
    try {
      return new FlvDemuxer(source, await readHead(source), options);
    } catch (error) {
      source.close();
      throw error;
    }
  }

  /** What is in it; tracks that start late are added when they are read. */
  get summary(): MediaSummary {
    const { startUs, metadata, lastTimeMs } = this.#head;
    const lastUs = lastTimeMs === undefined ? undefined : Math.max(0, lastTimeMs * 1000 - startUs);
    const durationUs = this.#index?.durationUs ?? metadata?.durationUs ?? lastUs;
    return {
      formatName: "flv",
      tracks: this.#table.tracks,
      startUs,
      ...(durationUs === undefined ? {} : { durationUs }),
      tags: metadata?.tags ?? {},
    };
  }

  /** Junk that was passed over, and a tag that is cut off where reading has ended. */
  get faults(): readonly MediaFault[] {
    const { cursor, offset } = this.#walk;
    const faults: MediaFault[] = [];
    if (cursor.junkOffset !== undefined) {
      const message = `Junk between tags: ${cursor.counts.junkBytes} bytes were passed over`;
      faults.push({ offset: cursor.junkOffset, message });
    }
    const have = this.#source.sizeBytes - offset;
    if (this.#isAtEnd && have > 0 && !cursor.isLost) {
      faults.push({
        offset,
        message: `Tag cut off: need ${cursor.neededBytes} bytes at offset ${offset}, have ${have}`,
      });
    }
    return faults;
  }

  /** Reads on; see `Demuxer.read`. */
  async read(): Promise<readonly MediaPacket[]> {
    if (this.#fault !== undefined) throw this.#fault;
    const packets = this.#preface;
    this.#preface = [];
    const given = packets.length;
    try {
      while (packets.length < BATCH_PACKETS) {
        if (this.#walk.next()) this.#maker.take(this.#walk, packets);
        else if (packets.length > given || !await this.#walk.fill()) break;
      }
    } catch (fault) {
      this.#fault = fault;
      if (packets.length === 0) throw fault;
    }
    this.#isAtEnd = packets.length === 0;
    return packets;
  }

  /** Goes to a key frame; see `Demuxer.seek`. The time it takes grows with the logarithm of the file's length. */
  async seek(timeUs: number): Promise<SeekResult> {
    const place = await this.#find(timeUs);
    this.#fault = undefined;
    this.#preface = [];
    this.#maker = new PacketMaker(this.#table, this.#log);
    this.#walk.goTo(place?.offset ?? this.#head.firstOffset);
    if (place === undefined) return { timeUs: this.#head.startUs };
    this.#preface = await this.#configsAt(place);
    return { timeUs: place.ptsUs };
  }

  /**
   * Finds the place where a part of the file could begin: the key frame that `seek` would go to. Does not move the
   * place `read` is at. See `encodeFlvStart`.
   */
  async startAt(timeUs: number): Promise<FlvStart> {
    const place = await this.#find(timeUs);
    if (place === undefined) {
      return { timeUs: this.#head.startUs, offset: this.#head.firstOffset, configs: [] };
    }
    return { timeUs: place.ptsUs, offset: place.offset, configs: await this.#configsAt(place) };
  }

  async #find(timeUs: number): Promise<KeyFramePlace | undefined> {
    const { leading } = this.#table;
    if (leading === undefined) return undefined;
    const search = new KeySearch(this.#source, leading);
    const range = { timeUs, from: this.#head.firstOffset, to: this.#source.sizeBytes };
    const rows = this.#index ?? this.#keyFrames;
    const row = rows === undefined ? -1 : findSeekRow(rows, timeUs);
    if (rows === undefined || row < 0 || rows.timesUs[row]! > timeUs) return await search.find(range);
    const start = await search.keyFrameAt(rows.offsets[row]!);
    const isTrue = start !== undefined && Math.abs(start.ptsUs - rows.timesUs[row]!) <= INDEX_TOLERANCE_US;
    if (isTrue && start.ptsUs <= timeUs) {
      // the index may leave key frames out
      return await search.find({ timeUs, from: start.offset, to: rows.offsets[row + 1] ?? range.to });
    }
    if (!isTrue) this.#distrust();
    return await search.find(range);
  }

  #distrust(): void {
    this.#index = undefined;
    this.#keyFrames = undefined;
  }

  /** The configurations that hold where `place` is, at its time. */
  async #configsAt(place: KeyFramePlace): Promise<MediaPacket[]> {
    const walk = new TagWalk(this.#source, { blockBytes: 4096 });
    for (const offset of this.#index?.configOffsets ?? []) {
      if (!this.#log.has(offset)) await readTagAt(walk, { offset, maker: this.#freshMaker() });
    }
    const configs: MediaPacket[] = [];
    for (const known of this.#log.before(place.offset)) {
      const config = await this.#configAt(walk, known);
      if (config === undefined) continue;
      const { dtsUs } = place;
      const dtsTicks = Math.round(dtsUs / 1000);
      configs.push({ ...config, dtsUs, ptsUs: dtsUs, dtsTicks, ptsTicks: dtsTicks });
    }
    return configs;
  }

  async #configAt(walk: TagWalk, place: ConfigPlace): Promise<MediaPacket | undefined> {
    const packets = await readTagAt(walk, { offset: place.offset, maker: this.#maker });
    return packets.find(({ role, trackIndex }) => role === "config" && trackIndex === place.trackIndex);
  }

  #freshMaker(): PacketMaker {
    return new PacketMaker(this.#table, this.#log);
  }

  /**
   * Reads the whole file and builds its index; see `Demuxer.scan`. With an index in use it reads on from where
   * that one ends.
   */
  async scan(options: ScanOptions = {}): Promise<SeekIndex> {
    const { leading } = this.#table;
    const { startUs, firstOffset } = this.#head;
    const known = this.#index;
    const builder = new IndexBuilder(
      known === undefined ? undefined : { index: known, startUs, leadingIndex: leading?.index ?? -1 },
    );
    const walk = new TagWalk(this.#source, { blockBytes: SCAN_BLOCK_BYTES });
    walk.goTo(known?.scannedBytes ?? firstOffset);
    const maker = this.#freshMaker();
    const packets: MediaPacket[] = [];
    for (;;) {
      while (walk.next()) {
        packets.length = 0;
        maker.take(walk, packets);
        for (const packet of packets) builder.take(packet, walk.tagOffset, this.#table.leading);
      }
      options.signal?.throwIfAborted();
      options.onProgress?.(Math.min(1, walk.offset / Math.max(1, this.#source.sizeBytes)));
      if (!await walk.fill()) break;
    }
    return builder.finish(walk.offset, this.#log.offsets);
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

async function readTagAt(
  walk: TagWalk,
  place: { readonly offset: number; readonly maker: PacketMaker },
): Promise<MediaPacket[]> {
  walk.goTo(place.offset);
  const packets: MediaPacket[] = [];
  if (await walk.advance() && walk.tagOffset === place.offset) place.maker.take(walk, packets);
  return packets;
}

/** What the first look at a file leaves behind. */
interface FirstPass {
  readonly table: TrackTable;
  readonly log: ConfigLog;
  readonly head: FileHead;
}

async function readHead(source: ByteSource): Promise<FirstPass> {
  await checkSignature(source);
  const table = new TrackTable();
  const log = new ConfigLog();
  const maker = new PacketMaker(table, log);
  const walk = new TagWalk(source);
  walk.goTo(0);
  let firstOffset: number | undefined;
  let startUs: number | undefined;
  let metadata: FlvMetadata | undefined;
  const started = new Set<number>();
  const packets: MediaPacket[] = [];
  const isComplete = (): boolean => {
    if (walk.offset < LEAST_PROBE_BYTES) return false;
    const { hasAudio = true, hasVideo = true } = walk.cursor.header ?? {};
    const isKnown = (!hasAudio || table.isDescribed("audio")) && (!hasVideo || table.isDescribed("video"));
    return isKnown && started.size > 0 && started.size === table.tracks.length;
  };
  try {
    while (walk.offset < MAX_FLV_PROBE_BYTES && !isComplete() && await walk.advance()) {
      firstOffset ??= walk.tagOffset;
      packets.length = 0;
      maker.take(walk, packets);
      for (const packet of packets) {
        if (packet.role === "metadata") metadata = mergeMetadata(metadata, readFlvMetadata(packet.payload));
        if (packet.role !== "media") continue;
        started.add(packet.trackIndex);
        startUs = Math.min(startUs ?? packet.ptsUs, packet.ptsUs);
      }
    }
  } catch (error) {
    // the packets before the fault can be played; `read` comes to it again
    if (firstOffset === undefined) throw error;
  }
  if (metadata !== undefined) table.useMetadata(metadata);
  const first = firstOffset ?? FLV_FILE_HEADER_BYTES;
  const lastTimeMs = await findLastTimeMs(source, first);
  return { table, log, head: { firstOffset: first, startUs: startUs ?? 0, metadata, lastTimeMs } };
}

function mergeMetadata(
  first: FlvMetadata | undefined,
  next: FlvMetadata | undefined,
): FlvMetadata | undefined {
  if (first === undefined || next === undefined) return next ?? first;
  return { ...first, ...next, tags: { ...first.tags, ...next.tags } };
}
