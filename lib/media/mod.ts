/**
 * The packet model (layer 2): what flows from every input to every output, and what readers and writers of
 * containers have in common.
 *
 * ```ts
 * import type { Packet } from "#media";
 *
 * const frame: Packet = {
 *   kind: "video",
 *   trackId: 0,
 *   codec: "avc1",
 *   role: "media",
 *   dtsUs: 40_000,
 *   ptsUs: 80_000,
 *   isKeyFrame: true,
 *   payload: new Uint8Array([0, 0, 0, 1, 0x65]),
 * };
 * console.log(frame.ptsUs - frame.dtsUs); // 40000
 * ```
 *
 * @module
 */
export { isScript } from "./packet.ts";
export type { CodecId, Packet, PacketRole, TrackKind } from "./packet.ts";
export { checkPictureSize, MAX_VIDEO_DIMENSION_PIXELS } from "./track.ts";
export type { TrackDescription } from "./track.ts";
export { unescapeNalUnit } from "./nal_unit.ts";
export { MAX_MEDIA_FAULTS } from "./container.ts";
export type {
  Demuxer,
  MediaAttachment,
  MediaFault,
  MediaPacket,
  MediaSummary,
  MediaTrack,
  Muxer,
  MuxTrack,
  Patch,
  ScanOptions,
  SeekIndex,
  SeekResult,
} from "./container.ts";
export {
  annexBFrom,
  annexBToLengthPrefixed,
  findLengthPrefixed,
  findNalUnits,
  lengthPrefixedFrom,
  lengthPrefixedToAnnexB,
  nalUnitsAt,
  splitAnnexB,
} from "./nal_unit_ranges.ts";
export type { NalUnitRanges } from "./nal_unit_ranges.ts";
export {
  decodeSeekIndex,
  encodeSeekIndex,
  findSeekRow,
  MAX_SEEK_INDEX_ROWS,
  MAX_SEEK_INDEX_TRACKS,
  thinSeekIndex,
} from "./seek_index.ts";
export type { MediaStamp } from "./seek_index.ts";
export { FrameSplitter } from "./frame_splitter.ts";
export type { FrameFormat, SplitFrame } from "./frame_splitter.ts";
export { MAX_RTP_UNIT_BYTES, NO_PREFIX } from "./rtp/rtp_payload.ts";
export type { RtpDepacketizer, RtpFragment, RtpPacketizer, RtpPayload, RtpUnit } from "./rtp/rtp_payload.ts";
export { MAX_DECODING_ORDER_STEP, MAX_REORDERED_NAL_UNITS, ReorderedUnits } from "./rtp/reordered_units.ts";
export type { NumberedNalUnit, ReorderedUnitsOptions } from "./rtp/reordered_units.ts";
export { type NalRtpForm, NalRtpPacketizer } from "./rtp/nal_rtp_packetizer.ts";
export { UnitAssembler } from "./rtp/unit_assembler.ts";
export { DecodeOrder } from "./decode_order.ts";
export { WholeFrameRtpDepacketizer, WholeFrameRtpPacketizer } from "./rtp/whole_frame_rtp.ts";
