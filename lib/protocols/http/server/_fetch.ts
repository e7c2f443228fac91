import { ClosedError, errorMessage } from "#errors";
import { formatEndpoint } from "#stack";
import type { HttpBodyReceiver, HttpFetchHandler } from "./exchange.ts";
import { ResponseWriter } from "./_response_writer.ts";
import type { ServerExchange } from "./_server_exchange.ts";

/** Methods the fetch standard forbids. */
const FORBIDDEN_METHODS = new Set(["CONNECT", "TRACE", "TRACK"]);
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
