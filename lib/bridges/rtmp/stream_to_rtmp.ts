import { encodeAmf0Values } from "#amf";
import type { Clock } from "#clock";
import type { Logger } from "#log";
import type { Packet } from "#media";
import { STATUS_CODE, USER_CONTROL_EVENT } from "#protocols/rtmp";
import type { NetStream, PlayRequest } from "#protocols/rtmp";
import type { Stream, Subscriber } from "#streaming";
import type { PlayerTurns } from "./player_turns.ts";
import { dialectOf } from "./wire/player_dialect.ts";
import { RtmpWire } from "./wire/rtmp_wire.ts";

/** What plays one stream to one NetStream. */
export interface StreamToRtmpOptions {
  readonly netStream: NetStream;
  /** Where the players of the connection write. */
  readonly turns: PlayerTurns;
  readonly stream: Stream;
  /** Protocol and peer, for lists of who watches. */
  readonly origin: string;
  /** Prefixed with the connection and the stream. */
  readonly log: Logger;
  readonly clock: Clock;
  /** How long the player may wait for a publisher before it is disconnected, in ms; 0 for ever. */
  readonly waitForPublisherMs: number;
  /** Media time the player asked for, in ms; `undefined` for all. */
  readonly durationMs: number | undefined;
  /** The player got what it asked for: nothing is played any more. */
  readonly finished: () => void;
}

/**
 * Plays one live stream to one RTMP NetStream: statuses by the session, media by a cursor of the stream's log
 * that the connection's carrier reads.
 */
export class StreamToRtmp {
  readonly #options: StreamToRtmpOptions;
  readonly #netStream: NetStream;
  readonly #stream: Stream;
  readonly #log: Logger;
  #subscriber: Subscriber | undefined;
  #hasAudio = true;
  #hasVideo = true;
  #isPaused = false;
  #waitTimer: Disposable | undefined;

  constructor(options: StreamToRtmpOptions) {
    this.#options = options;
    this.#netStream = options.netStream;
    this.#stream = options.stream;
    this.#log = options.log;
  }

  /**
   * Says that playing starts, and subscribes.
   *
   * @param options `isReset`: the player asked to flush an earlier playlist.
   */
  start(options: Pick<PlayRequest, "streamName" | "isReset">): void {
    const netStream = this.#netStream;
    const { streamName } = options;
    netStream.startPlaying();
    netStream.sendUserControl(USER_CONTROL_EVENT.StreamBegin);
    if (options.isReset) {
      netStream.sendStatus({
        code: STATUS_CODE.PlayReset,
        description: `Playing and resetting ${streamName}.`,
        properties: { details: streamName },
      });
    }
    netStream.sendStatus({
      code: STATUS_CODE.PlayStart,
      description: `Started playing ${streamName}.`,
      properties: { details: streamName },
    });
    netStream.sendData(0, encodeAmf0Values(["|RtmpSampleAccess", false, false]));
    this.#subscribe(false);
    if (this.#stream.publisher === undefined) this.#startWaiting();
  }

  /** Pauses, or goes on at the newest key frame. */
  pause(isPaused: boolean): void {
    if (isPaused !== this.#isPaused) {
      this.#isPaused = isPaused;
      if (isPaused) this.#subscriber?.pause();
      else this.#subscriber?.resume();
    }
    this.#netStream.sendStatus({
      code: isPaused ? STATUS_CODE.PauseNotify : STATUS_CODE.UnpauseNotify,
      description: isPaused ? "Paused." : "Unpaused.",
    });
  }

  /** Chooses the tracks: subscribes to the log of that choice, from its next key frame on. */
  receive(choice: { hasAudio?: boolean; hasVideo?: boolean }): void {
    const { hasAudio = this.#hasAudio, hasVideo = this.#hasVideo } = choice;
    if (hasAudio === this.#hasAudio && hasVideo === this.#hasVideo) return;
    this.#hasAudio = hasAudio;
    this.#hasVideo = hasVideo;
    using _held = this.#stream.hold();
    this.#unsubscribe();
    this.#subscribe(true);
    if (this.#isPaused) this.#subscriber?.pause();
  }

  /** Decoding time of the newest packet of the stream, in microseconds, or `undefined`. */
  get newestDtsUs(): number | undefined {
    return this.#stream.newestDtsUs;
  }

  /** Leaves the stream. */
  stop(): void {
    this.#waitTimer?.[Symbol.dispose]();
    this.#unsubscribe();
  }

  #startWaiting(): void {
    const { clock, waitForPublisherMs } = this.#options;
    if (waitForPublisherMs === 0) return;
    this.#waitTimer = clock.after(waitForPublisherMs, () => {
      // one that was lost for a moment comes back without a word to viewers
      if (this.#stream.publisher !== undefined) return;
      this.#netStream.sendStatus({
        level: "error",
        code: STATUS_CODE.PlayStreamNotFound,
        description: `Nobody published ${this.#stream.path.streamName} for ${waitForPublisherMs} ms.`,
      });
      this.#netStream.session.close("no publisher came");
    });
  }

  #subscribe(isFresh: boolean): void {
    const { durationMs, origin } = this.#options;
    const wire = new RtmpWire({
      messageStreamId: this.#netStream.id,
      dialect: dialectOf(this.#netStream.session.request.capabilities),
      hasAudio: this.#hasAudio,
      hasVideo: this.#hasVideo,
    });
    this.#subscriber = this.#stream.subscribe(this.#options.turns.sink(), wire, {
      origin,
      isFresh,
      ...(durationMs === undefined ? {} : { durationMs, finished: () => this.#finish(durationMs) }),
      jumped: (skippedMs) => this.#jumped(skippedMs),
      publisherChanged: (isLive) => this.#publisherChanged(isLive),
      notCarried: (packet) => this.#notCarried(packet),
    });
  }

  #unsubscribe(): void {
    const subscriber = this.#subscriber;
    if (subscriber === undefined) return;
    this.#subscriber = undefined;
    this.#stream.unsubscribe(subscriber);
  }

  /** As at the end of a recording: complete, stopped, end of stream. */
  #finish(durationMs: number): void {
    const netStream = this.#netStream;
    if (this.#subscriber === undefined || netStream.session.isClosed) return;
    this.stop();
    netStream.becomeIdle();
    const complete = { level: "status", code: STATUS_CODE.PlayComplete, duration: durationMs / 1000 };
    netStream.sendData(0, encodeAmf0Values(["onPlayStatus", complete]));
    netStream.sendStatus({
      code: STATUS_CODE.PlayStop,
      description: `Stopped playing ${this.#stream.path.streamName}: ${durationMs} ms were asked for.`,
    });
    netStream.sendUserControl(USER_CONTROL_EVENT.StreamEof);
    this.#options.finished();
  }

  #publisherChanged(isLive: boolean): void {
    const netStream = this.#netStream;
    const { streamName } = this.#stream.path;
    const status = (code: typeof STATUS_CODE[keyof typeof STATUS_CODE], description: string) =>
      netStream.sendStatus({ code, description, properties: { details: streamName } });
    this.#waitTimer?.[Symbol.dispose]();
    if (!isLive) this.#startWaiting();
    if (isLive) {
      netStream.sendUserControl(USER_CONTROL_EVENT.StreamBegin);
      status(STATUS_CODE.PlayPublishNotify, `${streamName} is now published.`);
    } else {
      status(STATUS_CODE.PlayUnpublishNotify, `${streamName} is now unpublished.`);
      netStream.sendUserControl(USER_CONTROL_EVENT.StreamEof);
    }
  }

  /** A player meets a default track that it did not announce: it is told, and gets the other kind. */
  #notCarried(packet: Packet): void {
    const isWanted = packet.kind === "video" ? this.#hasVideo : this.#hasAudio;
    if (!isWanted || packet.kind === "data") return;
    this.#netStream.sendStatus({
      level: "warning",
      code: STATUS_CODE.PlayNoSupportedTrackFound,
      description: `The ${packet.kind} of ${this.#stream.path.streamName} ${this.#whyNotCarried(packet)}.`,
    });
  }

  #whyNotCarried({ trackId, codec }: Packet): string {
    const { isEnhanced } = this.#netStream.session.request.capabilities;
    if (trackId !== 0) return "has no track 0, which needs a player that announces multitrack";
    return isEnhanced
      ? `is ${codec}, which this player did not announce`
      : `is ${codec}, which needs a player that announces Enhanced RTMP`;
  }

  #jumped(skippedMs: number): void {
    const jumps = this.#subscriber?.jumps ?? 1;
    const text = `player is too slow: skipped ${skippedMs} ms to the newest key frame, ${jumps} times so far`;
    // the 1st, 2nd, 4th, 8th, ... time: a peer that stays slow does not fill the log
    if ((jumps & (jumps - 1)) === 0) this.#log.warning(text);
    else this.#log.debug(text);
  }
}
