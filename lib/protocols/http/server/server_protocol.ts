import { InputQueue } from "#bytes";
import { ClosedError, errorMessage, ProtocolError } from "#errors";
import { formatEndpoint, Protocol } from "#stack";
import type { Carrier } from "#stack";
import {
  LINGER_TIMEOUT_MS,
  MAX_BODY_BYTES,
  MAX_DISCARDED_BYTES,
  MAX_PIPELINED_BYTES,
  MAX_QUEUED_ANSWER_BYTES,
  PIPELINE_PAUSE_BYTES,
  refusalStatus,
} from "../limits.ts";
import { encodeLatin1 } from "../message/head.ts";
import { decodeRequestHead, HeadScanner } from "../message/head_reader.ts";
import { formatRefusal } from "./_answer_head.ts";
import type { HttpBodyReceiver, HttpRouter } from "./exchange.ts";
import { answerWithFetch } from "./_fetch.ts";
import { IncomingBody } from "./_incoming_body.ts";
import { NearRouter } from "./_near_router.ts";
import { PacedWriter } from "./_paced_writer.ts";
import type { Written } from "./_paced_writer.ts";
import { Patience } from "./_patience.ts";
import { ServerExchange } from "./_server_exchange.ts";
import type { ExchangeConnection, NearOutlet } from "./_server_exchange.ts";
import type { HttpServerOptions } from "./server_options.ts";

/**
 * What the bytes of the connection are: `requests`; nothing more from the peer (`passOut`), a body is on its
 * way out; another protocol (`passBoth`); or about to be closed.
 */
type Mode = "requests" | "passOut" | "passBoth" | "closing";

/**
 * The server side of HTTP/1.1 (RFC 9112) as a transport protocol.
 *
 * Requests of one connection are answered strictly in order; those that come early wait, few and paused.
 * With a router, each request goes there, and a protocol may be put on top for as long as its answer lasts.
 * Without one, the protocol on top decides: if it has a `route` method it is the router (WebSocket, RTMPT);
 * any other gets the bodies of requests by `receive`, and what it sends is the body of the answer.
 *
 * A request that breaks HTTP, or that two parsers might read in two ways, is answered with an error status
 * whose body says what is wrong; the connection ends.
 */
export class HttpServerProtocol extends Protocol {
  readonly tag = "http";
  readonly kind = "transport";

  readonly #options: HttpServerOptions;
  readonly #input = new InputQueue({ maxBytes: MAX_PIPELINED_BYTES });
  readonly #scanner = new HeadScanner();
  readonly #patience: Patience;
  #router: HttpRouter | undefined;
  #nearRouter: NearRouter | undefined;
  #connection: ExchangeConnection | undefined;
  #mode: Mode = "requests";
  #exchange: ServerExchange | undefined;
  #body: IncomingBody | undefined;
  #outlet: NearOutlet | undefined;
  #hasOwnNear = false;
  #paced: PacedWriter | undefined;
  #isProcessing = false;
  #isDraining = false;
  #isPaused = false;
  #discardedBytes = 0;

  constructor(options: HttpServerOptions) {
    super();
    this.#options = options;
    this.#router = options.router;
    this.#patience = new Patience(options, {
      idle: () => this.close("idle"),
      late: (message) => this.#answerRefusal(408, message),
    });
  }

  /** True while a body that ends with the connection goes out, and after an upgrade. */
  override get isTransparent(): boolean {
    return this.#mode === "passOut" || this.#mode === "passBoth";
  }

  protected override onOpened(): void {
    const near = this.near;
    if (this.#router === undefined && near !== undefined) {
      if (isRouter(near)) this.#router = near;
      else this.#router = this.#nearRouter = new NearRouter(near, this.#options.clock);
    }
    if (this.#router === undefined) {
      throw new TypeError("Cannot open http: it needs a router, or a protocol on top");
    }
    this.#router = this.#options.guard?.(this.#router) ?? this.#router;
    this.#patience.awaitRequest();
  }

  protected override onReceive(bytes: Uint8Array): void {
    if (this.#mode === "passBoth" && this.#input.length === 0) return this.near?.receive(bytes);
    this.#input.push(bytes);
    this.#process();
    this.#input.settle();
  }

  protected override onSendFromNear(bytes: Uint8Array): void {
    if (this.#outlet !== undefined) this.#outlet(bytes);
    else this.#nearRouter?.send(bytes);
  }

  protected override onClose(): void {
    this.#mode = "closing";
    this.#exchange?.closeBody();
    this.#patience[Symbol.dispose]();
  }

  protected override onFarClosed(error: Error): void {
    this.#patience[Symbol.dispose]();
    this.#paced?.failed(error);
    const exchange = this.#exchange;
    this.#exchange = this.#body = undefined;
    if (exchange === undefined) return;
    exchange.gone();
    this.#options.onExchange?.(exchange.facts());
  }

  #process(): void {
    if (this.#isProcessing) return;
    this.#isProcessing = true;
    try {
      while (!this.isClosed && this.#step());
    } catch (error) {
      this.#refuse(error);
    } finally {
      this.#isProcessing = false;
    }
    this.#updatePause();
  }

  /** Takes one thing from the input; false when it must wait for more, or for an answer. */
  #step(): boolean {
    if (this.#mode === "passBoth") return this.#stepPassing();
    if (this.#mode !== "requests") return this.#stepDiscarding();
    if (this.#carrier.queuedBytes > MAX_QUEUED_ANSWER_BYTES) this.#drain();
    if (this.#isDraining) return false;
    if (this.#body !== undefined) return this.#body.isClaimed && this.#stepBody(this.#body);
    return this.#exchange === undefined && this.#stepHead();
  }

  #stepPassing(): boolean {
    const length = this.#input.length;
    if (length > 0) this.near?.receive(this.#input.readable);
    this.#input.consume(length);
    return false;
  }

  #stepDiscarding(): boolean {
    this.#discardedBytes += this.#input.length;
    this.#input.consume(this.#input.length);
    return false;
  }

  #stepHead(): boolean {
    const bytes = this.#input.readable;
    if (bytes.length === 0) return false;
    const isFirstByte = !this.#scanner.isInside;
    // RFC 9112 section 2.2: one empty line before a request is let pass
    if (isFirstByte && bytes[0] === 13) {
      if (bytes.length === 1) return false;
      if (bytes[1] === 10) {
        this.#input.consume(2);
        return true;
      }
    }
    const length = this.#scanner.scan(bytes);
    if (length === undefined) {
      if (isFirstByte) this.#patience.awaitHead();
      return false;
    }
    this.#patience.clear();
    const head = decodeRequestHead(bytes.subarray(0, length));
    this.#input.consume(length);
    const exchange = new ServerExchange(this.#link, head);
    this.#exchange = exchange;
    if (head.framing.kind !== "none") {
      const { maxBodyBytes = MAX_BODY_BYTES } = this.#options;
      const maxBytes = typeof maxBodyBytes === "number" ? maxBodyBytes : maxBodyBytes(head);
      this.#body = new IncomingBody(head, { maxBytes });
    }
    this.#route(exchange);
    return true;
  }

  #route(exchange: ServerExchange): void {
    try {
      this.#router?.route(exchange.request, exchange);
    } catch (error) {
      exchange.warn("the router failed", error);
      if (exchange.isAnswered) this.abort(new ClosedError("The answer could not be completed"));
      else exchange.respond({ status: 500, body: "The server could not answer this request\n" });
    }
  }

  #stepBody(body: IncomingBody): boolean {
    const taken = body.read(this.#input.readable);
    if (this.isClosed) return false;
    this.#input.consume(taken);
    if (!body.isEnded) {
      if (!body.isPaused) this.#patience.awaitBody();
      return false;
    }
    this.#body = undefined;
    this.#patience.clear();
    body.end();
    if (this.#exchange === undefined && this.#mode === "requests") this.#patience.awaitRequest();
    return true;
  }

  get #carrier(): Carrier {
    const carrier = this.directCarrier;
    if (carrier === undefined) throw new TypeError("Cannot speak http: a protocol below changes its bytes");
    return carrier;
  }

  /** Refuses what `error` says; one that is not the peer's fault ends the stack. */
  #refuse(error: unknown): void {
    const status = refusalStatus(error);
    if (status !== undefined) return this.#answerRefusal(status, errorMessage(error));
    this.abort(error instanceof Error ? error : new Error(String(error)));
  }

  #answerRefusal(status: number, message: string): void {
    const peer = formatEndpoint(this.remote);
    this.#options.log?.info(`${peer}: answered ${status}: ${message}`);
    const exchange = this.#exchange;
    if (exchange?.isAnswered === true) return this.abort(new ProtocolError(message));
    this.#exchange = this.#body = undefined;
    const hasBody = exchange?.request.method !== "HEAD";
    this.send(formatRefusal(status, { reason: message, wallMs: this.#options.clock.wallMs(), hasBody }));
    if (exchange !== undefined) {
      exchange.gone();
      this.#options.onExchange?.({ ...exchange.facts(), status });
    }
    this.#linger();
  }

  /** Closes once the peer did or had time to read the answer: closing on unread input would lose it. */
  #linger(): void {
    this.#mode = "closing";
    this.#process();
    this.#patience.set(LINGER_TIMEOUT_MS, () => this.#carrier.close());
  }

  /** Waits until what was answered has left, before more of the peer is read. */
  #drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#whenDrained(() => {
      this.#isDraining = false;
      this.#process();
    });
  }

  #whenDrained(drained: () => void): void {
    this.#writePaced([], (error) => {
      if (error === undefined) drained();
    });
  }

  #writePaced(slices: Uint8Array[], written: Written): void {
    this.#paced ??= new PacedWriter(this.#carrier, {
      clock: this.#options.clock,
      timeoutMs: this.#patience.progressTimeoutMs,
    });
    this.#paced.write(slices, written);
  }

  #finish(isKept: boolean): void {
    const exchange = this.#exchange;
    this.#exchange = this.#outlet = undefined;
    if (exchange !== undefined) this.#options.onExchange?.(exchange.facts());
    const body = this.#body;
    if (isKept && this.#mode === "requests" && body?.isSmall !== false) {
      body?.drop();
      if (body === undefined) this.#patience.awaitRequest();
      else this.#patience.awaitBody();
      return this.#process();
    }
    this.#mode = "closing";
    const end = (): void => body === undefined ? this.close() : this.#linger();
    if (this.#carrier.queuedBytes > MAX_QUEUED_ANSWER_BYTES) this.#whenDrained(end);
    else end();
  }

  #claimBody(receiver: HttpBodyReceiver): void {
    const body = this.#body;
    if (body === undefined) return receiver.ended();
    body.claim(receiver);
    if (body.isContinueAwaited) this.send(encodeLatin1("HTTP/1.1 100 Continue\r\n\r\n"));
    body.isContinueAwaited = false;
    this.#patience.awaitBody();
    this.#process();
  }

  #pauseBody(isPaused: boolean): void {
    const body = this.#body;
    if (body === undefined || body.isPaused === isPaused) return;
    body.isPaused = isPaused;
    if (isPaused) this.#patience.clear();
    else this.#patience.awaitBody();
    this.#updatePause();
  }

  #updatePause(): void {
    const isPaused = this.#mode === "closing"
      ? this.#discardedBytes > MAX_DISCARDED_BYTES
      : this.#body?.isPaused === true || this.#input.length > PIPELINE_PAUSE_BYTES;
    if (this.#isPaused === isPaused || this.isClosed) return;
    this.#isPaused = isPaused;
    this.#carrier.pause(isPaused);
  }

  #pass(mode: "passOut" | "passBoth"): void {
    this.#mode = mode;
    this.#body = undefined;
    this.#paced?.release();
    this.#patience[Symbol.dispose]();
  }

  #putNear(near: Protocol, outlet: NearOutlet): void {
    this.#outlet = outlet;
    if (this.near !== near) {
      this.linkNear(near);
      this.#hasOwnNear = true;
    }
    near.opened();
    this.#process();
  }

  #takeNear(): void {
    this.#outlet = undefined;
    if (!this.#hasOwnNear) return;
    this.#hasOwnNear = false;
    this.unlinkNear()?.farClosed(new ClosedError("The response body has ended"));
  }

  /** This connection, as exchanges see it; made with the first request. */
  get #link(): ExchangeConnection {
    this.#connection ??= {
      clock: this.#options.clock,
      log: this.#options.log,
      remote: this.remote,
      carrier: this.#carrier,
      canDropBody: () => this.#body === undefined || this.#body.isClaimed || this.#body.isSmall,
      write: (bytes) => this.send(bytes),
      writePaced: (slices, written) => this.#writePaced(slices, written),
      claimBody: (receiver) => this.#claimBody(receiver),
      pauseBody: (isPaused) => this.#pauseBody(isPaused),
      putNear: (near, outlet) => this.#putNear(near, outlet),
      takeNear: () => this.#takeNear(),
      pass: (mode) => this.#pass(mode),
      answerWithFetch,
      finish: (isKept) => this.#finish(isKept),
      abort: (error) => this.abort(error),
    };
    return this.#connection;
  }
}

/** Whether a protocol that stands on HTTP wants the requests themselves. */
function isRouter(near: Protocol): near is Protocol & HttpRouter {
  return "route" in near && typeof near.route === "function";
}
