import { MediaCursor, type OpenFile, originOf, Pace } from "#bridges/vod";
import type { Clock } from "#clock";
import { ClosedError, errorMessage } from "#errors";
import type { Logger } from "#log";
import {
  formatNpt,
  type PlayRange,
  type RtspCue,
  type RtspPlayContext,
  type RtspPlayer,
  type RtspRefusal,
} from "#protocols/rtsp";
import type { OutboundTrack } from "../outbound_tracks.ts";
import { GatedSink } from "../play/gated_sink.ts";
import { sinkOf, wireTracks } from "../play/transport_sinks.ts";
import { RtpWire } from "../rtp_wire.ts";
import { RtpFileFeed } from "./rtp_file_feed.ts";

/** Media time a player is served in advance, in ms: it plays as packets come. */
const AHEAD_MS = 300;
/** A key frame counts as at a time in microseconds where it is as near. */
const NEAR_US = 500;

/** What a player of a file is made of. */
export interface FilePlayerOptions {
  /** Opens the file; `undefined` where it is gone. */
  readonly open: () => Promise<OpenFile | undefined>;
  /** Its tracks that RTP can carry. */
  readonly tracks: readonly OutboundTrack[];
  /** Time of packets. */
  readonly clock: Clock;
  /** Prefixed with protocol, address and file. */
  readonly log: Logger;
}

/** A file that is open, for one player. */
interface PlayedFile {
  readonly file: OpenFile;
  readonly cursor: MediaCursor;
  /** Time of the file that is 0 to the player, in microseconds. */
  readonly originUs: number;
}

/** Plays one file to one session, with seek and pause. */
export class FileRtspPlayer implements RtspPlayer {
  readonly #options: FilePlayerOptions;
  readonly #context: RtspPlayContext;
  readonly #gate: GatedSink;
  readonly #wire: RtpWire;
  readonly #feed: RtpFileFeed;
  #played: PlayedFile | undefined;
  /** Where it stands: before the first cue, somewhere, or at the end. */
  #place: "new" | "cued" | "end" = "new";
  #isStopped = false;

  constructor(options: FilePlayerOptions, context: RtspPlayContext) {
    const { clock, tracks } = options;
    this.#options = options;
    this.#context = context;
    this.#gate = new GatedSink(sinkOf(context, clock));
    this.#wire = new RtpWire({ tracks: wireTracks(context, tracks), clock });
    this.#feed = new RtpFileFeed({
      sink: this.#gate,
      wire: this.#wire,
      clock,
      pace: new Pace(clock, { bufferMs: AHEAD_MS }),
      finished: (error) => this.#finished(error),
    });
  }

  async cue(range: PlayRange | undefined): Promise<RtspCue | RtspRefusal> {
    if (range !== undefined && range.kind !== "npt") {
      return { status: 457, reason: "files have media time only" };
    }
    const played = this.#played ??= await this.#open();
    if (played === undefined) return { status: 404, reason: "the file is gone" };
    const { file, originUs } = played;
    const { durationUs = Infinity } = file.demuxer.summary;
    const wantedUs = typeof range?.startUs === "number" ? range.startUs : undefined;
    const isGoingOn = wantedUs === undefined && range?.endUs === undefined && this.#place === "cued";
    if (!isGoingOn) {
      const startUs = wantedUs ?? 0;
      if (startUs > 0 && startUs >= durationUs) return { status: 457, reason: "the file is shorter" };
      const fromUs = await this.#seek(played, startUs);
      if (fromUs === undefined) return { status: 457, reason: "there is no index to seek by yet" };
      if (this.#isStopped) return { status: 454, reason: "the session has ended" };
      const endUs = range?.endUs === undefined ? Infinity : originUs + range.endUs;
      this.#feed.cue({ cursor: played.cursor, mayGrow: () => file.mayGrow(), fromUs, endUs });
      this.#place = "cued";
    }
    const end = range?.endUs ?? durationUs;
    return {
      range: `npt=${formatNpt(this.#feed.positionUs - originUs)}-${end === Infinity ? "" : formatNpt(end)}`,
      tracks: this.#wire.positions(this.#feed.wireUs),
    };
  }

  start(): void {
    this.#gate.open();
    this.#feed.run();
  }

  pause(): void {
    this.#feed.hold();
  }

  rtcp(_track: number, _bytes: Uint8Array): void {}

  sayGoodBye(): void {
    if (!this.#isStopped && this.#place !== "end") this.#gate.send(this.#wire.goodBye());
  }

  stop(error: Error | undefined): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#feed.stop();
    this.#played?.file.countServed(this.#feed.sentBytes);
    this.#played?.cursor.close();
    const { log } = this.#options;
    if (error === undefined || error instanceof ClosedError) log.info("stopped playing the file");
    else log.warning(`stopped playing the file: ${error.message}`);
  }

  async #open(): Promise<PlayedFile | undefined> {
    const file = await this.#options.open();
    if (file === undefined) return undefined;
    if (this.#isStopped) {
      file.demuxer.close();
      return undefined;
    }
    const { log } = this.#options;
    log.info(`playing the file over ${this.#context.tracks[0]?.transport.kind ?? "nothing"}`);
    return { file, cursor: new MediaCursor(file.demuxer), originUs: originOf(file.demuxer.summary) };
  }

  /** @returns Time of the file to begin at, that of a key frame; `undefined` where it cannot be sought in. */
  async #seek({ file, cursor, originUs }: PlayedFile, startUs: number): Promise<number | undefined> {
    this.#feed.hold();
    if (startUs === 0 && this.#place === "new") return originUs;
    if (!await file.whenSeekable()) return undefined;
    const { timeUs } = await cursor.seek(originUs + startUs + NEAR_US);
    return startUs === 0 ? Math.min(timeUs, originUs) : timeUs;
  }

  #finished(error: unknown): void {
    this.#place = "end";
    if (error !== undefined) this.#options.log.warning(`the file cannot be read on: ${errorMessage(error)}`);
    this.#context.finished();
  }
}
