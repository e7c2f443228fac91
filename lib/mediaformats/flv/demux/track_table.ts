import { describeTrack } from "#codecs";
import type { CodecId, MediaTrack, Packet } from "#media";
import { SOUND_FORMAT } from "../codes.ts";
import type { FlvMetadata } from "./metadata.ts";

/** Most tracks of one file; further ones are left out. */
export const MAX_FLV_TRACKS = 64;

/** Times of FLV are in ms: FLV 10.1 section E.4.1. */
export const FLV_TIMESCALE = 1000;

/** A track; its row is replaced when more is known. */
interface TrackState {
  track: MediaTrack;
}

/** Codecs by the names ffprobe has for them; for PCM see `pcmName`. */
const CODEC_NAME: Partial<Record<CodecId, string>> = {
  avc1: "h264",
  hvc1: "hevc",
  vvc1: "vvc",
  vp08: "vp8",
  vp09: "vp9",
  av01: "av1",
  mp4a: "aac",
  ".mp3": "mp3",
  mp3_8k: "mp3",
  Opus: "opus",
  fLaC: "flac",
  "ac-3": "ac3",
  "ec-3": "eac3",
  h263: "flv1",
  screen: "flashsv",
  screen2: "flashsv2",
  vp6f: "vp6f",
  vp6a: "vp6a",
  adpcm: "adpcm_swf",
  nellymoser: "nellymoser",
  nellymoser_8k: "nellymoser",
  nellymoser_16k: "nellymoser",
  g711a: "pcm_alaw",
  g711u: "pcm_mulaw",
  speex: "speex",
};

const NEEDS_CONFIG: readonly CodecId[] = ["avc1", "hvc1", "vvc1", "av01", "vp09", "mp4a", "fLaC"];
/** Rates of the SoundRate field, in Hz: FLV 10.1 section E.4.2.1. */
const SOUND_RATES_HZ = [5512, 11_025, 22_050, 44_100] as const;
/** Rates that the codec fixes, whatever the field says. */
const FIXED_RATE_HZ: Partial<Record<CodecId, number>> = {
  nellymoser_8k: 8000,
  nellymoser_16k: 16_000,
  g711a: 8000,
  g711u: 8000,
  speex: 16_000,
  mp3_8k: 8000,
};

/** The tracks of one file, as they turn up: one for each kind, track id and codec. */
export class TrackTable {
  readonly #states: TrackState[] = [];
  /** The newest track of each kind, which the next packet most likely belongs to. */
  readonly #newest: { audio?: TrackState; video?: TrackState } = {};

  #leading: TrackState | undefined;

  /** The tracks by index. */
  get tracks(): readonly MediaTrack[] {
    return this.#states.map(({ track }) => track);
  }

  /** The track seeks go by: the first of video, else the first of audio. */
  get leading(): MediaTrack | undefined {
    return this.#leading?.track;
  }

  /** Whether all is known of the tracks of `kind` that a first look at a file can tell. */
  isDescribed(kind: "audio" | "video"): boolean {
    const ofKind = this.#states.filter(({ track }) => track.kind === kind);
    return ofKind.length > 0 &&
      ofKind.every(({ track }) => track.codecConfig !== undefined || !NEEDS_CONFIG.includes(track.codec));
  }

  /**
   * The index of the track `packet` belongs to, which is added if it is new.
   *
   * @returns -1 for script data, for control data of a track that is not known, and beyond `MAX_FLV_TRACKS`.
   */
  indexOf(packet: Packet): number {
    const { kind } = packet;
    if (kind === "data") return -1;
    const newest = this.#newest[kind];
    if (newest !== undefined && isOf(newest, packet)) return newest.track.index;
    const state = this.#states.findLast((known) => isOf(known, packet)) ?? this.#add(packet);
    if (state === undefined) return -1;
    if (packet.role !== "control") this.#newest[kind] = state;
    return state.track.index;
  }

  /** Notes the first configuration of a track; the ones after it change nothing in the summary. */
  takeConfig(packet: Packet, trackIndex: number): void {
    const state = this.#states[trackIndex];
    if (state === undefined || state.track.codecConfig !== undefined) return;
    state.track = { ...state.track, ...described(packet), codecConfig: packet.payload.slice() };
  }

  /** Takes size and rate from the metadata where the tracks do not say. */
  useMetadata(metadata: FlvMetadata): void {
    for (const state of this.#states) {
      const { kind, width, sampleRate } = state.track;
      if (kind === "video" && width === undefined && metadata.picture !== undefined) {
        state.track = { ...state.track, ...metadata.picture };
      }
      if (kind === "audio" && sampleRate === undefined && metadata.sampleRate !== undefined) {
        state.track = { ...state.track, sampleRate: metadata.sampleRate };
      }
    }
  }

  #add(packet: Packet): TrackState | undefined {
    const { kind, trackId, codec, role } = packet;
    if (role !== "media" && role !== "config" || this.#states.length === MAX_FLV_TRACKS) return undefined;
    const track: MediaTrack = {
      index: this.#states.length,
      kind,
      trackId,
      containerTrackId: trackId,
      codec,
      codecName: CODEC_NAME[codec] ?? pcmName(packet) ?? "unknown",
      timescale: FLV_TIMESCALE,
      ...legacySound(packet),
      ...described(packet),
      tags: {},
    };
    const state: TrackState = { track };
    this.#states.push(state);
    if (this.#leading === undefined || kind === "video" && this.#leading.track.kind === "audio") {
      this.#leading = state;
    }
    return state;
  }
}

/** Control data may name no codec; it belongs to the track of its id then. */
function isOf({ track }: TrackState, packet: Packet): boolean {
  return track.kind === packet.kind && track.trackId === packet.trackId &&
    (track.codec === packet.codec || packet.role === "control" && packet.codec === "unknown");
}

function described(packet: Packet): Partial<MediaTrack> {
  const description = describeTrack(packet);
  const { width, height, sampleRate, channels } = description;
  const isKnown = description.codecString !== packet.codec;
  return {
    ...(isKnown ? { description: description } : {}),
    ...(width === undefined || height === undefined ? {} : { width, height }),
    ...(sampleRate === undefined ? {} : { sampleRate }),
    ...(channels === undefined ? {} : { channels }),
  };
}

/** What the first byte of a legacy audio body tells; for AAC its fields are fixed and say nothing. */
function legacySound(packet: Packet): Partial<MediaTrack> {
  const first = legacyByte(packet);
  if (first === undefined || packet.codec === "mp4a") return {};
  const isMono = packet.codec === "nellymoser_8k" || packet.codec === "nellymoser_16k" ||
    packet.codec === "speex" || (first & 1) === 0;
  const sampleRate = FIXED_RATE_HZ[packet.codec] ?? SOUND_RATES_HZ[first >> 2 & 3];
  return { ...(sampleRate === undefined ? {} : { sampleRate }), channels: isMono ? 1 : 2 };
}

/** PCM has one sound format for 8 and 16 bits: FLV 10.1 section E.4.2.1, SoundSize. */
function pcmName(packet: Packet): string | undefined {
  const first = legacyByte(packet);
  if (first === undefined || packet.codec !== "pcm" && packet.codec !== "pcm_le") return undefined;
  return (first & 2) === 0 ? "pcm_u8" : "pcm_s16le";
}

function legacyByte({ kind, flvTagBody }: Packet): number | undefined {
  const first = kind === "audio" ? flvTagBody?.[0] : undefined;
  return first === undefined || first >> 4 === SOUND_FORMAT.ExHeader ? undefined : first;
}
