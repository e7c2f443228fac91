import type { PlayerPlace } from "#bridges/rtmp";
import type { Clock } from "#clock";
import type { MediaPacket } from "#media";
import type { TagDialect } from "#mediaformats/flv";
import type { SliceSource } from "#stack";
import type { MediaCursor } from "./media_cursor.ts";
import type { Pace } from "./pace.ts";
import { type KindChoice, type PacketPlan, PacketWriter } from "./packet_writer.ts";
import type { SliceWriter } from "./slice_writer.ts";

/** How often the end of a file that grows is looked at, in ms. */
const GROWTH_LOOK_MS = 500;

/** What a feed is made of. */
export interface FileFeedOptions {
  /** Where it writes. */
  readonly place: PlayerPlace;
  /** Times what is not due yet. */
  readonly clock: Clock;
  /** How far ahead the player may be served. */
  readonly pace: Pace;
  /** Makes the slices. */
  readonly writer: SliceWriter;
  /** What the player reads. */
  readonly dialect: TagDialect;
  /** All was written; `error` says why the file could not be read to its end. Called once a start. */
  readonly ended: (error?: unknown) => void;
}

/** What is fed from where on. */
export interface FeedStart extends PacketPlan {
  /** Stands at the first packet. */
  readonly cursor: MediaCursor;
  /** Player's time of the first packet that is not sent any more, in microseconds. */
  readonly endUs: number;
  /** Whether more may be written to the file. */
  readonly mayGrow: () => Promise<boolean>;
}

const NO_PACKETS: readonly MediaPacket[] = [];

/**
 * Feeds the packets of a file to a carrier: in advance as the pace allows, and never more than one write and
 * one batch of the demuxer in memory, however slow the peer is.
 *
 * Packets are read while the write before is on its way. Slices are whole messages; one that was begun is
 * finished whatever is wanted meanwhile.
 */
export class FileFeed implements SliceSource {
  readonly #options: FileFeedOptions;
  readonly #packetWriter: PacketWriter;
  #start: FeedStart | undefined;
  #packets = NO_PACKETS;
  #at = 0;
  /** Raised by whatever makes packets that are being read useless. */
  #generation = 0;
  #isReading = false;
  /** No packet follows what is in `#packets`. */
  #isOver = false;
  #fault: unknown;
  #isPaused = false;
  /** Paused, but the first picture is still to be shown. */
  #wantsPicture = false;
  #isSource = false;
  #isStopped = false;
  #slice: Uint8Array | undefined;
  #taken = 0;
  #timer: Disposable | undefined;
  #pastEnd = { video: false, audio: false };

  constructor(options: FileFeedOptions) {
    this.#options = options;
    this.#packetWriter = new PacketWriter(options.writer, { dialect: options.dialect });
  }

  /** Bytes of media written since the last `resetBytes`. */
  get bytes(): number {
    return this.#packetWriter.bytes;
  }

  /** Player's time of the newest packet written since `start`, in microseconds. */
  get lastUs(): number {
    return this.#packetWriter.lastUs;
  }

  /** Whether it was told to pause. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Whether no slice was written in part. */
  get isAtBoundary(): boolean {
    return this.#taken === 0;
  }

  /** Forgets what was read and feeds from `start` on. While paused, only the first picture goes out. */
  start(start: FeedStart): void {
    this.hold();
    this.#start = start;
    this.#isOver = false;
    this.#fault = undefined;
    this.#packetWriter.begin();
    this.#wantsPicture = this.#isPaused && this.#packetWriter.hasKind("video", start);
    this.#pastEnd = { video: false, audio: false };
    this.#options.pace.restart();
    if (!this.#isSource) {
      this.#isSource = true;
      this.#options.place.setSource(this);
    } else this.#options.place.wake();
  }

  /** Counts bytes from 0 again, for the next file. */
  resetBytes(): void {
    this.#packetWriter.resetBytes();
  }

  /** Feeds nothing until `start`; a slice that was begun is finished. */
  hold(): void {
    this.#generation++;
    this.#start = undefined;
    this.#packets = NO_PACKETS;
    this.#at = 0;
    this.#disarm();
  }

  /** Feeds nothing until `resume`, but for what `start` says. */
  pause(): void {
    this.#isPaused = true;
    this.#wantsPicture = false;
    this.#options.pace.pause();
    this.#disarm();
  }

  /** Goes on where `pause` stopped. */
  resume(): void {
    this.#isPaused = this.#wantsPicture = false;
    this.#options.pace.resume();
    this.#options.place.wake();
  }

  /** Chooses kinds; video that comes back starts with its next key frame. */
  receive(choice: KindChoice): void {
    this.#packetWriter.receive(choice);
  }

  /** The buffer was raised: more may go now. */
  wake(): void {
    this.#disarm();
    this.#options.place.wake();
  }

  /** Leaves the carrier, once a slice that was begun is finished. */
  stop(): void {
    this.hold();
    this.#isStopped = true;
    if (this.#slice === undefined) this.#leave();
  }

  /** The next messages that are due, lent until `accepted` or `failed`. */
  nextSlice(): Uint8Array | undefined {
    if (this.#slice !== undefined) return this.#slice.subarray(this.#taken);
    const start = this.#start;
    if (start === undefined || this.#isPaused && !this.#wantsPicture) return undefined;
    this.#fill(start);
    const slice = this.#options.writer.take();
    this.#slice = slice;
    if (this.#at === this.#packets.length && !this.#isOver) this.#readOn(start);
    if (slice === undefined && this.#isDone) this.#end();
    return slice;
  }

  /** The kernel took `count` bytes of the slice. */
  accepted(count: number): void {
    this.#taken += count;
    if (this.#slice === undefined || this.#taken < this.#slice.length) return;
    this.#dropSlice();
    if (this.#isStopped) this.#leave();
    else if (this.#start !== undefined && this.#isDone && !this.#isPaused) this.#end();
  }

  /** The connection ended. */
  failed(_error: unknown): void {
    this.#isSource = false;
    this.#dropSlice();
    this.hold();
  }

  get #isDone(): boolean {
    return this.#isOver && this.#at === this.#packets.length;
  }

  #fill(start: FeedStart): void {
    const { pace } = this.#options;
    const writer = this.#packetWriter;
    const packets = this.#packets;
    for (; this.#at < packets.length; this.#at++) {
      const packet = packets[this.#at]!;
      if (!writer.isWanted(packet, start)) continue;
      const timeUs = Math.max(start.prerollUntilUs, packet.dtsUs - start.originUs);
      if (timeUs >= start.endUs) {
        if (this.#isPastEnd(packet, start)) return;
        continue;
      }
      if (!this.#wantsPicture) {
        const waitMs = pace.waitMs(timeUs);
        if (waitMs > 0) return this.#arm(waitMs + pace.refillMs);
      }
      if (!writer.write(packet, start)) return;
      if (this.#wantsPicture && isPicture(packet) && !writer.isInPreroll) {
        this.#wantsPicture = false;
        this.#at++;
        return;
      }
    }
  }

  /** Notes that a track is past the end of what was asked for; returns whether all are. */
  #isPastEnd({ kind }: MediaPacket, start: FeedStart): boolean {
    if (kind !== "data") this.#pastEnd[kind] = true;
    const { video, audio } = this.#pastEnd;
    if (!video && this.#packetWriter.hasKind("video", start)) return false;
    if (!audio && this.#packetWriter.hasKind("audio", start)) return false;
    this.#isOver = true;
    this.#at = this.#packets.length;
    return true;
  }

  #readOn(start: FeedStart): void {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#packets = NO_PACKETS;
    this.#at = 0;
    const generation = this.#generation;
    void this.#read(start, generation).finally(() => {
      this.#isReading = false;
      this.#options.place.wake();
    });
  }

  async #read(start: FeedStart, generation: number): Promise<void> {
    let packets = NO_PACKETS;
    let isGrowing = false;
    let fault: unknown;
    try {
      packets = await start.cursor.read();
      isGrowing = packets.length === 0 && await start.mayGrow();
    } catch (error) {
      fault = error;
    }
    if (generation !== this.#generation) return;
    this.#packets = packets;
    if (packets.length > 0) return start.tracks.refresh();
    if (isGrowing) {
      await this.#untilGrown();
      return;
    }
    this.#isOver = true;
    this.#fault = fault;
  }

  /** Waits before the file is looked at again; whatever disarms ends the wait. */
  #untilGrown(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(GROWTH_LOOK_MS, () => {
        this.#timer = undefined;
        resolve();
      });
      this.#timer = {
        [Symbol.dispose]: () => {
          timer[Symbol.dispose]();
          resolve();
        },
      };
    });
  }

  #arm(delayMs: number): void {
    this.#timer ??= this.#options.clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#options.place.wake();
    });
  }

  #disarm(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  /** Tells so in a turn of its own: the carrier is asking for bytes. */
  #end(): void {
    this.hold();
    const generation = this.#generation;
    queueMicrotask(() => {
      if (generation === this.#generation) this.#options.ended(this.#fault);
    });
  }

  #dropSlice(): void {
    this.#slice = undefined;
    this.#taken = 0;
    this.#options.writer.give();
  }

  #leave(): void {
    if (this.#isSource) this.#options.place.setSource(undefined);
    this.#isSource = false;
  }
}

function isPicture({ kind, role }: MediaPacket): boolean {
  return kind === "video" && role === "media";
}
