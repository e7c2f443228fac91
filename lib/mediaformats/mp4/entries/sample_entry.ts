import { describeTrack } from "#codecs";
import { FormatError } from "#errors";
import type { CodecId, MuxTrack, TrackDescription } from "#media";
import { configOfFrame } from "./frame_config.ts";

/** What goes into the header of a track: the facts of its sample entry. */
export interface SampleEntry {
  readonly track: MuxTrack;
  /** Codec configuration as the track or its first packet gave it; absent where the codec has none. */
  readonly codecConfig?: Uint8Array;
  /** Coded picture, in pixels; 0 where nothing says. */
  readonly width: number;
  readonly height: number;
  /** In Hz; 0 where nothing says. */
  readonly sampleRate: number;
  readonly channels: number;
}

/** Codecs that have a sample entry. */
const CODECS: ReadonlySet<CodecId> = new Set<CodecId>([
  ...["avc1", "hvc1", "av01", "vp08", "vp09"] as const,
  ...["mp4a", ".mp3", "mp3_8k", "Opus", "fLaC", "ac-3", "ec-3"] as const,
]);
/** Codecs that cannot be written without the configuration. */
const NEEDS_CONFIG: ReadonlySet<CodecId> = new Set<CodecId>(["avc1", "hvc1", "av01", "mp4a", "fLaC"]);
/** Codecs whose frames tell what the sample entry must say. */
const FRAMES_TELL: ReadonlySet<CodecId> = new Set<CodecId>([
  ...[".mp3", "mp3_8k", "ac-3", "ec-3", "vp08", "vp09", "av01", "Opus"] as const,
]);
/** Codecs whose configuration does not tell the picture size. */
const FRAMES_TELL_SIZE: ReadonlySet<CodecId> = new Set<CodecId>(["vp08", "vp09"]);

/** Whether a track of `codec` can be written into an MP4 file. */
export function isMp4Codec(codec: CodecId): boolean {
  return CODECS.has(codec);
}

/** Whether the header of `track` can say more once its first packet was seen. */
export function needsFirstFrame(track: MuxTrack): boolean {
  if (track.codecConfig === undefined) return FRAMES_TELL.has(track.codec);
  return FRAMES_TELL_SIZE.has(track.codec) && (track.width ?? track.description?.width) === undefined;
}

/**
 * Refuses a track that MP4 has no sample entry for.
 *
 * @throws {FormatError} If that is so.
 */
export function checkMp4Codec({ codec, kind, trackId }: MuxTrack): void {
  if (!isMp4Codec(codec)) throw new FormatError(`Cannot write ${kind} track ${trackId}: MP4 has no ${codec}`);
}

/**
 * Gathers what the sample entry of `track` says, from its configuration, its description, its first packet.
 *
 * @param firstFrame Payload of the first packet, where there is one; borrowed.
 * @throws {FormatError} If MP4 has no sample entry for the codec, or a needed configuration is missing.
 */
export function sampleEntryOf(track: MuxTrack, firstFrame?: Uint8Array): SampleEntry {
  checkMp4Codec(track);
  const { codec, kind, trackId } = track;
  const codecConfig = track.codecConfig ?? configOfFrame(codec, firstFrame);
  if (codecConfig === undefined && NEEDS_CONFIG.has(codec)) {
    throw new FormatError(`Cannot write ${kind} track ${trackId}: ${codec} without its configuration`);
  }
  const known = { ...track, ...(codecConfig === undefined ? {} : { codecConfig }) };
  const told = describe(known, firstFrame);
  return {
    track,
    width: told.width ?? track.width ?? 0,
    height: told.height ?? track.height ?? 0,
    sampleRate: told.sampleRate ?? track.sampleRate ?? 0,
    channels: told.channels || track.channels || 2,
    ...(codecConfig === undefined ? {} : { codecConfig }),
  };
}

function describe(track: MuxTrack, firstFrame?: Uint8Array): Partial<TrackDescription> {
  const { kind, codec, trackId, codecConfig, description } = track;
  const times = { dtsUs: 0, ptsUs: 0, isKeyFrame: true } as const;
  const byFrame = firstFrame === undefined
    ? {}
    : describeTrack({ kind, codec, trackId, role: "media", payload: firstFrame, ...times });
  if (description !== undefined) return { ...byFrame, ...description };
  if (codecConfig === undefined) return byFrame;
  return {
    ...byFrame,
    ...describeTrack({ kind, codec, trackId, role: "config", payload: codecConfig, ...times }),
  };
}
