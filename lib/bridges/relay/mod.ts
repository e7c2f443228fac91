/**
 * Relays (layer 5): streams pulled from other RTMP servers, and pushed to them, as a client of theirs.
 *
 * ```ts
 * import { streamEndpoint } from "#bridges/relay";
 *
 * const endpoint = streamEndpoint("rtmps://joe:secret@host/live/cam?token=abc");
 * console.log(endpoint.tcUrl, endpoint.streamKey); // rtmps://host/live cam?token=abc
 * console.log(endpoint.shown); // rtmps://host/live/cam
 * ```
 *
 * @module
 */
export { ApplicationRelays } from "./application_relays.ts";
export type { ApplicationRelaysOptions, RelayStatus } from "./application_relays.ts";
export { MAX_RETRY_MS, MIN_RETRY_MS, STEADY_MS } from "./backoff.ts";
export { PullRelay } from "./pull/pull_relay.ts";
export type { PullRelayOptions } from "./pull/pull_relay.ts";
export { PushRelay } from "./push/push_relay.ts";
export type { PushRelayOptions } from "./push/push_relay.ts";
export { PublishWire } from "./push/publish_wire.ts";
export type { PublishWireOptions } from "./push/publish_wire.ts";
export { connectRelay, MAX_REDIRECTS } from "./relay_connection.ts";
export type { ConnectRelayOptions, RelayConnection, RelayIdentity } from "./relay_connection.ts";
export type {
  DialRequest,
  HttpGet,
  HttpGetter,
  RelayDialer,
  RelayTls,
  RtmpDialer,
  RtspDialer,
  RtspDialRequest,
} from "./relay_dialer.ts";
export type { RelayContext } from "./relay_context.ts";
export { redirectedEndpoint, streamEndpoint, targetEndpoint } from "./relay_endpoint.ts";
export type { RelayEndpoint, RelayScheme } from "./relay_endpoint.ts";
export { HIDDEN_NAME, pullEndpoint, pushEndpoint, shownTarget } from "./relay_address.ts";
export { isRtspAddress, redirectedRtsp, rtspEndpoint, rtspTarget } from "./rtsp/rtsp_endpoint.ts";
export type { RtspEndpoint, RtspScheme, RtspTransportChoice } from "./rtsp/rtsp_endpoint.ts";
export { RelayLoop } from "./relay_loop.ts";
export type { RelayAttempt, RelayEnd, RelayLoopOptions, RelayState } from "./relay_loop.ts";
export { PULL_DEFAULTS, PUSH_DEFAULTS } from "./relay_options.ts";
export type { PullOptions, PushOptions, RelayOptions } from "./relay_options.ts";
