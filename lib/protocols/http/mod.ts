/**
 * HTTP/1.1 as a transport protocol of the stack (layer 3): server and client.
 *
 * Bytes come from a carrier through `receive`, in any split; requests go to a router as exchanges, which are
 * answered as a whole, by a protocol put on top, by a web-standard handler, or by switching protocols.
 *
 * ```ts
 * import { systemClock } from "#clock";
 * import { Reactor } from "#netio";
 * import { HttpServerProtocol } from "#protocols/http";
 *
 * const reactor = new Reactor();
 * const listener = reactor.listenTcp({ address: "127.0.0.1", port: 0 }, (carrier) => {
 *   const http = new HttpServerProtocol({
 *     clock: systemClock,
 *     router: { route: (request, exchange) => exchange.respond({ status: 200, body: request.path }) },
 *   });
 *   http.openOn(carrier);
 * });
 * const response = await fetch(`http://127.0.0.1:${listener.local.port}/hello`);
 * console.log(await response.text()); // /hello
 * reactor.close();
 * ```
 *
 * @module
 */
export { HttpClientProtocol } from "./client_protocol.ts";
export type { HttpClientOptions, HttpRequestMessage, HttpResponseReceiver } from "./client_protocol.ts";
export { HttpServerProtocol } from "./server/server_protocol.ts";
export type { HttpServerOptions } from "./server/server_options.ts";
export {
  HEAD_TIMEOUT_MS,
  IDLE_TIMEOUT_MS,
  LINGER_TIMEOUT_MS,
  MAX_BODY_BYTES,
  MAX_CHUNK_LINE_BYTES,
  MAX_COLLECTED_BYTES,
  MAX_DISCARDED_BYTES,
  MAX_HEAD_BYTES,
  MAX_HEADERS,
  MAX_PIPELINED_BYTES,
  MAX_QUEUED_ANSWER_BYTES,
  MAX_TARGET_BYTES,
  MAX_TRAILER_BYTES,
  NEAR_ANSWER_TIMEOUT_MS,
  PIPELINE_PAUSE_BYTES,
  PROGRESS_TIMEOUT_MS,
} from "./limits.ts";
export { HttpHeaders, parseRange } from "./message/head.ts";
export type {
  ByteRange,
  HttpBodyFraming,
  HttpHeaderFields,
  HttpRequestHead,
  HttpResponseHead,
  HttpVersion,
} from "./message/head.ts";
export type {
  HttpAnswer,
  HttpBodyReceiver,
  HttpExchange,
  HttpExchangeFacts,
  HttpFetchContext,
  HttpFetchHandler,
  HttpLog,
  HttpRouter,
  HttpStreamAnswer,
  HttpUpgrade,
} from "./server/exchange.ts";
