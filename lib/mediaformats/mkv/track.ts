import { describeTrack } from "#codecs";
import { FormatError, LimitError } from "#errors";
import type { MediaTrack, TrackDescription, TrackKind } from "#media";
import { FrameForm, undoEncodings } from "./cluster/frame_form.ts";
import { codecConfigOf, configFromKeyFrame } from "./head/codec_config.ts";
import type { SegmentTags } from "./head/tags.ts";
import { TagMap } from "./head/tag_map.ts";
import { type TrackCodec, trackCodecOf } from "./head/track_codec.ts";
import { TRACK_TYPE, type TrackEntry } from "./head/track_entry.ts";
import type { TickScale } from "./tick_scale.ts";

/** A track of the file, and how its frames are stored. */
export class MkvTrack {
  readonly entry: TrackEntry;
  /** Position among all tracks of the file. */
  readonly index: number;
  readonly kind: TrackKind;
  /** Position among the tracks of its kind. */
  readonly trackId: number;
  readonly codec: TrackCodec;
  readonly form: FrameForm;

  /** @param place Where among the tracks of the file it stands. */
  constructor(entry: TrackEntry, place: { index: number; kind: TrackKind; trackId: number }) {
    this.entry = entry;
    this.index = place.index;
    this.kind = place.kind;
    this.trackId = place.trackId;
    this.codec = trackCodecOf(entry, privateBytesOf(entry));
    const encodings = entry.encodings.filter(({ isOfFrames }) => isOfFrames);
    this.form = new FrameForm(this.codec.codec, {
      encodings,
      codecConfig: codecConfigOf(entry, this.codec),
    });
  }

  /**
   * The track as others see it.
   *
   * @param options `firstFrame`: its first payload, where the configuration does not describe the track.
   */
  describe(options: { scale: TickScale; tags: SegmentTags; firstFrame: Uint8Array | undefined }): MediaTrack {
    const { entry, index, kind, trackId, codec: { codec, codecName } } = this;
    const { firstFrame } = options;
    const codecConfig = this.form.codecConfig ??
      (firstFrame === undefined ? undefined : configFromKeyFrame(codec, firstFrame));
    const description = this.#description(firstFrame);
    const { width = entry.pixelWidth, height = entry.pixelHeight } = description ?? {};
    const { sampleRate = Math.round(entry.sampleRate), channels = entry.channels } = description ?? {};
    const language = entry.language === "und" ? undefined : entry.language;
    return {
      index,
      kind,
      trackId,
      containerTrackId: entry.trackNumber,
      codec,
      codecName,
      timescale: options.scale.timescale,
      ...(options.scale.step === 1 ? {} : { tickStep: options.scale.step }),
      ...(codecConfig === undefined ? {} : { codecConfig }),
      ...(description === undefined ? {} : { description }),
      ...(kind === "video" ? { width, height } : {}),
      ...(kind === "audio" ? { sampleRate, channels } : {}),
      ...(kind === "video" && entry.rotationDegrees !== 0 ? { rotationDegrees: entry.rotationDegrees } : {}),
      ...(language === undefined ? {} : { language }),
      isDefault: entry.isDefault,
      tags: this.#tags(options.tags).toRecord(),
    };
  }

  #description(firstFrame: Uint8Array | undefined): TrackDescription | undefined {
    const { kind, trackId, codec: { codec } } = this;
    const packet = { kind, trackId, codec, dtsUs: 0, ptsUs: 0, isKeyFrame: true } as const;
    const { codecConfig } = this.form;
    if (codecConfig !== undefined) return describeTrack({ ...packet, role: "config", payload: codecConfig });
    return firstFrame === undefined
      ? undefined
      : describeTrack({ ...packet, role: "media", payload: firstFrame });
  }

  /** What ffprobe shows for the track: its language unless that is undetermined, its name, its tags. */
  #tags(tags: SegmentTags): TagMap {
    const { entry } = this;
    const shown = new TagMap();
    const language = entry.language ?? "eng";
    if (language !== "und") shown.set("language", language);
    if (entry.name !== "") shown.set("title", entry.name);
    if (this.kind === "video" && entry.hasAlpha) shown.set("alpha_mode", "1");
    const own = tags.tracks.get(entry.trackUid);
    if (own !== undefined) shown.setAll(own);
    return shown;
  }
}

/** Makes the tracks of a file, in its order. */
export function makeTracks(entries: readonly TrackEntry[]): MkvTrack[] {
  const counts: Record<TrackKind, number> = { video: 0, audio: 0, data: 0 };
  return entries.map((entry, index) => {
    const kind = entry.trackType === TRACK_TYPE.Video
      ? "video"
      : entry.trackType === TRACK_TYPE.Audio
      ? "audio"
      : "data";
    return new MkvTrack(entry, { index, kind, trackId: counts[kind]++ });
  });
}

/** CodecPrivate with its encodings undone; as it stands where they are broken. */
function privateBytesOf({ codecPrivate, encodings }: TrackEntry): Uint8Array {
  const own = encodings.filter(({ isOfCodecPrivate }) => isOfCodecPrivate);
  if (own.length === 0) return codecPrivate;
  try {
    return undoEncodings(codecPrivate, own);
  } catch (error) {
    if (error instanceof FormatError || error instanceof LimitError) return codecPrivate;
    throw error;
  }
}
