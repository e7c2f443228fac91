import { concatBytes } from "#bytes";
import { FormatError } from "#errors";
import type { Muxer, Packet } from "#media";
import type { RecordingFile } from "./recording_sink.ts";

/** What a file is written with. */
export interface FileWriterOptions {
  readonly file: RecordingFile;
  readonly muxer: Muxer;
  /** Taken off all times, in microseconds: one base for all tracks. */
  readonly baseUs: number;
}

/** Writes packets into one file. */
export class FileWriter {
  readonly #file: RecordingFile;
  readonly #muxer: Muxer;
  /** Taken off all times, in microseconds. */
  readonly baseUs: number;
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  #writtenBytes: number;
  #newestUs: number;
  #refusedPackets = 0;

  constructor(options: FileWriterOptions) {
    this.#file = options.file;
    this.#muxer = options.muxer;
    this.baseUs = options.baseUs;
    this.#newestUs = options.baseUs;
    this.#writtenBytes = options.file.sizeBytes;
    this.#gather(options.muxer.begin());
  }

  /** Its name within the folder. */
  get name(): string {
    return this.#file.name;
  }

  /** Length of the file with what waits to be written, in bytes. */
  get bytes(): number {
    return this.#writtenBytes + this.#partBytes;
  }

  /** Media time in it, in microseconds, by decoding times. */
  get durationUs(): number {
    return this.#newestUs - this.baseUs;
  }

  /** Packets that the format could not hold. */
  get refusedPackets(): number {
    return this.#refusedPackets;
  }

  /** Takes a packet in the stream's own time. */
  write(packet: Packet): void {
    const dtsUs = packet.dtsUs - this.baseUs;
    if (packet.role === "media" && packet.dtsUs > this.#newestUs) this.#newestUs = packet.dtsUs;
    try {
      this.#gather(this.#muxer.write({ ...packet, dtsUs, ptsUs: packet.ptsUs - this.baseUs }));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#refusedPackets++;
    }
  }

  /** Gives what was gathered to the file. */
  async flush(): Promise<void> {
    if (this.#partBytes === 0) return;
    const bytes = this.#parts.length === 1 ? this.#parts[0]! : concatBytes(this.#parts);
    this.#parts = [];
    this.#partBytes = 0;
    await this.#file.append(bytes);
    this.#writtenBytes += bytes.length;
  }

  /** Completes the file and closes it. */
  async finish(): Promise<void> {
    const { append, patches } = this.#muxer.end();
    this.#gather(append);
    await this.flush();
    for (const { offset, bytes } of patches) await this.#file.patch(offset, bytes);
    await this.#file.close();
  }

  /** Closes a file that takes no more bytes: what can be completed in its place is. */
  async giveUp(): Promise<void> {
    this.#parts = [];
    this.#partBytes = 0;
    try {
      for (const { offset, bytes } of this.#muxer.end().patches) await this.#file.patch(offset, bytes);
    } finally {
      await this.#file.close();
    }
  }

  #gather(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#parts.push(bytes);
    this.#partBytes += bytes.length;
  }
}
