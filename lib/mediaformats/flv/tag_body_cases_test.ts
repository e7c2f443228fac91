import type { Packet, TrackKind } from "#media";

/** A packet at 1 s, without the fields that follow from the rest of the case. */
type Expected =
  & Pick<Packet, "codec" | "role">
  & Partial<Pick<Packet, "trackId" | "isKeyFrame">>
  & { readonly offsetUs?: number; readonly payload: string };

/** A tag body and the packet it gives. */
export interface TagCase {
  readonly name: string;
  readonly kind: TrackKind;
  readonly hex: string;
  /** `undefined` where the body says nothing. */
  readonly packet: Expected | undefined;
  /** Whether the packet without its tag body is written as exactly this body again. */
  readonly isCanonical?: boolean;
}

const AVC_CONFIG = "0164001fffe1000467640001010003680001";

/** Bodies of every layout; they serve reading, writing, truncation and mutation. */
export const CASES: readonly TagCase[] = [
  {
    name: "AVC configuration",
    kind: "video",
    hex: `17 00 000000 ${AVC_CONFIG}`,
    packet: { codec: "avc1", role: "config", payload: AVC_CONFIG },
    isCanonical: true,
  },
  {
    name: "AVC configuration without bytes",
    kind: "video",
    hex: "17 00 000000",
    packet: undefined,
  },
  {
    name: "AVC key frame",
    kind: "video",
    hex: "17 01 000050 0000000165",
    packet: { codec: "avc1", role: "media", isKeyFrame: true, offsetUs: 80_000, payload: "0000000165" },
    isCanonical: true,
  },
  {
    name: "AVC inter frame with a negative composition time",
    kind: "video",
    hex: "27 01 ffffd8 0000000141",
    packet: { codec: "avc1", role: "media", offsetUs: -40_000, payload: "0000000141" },
    isCanonical: true,
  },
  {
    name: "AVC disposable frame",
    kind: "video",
    hex: "37 01 000000 0000000101",
    packet: { codec: "avc1", role: "media", payload: "0000000101" },
  },
  {
    name: "AVC generated key frame",
    kind: "video",
    hex: "47 01 000000 0000000165",
    packet: { codec: "avc1", role: "media", payload: "0000000165" },
  },
  {
    name: "AVC end of sequence",
    kind: "video",
    hex: "17 02 000000",
    packet: { codec: "avc1", role: "control", payload: "" },
    isCanonical: true,
  },
  {
    name: "AVC end of sequence without a composition time",
    kind: "video",
    hex: "17 02",
    packet: { codec: "avc1", role: "control", payload: "" },
  },
  {
    name: "AVC packet type out of range",
    kind: "video",
    hex: "17 09 000000 01",
    packet: { codec: "avc1", role: "control", payload: "01" },
  },
  {
    name: "HEVC by codec ID 12",
    kind: "video",
    hex: "1c 01 000028 0000000126",
    packet: { codec: "hvc1", role: "media", isKeyFrame: true, offsetUs: 40_000, payload: "0000000126" },
  },
  {
    name: "Sorenson H.263 key frame",
    kind: "video",
    hex: "12 000084",
    packet: { codec: "h263", role: "media", isKeyFrame: true, payload: "000084" },
  },
  {
    name: "VP6 inter frame",
    kind: "video",
    hex: "24 00 aabb",
    packet: { codec: "vp6f", role: "media", payload: "00aabb" },
  },
  {
    name: "legacy codec ID out of range",
    kind: "video",
    hex: "1f 01",
    packet: { codec: "unknown", role: "media", isKeyFrame: true, payload: "01" },
  },
  {
    name: "seek command of AVC",
    kind: "video",
    hex: "57 00",
    packet: { codec: "avc1", role: "control", payload: "00" },
  },
  { name: "video body without bytes", kind: "video", hex: "", packet: undefined },
  {
    name: "enhanced HEVC configuration",
    kind: "video",
    hex: "90 68766331 0101",
    packet: { codec: "hvc1", role: "config", payload: "0101" },
    isCanonical: true,
  },
  {
    name: "enhanced HEVC key frame with composition time",
    kind: "video",
    hex: "91 68766331 ffffff 0000000126",
    packet: { codec: "hvc1", role: "media", isKeyFrame: true, offsetUs: -1000, payload: "0000000126" },
    isCanonical: true,
  },
  {
    name: "enhanced HEVC frame without composition time",
    kind: "video",
    hex: "a3 68766331 0000000102",
    packet: { codec: "hvc1", role: "media", payload: "0000000102" },
    isCanonical: true,
  },
  {
    name: "enhanced AVC",
    kind: "video",
    hex: "91 61766331 000001 0000000165",
    packet: { codec: "avc1", role: "media", isKeyFrame: true, offsetUs: 1000, payload: "0000000165" },
  },
  {
    name: "enhanced AV1 frame, which has no composition time",
    kind: "video",
    hex: "91 61763031 12000a",
    packet: { codec: "av01", role: "media", isKeyFrame: true, payload: "12000a" },
    isCanonical: true,
  },
  {
    name: "enhanced VP9 end of sequence",
    kind: "video",
    hex: "92 76703039",
    packet: { codec: "vp09", role: "control", payload: "" },
    isCanonical: true,
  },
  {
    name: "enhanced AV1 configuration without bytes, as ffmpeg sends it first",
    kind: "video",
    hex: "90 61763031",
    packet: undefined,
  },
  {
    name: "AV1 video descriptor of MPEG-2 TS",
    kind: "video",
    hex: "95 61763031 8104",
    packet: { codec: "av01", role: "config", payload: "8104" },
  },
  {
    name: "HDR metadata, whose frame type means nothing",
    kind: "video",
    hex: "d4 68766331 0200",
    packet: { codec: "hvc1", role: "description", payload: "0200" },
  },
  {
    name: "enhanced seek command, which has no FourCC",
    kind: "video",
    hex: "d1 01",
    packet: { codec: "unknown", role: "control", payload: "01" },
  },
  {
    name: "unknown FourCC",
    kind: "video",
    hex: "91 7a7a7a7a 000001",
    packet: { codec: "unknown", role: "media", isKeyFrame: true, payload: "000001" },
  },
  {
    name: "reserved enhanced packet type",
    kind: "video",
    hex: "9a 68766331 00",
    packet: { codec: "hvc1", role: "control", payload: "00" },
  },
  {
    name: "nanosecond offset, rounded to microseconds",
    kind: "video",
    hex: "97 02 0181cd 01 61763031 12",
    packet: { codec: "av01", role: "media", isKeyFrame: true, offsetUs: 99, payload: "12" },
  },
  {
    name: "unknown ModEx of 256 bytes, then a nanosecond offset",
    kind: "video",
    hex: `a7 ff00ff ${"00".repeat(256)} 17 02 0003e8 03 68766331 02`,
    packet: { codec: "hvc1", role: "media", offsetUs: 1, payload: "02" },
  },
  {
    name: "one track by multitrack",
    kind: "video",
    hex: "a6 01 68766331 03 000028 0102",
    packet: { codec: "hvc1", role: "media", trackId: 3, offsetUs: 40_000, payload: "0102" },
    isCanonical: true,
  },
  {
    name: "several tracks of one codec",
    kind: "video",
    hex: "96 10 61763031 01 000002 8100 02 000001 81",
    packet: { codec: "av01", role: "config", trackId: 1, payload: "8100" },
  },
  {
    name: "several tracks of several codecs",
    kind: "video",
    hex: "96 21 61763031 00 000001 12 76703039 01 000001 82",
    packet: { codec: "av01", role: "media", isKeyFrame: true, payload: "12" },
  },
  {
    name: "several tracks, the default one last",
    kind: "video",
    hex: "96 21 76703039 02 000001 82 68766331 00 000004 000028 26",
    packet: { codec: "hvc1", role: "media", isKeyFrame: true, offsetUs: 40_000, payload: "26" },
  },
  {
    name: "FourCC of audio in a video body",
    kind: "video",
    hex: "91 4f707573 01",
    packet: { codec: "unknown", role: "media", isKeyFrame: true, payload: "01" },
  },
  {
    name: "AAC configuration",
    kind: "audio",
    hex: "af 00 1210",
    packet: { codec: "mp4a", role: "config", payload: "1210" },
    isCanonical: true,
  },
  { name: "AAC configuration without bytes", kind: "audio", hex: "af 00", packet: undefined },
  {
    name: "AAC frame",
    kind: "audio",
    hex: "af 01 211004",
    packet: { codec: "mp4a", role: "media", payload: "211004" },
    isCanonical: true,
  },
  {
    name: "AAC packet type out of range",
    kind: "audio",
    hex: "af 07 21",
    packet: { codec: "mp4a", role: "control", payload: "21" },
  },
  {
    name: "MP3 at 44100 Hz in stereo",
    kind: "audio",
    hex: "2f fffb9064",
    packet: { codec: ".mp3", role: "media", payload: "fffb9064" },
    isCanonical: true,
  },
  {
    name: "MP3 at 22050 Hz in mono",
    kind: "audio",
    hex: "2a fff380c4",
    packet: { codec: ".mp3", role: "media", payload: "fff380c4" },
    isCanonical: true,
  },
  {
    name: "G.711 mu-law",
    kind: "audio",
    hex: "82 ff7f",
    packet: { codec: "g711u", role: "media", payload: "ff7f" },
    isCanonical: true,
  },
  {
    name: "G.711 A-law",
    kind: "audio",
    hex: "72 d5",
    packet: { codec: "g711a", role: "media", payload: "d5" },
    isCanonical: true,
  },
  {
    name: "Speex",
    kind: "audio",
    hex: "b6 1e",
    packet: { codec: "speex", role: "media", payload: "1e" },
    isCanonical: true,
  },
  {
    name: "Nellymoser",
    kind: "audio",
    hex: "62 00",
    packet: { codec: "nellymoser", role: "media", payload: "00" },
  },
  {
    name: "sound format out of range",
    kind: "audio",
    hex: "c2 00",
    packet: { codec: "unknown", role: "media", payload: "00" },
  },
  {
    name: "silence",
    kind: "audio",
    hex: "",
    packet: { codec: "unknown", role: "control", payload: "" },
  },
  {
    name: "enhanced Opus configuration",
    kind: "audio",
    hex: "90 4f707573 4f707573 48656164 0101",
    packet: { codec: "Opus", role: "config", payload: "4f707573486561640101" },
    isCanonical: true,
  },
  {
    name: "enhanced Opus configuration without bytes, which is allowed",
    kind: "audio",
    hex: "90 4f707573",
    packet: { codec: "Opus", role: "config", payload: "" },
    isCanonical: true,
  },
  {
    name: "enhanced Opus frame",
    kind: "audio",
    hex: "91 4f707573 f8",
    packet: { codec: "Opus", role: "media", payload: "f8" },
    isCanonical: true,
  },
  {
    name: "multichannel configuration",
    kind: "audio",
    hex: "94 4f707573 0106 0000003f",
    packet: { codec: "Opus", role: "description", payload: "01060000003f" },
  },
  {
    name: "FLAC configuration without bytes",
    kind: "audio",
    hex: "90 664c6143",
    packet: undefined,
  },
  {
    name: "one audio track by multitrack",
    kind: "audio",
    hex: "95 01 6d703461 02 2110",
    packet: { codec: "mp4a", role: "media", trackId: 2, payload: "2110" },
    isCanonical: true,
  },
  {
    name: "AC-3 frame with a nanosecond offset",
    kind: "audio",
    hex: "97 02 0f423f 01 61632d33 0b77",
    packet: { codec: "ac-3", role: "media", offsetUs: 1000, payload: "0b77" },
  },
];

/** Bytes of a hexadecimal text with spaces. */
export function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(hex.replaceAll(" ", ""));
}
