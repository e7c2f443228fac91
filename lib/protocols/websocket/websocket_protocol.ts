import type { Clock, RandomBytes } from "#clock";
import { ClosedError, ProtocolError } from "#errors";
import type { HttpClientProtocol, HttpExchange, HttpLog, HttpRequestHead, HttpRouter } from "#protocols/http";
import { formatEndpoint, Protocol } from "#stack";
import { CLOSE_CODE, OPCODE, webSocketHeaderBytes, writeWebSocketHeaderInto } from "./frame.ts";
import type { Opcode } from "./frame.ts";
import { frameFault, FrameReader } from "./_frame_reader.ts";
import { answerHandshake, findAnswerFault, requestFields } from "./handshake.ts";
import type { HandshakePolicy } from "./handshake.ts";

/** Most bytes of a frame of the peer. */
export const MAX_FRAME_BYTES = 1_048_576;
/** Most bytes of a message of the peer, all its frames together. */
export const MAX_MESSAGE_BYTES = 4_194_304;
/** A ping goes out this often; a peer that gave no sign of life between two is gone. */
export const PING_INTERVAL_MS = 30_000;
/** Time for the peer to answer a Close frame. */
export const CLOSE_TIMEOUT_MS = 2_000;
/** Pongs are left out while more of this side's bytes than this wait to leave. */
export const MAX_QUEUED_PONG_BYTES = 4_096;
/** Most bytes of the reason in a Close frame (RFC 6455 section 5.5). */
const MAX_REASON_BYTES = 123;
/** A payload up to here is copied behind its header, so that both leave as one array. */
const JOINED_PAYLOAD_BYTES = 16_384;

/** What a WebSocket is made of. */
export interface WebSocketOptions extends HandshakePolicy {
  /** Time for pings and the closing handshake. */
  readonly clock: Clock;
  /**
   * Whether the near side sends whole frames, headers included, as a log of frames shared by many viewers
   * does: then this transport is transparent, and shared slices go straight to the carrier.
   * @default {false}
   */
  readonly isPreframed?: boolean;
  /** Takes text messages. @default text goes to the near side as UTF-8, like binary messages */
  readonly onText?: (text: string) => void;
  /** Takes a line for each peer that broke the protocol. @default nothing is written */
  readonly log?: HttpLog;
  /** Most bytes of a frame of the peer. @default {MAX_FRAME_BYTES} */
  readonly maxFrameBytes?: number;
  /** Most bytes of a message of the peer. @default {MAX_MESSAGE_BYTES} */
  readonly maxMessageBytes?: number;
  /** Time between pings, in ms; 0 sends none. @default {PING_INTERVAL_MS} */
  readonly pingIntervalMs?: number;
  /** Makes keys; its presence makes this the client's side, which masks what it sends. @default server */
  readonly randomBytes?: RandomBytes;
}

/** Where a WebSocket stands (RFC 6455 sections 4 and 7). */
type State = "handshake" | "open" | "closing" | "closed";

const UTF8 = new TextEncoder();
const STRICT_UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * WebSocket (RFC 6455) as a transport protocol above HTTP.
 *
 * In a chain (`tcp, http, websocket, ...`) it answers the requests of the HTTP connection itself; a router
 * that wants to decide first makes one, links the near side, and calls `accept`. Each message of the peer
 * goes near as one `receive`; each `send` of the near side is one binary message. The near side is opened
 * when the handshake is done.
 */
export class WebSocketProtocol extends Protocol implements HttpRouter {
  readonly tag = "websocket";
  readonly kind = "transport";

  readonly #options: WebSocketOptions;
  readonly #reader: FrameReader;
  #state: State = "handshake";
  #subprotocol: string | undefined;
  #pingTimer: Disposable | undefined;
  #closeTimer: Disposable | undefined;
  #isLifeAwaited = false;
  #bytesOutAtPing = 0;

  constructor(options: WebSocketOptions) {
    super();
    this.#options = options;
    this.#reader = new FrameReader({
      message: (opcode, payload) => this.#takeMessage(opcode, payload),
      control: (opcode, payload) => this.#takeControl(opcode, payload),
    }, {
      isMasked: options.randomBytes === undefined,
      maxFrameBytes: options.maxFrameBytes ?? MAX_FRAME_BYTES,
      maxMessageBytes: options.maxMessageBytes ?? MAX_MESSAGE_BYTES,
    });
  }

  override get isTransparent(): boolean {
    return this.#options.isPreframed === true && this.#state === "open";
  }

  /** The subprotocol that was agreed on, or `undefined`. */
  get subprotocol(): string | undefined {
    return this.#subprotocol;
  }

  /** Takes the request that opens the socket; others are refused. */
  route(_request: HttpRequestHead, exchange: HttpExchange): void {
    this.accept(exchange);
  }

  /**
   * Answers the opening handshake: 101, or an error status that says what is wrong.
   *
   * @returns Whether the socket is open; if not, it is on no connection and may be dropped.
   */
  accept(exchange: HttpExchange): boolean {
    const answer = answerHandshake(exchange.request, this.#options);
    if (!answer.isAccepted) {
      exchange.respond({ status: answer.status, headers: answer.headers, body: `${answer.reason}\n` });
      return false;
    }
    this.#subprotocol = answer.subprotocol;
    this.#state = "open";
    exchange.upgrade({ protocol: "websocket", headers: answer.headers, near: this });
    return !this.isClosed;
  }

  /**
   * Opens this socket as a client over `http`; the near side, linked before, is opened when the server has
   * agreed. A server that refuses ends the connection.
   *
   * @throws {TypeError} If `http` is busy, or this is the server's side.
   */
  connect(http: HttpClientProtocol, address: { authority: string; target: string }): void {
    const { randomBytes, subprotocols } = this.#options;
    if (randomBytes === undefined) throw new TypeError("Cannot connect WebSocket: it has no randomBytes");
    const key = btoa(String.fromCharCode(...randomBytes(16)));
    http.request({
      method: "GET",
      ...address,
      upgrade: "websocket",
      headers: requestFields(key, subprotocols),
    }, {
      head: (head) => {
        const fault = findAnswerFault(head, { key, subprotocols });
        if (fault !== undefined) return http.abort(new ProtocolError(fault));
        this.#subprotocol = head.headers.get("sec-websocket-protocol");
        this.#state = "open";
        http.linkNear(this);
        this.opened();
      },
      receive() {},
      ended() {},
      failed: (error) => this.farClosed(error),
    });
  }

  /** The near side is opened once the handshake is done, not with the connection. */
  override opened(): void {
    if (this.#state !== "open" || this.#pingTimer !== undefined) return;
    const intervalMs = this.#options.pingIntervalMs ?? PING_INTERVAL_MS;
    this.#pingTimer = intervalMs > 0
      ? this.#options.clock.every(intervalMs, () => this.#ping(intervalMs))
      : { [Symbol.dispose]() {} };
    super.opened();
  }

  /** Sends one text message. */
  sendText(text: string): void {
    if (this.#state === "open") this.#sendFrame(OPCODE.Text, UTF8.encode(text));
  }

  /**
   * Starts the closing handshake with code 1000; the stack ends when the peer has answered, or after
   * `CLOSE_TIMEOUT_MS`.
   *
   * @param reason Sent to the peer, cut to 123 bytes.
   */
  override close(reason: string = ""): void {
    if (this.isClosed) return;
    if (this.#state !== "open") return super.close(reason);
    this.#state = "closing";
    this.#sendClose(CLOSE_CODE.Normal, reason);
    this.#closeTimer = this.#options.clock.after(CLOSE_TIMEOUT_MS, () => super.close(reason));
  }

  protected override onReceive(bytes: Uint8Array): void {
    this.#isLifeAwaited = false;
    try {
      this.#reader.push(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError) || typeof error.cause !== "number") throw error;
      this.#options.log?.info(`${formatEndpoint(this.remote)}: closed with ${error.cause}: ${error.message}`);
      this.#end(error.cause, error.message);
    }
  }

  protected override onSendFromNear(bytes: Uint8Array): void {
    if (this.#state !== "open") return;
    if (this.#options.isPreframed === true) this.send(bytes);
    else this.#sendFrame(OPCODE.Binary, bytes);
  }

  protected override onFarClosed(): void {
    this.#state = "closed";
    this.#reader.stop();
    this.#pingTimer?.[Symbol.dispose]();
    this.#closeTimer?.[Symbol.dispose]();
  }

  #takeMessage(opcode: Opcode, payload: Uint8Array<ArrayBuffer>): void {
    if (this.#state !== "open") return;
    if (opcode === OPCODE.Text) {
      const text = decodeText(payload, "text message");
      if (this.#options.onText !== undefined) return this.#options.onText(text);
    }
    this.near?.receive(payload);
  }

  #takeControl(opcode: number, payload: Uint8Array<ArrayBuffer>): void {
    if (opcode === OPCODE.Close) {
      this.#end(decodeCloseCode(payload), "");
    } else if (opcode === OPCODE.Ping && this.#state === "open") {
      // who pings and does not read gets no pongs piled up
      if ((this.carrier?.queuedBytes ?? 0) <= MAX_QUEUED_PONG_BYTES) this.#sendFrame(OPCODE.Pong, payload);
    }
  }

  /** Sends a Close frame, unless one was sent, and ends the stack. */
  #end(code: number, reason: string): void {
    this.#reader.stop();
    if (this.#state === "open") this.#sendClose(code, reason);
    this.#state = "closed";
    super.close(reason);
  }

  #ping(intervalMs: number): void {
    const bytesOut = this.carrier?.statistics.bytesOut ?? 0;
    const pingBytes = this.#options.randomBytes === undefined ? 2 : 6;
    // a peer that takes media is alive, though its pong waits behind what it has not read yet
    if (this.#isLifeAwaited && bytesOut - this.#bytesOutAtPing <= pingBytes) {
      return this.abort(new ClosedError(`The peer gave no sign of life for ${intervalMs} ms`));
    }
    this.#isLifeAwaited = true;
    this.#bytesOutAtPing = bytesOut;
    this.#sendFrame(OPCODE.Ping, EMPTY);
  }

  #sendClose(code: number, reason: string): void {
    const text = UTF8.encodeInto(reason, new Uint8Array(MAX_REASON_BYTES));
    const payload = new Uint8Array(2 + text.written);
    new DataView(payload.buffer).setUint16(0, code);
    UTF8.encodeInto(reason, payload.subarray(2));
    this.#sendFrame(OPCODE.Close, code === NO_CODE ? EMPTY : payload);
  }

  #sendFrame(opcode: Opcode, payload: Uint8Array): void {
    const { randomBytes } = this.#options;
    const headerBytes = webSocketHeaderBytes(payload.length) + (randomBytes === undefined ? 0 : 4);
    const isJoined = randomBytes !== undefined || payload.length <= JOINED_PAYLOAD_BYTES;
    const frame = new Uint8Array(headerBytes + (isJoined ? payload.length : 0));
    const at = writeWebSocketHeaderInto(frame, 0, payload.length, opcode);
    if (isJoined) frame.set(payload, headerBytes);
    if (randomBytes !== undefined) {
      const key = randomBytes(4);
      frame[1] = frame[1]! | 0x80;
      frame.set(key, at);
      for (let i = 0; i < payload.length; i++) {
        frame[headerBytes + i] = frame[headerBytes + i]! ^ key[i & 3]!;
      }
    }
    this.send(frame);
    if (!isJoined) this.send(payload);
  }
}

const EMPTY = new Uint8Array(0);
/** Stands for a Close frame without a code (RFC 6455 section 7.1.5); never sent. */
const NO_CODE = 1005;

function decodeText(payload: Uint8Array, what: string): string {
  try {
    return STRICT_UTF8.decode(payload);
  } catch {
    throw frameFault(CLOSE_CODE.InvalidText, `Cannot read WebSocket ${what}: it is not UTF-8`);
  }
}

/** Codes a peer may send (RFC 6455 section 7.4; 1012 to 1014 were registered later). */
function isCloseCode(code: number): boolean {
  return code >= 3000 ? code <= 4999 : code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
}

function decodeCloseCode(payload: Uint8Array): number {
  if (payload.length === 0) return NO_CODE;
  const code = payload.length === 1 ? 0 : payload[0]! << 8 | payload[1]!;
  if (!isCloseCode(code)) {
    throw frameFault(
      CLOSE_CODE.ProtocolError,
      `Cannot read WebSocket Close: ${payload.length} bytes with code ${code}`,
    );
  }
  decodeText(payload.subarray(2), "close reason");
  return code;
}
