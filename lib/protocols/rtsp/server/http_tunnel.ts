import type { HttpExchange, HttpRequestHead, HttpRouter } from "#protocols/http";
import { Protocol } from "#stack";
import { Base64Stream } from "./base64_stream.ts";
import type { RtspProtocol } from "./rtsp_protocol.ts";

/** Longest cookie that joins the two connections of a tunnel, in characters. */
export const MAX_TUNNEL_COOKIE_LENGTH = 256;
/** Most tunnels at one time; more are answered 503. */
export const MAX_RTSP_TUNNELS = 10_000;

const COOKIE_HEADER = "x-sessioncookie";
/** What both sides of a tunnel call its contents. */
const CONTENT_TYPE = "application/x-rtsp-tunnelled";
/** Clients and proxies must not take it for something to keep: its date is in the past. */
const HEADERS = {
  "content-type": CONTENT_TYPE,
  "cache-control": "no-cache, no-store",
  "pragma": "no-cache",
  "expires": "Thu, 19 Aug 1982 18:30:00 GMT",
};

/**
 * RTSP over two HTTP connections, which carry the same `x-sessioncookie`: a GET, whose answer is what the server
 * says, and a POST with what the client says, in base64. It passes firewalls that let HTTP through. As QuickTime does
 * it, and after it ffmpeg, GStreamer and VLC.
 */
export class RtspTunnel implements HttpRouter {
  readonly #open: () => RtspProtocol;
  readonly #tunnels = new Map<string, { readonly near: RtspProtocol; readonly address: string }>();

  /** @param open Makes what speaks RTSP in a tunnel. */
  constructor(open: () => RtspProtocol) {
    this.#open = open;
  }

  /** Whether a request is half of a tunnel; on a shared port all others are somebody else's. */
  static isRequest({ method, headers }: HttpRequestHead): boolean {
    return (method === "GET" || method === "POST") && headers.get(COOKIE_HEADER) !== undefined;
  }

  /** Tunnels that are open. */
  get size(): number {
    return this.#tunnels.size;
  }

  route(request: HttpRequestHead, exchange: HttpExchange): void {
    const cookie = request.headers.get(COOKIE_HEADER) ?? "";
    if (!RtspTunnel.isRequest(request) || cookie === "" || cookie.length > MAX_TUNNEL_COOKIE_LENGTH) {
      return exchange.respond({
        status: 400,
        body: "RTSP over HTTP needs GET and POST with x-sessioncookie.\n",
      });
    }
    if (request.method === "GET") this.#begin(cookie, exchange);
    else this.#join(cookie, exchange);
  }

  #begin(cookie: string, exchange: HttpExchange): void {
    if (this.#tunnels.has(cookie)) {
      return exchange.respond({ status: 409, body: "There is a tunnel of this x-sessioncookie.\n" });
    }
    if (this.#tunnels.size >= MAX_RTSP_TUNNELS) {
      return exchange.respond({
        status: 503,
        body: `There are ${MAX_RTSP_TUNNELS} tunnels, no more are taken.\n`,
      });
    }
    const near = this.#open();
    const { address } = exchange.remote;
    if (!exchange.startBody({ status: 200, headers: HEADERS, framing: "close", near })) return;
    this.#tunnels.set(cookie, { near, address });
    near.whenClosed(() => this.#tunnels.delete(cookie));
  }

  /** A cookie that was overheard is worth nothing from another address. */
  #join(cookie: string, exchange: HttpExchange): void {
    const tunnel = this.#tunnels.get(cookie);
    if (tunnel === undefined || tunnel.address !== exchange.remote.address) {
      return exchange.respond({ status: 404, body: "There is no tunnel of this x-sessioncookie.\n" });
    }
    exchange.takeOver(new TunnelInput(tunnel.near));
  }
}

/** What the client says. */
class TunnelInput extends Protocol {
  readonly tag = "rtspTunnel";
  readonly kind = "endpoint";
  readonly #rtsp: RtspProtocol;
  readonly #base64 = new Base64Stream();

  constructor(rtsp: RtspProtocol) {
    super();
    this.#rtsp = rtsp;
    rtsp.whenClosed(() => this.close("the tunnel has ended"));
  }

  protected override onReceive(bytes: Uint8Array): void {
    this.#rtsp.receive(this.#base64.push(bytes));
  }
}
