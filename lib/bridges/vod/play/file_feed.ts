import type { PlayerPlace } from "#bridges/rtmp";
import { bytesEqual } from "#bytes";
import type { Clock } from "#clock";
import type { MediaPacket, MediaTrack, Packet } from "#media";
import { isEnhancedTagBody, tagBodyIn, tagBodyOf } from "#mediaformats/flv";
import type { SliceSource } from "#stack";
import type { MediaCursor } from "./media_cursor.ts";
import type { Pace } from "./pace.ts";
import { restampedBody } from "./restamp.ts";
import type { SliceWriter } from "./slice_writer.ts";
import type { TrackChoice } from "./track_choice.ts";

/** How often the end of a file that grows is looked at, in ms. */
const GROWTH_LOOK_MS = 500;

/** What a feed is made of. */
export interface FileFeedOptions {
  readonly place: PlayerPlace;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly writer: SliceWriter;
  /** Whether the player announced Enhanced RTMP. */
  readonly isEnhanced: boolean;
  /** All was written; `error` says why the file could not be read to its end. Called once a start. */
  readonly ended: (error?: unknown) => void;
}

/** What is fed from where on. */
export interface FeedStart {
  readonly cursor: MediaCursor;
  readonly tracks: TrackChoice;
  /** File time that is 0 to the player, in microseconds. */
  readonly originUs: number;
  /** Player's time before which pictures are only decoded, in microseconds; 0 for none. */
  readonly prerollUntilUs: number;
  /** Player's time of the first packet that is not sent any more, in microseconds. */
  readonly endUs: number;
  /** Whether more may be written to the file. */
  readonly mayGrow: () => Promise<boolean>;
}

const NO_PACKETS: readonly MediaPacket[] = [];
const NO_CONFIGS = { video: undefined, audio: undefined };

/** Frame type of a video command: FLV 10.1, section E.4.3.1; what follows starts or ends a seek. */
const COMMAND_FRAME = 0x50;
const START_SEEK = 0;
const END_SEEK = 1;

/**
 * Feeds the packets of a file to a carrier: in advance as the pace allows, and never more than one write and
 * one batch of the demuxer in memory, however slow the peer is.
 *
 * Packets are read while the write before is on its way. Slices are whole messages; one that was begun is
 * finished whatever is wanted meanwhile.
 */
export class FileFeed implements SliceSource {
  readonly #options: FileFeedOptions;
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
  #hasAudio = true;
  #hasVideo = true;
  #needsKeyFrame = false;
  #isInPreroll = false;
  #pastEnd = { video: false, audio: false };
  /** Configurations that the player has. */
  #configs: { video: Uint8Array | undefined; audio: Uint8Array | undefined } = NO_CONFIGS;
  #bytes = 0;
  #lastUs = 0;

  constructor(options: FileFeedOptions) {
    this.#options = options;
  }

  /** Bytes of media written since the last `resetBytes`. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Player's time of the newest packet written, in microseconds. */
  get lastUs(): number {
    return this.#lastUs;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get isAtBoundary(): boolean {
    return this.#taken === 0;
  }

  /** Forgets what was read and feeds from `start` on. While paused, only the first picture goes out. */
  start(start: FeedStart): void {
    this.hold();
    this.#start = start;
    this.#isOver = false;
    this.#fault = undefined;
    this.#isInPreroll = false;
    this.#needsKeyFrame = false;
    this.#wantsPicture = this.#isPaused && this.#hasVideo && start.tracks.video !== undefined;
    this.#pastEnd = { video: false, audio: false };
    this.#configs = { ...NO_CONFIGS };
    this.#lastUs = 0;
    this.#options.pace.restart();
    if (!this.#isSource) {
      this.#isSource = true;
      this.#options.place.setSource(this);
    } else this.#options.place.wake();
  }

  /** Counts bytes from 0 again, for the next file. */
  resetBytes(): void {
    this.#bytes = 0;
  }

  /** Feeds nothing until `start`; a slice that was begun is finished. */
  hold(): void {
    this.#generation++;
    this.#start = undefined;
    this.#packets = NO_PACKETS;
    this.#at = 0;
    this.#disarm();
  }

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
  receive(choice: { readonly hasAudio?: boolean; readonly hasVideo?: boolean }): void {
    const { hasAudio = this.#hasAudio, hasVideo = this.#hasVideo } = choice;
    if (hasVideo && !this.#hasVideo) this.#needsKeyFrame = true;
    this.#hasAudio = hasAudio;
    this.#hasVideo = hasVideo;
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

  accepted(count: number): void {
    this.#taken += count;
    if (this.#slice === undefined || this.#taken < this.#slice.length) return;
    this.#dropSlice();
    if (this.#isStopped) this.#leave();
    else if (this.#start !== undefined && this.#isDone && !this.#isPaused) this.#end();
  }

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
    const packets = this.#packets;
    for (; this.#at < packets.length; this.#at++) {
      const packet = packets[this.#at]!;
      if (!this.#isWanted(packet, start)) continue;
      const timeUs = Math.max(start.prerollUntilUs, packet.dtsUs - start.originUs);
      if (timeUs >= start.endUs) {
        if (this.#isPastEnd(packet, start)) return;
        continue;
      }
      if (!this.#wantsPicture) {
        const waitMs = pace.waitMs(timeUs);
        if (waitMs > 0) return this.#arm(waitMs + pace.refillMs);
      }
      if (!this.#write(packet, start)) return;
      if (this.#wantsPicture && isPicture(packet) && !this.#isInPreroll) {
        this.#wantsPicture = false;
        this.#at++;
        return;
      }
    }
  }

  #isWanted(packet: MediaPacket, { tracks }: FeedStart): boolean {
    if (packet.kind === "data") return packet.codec === "script" && packet.role === "data";
    const isVideo = packet.kind === "video";
    const track = isVideo ? tracks.video : tracks.audio;
    if (track?.index !== packet.trackIndex || !(isVideo ? this.#hasVideo : this.#hasAudio)) return false;
    if (isVideo && this.#needsKeyFrame && packet.role === "media") {
      if (!packet.isKeyFrame) return false;
      this.#needsKeyFrame = false;
    }
    return true;
  }

  /** Notes that a track is past the end of what was asked for; returns whether all are. */
  #isPastEnd({ kind }: MediaPacket, { tracks }: FeedStart): boolean {
    if (kind !== "data") this.#pastEnd[kind] = true;
    const { video, audio } = this.#pastEnd;
    if (!video && tracks.video !== undefined && this.#hasVideo) return false;
    if (!audio && tracks.audio !== undefined && this.#hasAudio) return false;
    this.#isOver = true;
    this.#at = this.#packets.length;
    return true;
  }

  /** Writes one packet; returns whether there was room. */
  #write(packet: MediaPacket, start: FeedStart): boolean {
    const { writer } = this.#options;
    const fileUs = packet.dtsUs - start.originUs;
    const isPreroll = packet.isDiscarded || fileUs < start.prerollUntilUs && start.prerollUntilUs > 0;
    // sound before its time is of no use; pictures are decoded, all at the time at which showing begins
    if (isPreroll && packet.kind !== "video") return true;
    const timeUs = Math.max(start.prerollUntilUs, fileUs);
    const body = timeUs === fileUs && packet.trackId === 0
      ? tagBodyIn(writer.scratch, packet)
      : restampedBody(packet, { dtsUs: timeUs + start.originUs, scratch: writer.scratch });
    if (!this.#options.isEnhanced && isEnhancedTagBody(packet.kind, body)) return true;
    const timeMs = Math.round(timeUs / 1000);
    if (packet.role === "config") return this.#writeConfig(packet, { timeMs, body });
    if (!this.#writeMissingConfigs(start, timeMs)) return false;
    if (packet.kind === "video" && isPreroll !== this.#isInPreroll) {
      const marker = Uint8Array.of(body[0]! & 0x8f | COMMAND_FRAME, isPreroll ? START_SEEK : END_SEEK);
      if (!writer.add("video", timeMs, marker)) return false;
      this.#isInPreroll = isPreroll;
    }
    if (!writer.add(packet.kind, timeMs, body)) return false;
    this.#bytes += body.length;
    this.#lastUs = Math.max(this.#lastUs, timeUs);
    return true;
  }

  /** Configurations of the tracks come before their first packets. */
  #writeMissingConfigs({ tracks }: FeedStart, timeMs: number): boolean {
    if (
      this.#hasVideo && this.#configs.video === undefined && !this.#writeTrackConfig(tracks.video, timeMs)
    ) {
      return false;
    }
    return !this.#hasAudio || this.#configs.audio !== undefined ||
      this.#writeTrackConfig(tracks.audio, timeMs);
  }

  #writeTrackConfig(track: MediaTrack | undefined, timeMs: number): boolean {
    if (track?.codecConfig === undefined) return true;
    const { kind, codec, codecConfig: payload } = track;
    const packet: Packet = {
      kind,
      trackId: 0,
      codec,
      role: "config",
      dtsUs: 0,
      ptsUs: 0,
      isKeyFrame: kind === "audio",
      payload,
    };
    return this.#writeConfig(packet, { timeMs, body: tagBodyOf(packet) });
  }

  /** Writes a configuration, unless the player has it; returns whether there was room. */
  #writeConfig(
    { kind, payload }: Packet,
    { timeMs, body }: { readonly timeMs: number; readonly body: Uint8Array },
  ): boolean {
    if (kind === "data") return true;
    const known = this.#configs[kind];
    if (known !== undefined && bytesEqual(known, payload)) return true;
    if (!this.#options.writer.add(kind, timeMs, body)) return false;
    // a view would keep a whole block of the file
    this.#configs[kind] = payload.slice();
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
      const timer = this.#options.clock.after(GROWTH_LOOK_MS, resolve);
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
