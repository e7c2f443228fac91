import { ChunkProtocol, type ChunkProtocolOptions, type Handshake } from "./chunk_protocol.ts";
import { ProtocolError } from "#errors";
import { ServerHandshake } from "./handshake/server_handshake.ts";
import { CONNECT_TIMEOUT_MS } from "./limits.ts";
import type { UserControlMessage } from "./message/control_message.ts";
import { USER_CONTROL_EVENT } from "./message/message_type.ts";
import { type RtmpApplication, type RtmpLog, type RtmpSession, SILENT_LOG } from "./session/application.ts";
import type { ConnectReplyOptions } from "./session/connect_reply.ts";
import { ServerSession } from "./session/server_session.ts";

/** What an `RtmpProtocol` is made with. */
export interface RtmpProtocolOptions extends ChunkProtocolOptions, ConnectReplyOptions {
  /** Decides about connects, publishes and plays. */
  readonly application: RtmpApplication;
  /** Takes one line an event worth one. @default {SILENT_LOG} */
  readonly log?: RtmpLog;
  /** Time from the handshake to `connect`. @default {CONNECT_TIMEOUT_MS} */
  readonly connectTimeoutMs?: number;
  /** Time an application may take to decide. @default {DECISION_TIMEOUT_MS} */
  readonly decisionTimeoutMs?: number;
}

/**
 * The server's end of an RTMP connection: handshake, chunks, and the session that the application above
 * decides for.
 */
export class RtmpProtocol extends ChunkProtocol {
  readonly tag = "rtmp";
  readonly #options: RtmpProtocolOptions;
  readonly #session: ServerSession;

  constructor(options: RtmpProtocolOptions) {
    super(options);
    this.#options = options;
    this.#session = new ServerSession(this, {
      ...options,
      log: options.log ?? SILENT_LOG,
      after: (delayMs, callback) => this.clock.after(delayMs, callback),
      nowMs: () => this.clock.nowMs(),
      onConnected: () => this.startPings(),
    });
  }

  /** The NetConnection of this connection. */
  get session(): RtmpSession {
    return this.#session;
  }

  protected override openHandshake(): Handshake {
    return new ServerHandshake({
      randomBytes: this.randomBytes,
      send: (bytes) => this.send(bytes),
    });
  }

  protected override onHandshakeDone(): void {
    const timeoutMs = this.#options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    this.keepTimer(this.clock.after(timeoutMs, () => {
      if (this.#session.hasConnect) return;
      this.abort(new ProtocolError(`Cannot wait for connect: none came in ${timeoutMs} ms`));
    }));
  }

  // params: hot path
  protected override onMessage(
    messageTypeId: number,
    timestamp: number,
    messageStreamId: number,
    payload: Uint8Array<ArrayBuffer>,
    _chunkStreamId: number,
  ): void {
    this.#session.take(messageTypeId, timestamp, messageStreamId, payload);
  }

  protected override onUserControl(message: UserControlMessage): void {
    if (message.event === USER_CONTROL_EVENT.SetBufferLength) {
      this.#session.takeBufferLength(message.value, message.bufferLengthMs);
    }
  }

  protected override onEnded(error: Error): void {
    this.#session.ended(error);
  }
}
