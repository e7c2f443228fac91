/**
 * Recording (layer 5): live streams to files, by a bounded queue, in any format that has a muxer.
 *
 * ```ts
 * import { formatRecordingName } from "#bridges/record";
 *
 * const wallMs = new Date(2026, 10, 24, 23, 30, 5).getTime();
 * const name = formatRecordingName("{app}/{stream}-%Y%m%d-%H%M%S", { appName: "live", streamName: "cam", wallMs });
 * console.log(name); // live/cam-20261124-233005
 * ```
 *
 * @module
 */
export { RECORDING_DEFAULTS, Recordings } from "./recordings.ts";
export type {
  RecordingEvent,
  RecordingOptions,
  RecordingsOptions,
  RecordingStatus,
  RecordingWish,
} from "./recordings.ts";
export { Recorder } from "./recorder.ts";
export type { RecorderOptions } from "./recorder.ts";
export { FlushBeat } from "./flush_beat.ts";
export type { RecordingSeriesOptions } from "./recording_series.ts";
export { RECORDING_FLUSH_MS, RECORDING_FORMAT } from "./recording_format.ts";
export type { MuxerSettings, RecordingFormat, RecordingFormatName } from "./recording_format.ts";
export { formatRecordingName, RECORDING_NAME_PATTERN } from "./recording_name.ts";
export type { NamedRecording } from "./recording_name.ts";
export type { ListedRecording, OnExisting, RecordingFile, RecordingSink } from "./recording_sink.ts";
export { sweepRecordings } from "./retention.ts";
export type { RetentionOptions } from "./retention.ts";
