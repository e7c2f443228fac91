import { concatBytes } from "#bytes";
import { type Clock, type RandomBytes, systemRandomBytes, TurnEnd } from "#clock";
import type { HttpExchange, HttpRequestHead, HttpRouter } from "#protocols/http";
import type { Carrier } from "#stack";
import { MAX_REQUEST_BYTES, MAX_SESSIONS } from "./limits.ts";
import { RequestTurns, type RtmptCommand } from "./request_turns.ts";
import { RtmptSession } from "./rtmpt_session.ts";

/** What a tunnel is made with. */
export interface RtmptTunnelOptions {
  /** Time of expiry and polling. */
  readonly clock: Clock;
  /** Opens the stack above a session; what it throws ends the session. */
  readonly open: (carrier: Carrier) => void;
  /** Session ids. @default {systemRandomBytes} */
  readonly randomBytes?: RandomBytes;
  /** Sessions at one time; more are answered 503. @default {MAX_SESSIONS} */
  readonly maxSessions?: number;
}

const SESSION_ID_BYTES = 16;
const SESSION_PATH = /^\/(send|idle|close)\/([0-9a-f]{32})\/(\d{1,10})$/;
const OPEN_PATH = /^\/open\/\d{1,10}$/;
const TEXT_HEADERS = { "content-type": "application/x-fcs", "cache-control": "no-cache" };

interface OpenSession {
  readonly session: RtmptSession;
  readonly turns: RequestTurns;
}

/**
 * The sessions of one acceptor: answers `POST /open/1`, `/send/ID/N`, `/idle/ID/N`, `/close/ID/N` and
 * `/fcs/ident2`, over any of its connections.
 *
 * Ids cannot be guessed, and one that was overheard is worth nothing from another address.
 */
export class RtmptTunnel implements HttpRouter {
  readonly #options: RtmptTunnelOptions;
  readonly #sessions = new Map<string, OpenSession>();
  readonly #turnEnd = new TurnEnd();

  constructor(options: RtmptTunnelOptions) {
    this.#options = options;
  }

  /** Sessions that are open. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Whether a request is RTMPT's; on a shared port all others are somebody else's. */
  static isRequest(request: HttpRequestHead): boolean {
    const { method, path } = request;
    return method === "POST" && (SESSION_PATH.test(path) || OPEN_PATH.test(path) || path.startsWith("/fcs/"));
  }

  route(request: HttpRequestHead, exchange: HttpExchange): void {
    if (request.method !== "POST") {
      return exchange.respond({ status: 405, headers: { allow: "POST" }, body: "RTMPT needs POST.\n" });
    }
    // a page could have the browser of somebody who may publish, or one on this machine, speak for it
    if (request.headers.get("origin") !== undefined) {
      return exchange.respond({ status: 403, body: "RTMPT is not for pages.\n" });
    }
    if (request.path.startsWith("/fcs/")) return this.#identify(request, exchange);
    if (OPEN_PATH.test(request.path)) return this.#open(exchange);
    const [, command, id, sequence] = SESSION_PATH.exec(request.path) ?? [];
    const open = id === undefined ? undefined : this.#sessions.get(id);
    if (open === undefined || open.session.remote.address !== exchange.remote.address) {
      return exchange.respond({ status: 404, body: "There is no such session.\n" });
    }
    open.session.touch(this.#options.clock.nowMs());
    collectBody(exchange, (body) => {
      open.turns.take({ command: command as RtmptCommand, sequence: Number(sequence), body, exchange });
    });
  }

  /** Where the client should connect: where it has connected, as it sees that from behind its routers. */
  #identify(request: HttpRequestHead, exchange: HttpExchange): void {
    const host = (request.headers.get("host") ?? "").replace(/:\d+$/, "");
    exchange.respond({ status: 200, headers: TEXT_HEADERS, body: `${host}\n` });
  }

  #open(exchange: HttpExchange): void {
    const { clock, maxSessions = MAX_SESSIONS, randomBytes = systemRandomBytes } = this.#options;
    if (this.#sessions.size >= maxSessions) {
      return exchange.respond({
        status: 503,
        body: `There are ${maxSessions} sessions, no more are taken.\n`,
      });
    }
    const id = randomBytes(SESSION_ID_BYTES).toHex();
    const { remote, isSecure } = exchange;
    const local = { address: "rtmpt", port: 0 };
    const session = new RtmptSession({ id, local, remote, isSecure, clock });
    const turns = new RequestTurns(session, { clock, turnEnd: this.#turnEnd });
    session.onEnded = () => {
      this.#sessions.delete(id);
      turns.end();
    };
    this.#sessions.set(id, { session, turns });
    this.#options.open(session);
    exchange.respond({ status: 200, headers: TEXT_HEADERS, body: `${id}\n` });
  }
}

/** Collects the body of a request, up to `MAX_REQUEST_BYTES`. */
function collectBody(exchange: HttpExchange, complete: (body: Uint8Array) => void): void {
  const parts: Uint8Array[] = [];
  let length = 0;
  exchange.receiveBody({
    receive: (bytes) => {
      length += bytes.length;
      if (length <= MAX_REQUEST_BYTES) parts.push(bytes.slice());
      else {
        parts.length = 0;
        if (exchange.isAnswered) return;
        exchange.respond({ status: 413, body: `A body has ${MAX_REQUEST_BYTES} bytes at most.\n` });
      }
    },
    ended: () => {
      if (!exchange.isAnswered) complete(concatBytes(parts));
    },
  });
}
