/**
 * H.264, also called AVC (layer 3): decoder configurations, sequence parameter sets, access units. Byte streams of
 * annex B are split in `#media`, as H.265 has the same.
 *
 * ```ts
 * import { describeAvc } from "#codecs/avc";
 *
 * const configuration = Uint8Array.fromHex(
 *   "014d401effe10018674d401eeca05017fcb808800000030080000019078b16cb01000568ebe3cb20",
 * );
 * const track = describeAvc(configuration);
 * console.log(track.profile, track.level, track.width, track.height); // Main 3 640 360
 * ```
 *
 * @module
 */
export { decodeAvcDecoderConfiguration, encodeAvcDecoderConfiguration } from "./decoder_configuration.ts";
export type { AvcDecoderConfiguration } from "./decoder_configuration.ts";
export { decodeAvcSps, MAX_AVC_SPS_BYTES } from "./sps.ts";
export type { AvcPictureOrder, AvcSps } from "./sps.ts";
export { describeAvc } from "./describe.ts";
export { avccFromParameterSets } from "./parameter_sets.ts";
export { AVC_ACCESS_UNIT_DELIMITER, AVC_NAL_UNIT_TYPE, avcNalUnitType } from "./nal_unit_type.ts";
export type { AvcNalUnitType } from "./nal_unit_type.ts";
export { AvcAccessUnitSplitter, isAvcKeyFrame } from "./access_unit.ts";
export { AvcRtpDepacketizer, AvcRtpPacketizer } from "./rtp_payload.ts";
export type { AvcRtpOptions } from "./rtp_payload.ts";
