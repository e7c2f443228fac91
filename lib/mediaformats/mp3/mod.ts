/**
 * MP3 files and streams (layer 4): frames of MPEG audio of all versions and layers, and the tags around them.
 *
 * ```ts
 * import { MemorySource } from "#bytes";
 * import { Mp3Demuxer } from "#mediaformats/mp3";
 *
 * // an ID3v2.4 tag with the title "Hi", then frames of 72 bytes, 72 ms each
 * const title = [0x54, 0x49, 0x54, 0x32, 0, 0, 0, 3, 0, 0, 3, 0x48, 0x69];
 * const frame = new Uint8Array(72);
 * frame.set([0xff, 0xe3, 0x18, 0xc0]);
 * const bytes = new Uint8Array([0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 0, 13, ...title, ...frame, ...frame, ...frame]);
 *
 * const demuxer = await Mp3Demuxer.open(new MemorySource(bytes));
 * console.log(demuxer.summary.tags, demuxer.summary.tracks[0]?.sampleRate); // { title: "Hi" } 8000
 * await demuxer.seek(100_000);
 * console.log((await demuxer.read())[0]?.ptsUs); // 72000
 * ```
 *
 * @module
 */
export { Mp3Demuxer } from "./mp3_demuxer.ts";
export type { Mp3DemuxerOptions } from "./mp3_demuxer.ts";
export { Mp3FrameReader } from "./frame_reader.ts";
export type { Mp3Frame } from "./frame_reader.ts";
export type { AttachedPicture } from "./tags/id3v2.ts";
export {
  MAX_ID3_FRAMES,
  MAX_ID3_PICTURES,
  MAX_ID3_TAGS,
  MAX_ID3_TEXT_BYTES,
  MAX_ID3_TOTAL_TEXT_BYTES,
  MAX_ID3_UNSYNCHRONISED_BYTES,
  MAX_MP3_JUNK_BYTES,
} from "./limits.ts";
