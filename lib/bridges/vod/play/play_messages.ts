import { AmfEcmaArray, type AmfValue, encodeAmf0Values } from "#amf";
import type { CodecId, MediaSummary } from "#media";
import { fourCcOf } from "#mediaformats/flv";
import { STATUS_CODE, USER_CONTROL_EVENT } from "#protocols/rtmp";
import type { NetStream, StatusCode } from "#protocols/rtmp";
import type { TrackChoice } from "./track_choice.ts";

/** VIDEOCODECID and SOUNDFORMAT of codecs with a legacy form: FLV 10.1, sections E.4.2 and E.4.3. */
const LEGACY_IDS: Readonly<Partial<Record<CodecId, number>>> = {
  avc1: 7,
  h263: 2,
  screen: 3,
  vp6f: 4,
  vp6a: 5,
  screen2: 6,
  mp4a: 10,
  ".mp3": 2,
  mp3_8k: 14,
  g711a: 7,
  g711u: 8,
  speex: 11,
};

/** Why playing goes on somewhere. */
export type PlayOccasion = "play" | "next" | "seek" | "resume";

/** What a player is told before the first packet. */
export interface PlayIntroduction {
  readonly streamName: string;
  readonly occasion: PlayOccasion;
  /** The player asked to flush an earlier playlist. */
  readonly isReset: boolean;
  readonly summary: MediaSummary;
  readonly tracks: TrackChoice;
  /** Time of the first packet, in ms. */
  readonly startMs: number;
}

/** Says what is played from where on: user control events, statuses, metadata. */
export function introduce(netStream: NetStream, introduction: PlayIntroduction): void {
  const { streamName, occasion, summary, tracks, startMs } = introduction;
  const status = (code: StatusCode, description: string) =>
    netStream.sendStatus({ code, description, properties: { details: streamName } });
  if (occasion === "seek") netStream.sendUserControl(USER_CONTROL_EVENT.StreamEof);
  netStream.sendUserControl(USER_CONTROL_EVENT.StreamIsRecorded);
  netStream.sendUserControl(USER_CONTROL_EVENT.StreamBegin);
  if (occasion === "play" && introduction.isReset) {
    status(STATUS_CODE.PlayReset, `Playing and resetting ${streamName}.`);
  }
  if (occasion === "seek") status(STATUS_CODE.SeekNotify, `Seeking ${startMs} of ${streamName}.`);
  if (occasion !== "resume") status(STATUS_CODE.PlayStart, `Started playing ${streamName}.`);
  netStream.sendData(0, encodeAmf0Values(["|RtmpSampleAccess", false, false]));
  netStream.sendData(0, encodeAmf0Values(["onStatus", { code: STATUS_CODE.DataStart }]));
  netStream.sendData(0, encodeAmf0Values(["onMetaData", metadataOf(summary, tracks)]));
}

/** Says of each kind that cannot be sent why; the other kind goes on. */
export function tellNotCarried(
  netStream: NetStream,
  { streamName, tracks }: Pick<PlayIntroduction, "streamName" | "tracks">,
): void {
  for (const { kind, codecName, codec } of tracks.notCarried) {
    const need = fourCcOf(codec) === undefined
      ? "which RTMP cannot carry"
      : "which needs a player that announces Enhanced RTMP";
    netStream.sendStatus({
      level: "warning",
      code: STATUS_CODE.PlayNoSupportedTrackFound,
      description: `The ${kind} of ${streamName} is ${codecName}, ${need}.`,
    });
  }
}

/** How much was played of one file. */
export interface PlayedPart {
  readonly streamName: string;
  /** Time at its end, in ms. */
  readonly endMs: number;
  /** In seconds. */
  readonly durationS: number;
  /** Of media. */
  readonly bytes: number;
}

/** Says that one file of a playlist is over and the next begins. */
export function tellSwitch(netStream: NetStream, { endMs, durationS, bytes }: PlayedPart): void {
  const status = { level: "status", code: STATUS_CODE.PlaySwitch, duration: durationS, bytes };
  netStream.sendData(endMs, encodeAmf0Values(["onPlayStatus", status]));
}

/**
 * Says that everything was played: complete, stopped, end of stream. The first is dated at the end: rtmpdump goes by
 * the newest time it has seen.
 */
export function tellComplete(netStream: NetStream, part: PlayedPart): void {
  const { streamName, endMs, durationS, bytes } = part;
  const complete = { level: "status", code: STATUS_CODE.PlayComplete, duration: durationS, bytes };
  netStream.sendData(endMs, encodeAmf0Values(["onPlayStatus", complete]));
  netStream.sendStatus({
    code: STATUS_CODE.PlayStop,
    description: `Stopped playing ${streamName}.`,
    properties: { details: streamName },
  });
  netStream.sendUserControl(USER_CONTROL_EVENT.StreamEof);
}

/** `onMetaData` of a file: FLV 10.1, section E.5; codecs without a legacy id by their FourCC. */
export function metadataOf(summary: MediaSummary, tracks: TrackChoice): AmfEcmaArray {
  const { video, audio } = tracks;
  const entries: Record<string, AmfValue> = {};
  const set = (name: string, value: AmfValue) => {
    if (value !== undefined) entries[name] = value;
  };
  for (const [name, value] of Object.entries(summary.tags)) set(name, value);
  if (summary.durationUs !== undefined) set("duration", summary.durationUs / 1e6);
  if (video !== undefined) {
    set("width", video.width ?? video.description?.width);
    set("height", video.height ?? video.description?.height);
    set("framerate", video.description?.frameRate);
    set("videocodecid", codecNumber(video.codec));
    set("rotation", video.rotationDegrees);
  }
  if (audio !== undefined) {
    const channels = audio.channels ?? audio.description?.channels;
    set("audiosamplerate", audio.sampleRate ?? audio.description?.sampleRate);
    set("audiosamplesize", 16);
    set("audiochannels", channels);
    set("stereo", channels === undefined ? undefined : channels >= 2);
    set("audiocodecid", codecNumber(audio.codec));
  }
  set("Server", "crtmp");
  return new AmfEcmaArray(entries);
}

function codecNumber(codec: CodecId): number | undefined {
  return LEGACY_IDS[codec] ?? fourCcOf(codec);
}
