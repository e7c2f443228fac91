/**
 * Matroska and WebM (layer 4): a demuxer for files, and a reader for streams that arrive.
 *
 * ```ts
 * import { MkvReader } from "#mediaformats/mkv";
 *
 * const reader = new MkvReader();
 * reader.push(Uint8Array.fromHex("1a45dfa3874282847765626d1853806701ffffffffffffff"));
 * reader.push(Uint8Array.fromHex("1654ae6b93ae91d781018381028689415f4d5045472f4c33"));
 * const packets = reader.push(Uint8Array.fromHex("1f43b6758de78100a38881000080fffb9064"));
 * console.log(reader.summary?.tracks[0]?.codecName, packets[0]?.ptsUs); // mp3 0
 * ```
 *
 * @module
 */
export { MkvDemuxer } from "./mkv_demuxer.ts";
export type { MkvDemuxerOptions, MkvStatistics } from "./mkv_demuxer.ts";
export { MkvReader } from "./mkv_reader.ts";
export {
  MAX_MKV_ATTACHMENT_TEXT_BYTES,
  MAX_MKV_ATTACHMENTS,
  MAX_MKV_BLOCK_BYTES,
  MAX_MKV_CUE_ELEMENTS,
  MAX_MKV_CUES_BYTES,
  MAX_MKV_ENCODINGS,
  MAX_MKV_HEAD_BYTES,
  MAX_MKV_HEAD_ELEMENTS,
  MAX_MKV_INFLATED_BYTES,
  MAX_MKV_JUNK_BYTES,
  MAX_MKV_SEEK_ENTRIES,
  MAX_MKV_TAG_DEPTH,
  MAX_MKV_TAG_ELEMENTS,
  MAX_MKV_TAG_NAME_CHARS,
  MAX_MKV_TIME,
  MAX_MKV_TRACKS,
} from "./limits.ts";
