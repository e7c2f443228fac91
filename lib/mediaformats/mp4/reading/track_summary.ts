import { describeTrack } from "#codecs";
import type { CodecId, MediaTrack, TrackDescription, TrackKind } from "#media";
import type { TrackBox } from "../movie/track_box.ts";

/** Chapters are shown as ffprobe shows them: a track of data that gives no packets. */
const CHAPTER_CODEC_NAME = "bin_data";

/** Gives the tracks of a movie their numbers, and says of each what is known. */
export class TrackNumbers {
  #next = 0;
  readonly #ofKind: Record<TrackKind, number> = { video: 0, audio: 0, data: 0 };

  /**
   * Describes the next track.
   *
   * @param options `durationTicks` with its edits, where known; `isChapters`: it is named by another one as such.
   */
  describe(
    box: TrackBox,
    options: { readonly durationTicks?: number | undefined; readonly isChapters?: boolean } = {},
  ): MediaTrack {
    const { entry, timescale, containerTrackId } = box;
    const kind = options.isChapters ? "data" : box.kind;
    const description = descriptionOf(box);
    const width = description?.width ?? entry.width;
    const height = description?.height ?? entry.height;
    const sampleRate = description?.sampleRate ?? entry.sampleRate;
    const channels = description?.channels ?? entry.channels;
    return {
      index: this.#next++,
      kind,
      trackId: this.#ofKind[kind]++,
      containerTrackId,
      codec: entry.codec,
      codecName: options.isChapters ? CHAPTER_CODEC_NAME : entry.codecName,
      timescale,
      ...(entry.codecConfig === undefined ? {} : { codecConfig: entry.codecConfig }),
      ...(description === undefined ? {} : { description }),
      ...(width === undefined || kind !== "video" ? {} : { width }),
      ...(height === undefined || kind !== "video" ? {} : { height }),
      ...(sampleRate === undefined || kind !== "audio" ? {} : { sampleRate }),
      ...(channels === undefined || kind !== "audio" ? {} : { channels }),
      ...(options.durationTicks === undefined ? {} : { durationTicks: options.durationTicks }),
      ...(box.rotationDegrees === undefined ? {} : { rotationDegrees: box.rotationDegrees }),
      ...(box.language === undefined ? {} : { language: box.language }),
      isDefault: box.isEnabled,
      tags: box.tags,
    };
  }
}

function descriptionOf({ kind, entry }: TrackBox): TrackDescription | undefined {
  const { codec, codecConfig } = entry;
  if (codecConfig === undefined || kind === "data") return undefined;
  return describe(kind, codec, { role: "config", payload: codecConfig });
}

/**
 * Says more of a track whose codec has no configuration, from one of its packets.
 *
 * @param payload Or as much of it as there is; borrowed.
 */
export function describedByFrame(track: MediaTrack, payload: Uint8Array): MediaTrack {
  const description = describe(track.kind, track.codec, { role: "media", payload });
  const { width, height, sampleRate, channels } = description;
  if (width === undefined && sampleRate === undefined) return track;
  return {
    ...track,
    description,
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
    ...(sampleRate === undefined ? {} : { sampleRate }),
    ...(channels === undefined ? {} : { channels }),
  };
}

function describe(
  kind: TrackKind,
  codec: CodecId,
  { role, payload }: { role: "config" | "media"; payload: Uint8Array },
): TrackDescription {
  return describeTrack({ kind, trackId: 0, codec, role, dtsUs: 0, ptsUs: 0, isKeyFrame: true, payload });
}
