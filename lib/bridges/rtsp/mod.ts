/**
 * The seam between streams and RTSP (layer 5): packets of any origin as RTP, and RTP as packets.
 *
 * ```ts
 * import { inboundForm } from "#bridges/rtsp";
 * import { parseSdp } from "#protocols/rtsp";
 *
 * const sdp = "v=0\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\n";
 * console.log(parseSdp(sdp).map((media) => inboundForm(media)?.codec)); // [ "Opus" ]
 * ```
 *
 * @module
 */
export { inboundForm } from "./inbound_tracks.ts";
export type { InboundForm, InboundUnit } from "./inbound_tracks.ts";
export { whenTracksKnown } from "./known_tracks.ts";
export { outboundForm, outboundTracks, sdpTrackOf } from "./outbound_tracks.ts";
export type { AacFormat, OutboundForm, OutboundOptions, OutboundTrack } from "./outbound_tracks.ts";
export { FRAME_HEADER_BYTES, MAX_RTP_PAYLOAD_BYTES, RtpWire } from "./rtp_wire.ts";
export type { RtpWireOptions, WireTrack } from "./rtp_wire.ts";
export { MAX_JITTER_DELAY_MS, RtspToStream } from "./rtsp_to_stream.ts";
export type { InboundTrack, PacketSink, RtspToStreamOptions } from "./rtsp_to_stream.ts";
export { FilePresentation } from "./files/file_presentation.ts";
export { FileRtspPlayer } from "./files/file_player.ts";
export type { FilePlayerOptions } from "./files/file_player.ts";
export { DatagramSink } from "./play/datagram_sink.ts";
export type { DatagramSinkOptions } from "./play/datagram_sink.ts";
export { LivePlayer } from "./play/live_player.ts";
export type { LivePlayerOptions } from "./play/live_player.ts";
export { MulticastSenders } from "./play/multicast_senders.ts";
export type { RtpSink } from "./play/rtp_sink.ts";
export { StreamToRtsp } from "./stream_to_rtsp.ts";
export type { StreamToRtspOptions } from "./stream_to_rtsp.ts";
export { LiveRtspApplication } from "./live_rtsp_application.ts";
export type { LiveRtspOptions } from "./live_rtsp_application.ts";
