/**
 * VP8 (layer 3): frame headers. Its configuration record is that of VP9: `#codecs/vp9`.
 *
 * ```ts
 * import { decodeVp8FrameHeader } from "#codecs/vp8";
 *
 * const { isKeyFrame, width, height } = decodeVp8FrameHeader(Uint8Array.fromHex("3006009d012a4001b400"));
 * console.log(isKeyFrame, width, height); // true 320 180
 * ```
 *
 * @module
 */
export { decodeVp8FrameHeader, describeVp8Frame, isVp8KeyFrame } from "./frame_header.ts";
export type { Vp8FrameHeader } from "./frame_header.ts";
export { Vp8RtpDepacketizer, Vp8RtpPacketizer } from "./rtp_payload.ts";
