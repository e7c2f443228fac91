import { describeAc3 } from "#codecs/ac3";
import { describeMp3 } from "#codecs/mp3";
import type { MediaPacket, MediaTrack } from "#media";
import { TS_TIMESCALE } from "../limits.ts";
import type { TsAccessUnit, TsStream } from "../units/access_unit.ts";
import { AdtsConverter, LatmConverter, OpusConverter, PlainConverter } from "./audio_converter.ts";
import type { Converter } from "./converter.ts";
import { describeMpegVideo } from "./mpeg_video.ts";
import { VideoConverter } from "./video_converter.ts";

/** Names of MPEG audio by layer, as ffprobe has them. */
const MPEG_LAYER_NAMES: Readonly<Record<string, string>> = { "1": "mp1", "2": "mp2", "3": "mp3" };

/** Turns the units of one stream into packets of one track. */
export class MediaStream {
  #stream: TsStream;
  #converter: Converter;
  readonly #trackId: number;
  /** Whether the next packet needs its configuration before it, the known one or a new one. */
  #isConfigDue = true;

  /** @param trackId Position among the streams of its kind. */
  constructor(stream: TsStream, trackId: number) {
    this.#stream = stream;
    this.#trackId = trackId;
    this.#converter = newConverter(stream);
  }

  /** The stream, the newest that has this index. */
  get stream(): TsStream {
    return this.#stream;
  }

  /** Whether all that will be known of the track is known. */
  get isKnown(): boolean {
    const { form } = this.#stream;
    return form === "whole" || form === "sections" || this.#converter.description !== undefined;
  }

  /** The track as far as it is known now. */
  get track(): MediaTrack {
    const { index, pid, kind, codec, language } = this.#stream;
    const { config, description } = this.#converter;
    return {
      index,
      kind,
      trackId: this.#trackId,
      containerTrackId: pid,
      codec: description?.codec ?? codec,
      codecName: this.#codecName(),
      timescale: TS_TIMESCALE,
      ...(config === undefined ? {} : { codecConfig: config }),
      ...(description === undefined ? {} : { description, ...measuresOf(description) }),
      ...(language === undefined ? {} : { language }),
      tags: language === undefined ? {} : { language },
    };
  }

  /** Goes on with another PID that took the place of the one before. */
  follow(stream: TsStream): void {
    const isOther = stream.pid !== this.#stream.pid;
    this.#stream = stream;
    if (!isOther) return;
    this.#converter = newConverter(stream);
    this.#isConfigDue = true;
  }

  /** Reading goes on at another place: the configuration comes again. */
  repeatConfig(): void {
    this.#isConfigDue = true;
  }

  /** Appends the packets of `unit` to `packets`: a configuration, if one is due, then media. */
  convert(unit: TsAccessUnit, packets: MediaPacket[]): void {
    const { config, payloads } = this.#converter.convert(unit);
    const due = config ?? (this.#isConfigDue ? this.#converter.config : undefined);
    if (due !== undefined) packets.push(this.#packet(unit, { payload: due, role: "config", shift: 0 }));
    this.#isConfigDue &&= due === undefined;
    const duration = unit.durationTicks / Math.max(1, payloads.length);
    for (const [index, payload] of payloads.entries()) {
      packets.push(
        this.#packet(unit, { payload, role: "media", shift: Math.round(index * duration), duration }),
      );
    }
  }

  #packet(
    unit: TsAccessUnit,
    part: { payload: Uint8Array; role: "config" | "media"; shift: number; duration?: number },
  ): MediaPacket {
    const dtsTicks = unit.dtsTicks + part.shift;
    const ptsTicks = unit.ptsTicks + part.shift;
    return {
      kind: this.#stream.kind,
      trackId: this.#trackId,
      codec: this.#stream.codec,
      role: part.role,
      dtsUs: Math.round(dtsTicks * 100 / 9),
      ptsUs: Math.round(ptsTicks * 100 / 9),
      isKeyFrame: unit.isKeyFrame,
      payload: part.payload,
      trackIndex: this.#stream.index,
      dtsTicks,
      ptsTicks,
      durationTicks: Math.round(part.duration ?? 0),
      isDiscarded: false,
    };
  }

  #codecName(): string {
    const { form, codecName } = this.#stream;
    const { description } = this.#converter;
    if (form === "mpegAudio") return MPEG_LAYER_NAMES[description?.profile?.at(-1) ?? ""] ?? codecName;
    return description?.codec === "ec-3" ? "eac3" : description?.codec === "ac-3" ? "ac3" : codecName;
  }
}

function newConverter(stream: TsStream): Converter {
  switch (stream.form) {
    case "avc":
    case "hevc":
      return new VideoConverter(stream.form);
    case "adts":
      return new AdtsConverter();
    case "latm":
      return new LatmConverter();
    case "opus":
      return new OpusConverter(stream.opusChannels);
    case "mpegAudio":
      return new PlainConverter(describeMp3);
    case "ac3":
      return new PlainConverter(describeAc3);
    default:
      return isMpegVideo(stream) ? new PlainConverter(describeMpegVideo) : new PlainConverter();
  }
}

function isMpegVideo({ codecName }: TsStream): boolean {
  return codecName === "mpeg1video" || codecName === "mpeg2video";
}

function measuresOf(description: NonNullable<MediaTrack["description"]>): Partial<MediaTrack> {
  const { width, height, sampleRate, channels } = description;
  return {
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
    ...(sampleRate === undefined ? {} : { sampleRate }),
    ...(channels === undefined ? {} : { channels }),
  };
}
