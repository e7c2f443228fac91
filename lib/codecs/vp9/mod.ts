/**
 * VP9, and VP8 which shares its configuration record (layer 3): configurations, headers of VP9 key frames.
 *
 * ```ts
 * import { describeVp9 } from "#codecs/vp9";
 *
 * const track = describeVp9(Uint8Array.fromHex("01000000000b820202020000"));
 * console.log(track.codecString); // vp09.00.11.08
 * ```
 *
 * @module
 */
export {
  decodeVpCodecConfiguration,
  describeVp8,
  describeVp9,
  encodeVpCodecConfiguration,
} from "./codec_configuration.ts";
export type { VpCodecConfiguration } from "./codec_configuration.ts";
export { decodeVp9KeyFrame, describeVp9Frame, isVp9KeyFrame, vpccFromKeyFrame } from "./frame_header.ts";
export type { Vp9KeyFrame } from "./frame_header.ts";
export { Vp9RtpDepacketizer, Vp9RtpPacketizer } from "./rtp_payload.ts";
