/**
 * FLV (layer 4): tag bodies, which are also the payloads of RTMP messages, legacy and enhanced; tags and
 * file headers, both ways; script data.
 *
 * ```ts
 * import { videoTagToPacket } from "#mediaformats/flv";
 *
 * // key frame, AVC NAL units, presented 80 ms after decoding
 * const body = new Uint8Array([0x17, 1, 0, 0, 80, 0, 0, 0, 1, 0x65]);
 * const packet = videoTagToPacket(body, 1_000_000);
 * console.log(packet?.codec, packet?.isKeyFrame, packet?.dtsUs, packet?.ptsUs); // avc1 true 1000000 1080000
 * ```
 *
 * @module
 */
export {
  audioTagToPacket,
  flvTagToPacket,
  isEnhancedTagBody,
  mayHaveTracks,
  splitTracks,
  videoTagToPacket,
} from "./tag_body.ts";
export { tagBodyIn, tagBodyOf } from "./tag_body_writer.ts";
export { FlvTagReader } from "./tag_reader.ts";
export type { PlacedFlvTag } from "./tag_reader.ts";
export { MAX_FLV_HEADER_BYTES, MAX_FLV_JUNK_BYTES, MAX_FLV_TAG_BODY_BYTES } from "./tag_cursor.ts";
export type { FlvTagReaderOptions, FlvTagReaderStatistics } from "./tag_cursor.ts";
export {
  encodeFlvHeader,
  encodeFlvTag,
  FLV_TAG_HEADER_BYTES,
  flvTagBytes,
  PREVIOUS_TAG_SIZE_BYTES,
  writeFlvTag,
  writeFlvTagInto,
} from "./tag_writer.ts";
export type { FlvHeader, FlvTag } from "./tag_writer.ts";
export { announcedTracks } from "./announced_tracks.ts";
export { decodeScriptData, encodeScriptData, scriptTagToPacket } from "./script.ts";
export type { ScriptData } from "./script.ts";
export { FlvDemuxer, MAX_FLV_PROBE_BYTES } from "./demux/flv_demuxer.ts";
export type { FlvDemuxerOptions, FlvStart } from "./demux/flv_demuxer.ts";
export { FlvMuxer } from "./mux/flv_muxer.ts";
export type { FlvMuxerOptions } from "./mux/flv_muxer.ts";
export { encodeMetadata, metadataOfTracks } from "./mux/metadata_writer.ts";
export { encodeFlvStart } from "./mux/flv_start.ts";
export { readFlvResumePoint } from "./mux/resume.ts";
export type { FlvResumePoint } from "./mux/resume.ts";
export { TagAdapter } from "./forms/tag_adapter.ts";
export {
  FULL_DIALECT,
  LEGACY_DIALECT,
  SINGLE_TRACK_DIALECT,
  tagDialect,
  withoutLegacyForms,
} from "./forms/tag_dialect.ts";
export type { TagDialect, TagDialectOptions } from "./forms/tag_dialect.ts";
export { separateTracks } from "./forms/separate_tracks.ts";
export { MAX_MOD_EX_PREFIXES, MAX_TRACKS_IN_BODY } from "./ex_header.ts";
export { codecOfFourCc, FLV_TAG_TYPE, FOUR_CC_CODECS, fourCcOf } from "./codes.ts";
export type { FlvTagType } from "./codes.ts";
