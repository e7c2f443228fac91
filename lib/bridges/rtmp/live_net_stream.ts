import type { Clock } from "#clock";
import { FormatError, LimitError } from "#errors";
import type { Logger } from "#log";
import { STATUS_CODE } from "#protocols/rtmp";
import type {
  DataMessage,
  NetStream,
  NetStreamClient,
  NetStreamCommand,
  PlayRequest,
  PublishRequest,
  StatusCode,
} from "#protocols/rtmp";
import type { AccessGrant, Peer, Publisher, StreamAccess, StreamRegistry } from "#streaming";
import type { ConnectionBudget } from "./connection_budget.ts";
import { choosePlay } from "./play_choice.ts";
import type { PlayerTurns } from "./player_turns.ts";
import type { PublishRecorder, PublishRecordingEvent } from "./publish_recorder.ts";
import type { RecordedPlayer, RecordedStream, RecordedStreams } from "./recorded_streams.ts";
import type { RefusedPublisher } from "./refused_publisher.ts";
import { RtmpToStream } from "./rtmp_to_stream.ts";
import { StreamToRtmp } from "./stream_to_rtmp.ts";
import { rtmpTimestamp } from "./wire/rtmp_wire.ts";
import { decodeStreamMessage, encodeStreamMessage, type StreamMessage } from "./wire/stream_data.ts";

/** What is known of a connection that was accepted. */
export interface LiveConnection {
  readonly peer: Peer;
  /** Where its players write; `undefined` where the stack has no direct carrier. */
  readonly turns: PlayerTurns | undefined;
  /** What the peer may still repeat. */
  readonly budget: ConnectionBudget;
  /** Told of each publish that is refused. */
  readonly refusedPublisher: RefusedPublisher;
  /** NetStreams that publish or play. */
  readonly active: Set<LiveNetStream>;
}

/** What the NetStreams of one connection share. */
export interface LiveContext extends LiveConnection {
  readonly registry: StreamRegistry;
  readonly access: StreamAccess;
  /** Where recordings are found; `undefined` where there are none. */
  readonly recorded?: RecordedStreams;
  /** Who records streams at the wish of their publishers; `undefined` where nobody does. */
  readonly recorder?: PublishRecorder;
  /** Prefixed with protocol and address. */
  readonly log: Logger;
  readonly clock: Clock;
  /** How long a player may wait for a publisher, in ms; 0 for ever. */
  readonly waitForPublisherMs: number;
  /** Told of the data the peer sends on the streams it publishes and plays. */
  readonly heard?: ((message: StreamMessage & { readonly streamName: string }) => void) | undefined;
  /** Says why a command is refused, or `undefined`. @default nothing is refused */
  readonly judge?:
    | ((command: NetStreamCommand & { readonly streamName: string }) => string | undefined)
    | undefined;
}

/** Takes the commands and media of one NetStream: publishes to a stream, or plays one, or a recording. */
export class LiveNetStream implements NetStreamClient {
  readonly #netStream: NetStream;
  readonly #context: LiveContext;
  #log: Logger;
  #publisher: Publisher | undefined;
  #feed: RtmpToStream | undefined;
  #player: StreamToRtmp | undefined;
  #recordedPlayer: RecordedPlayer | undefined;
  /** Public name of what is published or played. */
  #streamName = "";
  /** What the player wants to have in advance, in ms. */
  #bufferMs = 0;

  constructor(netStream: NetStream, context: LiveContext) {
    this.#netStream = netStream;
    this.#context = context;
    this.#log = context.log;
  }

  async publish(request: PublishRequest): Promise<void> {
    const access = await this.#context.access.publish({ ...request, peer: this.#context.peer });
    if (this.#netStream.session.isClosed) return;
    // what was asked for may be a key: no line before it is known
    this.#nameLog(access.isGranted ? access.path.streamName : access.shownName ?? request.streamName);
    if (!access.isGranted) {
      return this.#refuse("publish", { reason: access.reason, code: STATUS_CODE.PublishBadName });
    }
    const refusal = this.#recordRefusal(access, request);
    if (refusal !== undefined) {
      return this.#refuse("publish", { reason: refusal, code: STATUS_CODE.RecordNoAccess });
    }
    this.#startPublishing(access, request);
  }

  async play(request: PlayRequest): Promise<void> {
    const access = await this.#context.access.play({ ...request, peer: this.#context.peer });
    if (this.#netStream.session.isClosed) return;
    this.#nameLog(access.isGranted ? request.streamName : access.shownName ?? request.streamName);
    if (!access.isGranted) {
      return this.#refuse("play", { reason: access.reason, code: STATUS_CODE.PlayFailed });
    }
    let choice: RecordedStream | "live" | undefined;
    try {
      choice = await this.#choose(access, request);
    } catch (error) {
      if (!(error instanceof FormatError || error instanceof LimitError)) throw error;
      const reason = `the recording cannot be read: ${error.message}`;
      return this.#refuse("play", {
        reason,
        code: STATUS_CODE.PlayFailed,
        description: `Cannot play ${request.streamName}: ${reason}.`,
      });
    }
    if (this.#netStream.session.isClosed) {
      if (typeof choice === "object") choice.close();
      return;
    }
    if (choice === undefined) {
      return this.#refuse("play", {
        reason: "there is no recording of this name",
        code: STATUS_CODE.PlayStreamNotFound,
        description: `There is no recording called ${request.streamName}.`,
      });
    }
    if (choice === "live") return this.#startPlaying(access, request);
    this.#begin(access.path.streamName);
    this.#startRecorded(choice, request);
  }

  // params: hot path
  media(messageTypeId: number, timestamp: number, payload: Uint8Array<ArrayBuffer>): void {
    this.#feed?.media(messageTypeId, timestamp, payload);
  }

  data(message: DataMessage): void {
    this.#feed?.data(message);
    const heard = this.#context.heard && decodeStreamMessage(message.payload);
    if (heard !== undefined) this.#context.heard?.({ ...heard, streamName: this.#streamName });
  }

  /** Sends data to the peer, on the stream it publishes or plays. */
  sendData(message: StreamMessage): void {
    this.#netStream.sendData(rtmpTimestamp(this.#player?.newestDtsUs ?? 0), encodeStreamMessage(message));
  }

  permits(command: NetStreamCommand): boolean {
    const { name } = command;
    const reason = this.#context.judge?.({ ...command, streamName: this.#streamName });
    if (reason === undefined || name === "closeStream") return true;
    this.#info(`${name} refused: ${reason}`);
    const code = name === "seek" ? STATUS_CODE.SeekFailed : STATUS_CODE.StreamFailed;
    this.#netStream.sendStatus({ level: "error", code, description: reason });
    return false;
  }

  pause(isPaused: boolean, positionMs: number | undefined): void {
    this.#player?.pause(isPaused);
    this.#recordedPlayer?.pause(isPaused, positionMs);
  }

  seek(positionMs: number): void {
    this.#recordedPlayer?.seek(positionMs);
  }

  playedMs(): number | undefined {
    return this.#recordedPlayer?.playedMs;
  }

  bufferLength(lengthMs: number): void {
    this.#bufferMs = lengthMs;
    this.#recordedPlayer?.bufferLength(lengthMs);
  }

  receiveAudio(isWanted: boolean): void {
    this.#player?.receive({ hasAudio: isWanted });
    this.#recordedPlayer?.receive({ hasAudio: isWanted });
  }

  receiveVideo(isWanted: boolean): void {
    this.#player?.receive({ hasVideo: isWanted });
    this.#recordedPlayer?.receive({ hasVideo: isWanted });
  }

  stop(): void {
    const publisher = this.#publisher;
    const malformed = this.#feed?.malformedMessages ?? 0;
    this.#publisher = this.#feed = undefined;
    this.#context.active.delete(this);
    if (publisher !== undefined && !publisher.isEnded) {
      const { videoPackets, audioPackets, bytes } = publisher.statistics;
      const isLost = this.#netStream.session.isClosed;
      this.#info(
        `stopped publishing${isLost ? ", connection lost" : ""}: ${videoPackets} video and ${audioPackets} ` +
          `audio packets, ${bytes} bytes${malformed === 0 ? "" : `, ${malformed} messages dropped unread`}`,
      );
      publisher.end({ isLost });
    }
    this.#stopPlaying();
  }

  #stopPlaying(): void {
    const player = this.#player ?? this.#recordedPlayer;
    this.#player = this.#recordedPlayer = undefined;
    if (player === undefined) return;
    player.stop();
    this.#info("stopped playing");
  }

  #choose(access: AccessGrant, request: PlayRequest): Promise<RecordedStream | "live" | undefined> {
    const { registry, recorded, peer } = this.#context;
    return choosePlay(request, {
      isLive: registry.find(access.path)?.publisher !== undefined,
      isOnDemand: recorded?.isOnDemand(peer) ?? false,
      findRecorded: (isCertain) =>
        recorded?.find({ peer, path: access.path, isCertain }) ?? Promise.resolve(undefined),
    });
  }

  /** Why the stream is not recorded, though its publisher asks for it; or `undefined`. */
  #recordRefusal({ path }: AccessGrant, { publishType }: PublishRequest): string | undefined {
    if (publishType === "live") return undefined;
    const { recorder } = this.#context;
    const reason = recorder === undefined ? "this server does not record" : recorder.refusal(path);
    return reason === undefined ? undefined : `Publish type ${publishType} is not available: ${reason}`;
  }

  #startPublishing(access: AccessGrant, request: PublishRequest): void {
    this.#nameLog(access.path.streamName);
    const stream = this.#context.registry.open(access.path, access.options);
    const publisher = stream.publish({
      origin: originOf(this.#context.peer),
      replaced: (why) => this.#replaced(why),
    });
    if (publisher === undefined) {
      const holder = stream.publisher?.origin ?? "another connection";
      return this.#refuse("publish", {
        reason: `the stream is being published by ${holder}`,
        code: STATUS_CODE.PublishBadName,
        description: `${access.path.streamName} is already published.`,
      });
    }
    this.#publisher = publisher;
    this.#begin(access.path.streamName);
    if (request.publishType !== "live") {
      const isAppend = request.publishType === "append";
      this.#context.recorder?.start(stream, {
        isAppend,
        told: (event) => this.#recordingChanged(event, publisher),
      });
    }
    this.#feed = new RtmpToStream(
      publisher,
      ({ message }) =>
        this.#context.budget.warning(this.#log, `drops messages it cannot read, this first: ${message}`),
    );
    this.#netStream.startPublishing();
    this.#netStream.sendStatus({
      code: STATUS_CODE.PublishStart,
      description: `${access.path.streamName} is now published.`,
      properties: { details: access.path.streamName },
    });
    this.#context.budget.granted();
    this.#info(`publishing, ${this.#context.peer.userAgent || "encoder unnamed"}`);
  }

  #recordingChanged(event: PublishRecordingEvent, publisher: Publisher): void {
    // told late, it would be about another publish of this NetStream
    if (this.#publisher !== publisher) return;
    switch (event.type) {
      case "started":
        return this.#netStream.sendStatus({
          code: STATUS_CODE.RecordStart,
          description: `Recording to ${event.fileName}.`,
          properties: { details: event.fileName },
        });
      case "stopped":
        return this.#netStream.sendStatus({
          code: STATUS_CODE.RecordStop,
          description: "Stopped recording.",
        });
      case "failed":
        return this.#netStream.sendStatus({
          level: "error",
          code: STATUS_CODE.RecordFailed,
          description: `The recording has ended: ${event.reason}.`,
        });
    }
  }

  #startPlaying(access: AccessGrant, request: PlayRequest): void {
    const { turns } = this.#context;
    if (turns === undefined) throw new TypeError("Cannot play: the stack has no direct carrier");
    this.#stopPlaying();
    this.#begin(access.path.streamName);
    const stream = this.#context.registry.open(access.path, access.options);
    const player = new StreamToRtmp({
      netStream: this.#netStream,
      turns,
      stream,
      origin: originOf(this.#context.peer),
      log: this.#log,
      clock: this.#context.clock,
      waitForPublisherMs: this.#context.waitForPublisherMs,
      durationMs: request.durationMs,
      finished: () => {
        this.#player = undefined;
        this.#context.active.delete(this);
        this.#info("stopped playing, the player asked for no more");
      },
    });
    this.#player = player;
    player.start(request);
    this.#context.budget.granted();
    this.#info(stream.publisher === undefined ? "playing, waits for a publisher" : "playing");
  }

  /** Plays a recording: now, or after those of a playlist. */
  #startRecorded(recorded: RecordedStream, request: PlayRequest): void {
    const { turns, clock } = this.#context;
    if (turns === undefined) throw new TypeError("Cannot play: the stack has no direct carrier");
    if (!request.isReset && this.#recordedPlayer !== undefined) {
      if (this.#recordedPlayer.append(recorded, request)) return;
      recorded.close();
      return this.#refuse("play", { reason: "the playlist is full", code: STATUS_CODE.PlayFailed });
    }
    this.#stopPlaying();
    this.#context.budget.granted();
    this.#info("playing a recording");
    const player = recorded.play(request, {
      netStream: this.#netStream,
      place: turns.sink(),
      clock,
      log: this.#log,
      finished: () => this.#info("the recording is over"),
    });
    if (this.#bufferMs > 0) player.bufferLength(this.#bufferMs);
    this.#recordedPlayer = player;
  }

  /** Logs why, tells the peer, and cuts off one that keeps asking. */
  #refuse(
    verb: "publish" | "play",
    refusal: { reason: string; code: StatusCode; description?: string },
  ): void {
    const { reason, code, description = reason } = refusal;
    const isLast = this.#context.budget.refused(this.#log, `${verb} refused: ${reason}`);
    this.#netStream.sendStatus({ level: "error", code, description });
    if (isLast) this.#netStream.session.close("refused too often");
    else if (verb === "publish") this.#context.refusedPublisher.refused();
  }

  #info(text: string): void {
    this.#context.budget.info(this.#log, text);
  }

  /** Another publisher took the name, or somebody shut this one down. */
  #replaced(why: string): void {
    this.#log.warning(why);
    this.#publisher = this.#feed = undefined;
    this.#context.active.delete(this);
    this.#netStream.becomeIdle();
    this.#netStream.session.close(why);
  }

  /** From now on data goes both ways. */
  #begin(streamName: string): void {
    this.#nameLog(streamName);
    this.#streamName = streamName;
    this.#context.active.add(this);
  }

  /** Lines name the stream as it was asked for until it is known under which name it is public. */
  #nameLog(streamName: string): void {
    this.#log = this.#context.log.about(`${this.#context.peer.appName}/${streamName}`);
  }
}

/** Who publishes, for the log and the status page. */
function originOf(peer: Peer): string {
  return `${peer.protocol} ${peer.address.includes(":") ? `[${peer.address}]` : peer.address}:${peer.port}`;
}
