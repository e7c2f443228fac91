import { RECORDING_DEFAULTS, RECORDING_FORMAT, RECORDING_NAME_PATTERN } from "#bridges/record";
import type { RecordingFormatName } from "#bridges/record";
import { choice, flag, type OptionsOf, text, wholeNumber } from "#options";

const MIB = 1024 * 1024;
const TIB = MIB * MIB;
const DAY_MS = 86_400_000;
const FORMATS = Object.keys(RECORDING_FORMAT) as RecordingFormatName[];

/** How an application's streams are recorded: the table `recording`. */
export const RECORDING_OPTIONS = {
  automatic: flag({ default: RECORDING_DEFAULTS.automatic, doc: "Whether every stream is recorded." }),
  allowPublishers: flag({
    default: RECORDING_DEFAULTS.allowPublishers,
    doc: "Whether publishers may ask for it, by the publish types record and append.",
  }),
  format: choice(FORMATS, {
    default: RECORDING_DEFAULTS.format,
    doc:
      "FLV takes every codec; MP4 is fragmented, so that it plays at any moment; TS is MPEG-TS. Append goes on " +
      "with files of each.",
  }),
  name: text({
    default: RECORDING_DEFAULTS.name,
    pattern: RECORDING_NAME_PATTERN,
    allowed: "a file name of text, {app}, {stream} and the date parts %Y %y %m %d %H %M %S %F %s",
    doc: "Name of the files in recordedStreamsStorage, without extension; slashes make folders.",
  }),
  onExisting: choice(["number", "replace"], {
    default: RECORDING_DEFAULTS.onExisting,
    doc: "Where there is a file of that name, the new one gets a number, or takes its place.",
  }),
  segmentMs: wholeNumber({
    default: RECORDING_DEFAULTS.segmentMs,
    min: 0,
    max: 365 * DAY_MS,
    unit: "ms",
    doc: "Media time of a file after which the next key frame starts another; 0 for never.",
  }),
  segmentBytes: wholeNumber({
    default: RECORDING_DEFAULTS.segmentBytes,
    min: 0,
    max: TIB,
    unit: "bytes",
    doc: "The same in bytes.",
  }),
  maxAgeMs: wholeNumber({
    default: RECORDING_DEFAULTS.maxAgeMs,
    min: 0,
    max: 3650 * DAY_MS,
    unit: "ms",
    doc:
      "Recordings in recordedStreamsStorage that are older are deleted, whatever wrote them; 0 keeps them.",
  }),
  maxTotalBytes: wholeNumber({
    default: RECORDING_DEFAULTS.maxTotalBytes,
    min: 0,
    max: 1024 * TIB,
    unit: "bytes",
    doc: "Where they take more together, the oldest are deleted; 0 for no bound.",
  }),
  maxQueueBytes: wholeNumber({
    default: RECORDING_DEFAULTS.maxQueueBytes,
    min: MIB,
    max: 1024 * MIB,
    unit: "bytes",
    doc: "What may wait for a slow disk, for each stream; then packets are dropped up to the next key frame.",
  }),
};

/** The table `recording` of an application. */
export type RecordingConfig = OptionsOf<typeof RECORDING_OPTIONS>;
