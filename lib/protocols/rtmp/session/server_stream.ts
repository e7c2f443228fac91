import type { AmfValue } from "#amf";
import { ProtocolError } from "#errors";
import type { OutboundMessage } from "../chunk_protocol.ts";
import { encodeCommand, type RtmpCommand } from "../message/command.ts";
import { encodeUserControl } from "../message/control_message.ts";
import { CHUNK_STREAM_ID, MESSAGE_TYPE, type UserControlEvent } from "../message/message_type.ts";
import { type NetStatus, STATUS_CODE, statusObject } from "../message/status.ts";
import type {
  NetStream,
  NetStreamClient,
  NetStreamCommand,
  NetStreamState,
  RtmpSession,
} from "./application.ts";
import type { Decision } from "./decisions.ts";
import {
  finiteNumber,
  isTrue,
  parsePlay,
  parsePlay2,
  parsePublish,
  type PlayRequest,
} from "./stream_request.ts";

/** What a stream needs from its session. */
export interface StreamOwner extends RtmpSession {
  sendMessage(message: OutboundMessage, payload: Uint8Array): void;
  /** Announces the chunk size of what is sent, unless that was done. */
  announceChunkSize(): void;
  /**
   * Runs a decision of the application; while it is pending nothing is read from the peer.
   *
   * @param what For the log: `publish of live/a`.
   */
  decide(what: string, decision: Decision): void;
  warn(text: string): void;
}

/** A NetStream on the server's side: takes its commands in order and keeps its state. */
export class ServerStream implements NetStream {
  readonly id: number;
  readonly session: StreamOwner;
  #state: NetStreamState = "idle";
  #client: NetStreamClient | undefined = undefined;
  #hasWarned = false;

  /** @param id Message stream ID, from 1. */
  constructor(session: StreamOwner, id: number) {
    this.session = session;
    this.id = id;
  }

  get state(): NetStreamState {
    return this.#state;
  }

  /** Whoever takes commands and media; set once, when the application has made it. */
  get client(): NetStreamClient {
    if (this.#client === undefined) throw new TypeError(`Cannot use message stream ${this.id} yet`);
    return this.#client;
  }

  set client(client: NetStreamClient) {
    this.#client = client;
  }

  startPublishing(): void {
    this.#state = "publishing";
  }

  startPlaying(): void {
    this.#state = "playing";
    this.session.announceChunkSize();
  }

  becomeIdle(): void {
    this.#state = "idle";
  }

  sendStatus(status: NetStatus): void {
    this.#sendCommand("onStatus", [statusObject(status)]);
  }

  sendData(timestamp: number, payload: Uint8Array): void {
    this.#send(
      { chunkStreamId: CHUNK_STREAM_ID.Data, messageTypeId: MESSAGE_TYPE.DataAmf0, timestamp },
      payload,
    );
  }

  // params: hot path
  sendMedia(messageTypeId: number, timestamp: number, payload: Uint8Array): void {
    const chunkStreamId = messageTypeId === MESSAGE_TYPE.Audio
      ? CHUNK_STREAM_ID.Audio
      : CHUNK_STREAM_ID.Video;
    this.#send({ chunkStreamId, messageTypeId, timestamp }, payload);
  }

  sendUserControl(event: UserControlEvent): void {
    this.session.sendMessage(
      {
        chunkStreamId: CHUNK_STREAM_ID.Control,
        messageTypeId: MESSAGE_TYPE.UserControl,
        timestamp: 0,
        messageStreamId: 0,
      },
      encodeUserControl(event, { value: this.id }),
    );
  }

  toString(): string {
    return `message stream ${this.id} (${this.#state})`;
  }

  /** Ends what the stream does. */
  stop(): void {
    if (this.#state === "idle") return;
    this.#state = "idle";
    this.client.stop();
  }

  /** Notes media or data that came while the stream is not publishing: one line for the first. */
  refuseMedia(messageTypeId: number): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.session.warn(`ignores message type ${messageTypeId} on ${this}: it is not publishing`);
  }

  /** Takes a NetStream command; returns whether it is one. RTMP 1.0, section 7.2.2. */
  take(command: RtmpCommand): boolean {
    const { args } = command;
    switch (command.name) {
      case "publish":
        this.#publish(args);
        return true;
      case "play":
        this.#play(args);
        return true;
      case "play2":
        this.#play2(args);
        return true;
      case "pause":
      case "pauseRaw":
        this.#pause(command.name, args);
        return true;
      case "seek":
        this.#seek(args);
        return true;
      case "receiveAudio":
        if (this.#state === "playing") this.client.receiveAudio?.(isTrue(args[0], true));
        return true;
      case "receiveVideo":
        if (this.#state === "playing") this.client.receiveVideo?.(isTrue(args[0], true));
        return true;
      case "closeStream":
        if (this.#state !== "idle") this.#permits({ name: command.name });
        this.stop();
        return true;
      default:
        return false;
    }
  }

  #pause(name: "pause" | "pauseRaw", args: readonly AmfValue[]): void {
    if (this.#state !== "playing") return;
    const isPaused = isTrue(args[0], true);
    const positionMs = finiteNumber(args[1]);
    if (this.#permits({ name, isPaused, positionMs })) this.client.pause?.(isPaused, positionMs);
  }

  #seek(args: readonly AmfValue[]): void {
    if (this.#state !== "playing") return;
    const positionMs = Math.max(finiteNumber(args[0]) ?? 0, 0);
    if (this.#permits({ name: "seek", positionMs })) this.client.seek?.(positionMs);
  }

  #permits(command: NetStreamCommand): boolean {
    return this.client.permits?.(command) ?? true;
  }

  #publish(args: readonly AmfValue[]): void {
    const request = parsePublish(args);
    if (request === undefined) {
      // null, undefined or false in place of a name ends a publish, as in ActionScript
      if (typeof args[0] === "string") this.#refuse(STATUS_CODE.PublishBadName, "a stream name is needed");
      else this.stop();
      return;
    }
    if (this.#state === "playing") {
      this.#refuse(
        STATUS_CODE.PublishBadName,
        `${request.streamName} is not available: the stream is playing`,
      );
      return;
    }
    this.stop();
    this.#decide(`publish of ${request.streamName}`, {
      run: () => this.client.publish(request),
      failed: () => this.#sendError(STATUS_CODE.PublishBadName, `${request.streamName} is not available`),
    });
  }

  #play(args: readonly AmfValue[]): void {
    const request = parsePlay(args);
    if (request !== undefined) return this.#startPlay(request);
    if (typeof args[0] === "string") this.#refuse(STATUS_CODE.PlayFailed, "a stream name is needed");
    else this.stop();
  }

  #play2(args: readonly AmfValue[]): void {
    const isPlaying = this.#state === "playing";
    const request = parsePlay2(args, isPlaying ? this.client.playedMs?.() : undefined);
    if (request === undefined) return this.#refuse(STATUS_CODE.PlayFailed, "a stream name is needed");
    const { isSwitch, ...play } = request;
    if (isSwitch && isPlaying) {
      const description = `Transitioned to ${play.streamName}.`;
      this.sendStatus({ code: STATUS_CODE.PlayTransition, description });
    }
    this.#startPlay(play);
  }

  #startPlay(request: PlayRequest): void {
    if (this.#state === "publishing") {
      this.#refuse(STATUS_CODE.PlayFailed, `cannot play ${request.streamName}: the stream is publishing`);
      return;
    }
    if (request.isReset) this.stop();
    this.#decide(`play of ${request.streamName}`, {
      run: () => this.client.play(request),
      failed: () => this.#sendError(STATUS_CODE.PlayFailed, `cannot play ${request.streamName}`),
    });
  }

  #decide(what: string, decision: Decision): void {
    const run = async (pending: Promise<void>) => {
      try {
        await pending;
      } finally {
        // decided too late: whoever started something is told to stop it
        if (this.session.isClosed) this.stop();
      }
    };
    this.session.decide(what, {
      run: () => {
        const result = decision.run();
        return result === undefined ? undefined : run(result);
      },
      failed: decision.failed,
    });
  }

  #refuse(code: NetStatus["code"], description: string): void {
    this.session.warn(`refuses a command on ${this}: ${description}`);
    this.#sendError(code, description);
  }

  #sendError(code: NetStatus["code"], description: string): void {
    this.sendStatus({ level: "error", code, description });
  }

  #sendCommand(name: string, args: readonly AmfValue[]): void {
    this.#send(
      { chunkStreamId: CHUNK_STREAM_ID.StreamCommand, messageTypeId: MESSAGE_TYPE.CommandAmf0, timestamp: 0 },
      encodeCommand({ name, transactionId: 0, commandObject: null, args }),
    );
  }

  #send(message: Omit<OutboundMessage, "messageStreamId">, payload: Uint8Array): void {
    this.session.sendMessage({ ...message, messageStreamId: this.id }, payload);
  }
}

/** The error for a publish or play on a message stream that `createStream` did not make. */
export function noStreamError(name: string, messageStreamId: number): ProtocolError {
  return new ProtocolError(`Cannot ${name}: message stream ${messageStreamId} was not created`);
}
