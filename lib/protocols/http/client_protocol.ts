import { InputQueue } from "#bytes";
import type { Clock } from "#clock";
import { ClosedError, ProtocolError } from "#errors";
import { Protocol } from "#stack";
import { Deadline } from "./deadline.ts";
import { MAX_BODY_BYTES, MAX_PIPELINED_BYTES, PROGRESS_TIMEOUT_MS } from "./limits.ts";
import { HttpBodyReader } from "./message/body_reader.ts";
import { encodeLatin1, formatField, formatFields, TOKEN } from "./message/head.ts";
import type { HttpHeaderFields, HttpResponseHead } from "./message/head.ts";
import { decodeResponseHead, HeadScanner } from "./message/head_reader.ts";

/** What an HTTP client connection is made of. */
export interface HttpClientOptions {
  /** Time for deadlines. */
  readonly clock: Clock;
  /** Most bytes of a response's body. @default {MAX_BODY_BYTES} */
  readonly maxBodyBytes?: number;
  /** Longest wait for a response's head, and longest pause in its body, in ms. @default {PROGRESS_TIMEOUT_MS} */
  readonly progressTimeoutMs?: number;
}

/** A request to send. */
export interface HttpRequestMessage {
  readonly method: string;
  /** Path and query, percent-encoded. */
  readonly target: string;
  /** Host, and port unless it is the scheme's own. */
  readonly authority: string;
  /** Framing headers and Host are written by the client. */
  readonly headers?: HttpHeaderFields;
  /** Bytes must not change afterwards; text is sent as UTF-8. */
  readonly body?: Uint8Array | string;
  /** Token of the Upgrade header, to switch protocols. @default none */
  readonly upgrade?: string;
}

/** Takes the response to one request. */
export interface HttpResponseReceiver {
  /**
   * The final response's head; for status 101 the caller now puts another protocol on top and opens it, and
   * nothing else is called.
   */
  head(head: HttpResponseHead): void;
  /** Some bytes of the body, valid until the call returns. */
  receive(bytes: Uint8Array): void;
  /** The response is complete; the next request may be sent, unless the connection is closed. */
  ended(): void;
  /** The response will not be completed. */
  failed(error: Error): void;
}

/** A request whose response is awaited. */
interface Pending {
  readonly message: HttpRequestMessage;
  readonly receiver: HttpResponseReceiver;
}

/** The client side of HTTP/1.1 (RFC 9112) as a transport protocol: one request at a time. */
export class HttpClientProtocol extends Protocol {
  readonly tag = "httpClient";
  readonly kind = "transport";

  readonly #options: HttpClientOptions;
  readonly #input = new InputQueue({ maxBytes: MAX_PIPELINED_BYTES });
  readonly #scanner = new HeadScanner();
  readonly #deadline: Deadline;
  #pending: Pending | undefined;
  #head: HttpResponseHead | undefined;
  #body: HttpBodyReader | undefined;
  #isPassing = false;

  constructor(options: HttpClientOptions) {
    super();
    this.#options = options;
    this.#deadline = new Deadline(options.clock);
  }

  /** True once the server has switched protocols. */
  override get isTransparent(): boolean {
    return this.#isPassing;
  }

  /** Whether a request may be sent now. */
  get isIdle(): boolean {
    return !this.isClosed && !this.#isPassing && this.#pending === undefined;
  }

  /**
   * Sends a request.
   *
   * @throws {TypeError} If one is under way, the connection is gone, or a part of it cannot be sent.
   */
  request(message: HttpRequestMessage, receiver: HttpResponseReceiver): void {
    if (!this.isIdle) throw new TypeError(`Cannot send ${message.method}: the connection is busy or closed`);
    const body = typeof message.body === "string" ? new TextEncoder().encode(message.body) : message.body;
    const head = formatRequest(message, body);
    this.#pending = { message, receiver };
    this.send(head);
    if (body !== undefined && body.length > 0) this.send(body);
    this.#await("response");
  }

  protected override onReceive(bytes: Uint8Array): void {
    if (this.#isPassing && this.#input.length === 0) return this.near?.receive(bytes);
    this.#input.push(bytes);
    while (!this.isClosed && this.#step());
    this.#input.settle();
  }

  protected override onSendFromNear(bytes: Uint8Array): void {
    if (!this.#isPassing) throw new TypeError("Cannot send over httpClient without a request");
    this.send(bytes);
  }

  protected override onFarClosed(error: Error): void {
    this.#deadline[Symbol.dispose]();
    const receiver = this.#pending?.receiver;
    this.#pending = undefined;
    if (receiver === undefined) return;
    const isEnd = this.#head?.framing.kind === "close" && error instanceof ClosedError;
    if (isEnd) receiver.ended();
    else receiver.failed(error);
  }

  #step(): boolean {
    const bytes = this.#input.readable;
    if (bytes.length === 0) return false;
    if (this.#isPassing) {
      this.near?.receive(bytes);
      this.#input.consume(bytes.length);
      return false;
    }
    if (this.#pending === undefined) {
      throw new ProtocolError(`Cannot accept response: ${bytes.length} bytes came without a request`);
    }
    if (this.#body === undefined) return this.#stepHead(bytes, this.#pending);
    const { receiver } = this.#pending;
    this.#input.consume(this.#body.read(bytes, (part) => receiver.receive(part)));
    this.#endIfComplete();
    return true;
  }

  #stepHead(bytes: Uint8Array, pending: Pending): boolean {
    const length = this.#scanner.scan(bytes);
    if (length === undefined) return false;
    const head = decodeResponseHead(bytes.subarray(0, length), pending.message.method);
    this.#input.consume(length);
    // RFC 9110 section 15.2: interim responses are not the answer
    if (head.status < 200 && head.status !== 101) return true;
    if (head.status === 101) this.#switch(pending);
    else {
      this.#body = new HttpBodyReader(head.framing, {
        maxBytes: this.#options.maxBodyBytes ?? MAX_BODY_BYTES,
      });
      this.#head = head;
    }
    pending.receiver.head(head);
    this.#endIfComplete();
    return true;
  }

  #switch({ message }: Pending): void {
    if (message.upgrade === undefined) {
      throw new ProtocolError("Cannot accept response: the server switches protocols unasked");
    }
    this.#isPassing = true;
    this.#pending = undefined;
    this.#deadline[Symbol.dispose]();
  }

  #endIfComplete(): void {
    const head = this.#head;
    if (head === undefined) return;
    this.#await("body");
    if (this.#body?.isEnded !== true) return;
    const receiver = this.#pending?.receiver;
    this.#pending = this.#head = this.#body = undefined;
    this.#deadline.clear();
    const connection = head.headers.tokens("connection");
    const isKept = head.version === "1.1" ? !connection.includes("close") : connection.includes("keep-alive");
    if (!isKept) this.close("the server keeps no connection");
    receiver?.ended();
  }

  #await(what: string): void {
    const timeoutMs = this.#options.progressTimeoutMs ?? PROGRESS_TIMEOUT_MS;
    this.#deadline.set(timeoutMs, () => {
      this.abort(new ProtocolError(`Cannot read ${what}: nothing came for ${timeoutMs} ms`));
    });
  }
}

/** Formats the head of a request. */
function formatRequest(message: HttpRequestMessage, body: Uint8Array | undefined): Uint8Array<ArrayBuffer> {
  const { method, target, authority, headers, upgrade } = message;
  if (!TOKEN.test(method)) throw new TypeError(`Cannot send request: method is ${JSON.stringify(method)}`);
  if (!/^[\x21-\x7e]+$/.test(target)) {
    throw new TypeError("Cannot send request: its target holds characters that are not percent-encoded");
  }
  let text = `${method} ${target} HTTP/1.1\r\n${formatField("Host", authority)}`;
  if (upgrade !== undefined) text += `${formatField("Upgrade", upgrade)}Connection: Upgrade\r\n`;
  if (headers !== undefined) text += formatFields(headers);
  if (body !== undefined) text += `Content-Length: ${body.length}\r\n`;
  return encodeLatin1(`${text}\r\n`);
}
