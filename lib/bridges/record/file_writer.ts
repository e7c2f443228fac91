import { ByteWriter } from "#bytes";
import { FormatError } from "#errors";
import type { Muxer, Packet } from "#media";
import type { RecordingFile } from "./recording_sink.ts";

/** What a file is written with. */
export interface FileWriterOptions {
  readonly file: RecordingFile;
  readonly muxer: Muxer;
  /** What the muxer takes off all times, in microseconds: one base for all tracks. */
  readonly baseUs: number;
}

const FIRST_BYTES = 65_536;

/** Writes packets into one file. */
export class FileWriter {
  readonly #file: RecordingFile;
  readonly #muxer: Muxer;
  /** Taken off all times, in microseconds. */
  readonly baseUs: number;
  /** What waits to be written; its memory is used again and again. */
  readonly #waiting = new ByteWriter(FIRST_BYTES);
  #writtenBytes: number;
  #newestUs: number;
  #refusedPackets = 0;

  constructor(options: FileWriterOptions) {
    this.#file = options.file;
    this.#muxer = options.muxer;
    this.baseUs = options.baseUs;
    this.#newestUs = options.baseUs;
    this.#writtenBytes = options.file.sizeBytes;
    this.#waiting.bytes(options.muxer.begin());
  }

  /** Its name within the folder. */
  get name(): string {
    return this.#file.name;
  }

  /** Length of the file with what waits to be written, in bytes. */
  get bytes(): number {
    return this.#writtenBytes + this.#waiting.length;
  }

  /** Media time in it, in microseconds, by decoding times. */
  get durationUs(): number {
    return this.#newestUs - this.baseUs;
  }

  /** Packets that the format could not hold. */
  get refusedPackets(): number {
    return this.#refusedPackets;
  }

  /** Takes a packet in the stream's own time; not while `flush` is under way. */
  write(packet: Packet): void {
    if (packet.role === "media" && packet.dtsUs > this.#newestUs) this.#newestUs = packet.dtsUs;
    const muxer = this.#muxer;
    try {
      if (muxer.writeInto !== undefined) muxer.writeInto(packet, this.#waiting);
      else this.#waiting.bytes(muxer.write(packet));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#refusedPackets++;
    }
  }

  /** Gives what was gathered to the file. */
  async flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#muxer.flushInto?.(waiting);
    if (waiting.length === 0) return;
    await this.#file.append(waiting.view());
    this.#writtenBytes += waiting.length;
    waiting.reset();
  }

  /** Completes the file and closes it. */
  async finish(): Promise<void> {
    const { append, patches } = this.#muxer.end();
    this.#waiting.bytes(append);
    await this.flush();
    for (const { offset, bytes } of patches) await this.#file.patch(offset, bytes);
    await this.#file.close();
  }

  /** Closes a file that takes no more bytes: what can be completed in its place is. */
  async giveUp(): Promise<void> {
    this.#waiting.reset();
    try {
      for (const { offset, bytes } of this.#muxer.end().patches) await this.#file.patch(offset, bytes);
    } finally {
      await this.#file.close();
    }
  }
}
