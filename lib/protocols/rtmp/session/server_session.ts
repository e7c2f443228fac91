import type { AmfValue } from "#amf";
import { ClosedError, ProtocolError } from "#errors";
import { type Endpoint, formatEndpoint } from "#stack";
import type { ChunkProtocol, OutboundMessage } from "../chunk_protocol.ts";
import { MAX_SESSION_WARNINGS } from "../limits.ts";
import { splitAggregate } from "../message/aggregate.ts";
import { decodeCommand, encodeCommand, type RtmpCommand } from "../message/command.ts";
import { unwrapDataMessage } from "../message/data_message.ts";
import { CHUNK_STREAM_ID, MESSAGE_TYPE } from "../message/message_type.ts";
import { type NetStatus, statusObject } from "../message/status.ts";
import {
  decodeSharedObject,
  encodeSharedObject,
  type SharedObjectMessage,
} from "../message/shared_object.ts";
import { RefusedMediaWatch } from "../refused_media.ts";
import type { ConnectAnswer, NetStream, RtmpApplication, RtmpLog } from "./application.ts";
import { BandwidthCheck } from "./bandwidth_check.ts";
import { CallTable } from "./call_table.ts";
import { type ConnectRequest, NO_CONNECT_REQUEST, parseConnect } from "./connect_request.ts";
import {
  acceptedReply,
  announceChunkSize,
  announceSizes,
  type ConnectReplyOptions,
  rejectedReply,
} from "./connect_reply.ts";
import { type ConnectionCommandOwner, takeConnectionCommand } from "./connection_commands.ts";
import { type Decision, type DecisionOptions, Decisions } from "./decisions.ts";
import { noStreamError, ServerStream, type StreamOwner } from "./server_stream.ts";
import { StreamTable } from "./stream_table.ts";

/** What a `ServerSession` is made with. */
export interface ServerSessionOptions extends ConnectReplyOptions, DecisionOptions {
  readonly application: RtmpApplication;
  readonly log: RtmpLog;
  readonly nowMs: () => number;
  /** `connect` was accepted. */
  readonly onConnected: () => void;
}

/** The server's side of a NetConnection: RTMP 1.0, section 7.2. */
export class ServerSession implements StreamOwner, ConnectionCommandOwner {
  readonly protocol: ChunkProtocol;
  readonly application: RtmpApplication;
  readonly calls = new CallTable();
  readonly table = new StreamTable();
  readonly bandwidthCheck = new BandwidthCheck(this);
  readonly #options: ServerSessionOptions;
  readonly #decisions: Decisions;
  readonly #refusedMedia = new RefusedMediaWatch();
  #request: ConnectRequest = NO_CONNECT_REQUEST;
  #state: "awaitConnect" | "connecting" | "open" | "closed" = "awaitConnect";
  #hasIgnored = false;
  #warnings = 0;

  constructor(protocol: ChunkProtocol, options: ServerSessionOptions) {
    this.protocol = protocol;
    this.application = options.application;
    this.#options = options;
    this.#decisions = new Decisions(this, options);
  }

  get id(): number {
    return this.protocol.id;
  }

  get remote(): Endpoint {
    return this.protocol.remote;
  }

  get request(): ConnectRequest {
    return this.#request;
  }

  get isClosed(): boolean {
    return this.#state === "closed";
  }

  /** Whether `connect` has arrived. */
  get hasConnect(): boolean {
    return this.#state !== "awaitConnect";
  }

  streams(): NetStream[] {
    return this.table.list();
  }

  nowMs(): number {
    return this.#options.nowMs();
  }

  toString(): string {
    const { appName, instance } = this.#request;
    const app = instance === "" ? appName : `${appName}/${instance}`;
    return `RTMP session ${this.id} of ${formatEndpoint(this.remote)}${app === "" ? "" : ` on ${app}`}`;
  }

  async call(name: string, values: readonly AmfValue[]): Promise<AmfValue[]> {
    if (this.isClosed) throw new ClosedError(`Cannot call ${name}: the connection ended`);
    const { transactionId, answer } = this.calls.open(name);
    this.sendCommand({ name, transactionId, commandObject: null, args: values });
    return [...(await answer).args];
  }

  notify(name: string, values: readonly AmfValue[]): void {
    this.sendCommand({ name, transactionId: 0, commandObject: null, args: values });
  }

  sendStatus(status: NetStatus): void {
    this.notify("onStatus", [statusObject(status)]);
  }

  close(reason: string): void {
    if (this.isClosed) return;
    this.#options.log.debug(`${this}: closes: ${reason}`);
    this.protocol.close(reason);
  }

  /** Announces the chunk size of what is sent, unless that was done. */
  announceChunkSize(): void {
    announceChunkSize(this.protocol, this.#options);
  }

  sendMessage(message: OutboundMessage, payload: Uint8Array): void {
    this.protocol.sendMessage(message, payload);
  }

  sendSharedObject(message: SharedObjectMessage): void {
    const isAmf3 = this.#request.objectEncoding === 3;
    const messageTypeId = isAmf3 ? MESSAGE_TYPE.SharedObjectAmf3 : MESSAGE_TYPE.SharedObjectAmf0;
    this.sendMessage(
      { chunkStreamId: CHUNK_STREAM_ID.Command, messageTypeId, timestamp: 0, messageStreamId: 0 },
      encodeSharedObject(messageTypeId, message),
    );
  }

  sendCommand(command: RtmpCommand): void {
    this.sendMessage(
      {
        chunkStreamId: CHUNK_STREAM_ID.Command,
        messageTypeId: MESSAGE_TYPE.CommandAmf0,
        timestamp: 0,
        messageStreamId: 0,
      },
      encodeCommand(command),
    );
  }

  /** Logs what the peer does wrong; past MAX_SESSION_WARNINGS for debugging only, so that no peer fills the log. */
  warn(text: string): void {
    const { log } = this.#options;
    if (++this.#warnings <= MAX_SESSION_WARNINGS) log.warn(`${this}: ${text}`);
    else log.debug(`${this}: ${text}`);
  }

  decide(what: string, decision: Decision): void {
    this.#decisions.ask(what, decision);
  }

  /** One message from the peer. HOT for audio and video. */
  // params: hot path
  take(
    messageTypeId: number,
    timestamp: number,
    messageStreamId: number,
    payload: Uint8Array<ArrayBuffer>,
  ): void {
    switch (messageTypeId) {
      case MESSAGE_TYPE.Audio:
      case MESSAGE_TYPE.Video: {
        const stream = this.table.find(messageStreamId);
        if (stream?.state === "publishing") stream.client.media(messageTypeId, timestamp, payload);
        else this.#refuseMedia(messageTypeId, messageStreamId);
        return;
      }
      case MESSAGE_TYPE.CommandAmf0:
      case MESSAGE_TYPE.CommandAmf3:
        this.#takeCommand(decodeCommand(messageTypeId, payload), messageStreamId);
        return;
      case MESSAGE_TYPE.DataAmf0:
      case MESSAGE_TYPE.DataAmf3: {
        const stream = this.table.find(messageStreamId);
        if (stream !== undefined && stream.state !== "idle") {
          stream.client.data(unwrapDataMessage(messageTypeId, { timestamp, payload }));
        } else this.#refuseMedia(messageTypeId, messageStreamId);
        return;
      }
      case MESSAGE_TYPE.SharedObjectAmf0:
      case MESSAGE_TYPE.SharedObjectAmf3:
        this.#takeSharedObject(messageTypeId, payload);
        return;
      case MESSAGE_TYPE.Aggregate:
        for (const part of splitAggregate({ timestamp, payload })) {
          if (isAggregable(part.messageTypeId)) {
            this.take(part.messageTypeId, part.timestamp, messageStreamId, part.payload);
          }
        }
        return;
      default:
        this.#ignore(`message type ${messageTypeId}`);
    }
  }

  /** User control event SetBufferLength. */
  takeBufferLength(messageStreamId: number, lengthMs: number): void {
    this.table.find(messageStreamId)?.client.bufferLength?.(lengthMs);
  }

  /** The connection is gone. Called once. */
  ended(error: Error): void {
    const wasOpen = this.#state === "open";
    this.#state = "closed";
    this.#logEnd(error);
    this.calls.failAll(error);
    for (const stream of this.table.list()) stream.stop();
    if (wasOpen) this.application.closed?.(this, error);
  }

  /** Takes `connect`. */
  connect(command: RtmpCommand): void {
    if (this.#state !== "awaitConnect") {
      throw new ProtocolError("Cannot connect: the peer is connected already");
    }
    this.#state = "connecting";
    this.#request = parseConnect(command);
    const answer = (answer: ConnectAnswer) => this.#answerConnect(command.transactionId, answer);
    this.decide("connect", {
      run: () => {
        const result = this.application.connect(this, this.#request);
        if (result instanceof Promise) return result.then(answer);
        answer(result);
      },
      failed: () => answer({ isAccepted: false, description: "connect failed" }),
    });
  }

  /** Makes a NetStream, or returns `undefined` if there are too many. */
  createStream(): ServerStream | undefined {
    const id = this.table.freeId;
    if (id === undefined) return undefined;
    const stream = new ServerStream(this, id);
    stream.client = this.application.createStream(stream);
    this.table.add(stream);
    return stream;
  }

  #takeCommand(command: RtmpCommand, messageStreamId: number): void {
    if (this.#state !== "open" && command.name !== "connect") {
      throw new ProtocolError(`Cannot take command ${printable(command.name)}: connect comes first`);
    }
    const stream = this.table.find(messageStreamId);
    if (stream?.take(command)) return;
    if (command.name === "publish" || command.name === "play") {
      throw noStreamError(command.name, messageStreamId);
    }
    takeConnectionCommand(this, { command, messageStreamId });
  }

  #takeSharedObject(messageTypeId: number, payload: Uint8Array): void {
    if (this.#state !== "open") throw new ProtocolError("Cannot take shared object: connect comes first");
    const { application } = this;
    if (application.sharedObject === undefined) return this.#ignore(`message type ${messageTypeId}`);
    application.sharedObject(this, decodeSharedObject(messageTypeId, payload));
  }

  #refuseMedia(messageTypeId: number, messageStreamId: number): void {
    if (this.#state !== "open") {
      throw new ProtocolError(`Cannot take message type ${messageTypeId}: connect comes first`);
    }
    const stream = this.table.find(messageStreamId);
    if (stream !== undefined) stream.refuseMedia(messageTypeId);
    else this.#ignore(`message type ${messageTypeId}: there is no message stream ${messageStreamId}`);
    if (messageTypeId === MESSAGE_TYPE.Audio || messageTypeId === MESSAGE_TYPE.Video) {
      this.#refusedMedia.note(this.nowMs());
    }
  }

  /** One line for the first message that is ignored; late media of a deleted stream is ordinary. */
  #ignore(what: string): void {
    if (this.#hasIgnored) return;
    this.#hasIgnored = true;
    this.#options.log.debug(`${this}: ignores ${what}`);
  }

  #answerConnect(transactionId: number, answer: ConnectAnswer): void {
    if (this.isClosed) {
      if (answer.isAccepted) this.application.closed?.(this, new ClosedError("The connection ended"));
      return;
    }
    const { objectEncoding } = this.#request;
    if (!answer.isAccepted) {
      this.sendCommand(rejectedReply({ transactionId, objectEncoding, answer }));
      this.#options.log.debug(`${this}: connect is rejected: ${answer.description}`);
      this.close("connect was rejected");
      return;
    }
    this.#state = "open";
    announceSizes(this.protocol, this.#options);
    this.sendCommand(acceptedReply({ transactionId, objectEncoding, answer }));
    this.notify("onBWDone", []);
    this.#options.onConnected();
  }

  #logEnd(error: Error): void {
    const text = `${this} ended: ${error.message}`;
    if (error instanceof ClosedError) this.#options.log.debug(text);
    else if (isFault(error)) this.#options.log.warn(text);
    else this.#options.log.info(text);
  }
}

/** Whether an end is the fault of the peer or of this program, rather than of the network. */
function isFault(error: Error): boolean {
  return error instanceof ProtocolError || error instanceof TypeError || error instanceof RangeError ||
    error instanceof SyntaxError;
}

function isAggregable(messageTypeId: number): boolean {
  return messageTypeId === MESSAGE_TYPE.Audio || messageTypeId === MESSAGE_TYPE.Video ||
    messageTypeId === MESSAGE_TYPE.DataAmf0;
}

/** A name from the network, fit for a log line. */
export function printable(text: string): string {
  const short = text.length > 64 ? `${text.slice(0, 64)}...` : text;
  return JSON.stringify(short);
}
