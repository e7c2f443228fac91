/**
 * The packet model (layer 2): what flows from every input to every output.
 *
 * @module
 */
export type { CodecId, Packet, PacketRole, TrackKind } from "./packet.ts";
export { checkPictureSize, MAX_VIDEO_DIMENSION_PIXELS } from "./track.ts";
export type { TrackDescription } from "./track.ts";
export { unescapeNalUnit } from "./nal_unit.ts";
