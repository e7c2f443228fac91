/**
 * HTTP/1.1 as a transport protocol of the stack (layer 3).
 *
 * ```ts
 * import { parseRange } from "#protocols/http";
 *
 * console.log(parseRange("bytes=10-", 100)); // { first: 10, last: 99 }
 * ```
 *
 * @module
 */
export { HttpClientProtocol } from "./client_protocol.ts";
export type { HttpClientOptions, HttpRequestMessage, HttpResponseReceiver } from "./client_protocol.ts";
export { HttpServerProtocol } from "./server_protocol.ts";
export type { HttpServerOptions } from "./server_protocol.ts";
export * from "./limits.ts";
export { HttpHeaders, parseRange } from "./head.ts";
export type {
  ByteRange,
  HttpBodyFraming,
  HttpHeaderFields,
  HttpRequestHead,
  HttpResponseHead,
  HttpVersion,
} from "./head.ts";
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
} from "./exchange.ts";
