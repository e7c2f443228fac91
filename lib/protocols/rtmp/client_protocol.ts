import { amfMembers, type AmfObject, amfObject, type AmfValue } from "#amf";
import { ClosedError, ProtocolError } from "#errors";
import { ChunkProtocol, type ChunkProtocolOptions, type Handshake } from "./chunk_protocol.ts";
import { answerServerCall } from "./client/server_calls.ts";
import { ClientStream, type ClientStreamClient } from "./client/client_stream.ts";
import { type SwfFacts, swfVerification } from "./client/swf_verification.ts";
import { ClientHandshake } from "./handshake/client_handshake.ts";
import { OUTBOUND_CHUNK_BYTES } from "./limits.ts";
import { splitAggregate } from "./message/aggregate.ts";
import { decodeCommand, encodeCommand, type RtmpCommand } from "./message/command.ts";
import type { UserControlMessage } from "./message/control_message.ts";
import { CHUNK_STREAM_ID, MESSAGE_TYPE, USER_CONTROL_EVENT } from "./message/message_type.ts";
import type { AmfProperties } from "./message/status.ts";
import { CallTable } from "./session/call_table.ts";

/** What an `RtmpClientProtocol` is made with. */
export interface RtmpClientOptions extends ChunkProtocolOptions {
  /** Chunk size announced before `connect`. @default {OUTBOUND_CHUNK_BYTES} */
  readonly outboundChunkBytes?: number;
  /** Takes commands of the server on the NetConnection other than results: `onBWDone`, `onStatus`, ... */
  readonly onCommand?: (command: RtmpCommand) => void;
  /** The player whose file a server may ask to verify. @default such a wish is not answered */
  readonly swf?: SwfFacts;
}

/** What `connect` says to the server. */
export interface ClientConnectOptions {
  /** Application path, query included. */
  readonly app: string;
  /** URL of the application, as in `rtmp://host/live`. */
  readonly tcUrl: string;
  /** Further properties, or others in place of the defaults: `flashVer`, `fourCcList`, ... */
  readonly properties?: AmfProperties;
}

/** What the server said to an accepted `connect`. */
export interface ClientConnectResult {
  readonly properties: AmfObject;
  readonly information: AmfObject;
}

/** What the original client says of itself; servers look at few of them. */
const CONNECT_PROPERTIES: AmfProperties = {
  flashVer: "FMLE/3.0 (compatible; crtmp)",
  fpad: false,
  capabilities: 239,
  audioCodecs: 3191,
  videoCodecs: 252,
  videoFunction: 1,
  objectEncoding: 0,
};

/** The client's end of an RTMP connection. */
export class RtmpClientProtocol extends ChunkProtocol {
  readonly tag = "rtmpClient";
  readonly #options: RtmpClientOptions;
  readonly #calls = new CallTable();
  readonly #streams = new Map<number, ClientStream>();
  readonly #handshake = Promise.withResolvers<void>();
  #ownHandshake: ClientHandshake | undefined;
  #serverHello: Uint8Array | undefined;
  #hasCheckedBandwidth = false;
  #endedBy: Error | undefined;

  constructor(options: RtmpClientOptions = {}) {
    super(options);
    this.#options = options;
    // a connection that ends before anyone asked for it fails no one
    this.#handshake.promise.catch(() => {});
  }

  /**
   * Waits for the handshake and connects to an application.
   *
   * @throws {RtmpRefusalError} If the server refuses; it may say where to go instead.
   * @throws {ClosedError} If the connection ends first.
   */
  async connect(options: ClientConnectOptions): Promise<ClientConnectResult> {
    await this.#handshake.promise;
    this.setOutboundChunkSize(this.#options.outboundChunkBytes ?? OUTBOUND_CHUNK_BYTES);
    const { app, tcUrl } = options;
    const answer = await this.#ask("connect", {
      commandObject: { app, tcUrl, ...CONNECT_PROPERTIES, ...options.properties },
      args: [],
    });
    if (this.isClosed) throw this.#ended("connect");
    this.startPings();
    return {
      properties: amfMembers(answer.commandObject) ?? amfObject(),
      information: amfMembers(answer.args[0]) ?? amfObject(),
    };
  }

  /**
   * Makes a NetStream; `client` takes what the server sends on it.
   *
   * @throws {ProtocolError} If the server refuses, or answers no ID.
   * @throws {ClosedError} If the connection ends first.
   */
  async createStream(client: ClientStreamClient): Promise<ClientStream> {
    const [id] = await this.call("createStream", []);
    // it may have ended between the answer and this turn, and then no stream would hear of it
    if (this.isClosed) throw this.#ended("create stream");
    if (typeof id !== "number") {
      throw new ProtocolError(`Cannot create stream: the server answered ${typeof id} for its ID`);
    }
    const stream = new ClientStream(this, { id, client });
    this.#streams.set(id, stream);
    return stream;
  }

  /**
   * Calls a function of the server.
   *
   * @returns The values after the command object of its `_result`.
   * @throws {RtmpRefusalError} If the server answers `_error`.
   * @throws {ClosedError} If the connection ends first.
   * @throws {LimitError} If MAX_PENDING_CALLS are waiting.
   */
  async call(name: string, values: readonly AmfValue[]): Promise<AmfValue[]> {
    return [...(await this.#ask(name, { commandObject: null, args: values })).args];
  }

  /** Calls a function of the server without wanting an answer. */
  notify(name: string, values: readonly AmfValue[]): void {
    this.#sendCommand({ name, transactionId: 0, commandObject: null, args: values });
  }

  protected override openHandshake(): Handshake {
    const handshake = new ClientHandshake({
      randomBytes: this.randomBytes,
      send: (bytes) => this.send(bytes),
    });
    // the carrier delivers only after this returns, so the answer cannot come too early
    handshake.start();
    this.#ownHandshake = handshake;
    return handshake;
  }

  protected override onHandshakeSkipped(peerHello: Uint8Array): void {
    if (this.#options.swf !== undefined) this.#serverHello = peerHello.slice();
  }

  protected override onHandshakeDone(): void {
    if (this.#options.swf !== undefined) this.#serverHello ??= this.#ownHandshake?.serverHello;
    this.#ownHandshake = undefined;
    this.#handshake.resolve();
  }

  // params: hot path
  protected override onMessage(
    messageTypeId: number,
    timestamp: number,
    messageStreamId: number,
    payload: Uint8Array<ArrayBuffer>,
    _chunkStreamId: number,
  ): void {
    switch (messageTypeId) {
      case MESSAGE_TYPE.Audio:
      case MESSAGE_TYPE.Video:
      case MESSAGE_TYPE.DataAmf0:
      case MESSAGE_TYPE.DataAmf3:
        this.#mediaStream(messageStreamId)?.take(messageTypeId, timestamp, payload);
        return;
      case MESSAGE_TYPE.Aggregate:
        for (const part of splitAggregate({ timestamp, payload })) {
          this.#mediaStream(messageStreamId)?.take(part.messageTypeId, part.timestamp, part.payload);
        }
        return;
      case MESSAGE_TYPE.CommandAmf0:
      case MESSAGE_TYPE.CommandAmf3:
        this.#takeCommand(decodeCommand(messageTypeId, payload), messageStreamId);
    }
  }

  protected override onUserControl({ event, value }: UserControlMessage): void {
    if (event !== USER_CONTROL_EVENT.SwfVerifyRequest) this.#streams.get(value)?.takeUserControl(event);
    else if (this.#options.swf !== undefined && this.#serverHello !== undefined) {
      const answer = swfVerification(this.#options.swf, this.#serverHello);
      this.sendControl(MESSAGE_TYPE.UserControl, answer);
    }
  }

  protected override onEnded(error: Error): void {
    this.#endedBy = error;
    this.#handshake.reject(
      new ClosedError(`The connection ended in the handshake: ${error.message}`, { cause: error }),
    );
    this.#calls.failAll(error);
    for (const stream of this.#streams.values()) stream.ended(error);
  }

  #takeCommand(command: RtmpCommand, messageStreamId: number): void {
    if (command.name === "_result" || command.name === "_error") return this.#calls.settle(command);
    const stream = this.#streamOf(command, messageStreamId);
    if (stream !== undefined) return stream.takeCommand(command);
    const answer = answerServerCall(command);
    if (answer !== undefined) this.#sendCommand(answer);
    // once: some servers answer with another one
    else if (command.name === "onBWDone" && !this.#hasCheckedBandwidth) {
      this.#hasCheckedBandwidth = true;
      this.call("_checkbw", []).catch(() => {});
    }
    this.#options.onCommand?.(command);
  }

  /** Some servers, FFmpeg for one, give the only stream one ID and send its media under another. */
  #mediaStream(messageStreamId: number): ClientStream | undefined {
    const stream = this.#streams.get(messageStreamId);
    if (stream !== undefined || this.#streams.size !== 1) return stream;
    return this.#streams.values().next().value;
  }

  /** Some servers send the status of the only stream on the connection itself. */
  #streamOf(command: RtmpCommand, messageStreamId: number): ClientStream | undefined {
    const stream = this.#streams.get(messageStreamId);
    if (stream !== undefined || command.name !== "onStatus" || this.#streams.size !== 1) return stream;
    const code = amfMembers(command.args[0])?.["code"];
    const isOfStream = typeof code === "string" && code.startsWith("NetStream.");
    return isOfStream ? [...this.#streams.values()][0] : undefined;
  }

  async #ask(
    name: string,
    call: { readonly commandObject: AmfValue; readonly args: readonly AmfValue[] },
  ): Promise<RtmpCommand> {
    if (this.isClosed) throw this.#ended(`call ${name}`);
    const { transactionId, answer } = this.#calls.open(name);
    this.#sendCommand({ name, transactionId, ...call });
    return await answer;
  }

  #ended(what: string): ClosedError {
    return new ClosedError(`Cannot ${what}: the connection ended`, { cause: this.#endedBy });
  }

  #sendCommand(command: RtmpCommand): void {
    const { Command: chunkStreamId } = CHUNK_STREAM_ID;
    this.sendMessage(
      { chunkStreamId, messageTypeId: MESSAGE_TYPE.CommandAmf0, timestamp: 0, messageStreamId: 0 },
      encodeCommand(command),
    );
  }
}
