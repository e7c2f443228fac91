/**
 * MP4 and its family: mov, m4a, m4v, f4v, fragmented or not (layer 4).
 *
 * ```ts
 * import { Mp4FragmentMuxer } from "#mediaformats/mp4";
 *
 * const muxer = new Mp4FragmentMuxer([{ kind: "audio", trackId: 0, codec: "Opus", channels: 2 }]);
 * const payload = new Uint8Array([0xfc, 0xff, 0xfe]);
 * const frame = { kind: "audio", trackId: 0, codec: "Opus", role: "media", isKeyFrame: true, payload } as const;
 * muxer.write({ ...frame, dtsUs: 0, ptsUs: 0 });
 * muxer.write({ ...frame, dtsUs: 20_000, ptsUs: 20_000 });
 * const { append } = muxer.end(); // header, one fragment, index
 * console.log(new TextDecoder().decode(append.subarray(4, 12))); // ftypiso6
 * ```
 *
 * @module
 */
export { Mp4Demuxer } from "./mp4_demuxer.ts";
export type { Mp4DemuxerOptions } from "./mp4_demuxer.ts";
export { Mp4FragmentReader } from "./fragment_reader.ts";
export type { Mp4FragmentReaderOptions, Mp4FragmentStatistics } from "./fragment_reader.ts";
export {
  MAX_MP4_COVERS,
  MAX_MP4_EDITS,
  MAX_MP4_FRAGMENT_BYTES,
  MAX_MP4_FRAGMENT_SAMPLES,
  MAX_MP4_INDEX_BYTES,
  MAX_MP4_LEADING_BOXES,
  MAX_MP4_MOOF_BYTES,
  MAX_MP4_MOVIE_BYTES,
  MAX_MP4_REREAD_FACTOR,
  MAX_MP4_SAMPLE_BYTES,
  MAX_MP4_TAG_BYTES,
  MAX_MP4_TAGS,
  MAX_MP4_TRACKS,
} from "./limits.ts";
export type { Mp4Piece } from "./cut/fragment_places.ts";
export type { Mp4Start } from "./cut/movie_start.ts";
export type { SourceRange } from "./cut/sample_ranges.ts";
export { Mp4FragmentMuxer } from "./mux/fragment_muxer.ts";
export type { Mp4FragmentMuxerOptions } from "./mux/fragment_muxer.ts";
export { readMp4ResumePoint } from "./mux/resume.ts";
export type { Mp4ResumedTrack, Mp4ResumePoint } from "./mux/resume.ts";
export { Mp4Muxer } from "./mux/file_muxer.ts";
export type { Mp4MuxerOptions } from "./mux/file_muxer.ts";
export { encodeInitSegment } from "./write/init_segment.ts";
export type { DurationField, InitSegment, InitSegmentOptions, InitTrack } from "./write/init_segment.ts";
export { encodeFragment } from "./write/fragment.ts";
export type { Fragment, FragmentRun } from "./write/fragment.ts";
export type { FragmentIndexRow } from "./write/fragment_index.ts";
export type { Sample } from "./write/sample.ts";
export { isMp4Codec, sampleEntryOf } from "./entries/sample_entry.ts";
export type { SampleEntry } from "./entries/sample_entry.ts";
export { TrackClock } from "./mux/track_clock.ts";
