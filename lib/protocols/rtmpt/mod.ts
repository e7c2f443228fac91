/**
 * RTMPT (layer 3): RTMP in HTTP requests, for networks that let nothing else through. A session lives across
 * connections; its output leaves in the answers to the client's requests. Over HTTPS it is RTMPTS, with RTMPE
 * inside RTMPTE.
 *
 * ```ts
 * import { RtmptSession } from "#protocols/rtmpt";
 * import { ManualClock } from "#clock";
 *
 * const end = { address: "192.0.2.7", port: 50_000 };
 * const session = new RtmptSession({ id: "aa", local: end, remote: end, clock: new ManualClock(), isSecure: false });
 * session.send(new Uint8Array([1, 2, 3]));
 * console.log(session.takeOutput()); // Uint8Array(3) [ 1, 2, 3 ]
 * session.abort(new Error("done"));
 * ```
 *
 * @module
 */
export { RtmptClientCarrier } from "./rtmpt_client_carrier.ts";
export type { RtmptClientOptions } from "./rtmpt_client_carrier.ts";
export { RtmptProtocol } from "./rtmpt_protocol.ts";
export { RtmptSession } from "./rtmpt_session.ts";
export type { RtmptSessionOptions } from "./rtmpt_session.ts";
export { RtmptTunnel } from "./rtmpt_tunnel.ts";
export type { RtmptTunnelOptions } from "./rtmpt_tunnel.ts";
export {
  CLIENT_POLL_UNIT_MS,
  GAP_TIMEOUT_MS,
  IDLE_HOLD_MS,
  MAX_ANSWER_BYTES,
  MAX_CLIENT_REQUEST_BYTES,
  MAX_CLIENT_TRIES,
  MAX_REQUEST_BYTES,
  MAX_REQUESTS_AHEAD,
  MAX_SESSION_ID_CHARS,
  MAX_SESSIONS,
  SESSION_TIMEOUT_MS,
} from "./limits.ts";
