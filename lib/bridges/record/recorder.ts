import type { Clock } from "#clock";
import { errorMessage } from "#errors";
import type { Logger } from "#log";
import { isScript, type Packet } from "#media";
import type { PacketCursor, Stream } from "#streaming";
import type { FlushBeat } from "./flush_beat.ts";
import { PacketQueue } from "./packet_queue.ts";
import { RecordingSeries, type RecordingSeriesOptions } from "./recording_series.ts";

/** What one recording is made of. */
export interface RecorderOptions extends Omit<RecordingSeriesOptions, "log" | "nowMs"> {
  /** What is recorded. */
  readonly stream: Stream;
  /** For times of the real world. */
  readonly clock: Clock;
  /** When to write. */
  readonly beat: FlushBeat;
  /** Prefixed with the stream. */
  readonly log: Logger;
  /** Most bytes that wait for the disk. */
  readonly maxQueueBytes: number;
  /** Whether the stream has just begun: all of it is recorded, rather than from its newest key frame on. */
  readonly isFromNow: boolean;
  /** The recording has ended by itself; called once, not after `stop`. */
  readonly failed: (reason: string) => void;
}

/** Packets of so many bytes are written at once. */
const FLUSH_BYTES = 1_048_576;

/**
 * Records one live stream.
 *
 * It takes each packet from the stream at once, by reference, and writes what has come by the beat of its format. A
 * disk that is slower than the stream fills a bounded queue; then what waits is dropped up to the next key frame.
 * An error of the disk ends the recording, not the stream.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #queue: PacketQueue;
  readonly #series: RecordingSeries;
  #cursor: PacketCursor | undefined;
  #timer: Disposable | undefined;
  /** The write in flight. */
  #writing: Promise<void> | undefined;
  #ended: Promise<void> | undefined;
  #hasFailed = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#queue = new PacketQueue(options.maxQueueBytes);
    this.#series = new RecordingSeries({ ...options, nowMs: () => options.clock.nowMs() });
  }

  /** The stream that is recorded. */
  get stream(): Stream {
    return this.#options.stream;
  }

  /** Name of the file that is written now; `undefined` before the first packets. */
  get fileName(): string | undefined {
    return this.#series.fileName;
  }

  /** Length of that file, in bytes. */
  get fileBytes(): number {
    return this.#series.fileBytes;
  }

  /** Packets that were lost because the disk was too slow. */
  get droppedPackets(): number {
    return this.#queue.droppedPackets;
  }

  /** Begins. */
  start(): void {
    const { stream, beat } = this.#options;
    const { metadata, configs } = stream.header;
    for (const packet of metadata === undefined ? configs : [metadata, ...configs]) {
      this.#queue.push(packet, false);
    }
    const isFromNow = this.#options.isFromNow || stream.packets.start === undefined;
    this.#cursor = stream.packets.cursor(undefined, { isFromNow });
    this.#timer = beat.add(() => this.#flush());
    this.#read();
  }

  /** Ends: writes what has come, and completes the file. Resolves when it is closed; never rejects. */
  stop(): Promise<void> {
    return this.#ended ??= this.#end();
  }

  async #end(): Promise<void> {
    this.#detach();
    try {
      await this.#writing;
      // an error of the last write has ended the recording already
      if (this.#hasFailed) return;
      await this.#series.write(this.#queue.takeAll());
      await this.#series.finish();
    } catch (error) {
      await this.#fail(error);
    }
  }

  /** Takes what has been published, in the turn it is published in. */
  readonly #read = (): void => {
    const cursor = this.#cursor;
    if (cursor === undefined) return;
    for (let packet = cursor.next(); packet !== undefined; packet = cursor.next()) this.#take(packet);
    cursor.whenAppended(this.#read);
    if (this.#queue.bytes >= FLUSH_BYTES) this.#flush();
  };

  #take(packet: Packet): void {
    // files have media and script data
    if (packet.kind === "data" && !isScript(packet)) return;
    const { hasVideo } = this.#options.stream.header;
    const isStart = packet.role === "media" && packet.isKeyFrame &&
      (packet.kind === "video" ? packet.trackId === 0 : !hasVideo);
    if (this.#queue.push(packet, isStart)) this.#tellDrop();
  }

  #tellDrop(): void {
    const { drops, droppedPackets } = this.#queue;
    const text = `the disk is too slow for the recording: ${droppedPackets} packets dropped so far, ` +
      `it goes on at the next key frame`;
    // the 1st, 2nd, 4th, 8th, ... time: a disk that stays slow does not fill the log
    if ((drops & (drops - 1)) === 0) this.#options.log.warning(text);
    else this.#options.log.debug(text);
  }

  #flush(): void {
    if (this.#writing !== undefined || this.#ended !== undefined) return;
    const packets = this.#queue.takeAll();
    if (packets.length === 0) return;
    this.#writing = this.#series.write(packets).catch((error) => this.#fail(error)).finally(() => {
      this.#writing = undefined;
      if (this.#queue.bytes >= FLUSH_BYTES) this.#flush();
    });
  }

  async #fail(error: unknown): Promise<void> {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#detach();
    const reason = errorMessage(error);
    const { fileName } = this.#series;
    this.#options.log.error(
      `recording${fileName === undefined ? "" : ` to ${fileName}`} has ended: ${reason}`,
    );
    await this.#series.giveUp().catch((again) =>
      this.#options.log.debug(() => `the recording could not be completed: ${errorMessage(again)}`)
    );
    const isStopped = this.#ended !== undefined;
    this.#ended ??= Promise.resolve();
    if (!isStopped) this.#options.failed(reason);
  }

  #detach(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const cursor = this.#cursor;
    this.#cursor = undefined;
    cursor?.[Symbol.dispose]();
  }
}
