import type { Clock } from "#clock";
import type { HttpRequestHead } from "../message/head.ts";
import type { HttpExchangeFacts, HttpLog, HttpRouter } from "./exchange.ts";

/** What an HTTP server connection is made of. */
export interface HttpServerOptions {
  /** Time for deadlines, the Date header and the access log. */
  readonly clock: Clock;
  /** Answers requests. @default the protocol on top: see `HttpServerProtocol` */
  readonly router?: HttpRouter;
  /** Puts something before whoever answers requests: a check of who may. @default nothing */
  readonly guard?: (router: HttpRouter) => HttpRouter;
  /** Takes a line for each request that was refused or whose handler failed. @default nothing is written */
  readonly log?: HttpLog;
  /** Called at the end of each exchange. */
  readonly onExchange?: (facts: HttpExchangeFacts) => void;
  /** Most bytes of a request's body, or of this request's; `Infinity` for one that may never end. @default {MAX_BODY_BYTES} */
  readonly maxBodyBytes?: number | ((request: HttpRequestHead) => number);
  /** Time for a whole head, in ms. @default {HEAD_TIMEOUT_MS} */
  readonly headTimeoutMs?: number;
  /** Time without a request, in ms. @default {IDLE_TIMEOUT_MS} */
  readonly idleTimeoutMs?: number;
  /** Longest pause inside a body, in ms, either direction. @default {PROGRESS_TIMEOUT_MS} */
  readonly progressTimeoutMs?: number;
}
