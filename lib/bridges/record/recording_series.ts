import type { Logger } from "#log";
import { FormatError, LimitError } from "#errors";
import { mayHaveTracks, splitTracks } from "#mediaformats/flv";
import type { Muxer, MuxTrack, Packet } from "#media";
import { FileWriter } from "./file_writer.ts";
import { GatheredPackets } from "./gathered_packets.ts";
import { RecordedTracks } from "./recorded_tracks.ts";
import { type Continuation, holdableTracks, type RecordingFormat } from "./recording_format.ts";
import type { OnExisting, RecordingFile, RecordingSink } from "./recording_sink.ts";

/** How the files of one recording are written. */
export interface RecordingSeriesOptions {
  /** Where they are written. */
  readonly openSink: () => Promise<RecordingSink>;
  /** What the files are. */
  readonly format: RecordingFormat;
  /** Name of the next file, with extension. */
  readonly nextName: () => string;
  /** What happens where a file of that name exists. */
  readonly onExisting: Exclude<OnExisting, "append">;
  /** Whether the first file goes on with the one that has its name. */
  readonly isAppend: boolean;
  /** Media time of a file after which the next key frame starts another, in microseconds; infinite for never. */
  readonly segmentUs: number;
  /** The same in bytes. */
  readonly segmentBytes: number;
  /** Names of the files that are being written into the folder, whoever writes them; each adds its own. */
  readonly inUse: Set<string>;
  /** Time, monotonic, in ms. */
  readonly nowMs: () => number;
  /** Told of files that begin and end. */
  readonly log: Logger;
  /** A file was opened; it may be read from now on. */
  readonly opened: (name: string) => void;
  /** A file was completed. */
  readonly closed: (name: string) => void;
}

/** A track whose time goes back, or ahead, by more has another time from there on: another file begins. */
const MAX_BACK_US = 1_000_000;
const MAX_AHEAD_US = 60_000_000;
/** Most files in SPLIT_WINDOW_MS that begin for another reason than their length. */
const MAX_SPLITS = 16;
const SPLIT_WINDOW_MS = 60_000;
/** Longest wait of a track that changed for a key frame of the picture. */
const MAX_WAIT_US = 10_000_000;

/** Writes the packets of one stream into files, one after the other: by length, and where the codecs change. */
export class RecordingSeries {
  readonly #options: RecordingSeriesOptions;
  readonly #tracks = new RecordedTracks();
  /** What waits for the next file to begin. */
  readonly #gathered = new GatheredPackets();
  #writer: FileWriter | undefined;
  /** Tracks that the file has. */
  #held = new Set<number>();
  /** Tracks that the format cannot hold. */
  readonly #left = new Set<number>();
  /** Tracks of video that had a key frame in the file, or in what is gathered for it. */
  readonly #keyed = new Set<number>();
  readonly #lastUs = new Map<number, number>();
  #isFirst = true;
  /** When files began for another reason than their length, newest last. */
  readonly #splitsMs: number[] = [];
  /** Tracks that go to the next file, which the next key frame begins; with the reason, if it is worth a line. */
  readonly #ahead = new Map<number, string | undefined>();

  constructor(options: RecordingSeriesOptions) {
    this.#options = options;
  }

  /** Name of the file that is written now. */
  get fileName(): string | undefined {
    return this.#writer?.name;
  }

  /** Length of that file, in bytes. */
  get fileBytes(): number {
    return this.#writer?.bytes ?? 0;
  }

  /**
   * Writes packets, in the order of the stream.
   *
   * @throws {Error} If a file cannot be written; the series is to be given up then.
   */
  async write(packets: readonly Packet[]): Promise<void> {
    for (const packet of packets.some(mayHaveTracks) ? packets.flatMap(splitTracks) : packets) {
      const pending = this.#take(packet);
      // to open a file, or to close one: the others are not worth a turn
      if (pending !== undefined) await pending;
    }
    await this.#writer?.flush();
  }

  /** Completes the last file. */
  async finish(): Promise<void> {
    if (this.#ahead.size > 0) await this.#close();
    if (this.#writer === undefined && this.#gathered.hasMedia) await this.#begin(this.#gathered.takeAll());
    await this.#close();
  }

  /** Completes what a file allows that takes no more bytes. */
  async giveUp(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    this.#gathered.takeAll();
    if (writer !== undefined) this.#options.inUse.delete(writer.name);
    await writer?.giveUp();
  }

  #take(packet: Packet): Promise<void> | undefined {
    if (this.#isHeadless(packet)) return undefined;
    const change = this.#tracks.take(packet);
    const writer = this.#writer;
    if (writer === undefined) {
      this.#gathered.push(packet);
      return this.#isGathered() ? this.#begin(this.#gathered.takeAll()) : undefined;
    }
    if (packet.role === "media" && this.#jumps(packet)) return this.#split(packet, "its time jumped");
    const reason = change === "changed" ? `its ${packet.kind} changed` : undefined;
    if (reason !== undefined && this.#isLeading(packet)) return this.#split(packet, reason);
    if (reason !== undefined || this.#isNew(packet)) this.#ahead.set(keyOf(packet), reason);
    if (this.#ahead.has(keyOf(packet))) return this.#keepAhead(packet);
    if (this.#isStart(packet) && (this.#ahead.size > 0 || this.#isFull(writer, packet))) {
      return this.#split(packet, this.#ahead.values().find((each) => each !== undefined));
    }
    this.#put(packet, writer);
    return undefined;
  }

  /** Keeps a packet of a track that the file cannot take for the next one, which the next key frame begins. */
  #keepAhead(packet: Packet): Promise<void> | undefined {
    this.#gathered.push(packet);
    const isTooMuch = this.#gathered.isFull || this.#gathered.spanUs >= MAX_WAIT_US;
    return isTooMuch ? this.#split(undefined, "a track changed") : undefined;
  }

  /** Whether it is of a track that the file lacks. */
  #isNew(packet: Packet): boolean {
    if (this.#options.format.isFlv || packet.role !== "media" || packet.kind === "data") return false;
    return !this.#held.has(keyOf(packet)) && !this.#left.has(keyOf(packet));
  }

  /** Whether it is a picture that nothing in the file can be decoded from: before the first key frame. */
  #isHeadless({ kind, role, trackId, isKeyFrame }: Packet): boolean {
    if (kind !== "video" || role !== "media") return false;
    if (isKeyFrame) this.#keyed.add(trackId);
    return !this.#keyed.has(trackId);
  }

  #put(packet: Packet, writer: FileWriter): void {
    const isMedia = packet.role === "media";
    const key = keyOf(packet);
    if (isMedia) this.#lastUs.set(key, packet.dtsUs);
    if (this.#options.format.isFlv || isMedia && this.#held.has(key)) writer.write(packet);
  }

  /** Whether a file may begin with this packet. */
  #isStart(packet: Packet): boolean {
    return packet.role === "media" && packet.isKeyFrame && this.#isLeading(packet);
  }

  #isLeading({ kind, trackId }: Packet): boolean {
    const { leading } = this.#tracks;
    return kind === leading?.kind && trackId === leading.trackId;
  }

  #isFull(writer: FileWriter, packet: Packet): boolean {
    const { segmentUs, segmentBytes } = this.#options;
    return packet.dtsUs - writer.baseUs >= segmentUs || writer.bytes >= segmentBytes;
  }

  #jumps(packet: Packet): boolean {
    const lastUs = this.#lastUs.get(keyOf(packet));
    if (lastUs === undefined) return false;
    return packet.dtsUs < lastUs - MAX_BACK_US || packet.dtsUs > lastUs + MAX_AHEAD_US;
  }

  /** Ends the file before `packet`, which goes to the next one with what was kept for it. */
  async #split(packet: Packet | undefined, reason?: string): Promise<void> {
    if (reason !== undefined) {
      this.#countSplit();
      this.#options.log.info(`goes on in another file: ${reason}`);
    }
    await this.#close();
    this.#tracks.restart();
    this.#ahead.clear();
    this.#lastUs.clear();
    this.#keyed.clear();
    for (const one of [...this.#gathered.takeAll(), ...packet === undefined ? [] : [packet]]) {
      if (this.#isHeadless(one)) continue;
      this.#tracks.take(one);
      this.#gathered.push(one);
    }
    if (this.#isGathered()) await this.#begin(this.#gathered.takeAll());
  }

  /** A publisher whose time jumps with each packet would fill the folder with files. */
  #countSplit(): void {
    const nowMs = this.#options.nowMs();
    this.#splitsMs.push(nowMs);
    if (this.#splitsMs.length <= MAX_SPLITS) return;
    if (nowMs - this.#splitsMs.shift()! > SPLIT_WINDOW_MS) return;
    throw new LimitError("MAX_SPLITS", {
      value: MAX_SPLITS + 1,
      limit: MAX_SPLITS,
      message: `its tracks or times change all the time: ${MAX_SPLITS} files began for it within a minute`,
    });
  }

  #isGathered(): boolean {
    return this.#tracks.started.length > 0 && (this.#tracks.isComplete || this.#gathered.isEnough);
  }

  /** Begins a file with these packets. */
  async #begin(packets: readonly Packet[]): Promise<void> {
    const { format, log } = this.#options;
    const tracks = format.isFlv ? this.#tracks.tracks : this.#tracks.started;
    const held = this.#hold(tracks);
    const { file, resume } = await this.#openFile(held);
    const firstUs = packets.reduce(
      (us, { role, dtsUs }) => role === "media" ? Math.min(us, dtsUs) : us,
      Infinity,
    );
    const startUs = Math.floor((Number.isFinite(firstUs) ? firstUs : 0) / 1000) * 1000;
    const baseUs = startUs - (resume?.nextMs ?? 0) * 1000;
    const settings = { metadata: this.#tracks.metadata, timeOffsetUs: -baseUs };
    let muxer: Muxer;
    try {
      muxer = resume?.create(settings) ?? format.create(held, settings);
    } catch (error) {
      this.#options.inUse.delete(file.name);
      await file.close();
      throw error;
    }
    this.#writer = new FileWriter({ file, muxer, baseUs });
    this.#isFirst = false;
    log.info(`recording to ${file.name}${resume === undefined ? "" : `, which has ${resume.nextMs} ms`}`);
    this.#options.opened(file.name);
    const descriptions = this.#tracks.descriptions.map((one) => ({ ...one, dtsUs: startUs, ptsUs: startUs }));
    for (const packet of [...descriptions, ...packets]) this.#put(packet, this.#writer);
  }

  /** The tracks the format can hold; tells of the others. */
  #hold(tracks: readonly MuxTrack[]): readonly MuxTrack[] {
    const { held, left } = holdableTracks(this.#options.format, tracks);
    for (const track of left) {
      if (this.#left.has(keyOf(track))) continue;
      this.#left.add(keyOf(track));
      this.#options.log.warning(
        `${track.kind} track ${track.trackId} is left out: ${this.#options.format.extension} cannot hold ${track.codec}`,
      );
    }
    if (held.length === 0) {
      throw new FormatError(`${this.#options.format.extension} can hold none of its tracks`);
    }
    this.#held = new Set(held.map(keyOf));
    return held;
  }

  async #openFile(tracks: readonly MuxTrack[]): Promise<OpenedFile> {
    const { openSink, nextName, onExisting, isAppend, inUse, log } = this.#options;
    const sink = await openSink();
    const name = nextName();
    const wanted = isAppend && this.#isFirst ? "append" : onExisting;
    if (wanted !== "number" && !inUse.has(name)) {
      // taken before it is opened: another recording may want it in between
      inUse.add(name);
      try {
        const file = await sink.create(name, wanted);
        const opened = wanted === "append" ? await this.#goOn(file, tracks) : { file, resume: undefined };
        if (opened !== undefined) return opened;
      } catch (error) {
        inUse.delete(name);
        throw error;
      }
      inUse.delete(name);
    } else if (wanted !== "number") {
      log.warning(`cannot ${wanted} ${name}: another recording writes it`);
    }
    const file = await sink.create(name, "number");
    inUse.add(file.name);
    return { file, resume: undefined };
  }

  /** Finds the place where a file goes on; `undefined` if it is none that can, and closed. */
  async #goOn(file: RecordingFile, tracks: readonly MuxTrack[]): Promise<OpenedFile | undefined> {
    if (file.sizeBytes === 0) return { file, resume: undefined };
    try {
      const { sizeBytes } = file;
      const source = {
        sizeBytes,
        readAt: (offset: number, into: Uint8Array) => file.readAt(offset, into),
        close: () => {},
      };
      const resume = await this.#options.format.resume(source, tracks);
      await file.truncate(resume.fileBytes);
      return { file, resume };
    } catch (error) {
      await file.close();
      if (!(error instanceof FormatError || error instanceof LimitError)) throw error;
      this.#options.log.warning(`cannot go on with ${file.name}: ${error.message}`);
      return undefined;
    }
  }

  async #close(): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined) return;
    await writer.finish();
    this.#writer = undefined;
    this.#options.inUse.delete(writer.name);
    const seconds = (writer.durationUs / 1_000_000).toFixed(1);
    const refused = writer.refusedPackets === 0
      ? ""
      : `, without ${writer.refusedPackets} packets it cannot hold`;
    this.#options.log.info(`recorded ${writer.name}: ${seconds} s, ${writer.bytes} bytes${refused}`);
    this.#options.closed(writer.name);
  }
}

/** A file to write into, from its start or after what is there. */
interface OpenedFile {
  readonly file: RecordingFile;
  readonly resume: Continuation | undefined;
}

/** One number for kind and track id, which has one byte. */
function keyOf({ kind, trackId }: Pick<Packet, "kind" | "trackId">): number {
  return kind === "video" ? trackId : kind === "audio" ? 256 + trackId : 512;
}
