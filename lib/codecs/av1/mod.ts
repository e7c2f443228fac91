/**
 * AV1 (layer 3): codec configurations, sequence headers, temporal units.
 *
 * ```ts
 * import { describeAv1 } from "#codecs/av1";
 *
 * const track = describeAv1(Uint8Array.fromHex("81000c000a0b000000043cfecc02f80040"));
 * console.log(track.codecString, track.width, track.height); // av01.0.00M.08 320 180
 * ```
 *
 * @module
 */
export { av1cFromUnits, decodeAv1CodecConfiguration, describeAv1 } from "./codec_configuration.ts";
export type { Av1CodecConfiguration } from "./codec_configuration.ts";
export { decodeAv1SequenceHeader } from "./sequence_header.ts";
export type { Av1ColorConfig, Av1SequenceHeader } from "./sequence_header.ts";
export { AV1_UNIT_TYPE, findAv1Units, isAv1KeyFrame, withoutTemporalDelimiters } from "./units.ts";
export type { Av1Unit, Av1UnitType } from "./units.ts";
export { Av1RtpDepacketizer, Av1RtpPacketizer } from "./rtp_payload.ts";
