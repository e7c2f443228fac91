import type { AmfValue } from "#amf";
import type { Endpoint, Protocol } from "#stack";
import type { RtmpCommand } from "../message/command.ts";
import type { DataMessage } from "../message/data_message.ts";
import type { UserControlEvent } from "../message/message_type.ts";
import type { SharedObjectMessage } from "../message/shared_object.ts";
import type { AmfProperties, NetStatus, StatusCode } from "../message/status.ts";
import type { ConnectRequest } from "./connect_request.ts";
import type { PlayRequest, PublishRequest, StreamName } from "./stream_request.ts";

/** An application's answer to `connect`. */
export type ConnectAnswer =
  | {
    readonly isAccepted: true;
    /** Added to the properties of `_result`: the server's `fourCcList`, `videoFourCcInfoMap`, `capsEx`, ... */
    readonly properties?: AmfProperties;
    /** Added to the information object of `_result`, beside level, code and description. */
    readonly information?: AmfProperties;
  }
  | {
    readonly isAccepted: false;
    /** @default {"NetConnection.Connect.Rejected"} */
    readonly code?: StatusCode;
    /** Sent to the peer, and logged: no secrets. */
    readonly description: string;
    /** Added to the information object of `_error`, such as `ex` with a redirect. */
    readonly information?: AmfProperties;
  };

/**
 * What an RTMP session needs from above; the seam to applications and streams implements it.
 *
 * While a promise returned here is pending the session reads nothing more from its peer, so that commands are
 * handled in order; one pending for longer than `DECISION_TIMEOUT_MS` ends the connection.
 */
export interface RtmpApplication {
  /** Decides about `connect`; a rejection is answered and the connection is closed. */
  connect(session: RtmpSession, request: ConnectRequest): ConnectAnswer | Promise<ConnectAnswer>;
  /** A NetStream was created; returns who takes its commands and media. */
  createStream(stream: NetStream): NetStreamClient;
  /** Length in seconds of a recorded stream, or `undefined` if there is none of that name. */
  streamLength?(session: RtmpSession, name: StreamName): number | undefined | Promise<number | undefined>;
  /**
   * A command that the session does not know, on the NetConnection or on a NetStream.
   *
   * @returns The values after the command object of `_result`, or `undefined` for `_error`.
   */
  call?(session: RtmpSession, command: RtmpCommand): CallAnswer | Promise<CallAnswer>;
  /** A shared object message; without this they are ignored. */
  sharedObject?(session: RtmpSession, message: SharedObjectMessage): void;
  /** The connection ended, after `stop` of each of its busy streams. Called once, if `connect` was accepted. */
  closed?(session: RtmpSession, error: Error): void;
}

/** Values of a `_result`, or `undefined` where the call failed. */
export type CallAnswer = readonly AmfValue[] | undefined;

/** A command about what a NetStream publishes or plays: RTMP 1.0, section 7.2.2. */
export interface NetStreamCommand {
  /** As it was sent; `pauseRaw` means what `pause` does. */
  readonly name: "pause" | "pauseRaw" | "seek" | "closeStream";
  /** Whether to pause, or to go on; of `pause` and `pauseRaw`. */
  readonly isPaused?: boolean;
  /** Media time in ms: where `seek` goes, or where the player stands that pauses, where it says so. */
  readonly positionMs?: number | undefined;
}

/** Who takes the commands and the media of one NetStream. */
export interface NetStreamClient {
  /**
   * Decides about `publish`: calls `stream.startPublishing()` and sends `NetStream.Publish.Start`, or sends an
   * error status. What it throws is answered with `NetStream.Publish.BadName` and logged.
   */
  publish(request: PublishRequest): void | Promise<void>;
  /**
   * Decides about `play`: calls `stream.startPlaying()`, also for a player that will wait, and sends what is
   * due; or sends an error status. What it throws is answered with `NetStream.Play.Failed` and logged.
   *
   * A play without reset comes while the stream plays: it is for the end of a playlist. Any other comes after
   * `stop`.
   */
  play(request: PlayRequest): void | Promise<void>;
  /**
   * One audio or video message of a publishing stream. HOT: a direct call, in the turn the bytes came in.
   *
   * @param messageTypeId 8 audio or 9 video.
   * @param timestamp Absolute, in ms, modulo 2^32.
   * @param payload FLV tag body, may be empty; owned by the receiver from here on.
   */
  // params: hot path
  media(messageTypeId: number, timestamp: number, payload: Uint8Array<ArrayBuffer>): void;
  /** One data message of a stream that publishes or plays, `@setDataFrame` or `@clearDataFrame` taken off. */
  data(message: DataMessage): void;
  /**
   * Decides about a command on a stream that is not idle, before it is obeyed; one that refuses answers the peer.
   *
   * @returns Whether to obey; `closeStream` is obeyed in any case.
   */
  permits?(command: NetStreamCommand): boolean;
  /** `pause` and `pauseRaw`; `positionMs` is the media time at which the player stands, where it says so. */
  pause?(isPaused: boolean, positionMs: number | undefined): void;
  /** `seek` to `positionMs`. */
  seek?(positionMs: number): void;
  /** Media time that was sent last, in ms, of a recording; `undefined` for a live stream. */
  playedMs?(): number | undefined;
  /** `receiveAudio`. */
  receiveAudio?(isWanted: boolean): void;
  /** `receiveVideo`. */
  receiveVideo?(isWanted: boolean): void;
  /** User control event SetBufferLength; many players send it before `play`. */
  bufferLength?(lengthMs: number): void;
  /**
   * What the stream does ends: by `closeStream`, `deleteStream`, another publish or play on it, or the end of
   * the connection. Called only for a stream that is not idle; when it is called the stream is idle already.
   */
  stop(): void;
}

/** What a NetStream is doing. */
export type NetStreamState = "idle" | "publishing" | "playing";

/** One NetStream of a session, made by `createStream`: RTMP 1.0, section 7.2.2. */
export interface NetStream {
  /** Message stream ID, from 1. */
  readonly id: number;
  readonly session: RtmpSession;
  readonly state: NetStreamState;
  /** Media is delivered to the client from now on. */
  startPublishing(): void;
  /** The stream plays, or waits to; `stop` of the client will be called. */
  startPlaying(): void;
  /** What the stream did has ended on the server's side; `stop` of the client is not called. */
  becomeIdle(): void;
  /** Sends `onStatus`. */
  sendStatus(status: NetStatus): void;
  /**
   * Sends a data message.
   *
   * @param timestamp Absolute, in ms, modulo 2^32.
   * @param payload AMF0 values, the name first; copied.
   */
  sendData(timestamp: number, payload: Uint8Array): void;
  /**
   * Sends an audio or video message in its own write; a live player is better served by shared bytes.
   *
   * @param messageTypeId 8 audio or 9 video.
   * @param timestamp Absolute, in ms, modulo 2^32.
   * @param payload FLV tag body; copied.
   */
  // params: hot path
  sendMedia(messageTypeId: number, timestamp: number, payload: Uint8Array): void;
  /** Sends a user control event about this stream: StreamBegin, StreamEof, StreamDry, StreamIsRecorded. */
  sendUserControl(event: UserControlEvent): void;
}

/** The NetConnection of one peer: RTMP 1.0, section 7.2.1. */
export interface RtmpSession {
  /** Unique in the process. */
  readonly id: number;
  /** The endpoint protocol this session lives on: its carrier takes shared bytes. */
  readonly protocol: Protocol;
  readonly remote: Endpoint;
  /** What the peer said in `connect`; all empty before. */
  readonly request: ConnectRequest;
  readonly isClosed: boolean;
  /** Live NetStreams, oldest first. */
  streams(): NetStream[];
  /**
   * Calls a function of the peer.
   *
   * @returns The values after the command object of its `_result`.
   * @throws {ProtocolError} If the peer answers `_error`.
   * @throws {ClosedError} If the connection ends first.
   * @throws {LimitError} If MAX_PENDING_CALLS are waiting.
   */
  call(name: string, values: readonly AmfValue[]): Promise<AmfValue[]>;
  /** Calls a function of the peer without wanting an answer. */
  notify(name: string, values: readonly AmfValue[]): void;
  /** Sends a shared object message, in the encoding of the connection. */
  sendSharedObject(message: SharedObjectMessage): void;
  /** Sends `onStatus` on the NetConnection, as for a reconnect request. */
  sendStatus(status: NetStatus): void;
  /** Ends the connection after what was sent has left; `reason` is logged. */
  close(reason: string): void;
}

/** Where a session writes its few lines; one clear line for each protocol error. */
export interface RtmpLog {
  debug(text: string): void;
  info(text: string): void;
  warn(text: string): void;
}

/** A log that keeps nothing. */
export const SILENT_LOG: RtmpLog = { debug() {}, info() {}, warn() {} };
