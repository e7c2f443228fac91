import { concatBytes } from "#bytes";
import type { Clock } from "#clock";
import { errorMessage } from "#errors";
import { formatEndpoint } from "#stack";
import type { Carrier, Endpoint, Protocol } from "#stack";
import { encodeLatin1, formatField, reasonOf } from "../message/head.ts";
import type { HttpBodyFraming, HttpRequestHead } from "../message/head.ts";
import { formatAnswerFields, formatAnswerHead, isKeepAlive, NO_BODY } from "./_answer_head.ts";
import type { AnswerStart } from "./_answer_head.ts";
import type { Written } from "./_paced_writer.ts";
import type {
  HttpAnswer,
  HttpBodyReceiver,
  HttpExchange,
  HttpExchangeFacts,
  HttpFetchHandler,
  HttpLog,
  HttpStreamAnswer,
  HttpUpgrade,
} from "./exchange.ts";

/** Where the bytes of a protocol on top go. */
export type NearOutlet = (bytes: Uint8Array) => void;

/** What an exchange needs of its connection. */
export interface ExchangeConnection {
  readonly clock: Clock;
  readonly log: HttpLog | undefined;
  readonly remote: Endpoint;
  readonly carrier: Carrier;
  /** Whether the request's body is read or can be dropped cheaply, so that the connection can go on. */
  canDropBody(): boolean;
  /** Queues bytes of the answer. */
  write(bytes: Uint8Array): void;
  /** Gives slices to the peer at its pace; lent until `written`. */
  writePaced(slices: Uint8Array[], written: Written): void;
  claimBody(receiver: HttpBodyReceiver): void;
  pauseBody(isPaused: boolean): void;
  /** Links and opens `near`, unless it is linked already, and sends what it sends to `outlet`. */
  putNear(near: Protocol, outlet: NearOutlet): void;
  /** Takes off what `putNear` has linked. */
  takeNear(): void;
  /** From here on bytes pass unchanged: out only, what the peer sends being dropped, or both ways. */
  pass(mode: "passOut" | "passBoth"): void;
  /** Answers with what a web-standard handler returns. */
  answerWithFetch(exchange: ServerExchange, handler: HttpFetchHandler): void;
  /** The answer is complete. */
  finish(isKept: boolean): void;
  /** Ends the connection: the answer cannot be completed. */
  abort(error: Error): void;
}

/** A body up to here is copied behind its head, so that both leave as one array. */
const JOINED_BODY_BYTES = 16_384;
const UTF8 = new TextEncoder();
const CRLF = new Uint8Array([13, 10]);
const LAST_CHUNK = encodeLatin1("0\r\n\r\n");

/** The exchange of a server: one request, and the answer in the making. */
export class ServerExchange implements HttpExchange {
  readonly request: HttpRequestHead;
  readonly remote: Endpoint;
  readonly #connection: ExchangeConnection;
  readonly #startedMs: number;
  readonly #bytesOutBefore: number;
  #status = 0;
  #bytes = 0;
  #isKept = false;
  #isEnded = false;
  #isPassing = false;
  /** Whether a body in chunks ends when this side closes: what `startBody` began does. */
  #isOpenEnded = false;
  #isComplete = false;
  #framing: HttpBodyFraming["kind"] = "none";
  #onEnded: (() => void)[] = [];

  constructor(connection: ExchangeConnection, request: HttpRequestHead) {
    this.#connection = connection;
    this.request = request;
    this.remote = connection.remote;
    this.#startedMs = connection.clock.nowMs();
    this.#bytesOutBefore = connection.carrier.statistics.bytesOut;
  }

  get isSecure(): boolean {
    return this.#connection.carrier.kind === "tls";
  }

  get isAnswered(): boolean {
    return this.#status !== 0 || this.#isEnded;
  }

  /** Whether the answer is complete, or the peer gone. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Whether a body in chunks was begun and not ended. */
  get isChunking(): boolean {
    return this.#framing === "chunked" && this.#status !== 0 && !this.#isEnded;
  }

  /** Its connection, for those who answer in other ways. */
  get connection(): ExchangeConnection {
    return this.#connection;
  }

  receiveBody(receiver: HttpBodyReceiver): void {
    if (!this.#isEnded) this.#connection.claimBody(receiver);
  }

  pauseBody(isPaused: boolean): void {
    if (!this.#isEnded) this.#connection.pauseBody(isPaused);
  }

  respond(answer: HttpAnswer): void {
    const body = typeof answer.body === "string" ? UTF8.encode(answer.body) : answer.body;
    this.respondBytes({ status: answer.status, fields: formatAnswerFields(answer) }, body);
  }

  /** Answers as a whole, with header fields already formatted. */
  respondBytes(start: AnswerStart, body?: Uint8Array): void {
    const length = body?.length ?? 0;
    const hasBody = start.status !== 204 && start.status !== 304;
    const head = this.#begin(start, hasBody ? { kind: "length", lengthBytes: length } : NO_BODY);
    if (head === undefined) return;
    if (body === undefined || length === 0 || !hasBody || this.request.method === "HEAD") {
      this.write(head);
    } else if (length <= JOINED_BODY_BYTES) {
      this.write(concatBytes([head, body]));
    } else {
      this.write(head);
      this.write(body);
    }
    this.finish();
  }

  startBody(answer: HttpStreamAnswer): boolean {
    const start = { status: answer.status, fields: formatAnswerFields(answer) };
    if (!this.startStream(start, { kind: answer.framing })) return false;
    this.#isOpenEnded = true;
    if (this.#framing === "close") {
      this.#isPassing = true;
      this.#connection.pass("passOut");
    }
    if (answer.near !== undefined) this.#connection.putNear(answer.near, (bytes) => this.sendBody(bytes));
    return true;
  }

  sendBody(bytes: Uint8Array): void {
    if (this.#isEnded || bytes.length === 0) return;
    if (this.#framing !== "chunked") this.write(bytes);
    else for (const piece of this.chunkOf(bytes)) this.write(piece);
  }

  /**
   * Sends the head of an answer whose body follows in pieces.
   *
   * @returns False where no body may follow: the answer is complete, or the peer gone.
   */
  startStream(start: AnswerStart, framing: HttpBodyFraming): boolean {
    const isOld = this.request.version === "1.0" && framing.kind === "chunked";
    const head = this.#begin(start, isOld ? { kind: "close" } : framing);
    if (head === undefined) return false;
    this.write(head);
    if (this.request.method !== "HEAD") return true;
    this.finish();
    return false;
  }

  endBody(): void {
    if (this.#isEnded || this.#status === 0) return;
    if (this.#framing === "chunked") this.write(LAST_CHUNK);
    this.#connection.takeNear();
    this.finish();
  }

  respondWith(handler: HttpFetchHandler): void {
    this.#connection.answerWithFetch(this, handler);
  }

  upgrade(upgrade: HttpUpgrade): void {
    if (this.isAnswered) return this.#refuseSecond();
    this.#status = 101;
    const fields = formatAnswerFields(upgrade);
    const head = `HTTP/1.1 101 ${reasonOf(101)}\r\n${formatField("Upgrade", upgrade.protocol)}` +
      `Connection: Upgrade\r\n${fields}\r\n`;
    this.write(encodeLatin1(head));
    this.#isPassing = true;
    this.#connection.pass("passBoth");
    this.#connection.putNear(upgrade.near, (bytes) => this.write(bytes));
  }

  takeOver(near: Protocol): void {
    if (this.isAnswered) return this.#refuseSecond();
    this.#status = 200;
    this.#isPassing = true;
    this.#connection.pass("passBoth");
    this.#connection.putNear(near, (bytes) => this.write(bytes));
  }

  whenEnded(callback: () => void): void {
    if (this.#isEnded) callback();
    else this.#onEnded.push(callback);
  }

  /** Sends bytes of the answer as they are. */
  write(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    this.#connection.write(bytes);
  }

  /** The chunk around `bytes`: one array where they are few, else pieces, `bytes` itself among them. */
  chunkOf(bytes: Uint8Array): Uint8Array[] {
    const size = encodeLatin1(`${bytes.length.toString(16)}\r\n`);
    const pieces = [size, bytes, CRLF];
    return bytes.length <= JOINED_BODY_BYTES ? [concatBytes(pieces)] : pieces;
  }

  /** Counts bytes of the answer that went to the carrier past `write`. */
  count(bytes: number): void {
    this.#bytes += bytes;
  }

  /** The answer is complete. */
  finish(): void {
    if (this.#isEnded) return;
    this.#isComplete = true;
    this.#end();
    this.#connection.finish(this.#isKept);
  }

  /** This side closes: a body that `startBody` began is complete, one of a handler is cut. */
  closeBody(): void {
    if (!this.#isOpenEnded || !this.isChunking) return;
    this.write(LAST_CHUNK);
    this.#isComplete = true;
  }

  /** The connection ended. */
  gone(): void {
    if (!this.#isEnded) this.#end();
  }

  /** Facts for an access log, once the exchange has ended. */
  facts(): HttpExchangeFacts {
    const passed = this.#connection.carrier.statistics.bytesOut - this.#bytesOutBefore;
    return {
      remote: this.remote,
      method: this.request.method,
      path: this.request.path,
      status: this.#status,
      bytes: this.#isPassing ? passed : this.#bytes,
      durationMs: this.#connection.clock.nowMs() - this.#startedMs,
      isComplete: this.#isComplete || this.#isPassing,
    };
  }

  /** Writes one log line about this request; the query stays out. */
  warn(problem: string, error: unknown): void {
    const { method, path } = this.request;
    this.#connection.log?.warn(
      `${formatEndpoint(this.remote)} ${method} ${path}: ${problem}: ${errorMessage(error)}`,
    );
  }

  #end(): void {
    this.#isEnded = true;
    for (const callback of this.#onEnded.splice(0)) callback();
  }

  /** Starts the answer; `undefined` if the peer is gone. */
  #begin(start: AnswerStart, framing: HttpBodyFraming): Uint8Array | undefined {
    const { status } = start;
    if (this.isAnswered) {
      this.#refuseSecond();
      return undefined;
    }
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new RangeError(`Cannot answer with status ${status}: it must be 200 to 599`);
    }
    this.#status = status;
    this.#framing = framing.kind;
    this.#isKept = framing.kind !== "close" && isKeepAlive(this.request) && this.#connection.canDropBody();
    return encodeLatin1(formatAnswerHead(start, {
      framing,
      version: this.request.version,
      isKept: this.#isKept,
      wallMs: this.#connection.clock.wallMs(),
    }));
  }

  #refuseSecond(): void {
    if (this.#isEnded && this.#status === 0) return;
    throw new TypeError(`Cannot answer ${this.request.method} twice: status ${this.#status} was sent`);
  }
}
