import { type Clock, type RandomBytes, systemClock, systemRandomBytes } from "#clock";
import { LimitError, ProtocolError } from "#errors";
import { Protocol } from "#stack";
import { ChunkReader } from "./chunk/chunk_reader.ts";
import { encodeMessage } from "./chunk/chunk_writer.ts";
import { LifeWatch } from "./life_watch.ts";
import {
  HANDSHAKE_TIMEOUT_MS,
  INITIAL_CHUNK_BYTES,
  MAX_HELD_INPUT_BYTES,
  MAX_QUEUED_OUTPUT_BYTES,
  MIN_WINDOW_ACK_BYTES,
  PING_INTERVAL_MS,
  PING_TIMEOUT_MS,
  WINDOW_ACK_BYTES,
} from "./limits.ts";
import {
  decodePeerBandwidth,
  decodeU32Payload,
  decodeUserControl,
  encodeU32Payload,
  encodeUserControl,
  type UserControlMessage,
} from "./message/control_message.ts";
import { CHUNK_STREAM_ID, MESSAGE_TYPE, USER_CONTROL_EVENT } from "./message/message_type.ts";

/** Time, randomness and patience of a `ChunkProtocol`. */
export interface ChunkProtocolOptions {
  /** Time of handshake, pings and decisions. @default {systemClock} */
  readonly clock?: Clock;
  /** Bytes of the handshake. @default {systemRandomBytes} */
  readonly randomBytes?: RandomBytes;
  /**
   * Who shakes hands: this protocol, or a transport below it that calls `skipHandshake` (RTMPE).
   *
   * @default {"own"}
   */
  readonly handshake?: "own" | "below";
  /** Time from opening to the end of the handshake. @default {HANDSHAKE_TIMEOUT_MS} */
  readonly handshakeTimeoutMs?: number;
  /** Time between two ping requests. @default {PING_INTERVAL_MS} */
  readonly pingIntervalMs?: number;
  /** Time without a sign of life that ends a connection. @default {PING_TIMEOUT_MS} */
  readonly pingTimeoutMs?: number;
}

/** One side of a handshake. */
export interface Handshake {
  readonly isDone: boolean;
  /** Takes input from offset `start` on; returns the offset behind the last byte taken. */
  push(bytes: Uint8Array, start: number): number;
}

/** Where a message goes, and what it is. */
export interface OutboundMessage {
  readonly chunkStreamId: number;
  readonly messageTypeId: number;
  /** Absolute, in ms, modulo 2^32. */
  readonly timestamp: number;
  readonly messageStreamId: number;
}

/**
 * The part of an RTMP endpoint that both sides share: handshake, chunks and protocol control messages.
 *
 * It answers pings, window announcements and what asks for acknowledgements by itself; all other messages go
 * to the subclass. The peer's acknowledgements are counted and never gate sending.
 */
export abstract class ChunkProtocol extends Protocol {
  readonly kind = "endpoint";
  protected readonly clock: Clock;
  protected readonly randomBytes: RandomBytes;

  readonly #options: ChunkProtocolOptions;
  readonly #reader: ChunkReader;
  #handshake: Handshake | undefined = undefined;
  readonly #timers: Disposable[] = [];
  #handshakeTimer: Disposable | undefined = undefined;

  /** Input that came while the session was held, in order; memory of its own. */
  #heldInput: Uint8Array[] = [];
  #heldBytes = 0;
  #isHeld = false;
  #isHandshakeBelow = false;
  #isReading = false;
  #isEnding = false;

  #outboundChunkSize = INITIAL_CHUNK_BYTES;
  /** The peer wants an acknowledgement each so many bytes. */
  #inboundWindow = WINDOW_ACK_BYTES;
  #outboundWindow = 0;
  #acknowledgedBytes = 0;
  #peerAcknowledgedBytes = 0;

  constructor(options: ChunkProtocolOptions) {
    super();
    this.#options = options;
    this.clock = options.clock ?? systemClock;
    this.randomBytes = options.randomBytes ?? systemRandomBytes;
    this.#reader = new ChunkReader({
      onMessage: (messageTypeId, timestamp, messageStreamId, payload, chunkStreamId) => {
        if (messageTypeId === MESSAGE_TYPE.Video || messageTypeId === MESSAGE_TYPE.Audio) {
          this.onMessage(messageTypeId, timestamp, messageStreamId, payload, chunkStreamId);
        } else if (!this.#obey(messageTypeId, payload)) {
          this.onMessage(messageTypeId, timestamp, messageStreamId, payload, chunkStreamId);
        }
      },
    });
  }

  /** Chunk size of what is sent, in bytes. */
  get outboundChunkSize(): number {
    return this.#outboundChunkSize;
  }

  /** Bytes the peer says it has received, modulo 2^32; for statistics. */
  get peerAcknowledgedBytes(): number {
    return this.#peerAcknowledgedBytes;
  }

  /** Sends one message in a write of its own; `payload` is copied. */
  sendMessage(message: OutboundMessage, payload: Uint8Array): void {
    if (this.isClosed) return;
    this.send(encodeMessage({ ...message, outboundChunkSize: this.#outboundChunkSize }, payload));
    const queuedBytes = this.carrier?.queuedBytes ?? 0;
    if (queuedBytes > MAX_QUEUED_OUTPUT_BYTES) {
      this.abort(
        new LimitError("MAX_QUEUED_OUTPUT_BYTES", {
          value: queuedBytes,
          limit: MAX_QUEUED_OUTPUT_BYTES,
          message: `Cannot send: the peer leaves ${queuedBytes} bytes unread, more than ` +
            `MAX_QUEUED_OUTPUT_BYTES (${MAX_QUEUED_OUTPUT_BYTES})`,
        }),
      );
    }
  }

  /** Sends a message of the NetConnection's control chunk stream, at time 0. */
  sendControl(messageTypeId: number, payload: Uint8Array): void {
    const chunkStreamId = CHUNK_STREAM_ID.Control;
    this.sendMessage({ chunkStreamId, messageTypeId, timestamp: 0, messageStreamId: 0 }, payload);
  }

  /** Announces the chunk size in bytes that everything sent from now on has. */
  setOutboundChunkSize(sizeBytes: number): void {
    this.sendControl(MESSAGE_TYPE.SetChunkSize, encodeU32Payload(sizeBytes));
    this.#outboundChunkSize = sizeBytes;
  }

  /** Announces after how many bytes the peer is to acknowledge. */
  announceWindow(windowBytes: number): void {
    this.#outboundWindow = windowBytes;
    this.sendControl(MESSAGE_TYPE.WindowAckSize, encodeU32Payload(windowBytes));
  }

  /** Whether a transport below this protocol shook hands: RTMPE. */
  get isHandshakeBelow(): boolean {
    return this.#isHandshakeBelow;
  }

  /**
   * A transport below has shaken hands: chunks follow.
   *
   * @param peerHello The peer's C1 or S1, 1536 bytes; borrowed during the call.
   */
  skipHandshake(peerHello: Uint8Array): void {
    this.#isHandshakeBelow = true;
    this.onHandshakeSkipped(peerHello);
    this.#endHandshake();
  }

  /** Reads nothing more, and lets the peer's sender wait, until `release`. */
  hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.#reader.stop();
    this.carrier?.pause(true);
  }

  /** Goes on where `hold` stopped. */
  release(): void {
    if (!this.#isHeld || this.isClosed) return;
    this.#isHeld = false;
    this.#readHeldInput();
    if (!this.#isHeld && !this.isClosed) this.carrier?.pause(false);
  }

  /** Makes the handshake of this side; called when the stack is open. */
  protected abstract openHandshake(): Handshake;

  /** Takes the peer's C1 or S1, borrowed, from a transport that shook hands; `onHandshakeDone` follows. */
  protected onHandshakeSkipped(_peerHello: Uint8Array): void {}

  /** The handshake is done; messages follow. */
  protected abstract onHandshakeDone(): void;

  /** One message that is not protocol control. HOT for audio and video. */
  // params: hot path
  protected abstract onMessage(
    messageTypeId: number,
    timestamp: number,
    messageStreamId: number,
    payload: Uint8Array<ArrayBuffer>,
    chunkStreamId: number,
  ): void;

  /** A user control event other than pings. */
  protected abstract onUserControl(message: UserControlMessage): void;

  /** The connection is gone. Called once. */
  protected abstract onEnded(error: Error): void;

  /** Disposes `timer` when the connection ends. */
  protected keepTimer(timer: Disposable): void {
    this.#timers.push(timer);
  }

  /** Sends a ping request each interval, and ends a connection without a sign of life. */
  protected startPings(): void {
    const watch = new LifeWatch(this.clock.nowMs());
    const intervalMs = this.#options.pingIntervalMs ?? PING_INTERVAL_MS;
    this.keepTimer(this.clock.every(intervalMs, () => this.#ping(watch)));
  }

  protected override onOpened(): void {
    if (this.#options.handshake !== "below") this.#handshake = this.openHandshake();
    const timeoutMs = this.#options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS;
    this.#handshakeTimer = this.clock.after(timeoutMs, () => {
      this.abort(
        new ProtocolError(
          `Cannot complete handshake: ${this.statistics.bytesIn} bytes received in ${timeoutMs} ms`,
        ),
      );
    });
  }

  protected override onReceive(bytes: Uint8Array): void {
    let at = 0;
    if (this.#handshake !== undefined) {
      at = this.#handshake.push(bytes, 0);
      if (!this.#handshake.isDone) return;
      this.#endHandshake();
    }
    const taken = this.#read(bytes, at);
    if (taken < bytes.length) this.#keepInput(bytes.slice(taken));
    const receivedBytes = this.statistics.bytesIn;
    if (receivedBytes - this.#acknowledgedBytes >= this.#inboundWindow) {
      this.#acknowledgedBytes = receivedBytes;
      this.sendControl(MESSAGE_TYPE.Acknowledgement, encodeU32Payload(receivedBytes));
    }
  }

  protected override onClose(_reason: string): void {
    this.#isEnding = true;
    this.#reader.stop();
  }

  protected override onFarClosed(error: Error): void {
    this.#isEnding = true;
    this.#heldInput = [];
    this.#handshakeTimer?.[Symbol.dispose]();
    for (const timer of this.#timers) timer[Symbol.dispose]();
    this.onEnded(error);
  }

  #endHandshake(): void {
    this.#handshake = undefined;
    this.#handshakeTimer?.[Symbol.dispose]();
    this.#handshakeTimer = undefined;
    this.onHandshakeDone();
  }

  /** Takes input from offset `start`; returns how far, which is not the end where the application must decide. */
  #read(bytes: Uint8Array, start: number): number {
    let at = start;
    this.#isReading = true;
    try {
      while (at < bytes.length && !this.#isHeld && !this.#isEnding) at = this.#reader.push(bytes, at);
    } finally {
      this.#isReading = false;
    }
    return this.#isHeld ? at : bytes.length;
  }

  /** Keeps input for later; it is owned. */
  #keepInput(bytes: Uint8Array): void {
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > MAX_HELD_INPUT_BYTES) {
      throw new LimitError("MAX_HELD_INPUT_BYTES", { value: this.#heldBytes, limit: MAX_HELD_INPUT_BYTES });
    }
    this.#heldInput.push(bytes);
  }

  #readHeldInput(): void {
    if (this.#isReading) return; // released from within a message: the running read goes on
    const input = this.#heldInput;
    this.#heldInput = [];
    this.#heldBytes = 0;
    try {
      for (const bytes of input) {
        const taken = this.#read(bytes, 0);
        // a view: a copy for each held message would be quadratic
        if (taken < bytes.length) this.#keepInput(bytes.subarray(taken));
      }
    } catch (error) {
      this.abort(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Obeys protocol control messages; returns whether it was one. */
  #obey(messageTypeId: number, payload: Uint8Array): boolean {
    switch (messageTypeId) {
      case MESSAGE_TYPE.Acknowledgement:
        this.#peerAcknowledgedBytes = decodeU32Payload(payload, "Acknowledgement");
        return true;
      case MESSAGE_TYPE.WindowAckSize:
        this.#inboundWindow = Math.max(
          decodeU32Payload(payload, "Window Acknowledgement Size"),
          MIN_WINDOW_ACK_BYTES,
        );
        return true;
      case MESSAGE_TYPE.SetPeerBandwidth: {
        const { windowBytes } = decodePeerBandwidth(payload);
        if (windowBytes !== this.#outboundWindow) this.announceWindow(windowBytes);
        return true;
      }
      case MESSAGE_TYPE.UserControl:
        this.#obeyUserControl(decodeUserControl(payload));
        return true;
      default:
        return false;
    }
  }

  #obeyUserControl(message: UserControlMessage): void {
    if (message.event === USER_CONTROL_EVENT.PingRequest) {
      const pong = encodeUserControl(USER_CONTROL_EVENT.PingResponse, { value: message.value });
      this.sendControl(MESSAGE_TYPE.UserControl, pong);
    } else if (message.event !== USER_CONTROL_EVENT.PingResponse) {
      this.onUserControl(message);
    }
  }

  #ping(watch: LifeWatch): void {
    const nowMs = this.clock.nowMs();
    const moved = { bytesIn: this.statistics.bytesIn, bytesOut: this.carrier?.statistics.bytesOut ?? 0 };
    const silentMs = watch.look(moved, { nowMs, isExcused: this.#isHeld });
    if (silentMs >= (this.#options.pingTimeoutMs ?? PING_TIMEOUT_MS)) {
      this.abort(new ProtocolError(`Cannot keep connection: no sign of life for ${Math.round(silentMs)} ms`));
      return;
    }
    const ping = encodeUserControl(USER_CONTROL_EVENT.PingRequest, { value: Math.floor(nowMs) });
    this.sendControl(MESSAGE_TYPE.UserControl, ping);
  }
}
