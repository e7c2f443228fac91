/**
 * H.265, also called HEVC (layer 3): decoder configurations, sequence parameter sets, access units. Byte
 * streams of annex B are split in `#media`, as H.264 has the same.
 *
 * ```ts
 * import { describeHevc } from "#codecs/hevc";
 *
 * const configuration = Uint8Array.fromHex(
 *   "01016000000090000000000078f000fcfdf8f800000f01a100010026" +
 *     "420101016000000300900000030000030078a003c08010e75596566924caf0168080000003008000000c84",
 * );
 * const track = describeHevc(configuration);
 * console.log(track.codecString, track.width, track.height); // hvc1.1.6.L120.90 1918 1078
 * ```
 *
 * @module
 */
export { decodeHevcDecoderConfiguration, encodeHevcDecoderConfiguration } from "./decoder_configuration.ts";
export type { HevcDecoderConfiguration, HevcNalUnitArray, HevcProfile } from "./decoder_configuration.ts";
export { decodeHevcSps, MAX_HEVC_SPS_BYTES } from "./sps.ts";
export type { HevcSps } from "./sps.ts";
export { describeHevc } from "./describe.ts";
export { hvccFromParameterSets } from "./parameter_sets.ts";
export type { HevcParameterSets } from "./parameter_sets.ts";
export { HEVC_ACCESS_UNIT_DELIMITER, HEVC_NAL_UNIT_TYPE, hevcNalUnitType } from "./nal_unit_type.ts";
export type { HevcNalUnitType } from "./nal_unit_type.ts";
export { HevcAccessUnitSplitter, isHevcKeyFrame } from "./access_unit.ts";
export { HevcRtpDepacketizer, HevcRtpPacketizer } from "./rtp_payload.ts";
export type { HevcRtpOptions } from "./rtp_payload.ts";
