import type { Endpoint, Protocol } from "#stack";
import type { HttpHeaderFields, HttpRequestHead } from "../message/head.ts";

/** Decides who answers a request; the owner of the connection implements it. */
export interface HttpRouter {
  /**
   * Takes one request. The answer may come later; the next request of the connection waits for it.
   * What is thrown is answered 500.
   */
  route(request: HttpRequestHead, exchange: HttpExchange): void;
}

/** A whole answer. Framing headers (Content-Length, Connection, Date) are the transport's. */
export interface HttpAnswer {
  /** 200 to 599. */
  readonly status: number;
  readonly headers?: HttpHeaderFields;
  /** Bytes must not change afterwards; text is sent as UTF-8. A HEAD request gets its length only. */
  readonly body?: Uint8Array | string;
}

/** The start of an answer whose body follows. */
export interface HttpStreamAnswer {
  readonly status: number;
  readonly headers?: HttpHeaderFields;
  /**
   * `close`: the body ends with the connection, bytes go out unchanged and HTTP is transparent, so that
   * `near.directCarrier` is there for shared slices. `chunked`: each `send` becomes one chunk; to an HTTP/1.0
   * client it is `close` all the same.
   */
  readonly framing: "close" | "chunked";
  /**
   * Put on top of HTTP, and opened, once the head was sent; what it sends is the body, its `close` ends the
   * connection. Without it the body is sent by `sendBody`.
   */
  readonly near?: Protocol;
}

/** A switch to another protocol (RFC 9110 section 7.8); checks of the request were made by the caller. */
export interface HttpUpgrade {
  /** Token of the Upgrade header: `websocket`. */
  readonly protocol: string;
  readonly headers?: HttpHeaderFields;
  /** Put on top of HTTP, unless it already is, and opened; from here on bytes pass both ways unchanged. */
  readonly near: Protocol;
}

/** Takes the body of a request. */
export interface HttpBodyReceiver {
  /** Some bytes of the body, valid until the call returns. */
  receive(bytes: Uint8Array): void;
  /** The body is complete. */
  ended(): void;
}

/** What a fetch handler is told beside the request. */
export interface HttpFetchContext {
  readonly remote: Endpoint;
}

/** A web-standard handler, such as the `fetch` of a hono application. */
export type HttpFetchHandler = (request: Request, context: HttpFetchContext) => Response | Promise<Response>;

/** One request and its answer; exactly one of the answering methods is called, once. */
export interface HttpExchange {
  readonly request: HttpRequestHead;
  readonly remote: Endpoint;
  /** Whether the carrier is TLS. */
  readonly isSecure: boolean;
  /** Whether an answer was started, or the peer is gone. */
  readonly isAnswered: boolean;
  /**
   * Delivers the request's body to `receiver`, at most once; sends `100 Continue` where the client waits for
   * it. Until this is called the body is not read; if it never is, the body is dropped after the answer.
   */
  receiveBody(receiver: HttpBodyReceiver): void;
  /** Stops (`true`) or resumes delivery of the body; at most what one read brought still follows. */
  pauseBody(isPaused: boolean): void;
  /** Answers as a whole. */
  respond(answer: HttpAnswer): void;
  /**
   * Sends the head and puts `near` on top, to send the body.
   *
   * @returns False where no body may follow (HEAD, or the peer is gone): `near` was not linked.
   */
  startBody(answer: HttpStreamAnswer): boolean;
  /** Sends `bytes`, which must not change afterwards, in the body that `startBody` began. */
  sendBody(bytes: Uint8Array): void;
  /** Ends the body that `startBody` began: a chunked one keeps the connection, `near` is told it closed. */
  endBody(): void;
  /**
   * Answers with what `handler` returns, streaming both bodies at the pace of the peer. A handler that fails
   * is answered 500 and logged; a peer that goes away aborts the request's signal and cancels the
   * response's body.
   */
  respondWith(handler: HttpFetchHandler): void;
  /** Answers 101 and passes the connection on to another protocol. */
  upgrade(upgrade: HttpUpgrade): void;
  /**
   * Puts `near` on top of HTTP and opens it, without an answer: the body, whatever length it was to have, and all that
   * comes after it go there. For peers that begin with a request and then speak something else.
   */
  takeOver(near: Protocol): void;
  /** Calls `callback` once, when the answer is complete or the peer is gone; at once if it already is. */
  whenEnded(callback: () => void): void;
}

/** Facts of one exchange for an access log; the query is left out on purpose. */
export interface HttpExchangeFacts {
  readonly remote: Endpoint;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Bytes of the answer, head included; what the kernel took, where a protocol on top sent the body. */
  readonly bytes: number;
  /** From the end of the request's head to the end of the answer, in ms. */
  readonly durationMs: number;
  /** Whether the answer was complete; false where the peer went away first. */
  readonly isComplete: boolean;
}

/** Where HTTP says what went wrong; one line a call. */
export interface HttpLog {
  /** A peer was refused or broke the protocol. */
  info(message: string): void;
  /** This side failed. */
  warn(message: string): void;
}
