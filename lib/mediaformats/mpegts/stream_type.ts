import type { CodecId, TrackKind } from "#media";
import { type Descriptor, DESCRIPTOR_TAG, registrationOf } from "./psi/descriptor.ts";

/** What a stream carries: ISO/IEC 13818-1 table 2-34, ATSC A/52 and A/53, SCTE 35, what Blu-ray uses. */
export const STREAM_TYPE = {
  Mpeg1Video: 0x01,
  Mpeg2Video: 0x02,
  /** MPEG-1 audio of any layer. */
  Mpeg1Audio: 0x03,
  /** MPEG-2 audio of any layer: lower rates. */
  Mpeg2Audio: 0x04,
  PrivateSections: 0x05,
  /** PES packets of something that a descriptor names. */
  PrivatePes: 0x06,
  AacAdts: 0x0f,
  Mpeg4Video: 0x10,
  AacLatm: 0x11,
  MetadataPes: 0x15,
  Avc: 0x1b,
  Hevc: 0x24,
  Jpeg2000: 0x21,
  Vvc: 0x33,
  Cavs: 0x42,
  PcmBluray: 0x80,
  Ac3: 0x81,
  Dts: 0x82,
  TrueHd: 0x83,
  EnhancedAc3Bluray: 0x84,
  DtsHd: 0x85,
  SpliceSections: 0x86,
  EnhancedAc3: 0x87,
  DtsAtsc: 0x8a,
  PresentationGraphics: 0x90,
  Dirac: 0xd1,
  Vc1: 0xea,
} as const;

/** One of `STREAM_TYPE`. */
export type StreamType = typeof STREAM_TYPE[keyof typeof STREAM_TYPE];

/** How the payload of PES packets is cut into units. */
export type UnitForm =
  | "avc"
  | "hevc"
  | "adts"
  | "latm"
  | "mpegAudio"
  | "ac3"
  | "opus"
  /** One unit a PES packet. */
  | "whole"
  /** Sections, not PES packets: nothing is given out. */
  | "sections";

/** What the program map says of a stream's coding. */
export interface StreamCoding {
  readonly kind: TrackKind;
  readonly codec: CodecId;
  /** As ffprobe names it. */
  readonly codecName: string;
  readonly form: UnitForm;
}

const AC3: StreamCoding = { kind: "audio", codec: "ac-3", codecName: "ac3", form: "ac3" };
const EAC3: StreamCoding = { kind: "audio", codec: "ec-3", codecName: "eac3", form: "ac3" };
const MP3: StreamCoding = { kind: "audio", codec: ".mp3", codecName: "mp3", form: "mpegAudio" };
const HEVC: StreamCoding = { kind: "video", codec: "hvc1", codecName: "hevc", form: "hevc" };
const SECTIONS: StreamCoding = { kind: "data", codec: "unknown", codecName: "unknown", form: "sections" };

const BY_STREAM_TYPE: Readonly<Record<number, StreamCoding>> = {
  [STREAM_TYPE.Mpeg1Video]: named("video", "mpeg1video"),
  [STREAM_TYPE.Mpeg2Video]: named("video", "mpeg2video"),
  [STREAM_TYPE.Mpeg1Audio]: MP3,
  [STREAM_TYPE.Mpeg2Audio]: MP3,
  [STREAM_TYPE.PrivateSections]: SECTIONS,
  [STREAM_TYPE.AacAdts]: { kind: "audio", codec: "mp4a", codecName: "aac", form: "adts" },
  [STREAM_TYPE.Mpeg4Video]: named("video", "mpeg4"),
  [STREAM_TYPE.AacLatm]: { kind: "audio", codec: "mp4a", codecName: "aac_latm", form: "latm" },
  [STREAM_TYPE.MetadataPes]: named("data", "timed_id3"),
  [STREAM_TYPE.Avc]: { kind: "video", codec: "avc1", codecName: "h264", form: "avc" },
  [STREAM_TYPE.Hevc]: HEVC,
  [STREAM_TYPE.Jpeg2000]: named("video", "jpeg2000"),
  [STREAM_TYPE.Vvc]: { ...named("video", "vvc"), codec: "vvc1" },
  [STREAM_TYPE.Cavs]: named("video", "cavs"),
  [STREAM_TYPE.PcmBluray]: named("audio", "pcm_bluray"),
  [STREAM_TYPE.Ac3]: AC3,
  [STREAM_TYPE.Dts]: named("audio", "dts"),
  [STREAM_TYPE.TrueHd]: named("audio", "truehd"),
  [STREAM_TYPE.EnhancedAc3Bluray]: EAC3,
  [STREAM_TYPE.DtsHd]: named("audio", "dts"),
  [STREAM_TYPE.SpliceSections]: { ...SECTIONS, codecName: "scte_35" },
  [STREAM_TYPE.EnhancedAc3]: EAC3,
  [STREAM_TYPE.DtsAtsc]: named("audio", "dts"),
  [STREAM_TYPE.PresentationGraphics]: named("data", "hdmv_pgs_subtitle"),
  [STREAM_TYPE.Dirac]: named("video", "dirac"),
  [STREAM_TYPE.Vc1]: named("video", "vc1"),
};

/** By format_identifier of a registration descriptor: smpte-ra.org. */
const BY_REGISTRATION: Readonly<Record<string, StreamCoding>> = {
  "AC-3": AC3,
  EAC3,
  HEVC,
  Opus: { kind: "audio", codec: "Opus", codecName: "opus", form: "opus" },
  AV01: { ...named("video", "av1"), codec: "av01" },
  BSSD: named("audio", "s302m"),
  DTS1: named("audio", "dts"),
  DTS2: named("audio", "dts"),
  DTS3: named("audio", "dts"),
  KLVA: { kind: "data", codec: "klv", codecName: "klv", form: "whole" },
  "ID3 ": named("data", "timed_id3"),
  "VC-1": named("video", "vc1"),
  drac: named("video", "dirac"),
};

/** By the presence of a descriptor: EN 300 468. */
const BY_DESCRIPTOR: readonly (readonly [number, StreamCoding])[] = [
  [DESCRIPTOR_TAG.Ac3, AC3],
  [DESCRIPTOR_TAG.EnhancedAc3, EAC3],
  [DESCRIPTOR_TAG.Dts, named("audio", "dts")],
  [DESCRIPTOR_TAG.Aac, { kind: "audio", codec: "mp4a", codecName: "aac", form: "adts" }],
  [DESCRIPTOR_TAG.Teletext, named("data", "dvb_teletext")],
  [DESCRIPTOR_TAG.Subtitling, named("data", "dvb_subtitle")],
];

/** What a stream is, by its type, and by its descriptors where the type is private. */
export function codingOf(streamType: number, descriptors: readonly Descriptor[]): StreamCoding {
  const byType = BY_STREAM_TYPE[streamType];
  if (byType !== undefined) return byType;
  const byRegistration = BY_REGISTRATION[registrationOf(descriptors) ?? ""];
  if (byRegistration !== undefined) return byRegistration;
  const byDescriptor = BY_DESCRIPTOR.find(([tag]) =>
    descriptors.some((descriptor) => descriptor.tag === tag)
  );
  return byDescriptor?.[1] ?? named("data", streamType === STREAM_TYPE.PrivatePes ? "bin_data" : "unknown");
}

/** A stream that can be named and relayed, not read. */
function named(kind: TrackKind, codecName: string): StreamCoding {
  return { kind, codec: "unknown", codecName, form: "whole" };
}
