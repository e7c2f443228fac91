import type { HttpExchange, HttpRequestHead, HttpRouter } from "#protocols/http";
import { Protocol } from "#stack";
import type { RtmptTunnel } from "./rtmpt_tunnel.ts";

/** What stands on HTTP where a port speaks RTMPT only: it hands every request to the tunnel of its acceptor. */
export class RtmptProtocol extends Protocol implements HttpRouter {
  readonly tag = "rtmpt";
  readonly kind = "endpoint";
  readonly #tunnel: RtmptTunnel;

  /** @param tunnel Sessions of the acceptor, shared by all of its connections. */
  constructor(tunnel: RtmptTunnel) {
    super();
    this.#tunnel = tunnel;
  }

  route(request: HttpRequestHead, exchange: HttpExchange): void {
    this.#tunnel.route(request, exchange);
  }

  /** HTTP gives requests to `route`; no bytes come this way. */
  protected override onReceive(_bytes: Uint8Array): void {}
}
