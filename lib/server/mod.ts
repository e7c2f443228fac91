/**
 * The server (layer 6): the composition root.
 *
 * ```ts
 * import { ACCEPTOR_CHAINS } from "#server";
 *
 * for (const chain of ACCEPTOR_CHAINS) console.log(chain.name, chain.tags.join(" <-> "));
 * // inboundRtmp tcp <-> rtmp ...
 * ```
 *
 * @module
 */
export { ACCEPTOR_CHAINS, CLIENT_CHAINS, OUTBOUND_CHAINS, WEB_CHAINS } from "./chain_table.ts";
export { chainSummaries, startServer } from "./server.ts";
export type { ChainSummary, RunningServer, StartOptions } from "./server.ts";
export { PUSH_TARGET_OPTIONS } from "./relays/relay_options.ts";
export { ReactorDialer } from "./relays/reactor_dialer.ts";
export { UdpPortPairs } from "./rtsp/rtp_ports.ts";
export type { PortRange, UdpOpener } from "./rtsp/rtp_ports.ts";
export { serve } from "./embed.ts";
export type { EmbeddedServer, ServeOptions } from "./embed.ts";
export { isIpAddress, makeCertificate } from "./self_signed_certificate.ts";
