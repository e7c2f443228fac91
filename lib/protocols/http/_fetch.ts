import { ClosedError, errorMessage } from "#errors";
import { formatEndpoint } from "#stack";
import type { HttpBodyReceiver, HttpFetchHandler } from "./exchange.ts";
import { formatField } from "./head.ts";
import type { HttpBodyFraming } from "./head.ts";
import { PacedWriter } from "./_pace.ts";
import type { ServerExchange } from "./_server_exchange.ts";

/** Header fields of one hop (RFC 9110 section 7.6.1), and framing, which is decided here. */
const HOP_FIELDS = new Set([
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
]);
/** Methods the fetch standard forbids. */
const FORBIDDEN_METHODS = new Set(["CONNECT", "TRACE", "TRACK"]);
/** Turns of the microtask queue that a body made of one piece needs to end. */
const SETTLE_TURNS = 12;

/** Answers `exchange` with the response that `handler` makes of its request; see `HttpExchange`. */
export function answerWithFetch(exchange: ServerExchange, handler: HttpFetchHandler): void {
  const { method } = exchange.request;
  if (FORBIDDEN_METHODS.has(method)) {
    exchange.respond({ status: 405, body: `Cannot serve method ${method}\n` });
    return;
  }
  const cancel = new AbortController();
  const body = new RequestBody(exchange);
  let isAnswered = false;
  exchange.whenEnded(() => {
    body.fail(new ClosedError("The request has ended"));
    if (!isAnswered) cancel.abort(new ClosedError("The peer went away"));
  });
  let request: Request;
  try {
    request = buildRequest(exchange, body, cancel.signal);
  } catch (error) {
    exchange.respond({ status: 400, body: `Cannot accept request: ${errorMessage(error)}\n` });
    return;
  }
  run(exchange, async () => {
    const response = await handler(request, { remote: exchange.remote });
    await new ResponseWriter(exchange, response).write(() => isAnswered = true);
  });
}

/** Runs `answer`; what it throws is answered 500, or ends the connection where an answer was begun. */
async function run(exchange: ServerExchange, answer: () => Promise<void>): Promise<void> {
  try {
    await answer();
  } catch (error) {
    if (exchange.isEnded) return;
    exchange.warn("the handler failed", error);
    if (exchange.isAnswered) exchange.connection.abort(new ClosedError("The answer could not be completed"));
    else exchange.respond({ status: 500, body: "The server could not answer this request\n" });
  }
}

function buildRequest(exchange: ServerExchange, body: RequestBody, signal: AbortSignal): Request {
  const { request, connection } = exchange;
  const scheme = exchange.isSecure ? "https" : "http";
  const authority = request.authority === "" ? formatEndpoint(connection.carrier.local) : request.authority;
  const target = request.target === "*" ? "/" : request.target;
  const headers = new Headers();
  for (const [name, value] of request.headers) headers.append(name, value);
  const { method } = request;
  const hasBody = request.framing.kind !== "none" && method !== "GET" && method !== "HEAD";
  return new Request(`${scheme}://${authority}${target}`, {
    method,
    headers,
    signal,
    ...(hasBody ? { body: body.stream } : {}),
  });
}

/** The body of a request as a stream that reads from the connection only what is asked for. */
class RequestBody implements HttpBodyReceiver {
  readonly #exchange: ServerExchange;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #isClaimed = false;
  #isOver = false;

  constructor(exchange: ServerExchange) {
    this.#exchange = exchange;
  }

  /** Made on first use: most requests have no body. */
  get stream(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => {
        if (this.#isClaimed) return this.#exchange.pauseBody(false);
        this.#isClaimed = true;
        this.#exchange.receiveBody(this);
      },
      cancel: () => {
        this.#isOver = true;
        this.#exchange.pauseBody(false);
      },
    }, { highWaterMark: 0 });
  }

  receive(bytes: Uint8Array): void {
    if (this.#isOver || this.#controller === undefined) return;
    this.#controller.enqueue(bytes.slice());
    if ((this.#controller.desiredSize ?? 0) <= 0) this.#exchange.pauseBody(true);
  }

  ended(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller?.close();
  }

  fail(error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller?.error(error);
  }
}

/** Writes a web-standard response out. */
class ResponseWriter {
  readonly #exchange: ServerExchange;
  readonly #response: Response;
  #writtenBytes = 0;
  #declaredBytes: number | undefined;

  constructor(exchange: ServerExchange, response: Response) {
    this.#exchange = exchange;
    this.#response = response;
  }

  /**
   * Writes head and body; ends when the carrier has taken the last byte.
   *
   * @param completed Called just before the exchange is finished.
   */
  async write(completed: () => void): Promise<void> {
    const { body, status } = this.#response;
    if (status < 200 || status > 599) throw new RangeError(`Response has status ${status}`);
    if (this.#exchange.isEnded) return await body?.cancel();
    const declared = this.#response.headers.get("content-length");
    if (declared !== null && !/^\d{1,15}$/.test(declared)) {
      throw new TypeError(`Response has Content-Length ${JSON.stringify(declared)}`);
    }
    const isBodiless = this.#exchange.request.method === "HEAD" || status === 204 || status === 304;
    if (body === null || isBodiless) {
      completed();
      this.#writeBodiless(declared);
      await body?.cancel();
      return;
    }
    const reader = body.getReader();
    this.#exchange.whenEnded(() => void reader.cancel().catch(() => {}));
    await this.#writeBody(reader, { declared, completed });
  }

  #writeBodiless(declared: string | null): void {
    const { status } = this.#response;
    const fields = fieldsOf(this.#response.headers);
    if (this.#exchange.request.method !== "HEAD" || status === 204 || status === 304) {
      this.#exchange.respondBytes({ status, fields });
      return;
    }
    // what a GET would have been told, as far as it is known
    const framing: HttpBodyFraming = declared !== null
      ? { kind: "length", lengthBytes: Number(declared) }
      : this.#response.body === null
      ? { kind: "length", lengthBytes: 0 }
      : { kind: "none" };
    this.#exchange.startStream({ status, fields }, framing);
  }

  async #writeBody(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    options: { declared: string | null; completed: () => void },
  ): Promise<void> {
    const { declared, completed } = options;
    const { status, headers } = this.#response;
    const fields = fieldsOf(headers);
    let next = reader.read();
    if (declared === null) {
      const whole = await this.#wholeBody(next, () => next = reader.read());
      if (whole.bytes !== undefined) {
        completed();
        return this.#exchange.respondBytes({ status, fields }, whole.bytes);
      }
      if (whole.first !== undefined) {
        if (!this.#exchange.startStream({ status, fields }, { kind: "chunked" })) return;
        await this.#send(whole.first);
        await this.#pump(reader, next);
        return this.#complete(completed);
      }
    }
    const framing: HttpBodyFraming = declared === null
      ? { kind: "chunked" }
      : { kind: "length", lengthBytes: Number(declared) };
    if (!this.#exchange.startStream({ status, fields }, framing)) return;
    if (declared !== null) this.#declaredBytes = Number(declared);
    await this.#pump(reader, next);
    if (this.#writtenBytes < (this.#declaredBytes ?? 0)) throw this.#lengthFault();
    this.#complete(completed);
  }

  /**
   * Waits a moment for a body of one piece, whose length is then known.
   *
   * @returns `bytes` if that is all, else `first` if a piece came, else neither.
   */
  async #wholeBody(
    first: Promise<ReadableStreamReadResult<Uint8Array>>,
    readNext: () => Promise<ReadableStreamReadResult<Uint8Array>>,
  ): Promise<{ bytes?: Uint8Array; first?: Uint8Array }> {
    const piece = await settledSoon(first);
    if (piece === undefined) return {};
    if (piece.done) return { bytes: new Uint8Array(0) };
    const end = await settledSoon(readNext());
    return end?.done === true ? { bytes: checkedPiece(piece.value) } : { first: checkedPiece(piece.value) };
  }

  async #pump(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    first: Promise<ReadableStreamReadResult<Uint8Array>>,
  ): Promise<void> {
    for (let piece = await first; !piece.done; piece = await reader.read()) {
      await this.#send(checkedPiece(piece.value));
    }
  }

  /** Sends a piece of the body and waits until the carrier has taken it. */
  async #send(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    const exchange = this.#exchange;
    if (exchange.isEnded) throw new ClosedError("The peer went away");
    const slices = exchange.isChunking ? exchange.chunkOf(bytes) : [bytes];
    this.#writtenBytes += bytes.length;
    if (this.#writtenBytes > (this.#declaredBytes ?? Infinity)) throw this.#lengthFault();
    for (const slice of slices) exchange.count(slice.length);
    const { carrier, clock, progressTimeoutMs } = exchange.connection;
    await new Promise<void>((resolve, reject) => {
      const writer = new PacedWriter(carrier, {
        clock,
        timeoutMs: progressTimeoutMs,
        onStall: () => carrier.abort(new ClosedError(`The peer took nothing for ${progressTimeoutMs} ms`)),
      });
      writer.write(slices, (error) => error === undefined ? resolve() : reject(error));
    });
  }

  #lengthFault(): TypeError {
    return new TypeError(
      `Response has ${this.#writtenBytes} bytes, its Content-Length is ${this.#declaredBytes}`,
    );
  }

  #complete(completed: () => void): void {
    completed();
    this.#exchange.endBody();
  }
}

/** The result of `promise` if it settles without input or time, else `undefined`. */
async function settledSoon<T>(promise: Promise<T>): Promise<T | undefined> {
  let result: { value: T } | undefined;
  promise.then((value) => result = { value }, () => {});
  for (let turn = 0; turn < SETTLE_TURNS && result === undefined; turn++) await undefined;
  return result?.value;
}

function checkedPiece(piece: unknown): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  throw new TypeError(`Response body gave ${typeof piece}, it must give Uint8Array`);
}

function fieldsOf(headers: Headers): string {
  let text = "";
  for (const [name, value] of headers) {
    if (!HOP_FIELDS.has(name)) text += formatField(name, value);
  }
  return text;
}
