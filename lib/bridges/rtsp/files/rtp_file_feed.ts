import type { MediaCursor, OpenFile, Pace } from "#bridges/vod";
import type { Clock } from "#clock";
import type { MediaPacket, Packet } from "#media";
import type { SliceSource } from "#stack";
import type { RtpSink } from "../play/rtp_sink.ts";
import type { RtpWire } from "../rtp_wire.ts";

/** Bytes written at once; a packet that is larger gets memory of its own size. */
const SLICE_BYTES = 32 * 1024;
/** How often the end of a file that grows is looked at, in ms. */
const GROWTH_LOOK_MS = 500;
/** What becomes due within this time goes out with one write, in ms. */
const GATHER_MS = 20;
/** Media time between what was sent before a jump and what comes after it, in microseconds. */
const JUMP_GAP_US = 40_000;

/** What a feed is made of. */
export interface RtpFileFeedOptions {
  /** Where frames go. */
  readonly sink: RtpSink;
  /** Of this player alone. */
  readonly wire: RtpWire;
  /** Times what is not due yet. */
  readonly clock: Clock;
  /** How far ahead the player may be served. */
  readonly pace: Pace;
  /** All was sent; `error` says why the file could not be read to its end. */
  readonly finished: (error?: unknown) => void;
}

/** What is sent from where on. */
export interface RtpFileStart {
  /** Stands at the first packet, or before it. */
  readonly cursor: MediaCursor;
  /** Whether more may be written to the file. */
  readonly mayGrow: OpenFile["mayGrow"];
  /** Time of the file from which on packets are sent, in microseconds: what is shown earlier is not. */
  readonly fromUs: number;
  /** Time of the file of the first packet that is not sent any more, in microseconds. */
  readonly endUs: number;
}

const NO_PACKETS: readonly MediaPacket[] = [];

/**
 * Feeds the packets of a file to one player, as they become due. Timestamps go on rising over pauses and jumps, as RFC
 * 2326 appendix B has it: what a timestamp means is said anew with each PLAY.
 */
export class RtpFileFeed implements SliceSource {
  readonly #options: RtpFileFeedOptions;
  #start: RtpFileStart | undefined;
  #packets = NO_PACKETS;
  #at = 0;
  /** The packet at hand, on the player's time line. */
  #moved: Packet | undefined;
  /** Raised by whatever makes packets that are being read useless. */
  #generation = 0;
  #isReading = false;
  /** No packet follows what is in `#packets`. */
  #isOver = false;
  #fault: unknown;
  #isRunning = false;
  #isSource = false;
  /** Player's time of the start, and the newest that was sent, in microseconds. */
  #baseUs = 0;
  #newestUs = -JUMP_GAP_US;
  /** Time of the file that was reached, in microseconds. */
  #positionUs = 0;
  #buffer = new Uint8Array(SLICE_BYTES);
  #slice: Uint8Array | undefined;
  #taken = 0;
  #timer: Disposable | undefined;
  #sentBytes = 0;

  constructor(options: RtpFileFeedOptions) {
    this.#options = options;
  }

  /** Whether no slice was written in part. */
  get isAtBoundary(): boolean {
    return this.#taken === 0;
  }

  /** Time of the file that was reached, in microseconds. */
  get positionUs(): number {
    return this.#positionUs;
  }

  /** The player's time at `positionUs`, in microseconds. */
  get wireUs(): number {
    return this.#baseUs + this.#positionUs - (this.#start?.fromUs ?? this.#positionUs);
  }

  /** Bytes that were sent. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Gets ready to send from `start` on; what was being sent is not sent on. */
  cue(start: RtpFileStart): void {
    this.hold();
    this.#generation++;
    this.#start = start;
    this.#packets = NO_PACKETS;
    this.#moved = undefined;
    this.#at = 0;
    this.#isOver = false;
    this.#fault = undefined;
    this.#baseUs = this.#newestUs + JUMP_GAP_US;
    this.#positionUs = start.fromUs;
    this.#options.pace.restart();
  }

  /** Sends, or goes on. */
  run(): void {
    const { sink, pace, wire } = this.#options;
    if (this.#isRunning || this.#start === undefined) return;
    this.#isRunning = true;
    pace.resume();
    sink.send(wire.reports(this.wireUs));
    if (this.#isSource) return sink.wake();
    this.#isSource = true;
    sink.setSource(this);
  }

  /** Stops at the next packet; a slice that was begun is finished. */
  hold(): void {
    this.#isRunning = false;
    this.#options.pace.pause();
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  /** Leaves the sink. */
  stop(): void {
    this.hold();
    this.#generation++;
    this.#start = undefined;
    if (this.#isSource) this.#options.sink.setSource(undefined);
    this.#isSource = false;
  }

  nextSlice(): Uint8Array | undefined {
    if (this.#slice !== undefined) return this.#slice.subarray(this.#taken);
    const start = this.#start;
    if (start === undefined || !this.#isRunning) return undefined;
    const length = this.#fill(start);
    if (length > 0) return this.#slice = this.#buffer.subarray(0, length);
    if (this.#at < this.#packets.length) return undefined;
    if (this.#isOver) this.#finish();
    else if (this.#timer === undefined) this.#readOn(start);
    return undefined;
  }

  accepted(count: number): void {
    this.#sentBytes += count;
    this.#taken += count;
    if (this.#slice === undefined || this.#taken < this.#slice.length) return;
    this.#slice = undefined;
    this.#taken = 0;
  }

  failed(_error: unknown): void {
    this.#isSource = false;
    this.hold();
  }

  /** Writes what is due; returns how many bytes. */
  #fill(start: RtpFileStart): number {
    const { pace, wire } = this.#options;
    let length = 0;
    for (; this.#at < this.#packets.length; this.#at++) {
      const packet = this.#packets[this.#at]!;
      const moved = this.#moved ??= this.#movedPacket(packet, start);
      if (moved === undefined) continue;
      const waitMs = pace.waitMs(moved.dtsUs);
      if (waitMs > 0) {
        this.#arm(waitMs + GATHER_MS);
        break;
      }
      const size = wire.encodedBytes(moved);
      if (length > 0 && length + size > this.#buffer.length) break;
      if (size > this.#buffer.length) this.#buffer = new Uint8Array(size);
      wire.encodeInto(this.#buffer, length, moved);
      length += size;
      this.#newestUs = Math.max(this.#newestUs, moved.ptsUs);
      if (packet.role === "media") this.#positionUs = Math.max(this.#positionUs, packet.dtsUs);
      this.#moved = undefined;
    }
    return length;
  }

  /** `undefined` for what is not sent. */
  #movedPacket(packet: MediaPacket, { fromUs, endUs }: RtpFileStart): Packet | undefined {
    if (!this.#options.wire.carries(packet)) return undefined;
    if (packet.role === "media" && (packet.ptsUs < fromUs || packet.dtsUs >= endUs)) return undefined;
    const shiftUs = this.#baseUs - fromUs;
    return { ...packet, dtsUs: packet.dtsUs + shiftUs, ptsUs: packet.ptsUs + shiftUs };
  }

  #readOn(start: RtpFileStart): void {
    if (this.#isReading) return;
    this.#isReading = true;
    void this.#read(start, this.#generation).finally(() => {
      this.#isReading = false;
      if (this.#isSource) this.#options.sink.wake();
    });
  }

  async #read({ cursor, mayGrow, endUs }: RtpFileStart, generation: number): Promise<void> {
    let packets = NO_PACKETS;
    let isGrowing = false;
    let fault: unknown;
    try {
      packets = await cursor.read();
      isGrowing = packets.length === 0 && await mayGrow();
    } catch (error) {
      fault = error;
    }
    if (generation !== this.#generation) return;
    this.#packets = packets;
    this.#at = 0;
    if (packets.length > 0) {
      // all tracks are about as far
      this.#isOver = packets.every(({ dtsUs, role }) => role === "media" && dtsUs >= endUs);
    } else if (isGrowing) {
      this.#arm(GROWTH_LOOK_MS);
    } else {
      this.#isOver = true;
      this.#fault = fault;
    }
  }

  #arm(delayMs: number): void {
    this.#timer ??= this.#options.clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#options.sink.wake();
    });
  }

  /** Tells so in a turn of its own: the sink is asking for bytes. */
  #finish(): void {
    const { sink, wire, finished } = this.#options;
    const fault = this.#fault;
    this.hold();
    queueMicrotask(() => {
      sink.send(wire.goodBye());
      finished(fault);
    });
  }
}
