import { amfMembers, type AmfObject, type AmfValue } from "#amf";
import { FormatError, LimitError } from "#errors";
import { decodeScriptData } from "../script.ts";

/** What `onMetaData` says of its file: FLV 10.1 section E.5, and what tools have added to it. */
export interface FlvMetadata {
  /** All of it. */
  readonly members: Readonly<AmfObject>;
  /** The members that ffprobe shows as tags of the file, in its words. */
  readonly tags: Readonly<Record<string, string>>;
  /** In microseconds; absent where it says nothing, or 0 as live recordings do. */
  readonly durationUs?: number;
  readonly picture?: { readonly width: number; readonly height: number };
  /** In Hz. */
  readonly sampleRate?: number;
  /** Where it says the key frames are; not to be trusted before it was compared with the file. */
  readonly keyFrames?: FlvKeyFrames;
}

/** Places of key frames, rising in time and offset. */
export interface FlvKeyFrames {
  /** In microseconds. */
  readonly timesUs: Float64Array;
  /** Of the tags, in bytes from the start of the file. */
  readonly offsets: Float64Array;
}

/** Longest file whose metadata is believed: 100 days. */
const MAX_DURATION_S = 8_640_000;
/** Deepest object whose members become tags. */
const MAX_TAG_DEPTH = 8;

/** What the reader uses itself, and ffprobe shows elsewhere. */
const NOT_TAGS: ReadonlySet<string> = new Set([
  "duration",
  "filesize",
  "width",
  "height",
  "videodatarate",
  "framerate",
  "videocodecid",
  "audiodatarate",
  "audiosamplerate",
  "audiosamplesize",
  "stereo",
  "audiocodecid",
  "datastream",
]);

/**
 * Reads the payload of a metadata packet.
 *
 * @param payload Script data that begins with the name `onMetaData`; borrowed.
 * @returns `undefined` if it is malformed, or larger than script data may be.
 */
export function readFlvMetadata(payload: Uint8Array): FlvMetadata | undefined {
  let members: AmfObject | undefined;
  try {
    members = amfMembers(decodeScriptData(payload).values[0]);
  } catch (error) {
    if (error instanceof FormatError || error instanceof LimitError) return undefined;
    throw error;
  }
  if (members === undefined) return undefined;
  const tags: Record<string, string> = {};
  collectTags(members, { tags, depth: 0 });
  const { duration, width, height, audiosamplerate } = members;
  const keyFrames = keyFramesOf(members.keyframes);
  return {
    members,
    tags,
    ...(isPositive(duration) && duration <= MAX_DURATION_S
      ? { durationUs: Math.round(duration * 1_000_000) }
      : {}),
    ...(isPositive(width) && isPositive(height) ? { picture: { width, height } } : {}),
    ...(isPositive(audiosamplerate) ? { sampleRate: audiosamplerate } : {}),
    ...(keyFrames === undefined ? {} : { keyFrames }),
  };
}

/** Members of objects in objects stand under their own names, as ffprobe has them; those of arrays have none. */
function collectTags(
  members: AmfObject,
  into: { readonly tags: Record<string, string>; readonly depth: number },
): void {
  for (const [name, value] of Object.entries(members)) {
    const inner = amfMembers(value);
    if (inner !== undefined && into.depth < MAX_TAG_DEPTH) {
      collectTags(inner, { tags: into.tags, depth: into.depth + 1 });
    }
    const text = NOT_TAGS.has(name) ? undefined : tagText(value);
    if (text !== undefined) into.tags[name] = text;
  }
}

function tagText(value: AmfValue): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") return value.toFixed(0);
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) return undefined;
  return value.toUTCString().replace("GMT", "+0000");
}

/** The object that tools put into the metadata: `times` in seconds, `filepositions` in bytes. */
function keyFramesOf(value: AmfValue): FlvKeyFrames | undefined {
  const members = amfMembers(value);
  const times = members?.times;
  const positions = members?.filepositions;
  if (!Array.isArray(times) || !Array.isArray(positions) || times.length !== positions.length) {
    return undefined;
  }
  const timesUs = new Float64Array(times.length);
  const offsets = new Float64Array(times.length);
  for (let row = 0; row < times.length; row++) {
    const time = times[row];
    const position = positions[row];
    if (typeof time !== "number" || typeof position !== "number") return undefined;
    timesUs[row] = Math.round(time * 1_000_000);
    offsets[row] = position;
    const isRising = row === 0 || timesUs[row]! >= timesUs[row - 1]! && position >= offsets[row - 1]!;
    // NaN is neither
    if (!isRising || !(timesUs[row]! >= 0) || !Number.isSafeInteger(position) || position < 0) {
      return undefined;
    }
  }
  return times.length === 0 ? undefined : { timesUs, offsets };
}

function isPositive(value: AmfValue): value is number {
  return typeof value === "number" && value > 0 && value < Infinity;
}
