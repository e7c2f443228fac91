/**
 * RTP and RTCP (layer 3): headers, reports, packets in order, times of media. What the payloads are is for
 * `codecs/` to know.
 *
 * ```ts
 * import { decodeRtpPacket, encodeRtpPacket } from "#protocols/rtp";
 *
 * const bytes = encodeRtpPacket({
 *   payloadType: 96,
 *   isMarked: true,
 *   sequenceNumber: 7,
 *   timestamp: 90_000,
 *   ssrc: 0x1234,
 *   payload: new Uint8Array([0x65]),
 * });
 * const { sequenceNumber, payload } = decodeRtpPacket(bytes);
 * console.log(bytes.length, sequenceNumber, payload.length); // 13 7 1
 * ```
 *
 * @module
 */
export { decodeRtpPacket, encodeRtpPacket, RTP_HEADER_BYTES, writeRtpHeader } from "./rtp_packet.ts";
export type { RtpExtension, RtpHeader, RtpPacket } from "./rtp_packet.ts";
export { decodeRtcp, encodeRtcp, RTCP_TYPE } from "./rtcp.ts";
export type { RtcpCompound, RtcpPacket, RtcpReportBlock, RtcpSenderReport } from "./rtcp.ts";
export {
  JitterBuffer,
  MAX_HELD_PACKETS,
  MAX_SEQUENCE_DROPOUT,
  MAX_SEQUENCE_MISORDER,
} from "./jitter_buffer.ts";
export type { JitterBufferOptions, JitterBufferStatistics, OrderedRtpPacket } from "./jitter_buffer.ts";
export { Reception } from "./reception.ts";
export { MediaTimes, SessionTimes } from "./media_times.ts";
export { RtpReceiver } from "./rtp_receiver.ts";
export type { ReceivedPayload, RtpReceiverOptions } from "./rtp_receiver.ts";
export { WrappingCounter } from "./wrapping_counter.ts";
