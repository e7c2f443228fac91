import type { CodecId } from "#media";

/** Kind of an FLV tag, and RTMP message type ID: FLV 10.1 section E.4.1, RTMP 1.0 section 7.1. */
export const FLV_TAG_TYPE = {
  Audio: 8,
  Video: 9,
  /** AMF3 script data with a leading format byte: Enhanced RTMP v2, "AMF3". */
  ScriptAmf3: 15,
  /** AMF0 script data. */
  Script: 18,
} as const;

/** Kind of an FLV tag. */
export type FlvTagType = typeof FLV_TAG_TYPE[keyof typeof FLV_TAG_TYPE];

/** Upper half of the first byte of a video tag body: FLV 10.1 section E.4.3.1. */
export const VIDEO_FRAME_TYPE = {
  Key: 1,
  Inter: 2,
  DisposableInter: 3,
  /** Made by a server for a seek; relayed, but no place to start at. */
  GeneratedKey: 4,
  /** The body is one command byte. */
  Command: 5,
} as const;

/** Lower half of the first byte of a legacy video tag body: FLV 10.1 section E.4.3.1. */
export const VIDEO_CODEC_ID = {
  SorensonH263: 2,
  ScreenVideo: 3,
  Vp6: 4,
  Vp6Alpha: 5,
  ScreenVideo2: 6,
  Avc: 7,
  /** Not in the specification: HEVC in the body layout of AVC, as older encoders send it. */
  Hevc: 12,
} as const;

/** Second byte of a legacy AVC (or HEVC) body: FLV 10.1 section E.4.3.2. */
export const AVC_PACKET_TYPE = { SequenceHeader: 0, NalUnits: 1, EndOfSequence: 2 } as const;

/** Lower half of the first byte of an enhanced video tag body: Enhanced RTMP v2, "ExVideoTagHeader". */
export const VIDEO_PACKET_TYPE = {
  SequenceStart: 0,
  CodedFrames: 1,
  SequenceEnd: 2,
  /** Coded frames whose composition time offset is 0 and absent. */
  CodedFramesX: 3,
  Metadata: 4,
  Mpeg2TsSequenceStart: 5,
  Multitrack: 6,
  ModEx: 7,
} as const;

/** Upper half of the first byte of an audio tag body: FLV 10.1 section E.4.2.1. */
export const SOUND_FORMAT = {
  PcmPlatformEndian: 0,
  Adpcm: 1,
  Mp3: 2,
  PcmLittleEndian: 3,
  Nellymoser16k: 4,
  Nellymoser8k: 5,
  Nellymoser: 6,
  G711ALaw: 7,
  G711MuLaw: 8,
  /** Enhanced RTMP v2, "ExAudioTagHeader". */
  ExHeader: 9,
  Aac: 10,
  Speex: 11,
  Mp38k: 14,
  DeviceSpecific: 15,
} as const;

/** Second byte of a legacy AAC body: FLV 10.1 section E.4.2.2. */
export const AAC_PACKET_TYPE = { SequenceHeader: 0, Raw: 1 } as const;

/** Lower half of the first byte of an enhanced audio tag body: Enhanced RTMP v2, "ExAudioTagHeader". */
export const AUDIO_PACKET_TYPE = {
  SequenceStart: 0,
  CodedFrames: 1,
  SequenceEnd: 2,
  MultichannelConfig: 4,
  Multitrack: 5,
  ModEx: 7,
} as const;

/** Upper half of the byte that opens a multitrack body: Enhanced RTMP v2, "AvMultitrackType". */
export const MULTITRACK_TYPE = { OneTrack: 0, ManyTracks: 1, ManyTracksManyCodecs: 2 } as const;

/** Codec of each legacy video codec ID. */
export const VIDEO_CODEC: Readonly<Record<number, CodecId>> = {
  [VIDEO_CODEC_ID.SorensonH263]: "h263",
  [VIDEO_CODEC_ID.ScreenVideo]: "screen",
  [VIDEO_CODEC_ID.Vp6]: "vp6f",
  [VIDEO_CODEC_ID.Vp6Alpha]: "vp6a",
  [VIDEO_CODEC_ID.ScreenVideo2]: "screen2",
  [VIDEO_CODEC_ID.Avc]: "avc1",
  [VIDEO_CODEC_ID.Hevc]: "hvc1",
};

/** Codec of each legacy sound format. */
export const AUDIO_CODEC: Readonly<Record<number, CodecId>> = {
  [SOUND_FORMAT.PcmPlatformEndian]: "pcm",
  [SOUND_FORMAT.Adpcm]: "adpcm",
  [SOUND_FORMAT.Mp3]: ".mp3",
  [SOUND_FORMAT.PcmLittleEndian]: "pcm_le",
  [SOUND_FORMAT.Nellymoser16k]: "nellymoser_16k",
  [SOUND_FORMAT.Nellymoser8k]: "nellymoser_8k",
  [SOUND_FORMAT.Nellymoser]: "nellymoser",
  [SOUND_FORMAT.G711ALaw]: "g711a",
  [SOUND_FORMAT.G711MuLaw]: "g711u",
  [SOUND_FORMAT.Aac]: "mp4a",
  [SOUND_FORMAT.Speex]: "speex",
  [SOUND_FORMAT.Mp38k]: "mp3_8k",
  [SOUND_FORMAT.DeviceSpecific]: "device",
};

/** Codecs that have a FourCC: Enhanced RTMP v2, "Enhanced Video" and "Enhanced Audio". */
export const FOUR_CC_CODECS: Readonly<Record<"audio" | "video", readonly CodecId[]>> = {
  audio: ["mp4a", ".mp3", "Opus", "fLaC", "ac-3", "ec-3"],
  video: ["avc1", "hvc1", "vvc1", "vp08", "vp09", "av01"],
};

const CODEC_BY_FOUR_CC: Readonly<Record<"audio" | "video", ReadonlyMap<number, CodecId>>> = {
  audio: new Map(FOUR_CC_CODECS.audio.map((codec) => [fourCcNumber(codec), codec])),
  video: new Map(FOUR_CC_CODECS.video.map((codec) => [fourCcNumber(codec), codec])),
};

/** Returns the codec of a kind by its FourCC as a big-endian number, or `unknown`. */
export function codecOfFourCc(fourCc: number, kind: "audio" | "video"): CodecId {
  return CODEC_BY_FOUR_CC[kind].get(fourCc) ?? "unknown";
}

/** Returns the FourCC of `codec` as a big-endian number, or `undefined` for codecs without one. */
export function fourCcOf(codec: CodecId): number | undefined {
  const { audio, video } = FOUR_CC_CODECS;
  return video.includes(codec) || audio.includes(codec) ? fourCcNumber(codec) : undefined;
}

/** Whether an access unit of this codec carries a composition time offset in an enhanced body. */
export function hasCompositionTime(codec: CodecId): boolean {
  return codec === "avc1" || codec === "hvc1" || codec === "vvc1";
}

function fourCcNumber(text: string): number {
  let value = 0;
  for (let index = 0; index < 4; index++) value = value * 256 + text.charCodeAt(index);
  return value;
}
