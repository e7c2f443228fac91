import type { ByteWriter } from "#bytes";
import { type LibraryFile, Pace, TrackChoice } from "#bridges/vod";
import type { Clock } from "#clock";
import { errorMessage, FormatError } from "#errors";
import type { MediaPacket, MediaTrack } from "#media";
import { encodeFlvStart, FlvMuxer, FULL_DIALECT } from "#mediaformats/flv";
import { PieceWriters } from "./piece_writers.ts";

/** A file that is sent as FLV. */
export type RemuxedFile = Pick<LibraryFile, "demuxer" | "mayGrow">;

/** How a file is sent as FLV. */
export interface FlvRemuxOptions {
  /** Paces what is sent. */
  readonly clock: Clock;
  /** Media time sent in advance, in ms; `Infinity` sends as fast as the viewer takes it. */
  readonly bufferMs: number;
  /**
   * Where pieces are put together; many viewers may share it. A piece after the first is then written over once the
   * one after it is asked for: for takers that are done with some before they ask for more.
   *
   * @default pieces have memory of their own
   */
  readonly writers?: PieceWriters;
  /** Called once, when the body has ended, failed or is not wanted any more. */
  readonly finished: (outcome: { readonly sentBytes: number; readonly fault?: string }) => void;
}

/** Bytes of tags that are sent at once. */
const GATHER_BYTES = 16_384;
/** How often a file that grows is looked at, in ms. */
const GROWTH_LOOK_MS = 500;

/**
 * Sends a file of any container as FLV: the viewer's buffer at once, then as time goes by.
 *
 * Each kind's first track that FLV can hold is sent, times as the file has them. A file that is being written is
 * followed until it grows no more. What a viewer does not take is not read.
 *
 * @param file At the place where the body begins; closed when it ends, and if this throws.
 * @throws {FormatError} If its first packet cannot be read, or it has nothing that FLV can hold.
 */
export async function remuxToFlv(
  file: RemuxedFile,
  options: FlvRemuxOptions,
): Promise<ReadableStream<Uint8Array>> {
  const remux = new FlvRemux(file, options);
  await remux.open();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const bytes = await remux.next();
      if (bytes === undefined) controller.close();
      else controller.enqueue(bytes);
    },
    cancel: () => remux.end(),
  }, { highWaterMark: 0 });
}

class FlvRemux {
  readonly #file: RemuxedFile;
  readonly #options: FlvRemuxOptions;
  readonly #tracks: TrackChoice;
  readonly #pace: Pace;
  readonly #writers: PieceWriters;
  /** Holds the piece that was given out last, which the taker may still need. */
  #lent: ByteWriter | undefined;
  #muxer: FlvMuxer | undefined;
  #packets: readonly MediaPacket[] = [];
  #at = 0;
  #sentBytes = 0;
  #isEnded = false;
  #isReading = false;
  #wake: (() => void) | undefined;

  constructor(file: RemuxedFile, options: FlvRemuxOptions) {
    this.#file = file;
    this.#options = options;
    this.#tracks = new TrackChoice(file.demuxer, { dialect: FULL_DIALECT });
    this.#pace = new Pace(options.clock, options);
    this.#writers = options.writers ?? new PieceWriters();
  }

  /** Reads the first packets. */
  async open(): Promise<void> {
    try {
      this.#packets = await this.#file.demuxer.read();
      this.#tracks.refresh();
      const { video, audio } = this.#tracks;
      const isHeld = (video ?? audio) !== undefined;
      if (isHeld && this.#packets.length > 0 || await this.#file.mayGrow()) return;
      const codecs = this.#file.demuxer.summary.tracks.map(({ codecName }) => codecName).join(", ");
      const reason = isHeld || codecs === "" ? "there is no packet in it" : `it cannot hold ${codecs}`;
      throw new FormatError(`Cannot play as FLV: ${reason}`);
    } catch (error) {
      this.#file.demuxer.close();
      throw error;
    }
  }

  /** The next bytes that are due, waiting for them; `undefined` at the end. */
  async next(): Promise<Uint8Array | undefined> {
    this.#isReading = true;
    try {
      const bytes = await this.#gather();
      this.#sentBytes += bytes?.length ?? 0;
      if (bytes === undefined) this.#finish();
      return bytes;
    } catch (error) {
      this.#finish(errorMessage(error));
      throw error;
    } finally {
      this.#isReading = false;
      if (this.#isEnded) this.#file.demuxer.close();
    }
  }

  /** Nobody takes more. */
  end(): void {
    this.#finish();
    this.#wake?.();
    if (!this.#isReading) this.#file.demuxer.close();
  }

  async #gather(): Promise<Uint8Array | undefined> {
    while (!this.#isEnded) {
      const bytes = this.#takeDue();
      if (bytes.length > 0) return bytes;
      const packet = this.#packets[this.#at];
      if (packet !== undefined) await this.#sleep(this.#waitMs(packet) + this.#pace.refillMs);
      else if (!await this.#read()) return undefined;
    }
    return undefined;
  }

  /** The tags that are due of the packets that are here. */
  #takeDue(): Uint8Array {
    this.#giveBack();
    const writer = this.#writers.take();
    for (; this.#at < this.#packets.length && writer.length < GATHER_BYTES; this.#at++) {
      const packet = this.#packets[this.#at]!;
      if (this.#waitMs(packet) > 0) break;
      this.#write(packet, writer);
    }
    // whoever answers may look at the second piece before it sends the first
    const isLent = this.#options.writers !== undefined && this.#sentBytes > 0 && writer.length > 0;
    const bytes = isLent ? writer.view() : writer.take();
    if (isLent) this.#lent = writer;
    else this.#writers.give(writer);
    return bytes;
  }

  #giveBack(): void {
    if (this.#lent !== undefined) this.#writers.give(this.#lent);
    this.#lent = undefined;
  }

  /** Reads on; waits where the file grows; returns whether there is more. */
  async #read(): Promise<boolean> {
    this.#at = 0;
    this.#packets = await this.#file.demuxer.read();
    while (this.#packets.length === 0) {
      if (this.#isEnded || !await this.#file.mayGrow()) return false;
      await this.#sleep(GROWTH_LOOK_MS);
      if (this.#isEnded) return false;
      this.#packets = await this.#file.demuxer.read();
    }
    this.#tracks.refresh();
    return true;
  }

  #waitMs(packet: MediaPacket): number {
    return packet.kind === "data" || packet.role !== "media" ? 0 : this.#pace.waitMs(packet.dtsUs);
  }

  #write(packet: MediaPacket, writer: ByteWriter): void {
    const { video, audio } = this.#tracks;
    const track = packet.kind === "video" ? video : packet.kind === "audio" ? audio : undefined;
    // sound that is decoded only is of no use; script data of the file tells of another file
    if (track?.index !== packet.trackIndex || packet.isDiscarded && packet.kind === "audio") return;
    const muxer = this.#muxer ??= this.#begin(packet, writer);
    muxer.writeInto(packet.trackId === 0 ? packet : asDefaultTrack(packet), writer);
  }

  /** Writes the head, and returns what writes the rest. */
  #begin(first: MediaPacket, writer: ByteWriter): FlvMuxer {
    const { video, audio } = this.#tracks;
    const tracks = [video, audio].filter((track) => track !== undefined)
      .map((track) => ({ ...track, trackId: 0 }));
    const muxer = new FlvMuxer(tracks, { maxKeyFrames: 0 });
    // its own head leaves the duration open
    muxer.begin();
    const summary = { ...this.#file.demuxer.summary, tracks };
    const configs = tracks.flatMap((track) => configOf(track, first));
    writer.bytes(encodeFlvStart(summary, { timeUs: first.ptsUs, offset: 0, configs }));
    return muxer;
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(Math.min(delayMs, MAX_SLEEP_MS), resolve);
      this.#wake = () => {
        timer[Symbol.dispose]();
        resolve();
      };
    });
  }

  #finish(fault?: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#options.finished({ sentBytes: this.#sentBytes, ...(fault === undefined ? {} : { fault }) });
  }
}

/** Longest sleep, in ms: timers take no more than 2^31. */
const MAX_SLEEP_MS = 60_000;

/** The configuration of a track, at the time of `first`. */
function configOf(track: MediaTrack, first: MediaPacket): MediaPacket[] {
  const { kind, trackId, codec, codecConfig: payload, index: trackIndex } = track;
  if (payload === undefined || payload.length === 0) return [];
  const { dtsUs, dtsTicks } = first;
  return [{
    ...{ kind, trackId, codec, role: "config", isKeyFrame: true, isDiscarded: false, trackIndex, payload },
    ...{ dtsUs, ptsUs: dtsUs, dtsTicks, ptsTicks: dtsTicks, durationTicks: 0 },
  }];
}

/** A packet of another track as that of the default one: its tag body would name the other. */
function asDefaultTrack({ flvTagBody: _, ...packet }: MediaPacket): MediaPacket {
  return { ...packet, trackId: 0 };
}
