import { FormatError } from "#errors";
import type { MediaStamp, MediaSummary, TrackKind } from "#media";

/** What is kept of one track. */
export interface TrackFacts {
  readonly kind: TrackKind;
  readonly codecName: string;
  /** In pixels. */
  readonly width?: number;
  /** In pixels. */
  readonly height?: number;
  /** In Hz. */
  readonly sampleRate?: number;
  readonly channels?: number;
}

/** What a file was found to hold: enough for lists and for answers that need no file. */
export interface MediaFacts {
  /** As ffprobe names it. */
  readonly formatName: string;
  /** In microseconds; absent where it is not known. */
  readonly durationUs?: number;
  readonly tracks: readonly TrackFacts[];
  readonly tags: Readonly<Record<string, string>>;
}

/** A `.meta` file: what is known of one state of a media file. */
export interface MetaRecord extends MediaStamp {
  readonly facts?: MediaFacts;
  /** Why it cannot be read at all. */
  readonly fault?: string;
  /** Why no index can be built, though it can be read. */
  readonly indexFault?: string;
}

/** Format of `.meta` files, raised as well when readers learn to read what they could not; others are ignored. */
const META_VERSION = 1;
/** Longest value of a tag that is kept, in UTF-16 units; lyrics and pictures are not. */
const MAX_KEPT_TAG_CHARS = 4096;
/** Most tags and tracks that are kept. */
const MAX_KEPT_ROWS = 256;

/** What to keep of a summary. */
export function factsOf(summary: MediaSummary): MediaFacts {
  const tags = Object.entries(summary.tags).filter(([, value]) => value.length <= MAX_KEPT_TAG_CHARS);
  return {
    formatName: summary.formatName,
    ...(summary.durationUs === undefined ? {} : { durationUs: summary.durationUs }),
    tracks: summary.tracks.slice(0, MAX_KEPT_ROWS).map((track) => ({
      kind: track.kind,
      codecName: track.codecName,
      ...pickNumbers(track),
    })),
    tags: Object.fromEntries(tags.slice(0, MAX_KEPT_ROWS)),
  };
}

/** As JSON, for people too. */
export function formatMeta(record: MetaRecord): string {
  return JSON.stringify({ version: META_VERSION, ...record }, undefined, 1) + "\n";
}

/**
 * Reads what `formatMeta` wrote.
 *
 * @throws {FormatError} If it is something else.
 */
export function parseMeta(text: string): MetaRecord {
  const { version, sizeBytes, mtimeMs, facts, fault, indexFault } = objectOf(parseJson(text));
  if (version !== META_VERSION || typeof sizeBytes !== "number" || typeof mtimeMs !== "number") {
    throw new FormatError(`Cannot read meta file: version ${version}, size ${sizeBytes}, time ${mtimeMs}`);
  }
  return {
    sizeBytes,
    mtimeMs,
    ...(typeof fault === "string" ? { fault } : {}),
    ...(typeof indexFault === "string" ? { indexFault } : {}),
    ...(facts === undefined ? {} : { facts: parseFacts(facts) }),
  };
}

function parseFacts(value: unknown): MediaFacts {
  const { formatName, durationUs, tracks, tags } = objectOf(value);
  if (typeof formatName !== "string" || !Array.isArray(tracks)) {
    throw new FormatError("Cannot read meta file: its facts have no format or no tracks");
  }
  return {
    formatName,
    ...(typeof durationUs === "number" ? { durationUs } : {}),
    tracks: tracks.map(parseTrack),
    tags: Object.fromEntries(
      Object.entries(objectOf(tags)).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
    ),
  };
}

function parseTrack(value: unknown): TrackFacts {
  const { kind, codecName, ...rest } = objectOf(value);
  if ((kind !== "video" && kind !== "audio" && kind !== "data") || typeof codecName !== "string") {
    throw new FormatError(`Cannot read meta file: a track is of kind ${kind} and codec ${codecName}`);
  }
  return { kind, codecName, ...pickNumbers(rest) };
}

function pickNumbers(value: object): Pick<TrackFacts, "width" | "height" | "sampleRate" | "channels"> {
  const keys = ["width", "height", "sampleRate", "channels"] as const;
  const numbers = keys.map((key) => [key, Reflect.get(value, key)] as const);
  return Object.fromEntries(numbers.filter(([, number]) => typeof number === "number"));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError("Cannot read meta file: it is not JSON", { cause });
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null) return { ...value };
  throw new FormatError("Cannot read meta file: an object is missing");
}
