/**
 * RTSP (layer 3): messages and interleaved frames in any split, both sides of sessions, session
 * descriptions. What is played and recorded is for an application to know.
 *
 * ```ts
 * import { RtspReader } from "#protocols/rtsp";
 *
 * const reader = new RtspReader({
 *   request: ({ method, url }) => console.log(method, url), // OPTIONS rtsp://localhost/live/a
 *   response: () => {},
 *   frame: (channel, bytes) => console.log(channel, bytes.length), // 0 2
 * });
 * reader.push(new TextEncoder().encode("OPTIONS rtsp://localhost/live/a RTSP/1.0\r\nCSeq: 1\r\n\r\n"));
 * reader.push(new Uint8Array([0x24, 0, 0, 2, 0x80, 0x60]));
 * ```
 *
 * @module
 */
export * from "./limits.ts";
export { RTSP_STATUS } from "./status.ts";
export { formatRtspRequest, formatRtspResponse, parseRtspHead } from "./message.ts";
export type { RtspHead, RtspHeaderFields, RtspHeaders, RtspRequest, RtspResponse } from "./message.ts";
export { RtspReader } from "./rtsp_reader.ts";
export type { RtspReaderClient } from "./rtsp_reader.ts";
export { parseTransport } from "./transport_header.ts";
export type { TransportSpec } from "./transport_header.ts";
export { formatClock, formatNpt, parsePlayRange } from "./play_range.ts";
export type { PlayRange } from "./play_range.ts";
export { parseRtspUrl, trackOf } from "./rtsp_url.ts";
export type { RtspUrl } from "./rtsp_url.ts";
export { formatSdp, parseSdp } from "./session_description.ts";
export type { SdpMedia, SdpTrack } from "./session_description.ts";
export type {
  RtpGroup,
  RtpGroups,
  RtpPortPair,
  RtpPorts,
  RtspAnswer,
  RtspApplication,
  RtspConnection,
  RtspCue,
  RtspPlayContext,
  RtspPlayer,
  RtspPresentation,
  RtspRecording,
  RtspRefusal,
  RtspTrack,
  RtspTransport,
  RtspWish,
} from "./server/application.ts";
export { RtspServerSession } from "./server/server_session.ts";
export type { RtspSessionOptions } from "./server/server_session.ts";
export { RtspProtocol } from "./server/rtsp_protocol.ts";
export type { RtspProtocolOptions } from "./server/rtsp_protocol.ts";
export { MAX_RTSP_CHALLENGES, RtspClientSession } from "./client/client_session.ts";
export type { RtspClientSessionOptions } from "./client/client_session.ts";
export { ClientTransports, NoPortsError } from "./client/client_transports.ts";
export type {
  ClientDatagram,
  ClientTransport,
  ClientTransportsOptions,
  TransportOffer,
} from "./client/client_transports.ts";
export { baseUrl, controlUrls, sessionControl } from "./client/control_url.ts";
export { parseTrackStarts, trackStartsOf } from "./client/track_starts.ts";
export type { TrackStart } from "./client/track_starts.ts";
export { RtspRefusalError } from "./client/refusal.ts";
export { MAX_OPEN_REQUESTS, MAX_STRAY_ANSWERS, RtspClientProtocol } from "./client/rtsp_client_protocol.ts";
export type { RtspClientOptions, RtspClientRequest, RtspClientTaker } from "./client/rtsp_client_protocol.ts";
export { MAX_RTSP_TUNNELS, MAX_TUNNEL_COOKIE_LENGTH, RtspTunnel } from "./server/http_tunnel.ts";
export { RtspPortProtocol } from "./server/shared_port.ts";
export type { RtspPortOptions } from "./server/shared_port.ts";
