import { type ByteSource, SourceWindow } from "#bytes";
import { FormatError } from "#errors";
import type {
  Demuxer,
  MediaAttachment,
  MediaFault,
  MediaPacket,
  MediaSummary,
  ScanOptions,
  SeekIndex,
  SeekResult,
} from "#media";
import { SegmentCursor } from "./cluster/segment_cursor.ts";
import { CursorDriver } from "./cursor_driver.ts";
import { MAX_ELEMENT_HEADER_BYTES, UNKNOWN_SIZE, vintAt, vintLength } from "./ebml.ts";
import { ELEMENT_ID } from "./element_id.ts";
import { findAttachments } from "./head/attachments.ts";
import { readCues } from "./head/cues.ts";
import { IndexBuilder } from "./seek/index_builder.ts";
import { KeyFrameSearch, type SeekPoints } from "./seek/key_frame_search.ts";
import { TrackTimes } from "./seek/key_frame_walk.ts";
import { SegmentReader } from "./segment_reader.ts";

/** How a demuxer reads its source. */
export interface MkvDemuxerOptions {
  /** Bytes read at once. @default {262_144} */
  readonly blockBytes?: number;
}

/** What a demuxer had to pass over. */
export interface MkvStatistics {
  /** Bytes that belonged to no element, before the next cluster was found. */
  readonly junkBytes: number;
  /** Blocks without a time or a track. */
  readonly brokenBlocks: number;
  /** Frames that could not be read: laces that do not fit, damaged compression, impossible times. */
  readonly brokenFrames: number;
}

const BLOCK_BYTES = 262_144;
/** Packets given out at once; with smaller blocks as many fewer, since their payloads are views of them. */
const BATCH_PACKETS = 64;
const LEAST_BATCH_PACKETS = 8;
/** Payloads that are copies, given out at once, in bytes: inflated ones may be large. */
const BATCH_COPIED_BYTES = 8_388_608;
/** Read at once of what stands elsewhere; what is larger is read by itself. */
const POINTED_TO_BYTES = 4096;
/** Elements that may stand behind the clusters, and where SeekHeads point: RFC 9559 section 6.3. */
const POINTED_TO = [
  ELEMENT_ID.SeekHead,
  ELEMENT_ID.Info,
  ELEMENT_ID.Tracks,
  ELEMENT_ID.Cues,
  ELEMENT_ID.Tags,
] as const;

/**
 * Reads Matroska and WebM files: RFC 9559.
 *
 * Presentation times are those of the file, less CodecDelay. Decoding times, which the format does not store, are
 * made by sorting: as many frames are looked ahead as the codec may put out of order.
 *
 * Seeking goes by Cues or by an index, else by halving the file; so it works at once, and `scan`, which is there for
 * files without Cues only, makes it exact and cheap. What is damaged is passed over up to the next cluster.
 *
 * ```ts
 * import { MemorySource } from "#bytes";
 * import { MkvDemuxer } from "#mediaformats/mkv";
 *
 * // an EBML header, a segment of unknown size, one track of MP3, a cluster with one block
 * const file = Uint8Array.fromHex(
 *   "1a45dfa3874282847765626d1853806701ffffffffffffff" +
 *     "1654ae6b93ae91d781018381028689415f4d5045472f4c331f43b6758de78100a38881000080fffb9064",
 * );
 * const demuxer = await MkvDemuxer.open(new MemorySource(file));
 * const [packet] = await demuxer.read();
 * console.log(demuxer.summary.tracks[0]?.codecName, packet?.payload.length); // mp3 4
 * demuxer.close();
 * ```
 */
export class MkvDemuxer implements Demuxer {
  /**
   * Reads the whole file once by the heads of its blocks, beside the place `read` is at; `undefined` where the file
   * has Cues.
   */
  readonly scan?: (options?: ScanOptions) => Promise<SeekIndex>;
  /** Halving finds clusters where nothing points to them. */
  readonly canSeek: boolean = true;
  readonly #source: ByteSource;
  readonly #blockBytes: number;
  readonly #batchPackets: number;
  readonly #reader: SegmentReader;
  readonly #driver: CursorDriver;
  /** Of the first cluster; -1 where there is none yet. */
  readonly #firstCluster: number;
  #points: SeekPoints | undefined;
  #summary: MediaSummary;
  /** What ended the reading after packets that are given out first. */
  #fault: unknown;
  /** Whether the source ended where reading on was tried last. */
  #isAtEnd = false;

  private constructor(
    parts: { source: ByteSource; reader: SegmentReader; driver: CursorDriver; blockBytes: number },
  ) {
    this.#source = parts.source;
    this.#reader = parts.reader;
    this.#driver = parts.driver;
    this.#blockBytes = parts.blockBytes;
    const batchPackets = Math.ceil(BATCH_PACKETS * parts.blockBytes / BLOCK_BYTES);
    this.#batchPackets = Math.min(BATCH_PACKETS, Math.max(LEAST_BATCH_PACKETS, batchPackets));
    const { cursor, head } = parts.reader;
    this.#firstCluster = cursor.isPastHead ? cursor.cluster.offset : -1;
    this.#points = this.#readCues();
    head.cues = undefined;
    if (this.#points === undefined) this.scan = (options) => this.#scan(options);
    this.#summary = this.#reader.describe([]);
  }

  /**
   * Opens a file.
   *
   * @param source The demuxer's from now on, but not if this throws.
   * @throws {FormatError} If it is no Matroska, or has no tracks.
   * @throws {LimitError} If what describes it is too large.
   */
  static async open(source: ByteSource, options: MkvDemuxerOptions = {}): Promise<MkvDemuxer> {
    const blockBytes = options.blockBytes ?? BLOCK_BYTES;
    const driver = new CursorDriver(source, { blockBytes });
    const reader = new SegmentReader();
    const { cursor, head } = reader;
    if (!await driver.run(cursor, () => cursor.isPastHead)) checkIsBegun(reader, source);
    const window = new SourceWindow(source, { blockBytes: POINTED_TO_BYTES });
    for (const id of POINTED_TO) {
      const position = head.seekPositions.get(id);
      // a SeekHead may point to a second one, which points to the rest
      if (position === undefined || head.has(id) && id !== ELEMENT_ID.SeekHead) continue;
      await readPointedTo(reader, { window, id, offset: cursor.segmentStart + position });
    }
    reader.begin();
    const demuxer = new MkvDemuxer({ source, reader, driver, blockBytes });
    await demuxer.#readAhead();
    return demuxer;
  }

  /** What is in it; the duration is that of an index, once there is one. */
  get summary(): MediaSummary {
    return this.#summary;
  }

  /** What was passed over, and the end of the file where the segment says it goes on. */
  get faults(): readonly MediaFault[] {
    const { junkBytes, brokenBlocks, brokenFrames } = this.statistics;
    const { cursor, cursor: { segmentEnd, junkOffset, neededBytes, offset: end } } = this.#reader;
    const { sizeBytes } = this.#source;
    const have = sizeBytes - end;
    const faults: MediaFault[] = [];
    const add = (message: string, offset = -1): number => faults.push({ offset, message });
    if (junkBytes > 0) add(`Junk between clusters: ${junkBytes} bytes were passed over`, junkOffset);
    if (brokenBlocks > 0) add(`Blocks damaged: ${brokenBlocks} were left out`);
    if (brokenFrames > 0) add(`Frames damaged: ${brokenFrames} were left out`);
    if (Number.isFinite(segmentEnd) && segmentEnd > sizeBytes) {
      add(`Segment cut off: it ends at offset ${segmentEnd}, the file at ${sizeBytes}`, sizeBytes);
    } else if (this.#isAtEnd && have > 0 && neededBytes > have && !cursor.isEnded) {
      add(`Element cut off: need ${neededBytes} bytes at offset ${end}, have ${have}`, end);
    }
    return faults;
  }

  /** Covers, fonts and other files attached; see `Demuxer.attachments`. */
  attachments(): Promise<readonly MediaAttachment[]> {
    const { cursor: { segmentStart }, head } = this.#reader;
    const position = head.seekPositions.get(ELEMENT_ID.Attachments);
    const toldOffset = position === undefined ? undefined : segmentStart + position;
    return findAttachments(this.#source, { segmentStart, toldOffset });
  }

  /** What was passed over until now. */
  get statistics(): MkvStatistics {
    const { cursor: { junkBytes, brokenBlocks }, blocks: { brokenFrames } } = this.#reader;
    return { junkBytes, brokenBlocks, brokenFrames };
  }

  /** Reads on. */
  async read(): Promise<readonly MediaPacket[]> {
    const { blocks } = this.#reader;
    if (blocks.ready.length === 0 && this.#fault === undefined) {
      await this.#fill({ packets: this.#batchPackets });
    }
    if (blocks.ready.length > 0) return blocks.take();
    if (this.#fault === undefined) return [];
    const fault = this.#fault;
    this.#fault = undefined;
    throw fault;
  }

  /** Goes to a key frame. */
  async seek(timeUs: number): Promise<SeekResult> {
    const { leading, blocks, cursor, scale } = this.#reader;
    const { startUs } = this.#summary;
    if (leading === undefined || this.#firstCluster < 0) return { timeUs: startUs };
    const search = new KeyFrameSearch({
      source: this.#source,
      firstCluster: this.#firstCluster,
      segmentEnd: cursor.segmentEnd,
      times: new TrackTimes(leading, scale),
    });
    const found = await search.find(timeUs, this.#points);
    blocks.restart();
    this.#fault = undefined;
    if (found === undefined) cursor.jump(this.#firstCluster);
    else cursor.enter(found.cluster, found.offset);
    await this.#fill();
    if (leading.kind === "audio") dropBefore(blocks.ready, { trackIndex: leading.index, timeUs });
    const first = blocks.ready.find(({ trackIndex }) => trackIndex === leading.index);
    return { timeUs: first?.ptsUs ?? found?.timeUs ?? startUs };
  }

  /** Uses an index built earlier for this very file. */
  useIndex(index: SeekIndex): void {
    const isComplete = this.#reader.leading?.kind === "video";
    if (index.timesUs.length > 0) {
      const times = Float64Array.from(index.timesUs);
      this.#points = { times, places: Float64Array.from(index.offsets), isComplete };
    }
    this.#summary = { ...this.#summary, durationUs: index.durationUs };
  }

  /** Lets go of the source, and closes it. */
  close(): void {
    this.#source.close();
  }

  /** Reads the first packets: they tell where the file starts, and what configurations do not say. */
  async #readAhead(): Promise<void> {
    const { blocks } = this.#reader;
    if (this.#firstCluster < 0) return;
    await this.#fill({ isEndKnown: false });
    this.#summary = this.#reader.describe(blocks.ready);
  }

  /** Reads until some packets are ready, or the end, or a fault, which is kept. */
  async #fill({ isEndKnown = true, packets = BATCH_PACKETS } = {}): Promise<void> {
    const { cursor, blocks } = this.#reader;
    const isDone = (): boolean =>
      blocks.ready.length >= packets ||
      blocks.copiedBytes >= BATCH_COPIED_BYTES && blocks.ready.length > 0;
    try {
      this.#isAtEnd = !await this.#driver.run(cursor, isDone);
      if (!this.#isAtEnd) return;
    } catch (error) {
      this.#fault = error;
    }
    // at the end nothing more comes to tell times by
    if (isEndKnown) blocks.settle();
  }

  /** Cues by time, in microseconds; `undefined` where there are none that can be used. */
  #readCues(): SeekPoints | undefined {
    const { head, leading, scale, cursor } = this.#reader;
    if (head.cues === undefined || leading === undefined) return undefined;
    const { times, places } = readCues(head.cues, leading.entry.trackNumber);
    if (times.length === 0) return undefined;
    const trackTimes = new TrackTimes(leading, scale);
    return {
      times: times.map((ticks) => trackTimes.toUs(ticks)),
      places: places.map((position) => cursor.segmentStart + position),
      isComplete: false,
    };
  }

  async #scan(options: ScanOptions = {}): Promise<SeekIndex> {
    const { tracks, scale, leading } = this.#reader;
    const builder = new IndexBuilder(tracks, { scale, leading });
    const cursor = new SegmentCursor(builder, { headsOnly: true });
    builder.cursor = cursor;
    cursor.segmentEnd = this.#reader.cursor.segmentEnd;
    cursor.jump(Math.max(this.#firstCluster, this.#reader.cursor.segmentStart));
    const driver = new CursorDriver(this.#source, { blockBytes: this.#blockBytes });
    for (let until = cursor.offset;;) {
      options.signal?.throwIfAborted();
      until = Math.max(until, cursor.offset) + 4 * this.#blockBytes;
      if (!await driver.run(cursor, () => cursor.offset >= until)) break;
      options.onProgress?.(Math.min(1, cursor.offset / Math.max(1, this.#source.sizeBytes)));
    }
    options.onProgress?.(1);
    return builder.toIndex(Math.min(cursor.offset, this.#source.sizeBytes));
  }
}

/** @throws {FormatError} If the file ended before its segment began. */
function checkIsBegun({ cursor, head }: SegmentReader, source: ByteSource): void {
  if (head.has(ELEMENT_ID.Ebml) && cursor.segmentStart > 0) return;
  const what = head.has(ELEMENT_ID.Ebml) ? "a Segment" : "an EBML header";
  const have = Math.max(0, source.sizeBytes - cursor.offset);
  throw new FormatError(
    `Cannot read Matroska: need ${what} at offset ${cursor.offset}, have ${have} bytes`,
    { offset: cursor.offset },
  );
}

/**
 * Reads an element that a SeekHead points to, if it is there.
 *
 * @throws {FormatError} If it is essential and malformed.
 * @throws {LimitError} If it is essential and too large.
 */
async function readPointedTo(
  { head }: SegmentReader,
  place: { window: SourceWindow; id: number; offset: number },
): Promise<void> {
  const { window, id, offset } = place;
  const header = await window.readUpTo(offset, MAX_ELEMENT_HEADER_BYTES);
  // all of them have IDs of four bytes
  const sizeLength = header.length > 4 ? vintLength(header[4]!) : 9;
  if (sizeLength > 8 || header.length < 4 + sizeLength) return;
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  const size = vintAt(header, { at: 4, length: sizeLength });
  if (view.getUint32(0) !== id || size === UNKNOWN_SIZE || size > head.bytesWanted(id, size)) return;
  const start = offset + 4 + sizeLength;
  if (start + size > window.source.sizeBytes) return;
  const content = await window.read(start, size);
  if (content !== undefined) head.element({ id, content, offset: start });
}

/** Drops what comes before the newest packet of a track that is presented at or before a time. */
function dropBefore(packets: MediaPacket[], place: { trackIndex: number; timeUs: number }): void {
  const newest = packets.findLastIndex(({ trackIndex, ptsUs }) =>
    trackIndex === place.trackIndex && ptsUs <= place.timeUs
  );
  if (newest > 0) packets.splice(0, newest);
}
