import {
  AacRtpPacketizer,
  decodeAudioSpecificConfig,
  encodeStreamMuxConfig,
  LatmRtpPacketizer,
} from "#codecs/aac";
import { Ac3RtpPacketizer, decodeAc3SyncFrame } from "#codecs/ac3";
import { Av1RtpPacketizer, decodeAv1CodecConfiguration } from "#codecs/av1";
import { AvcRtpPacketizer, decodeAvcDecoderConfiguration } from "#codecs/avc";
import { decodeHevcDecoderConfiguration, HEVC_NAL_UNIT_TYPE, HevcRtpPacketizer } from "#codecs/hevc";
import { KlvRtpPacketizer } from "#codecs/klv";
import { Mp3RtpPacketizer } from "#codecs/mp3";
import { decodeOpusIdHeader } from "#codecs/opus";
import { decodeLpcmConfig } from "#codecs/pcm";
import { Vp8RtpPacketizer } from "#codecs/vp8";
import { Vp9RtpPacketizer } from "#codecs/vp9";
import { FormatError, LimitError } from "#errors";
import {
  type CodecId,
  type Packet,
  type RtpPacketizer,
  type TrackKind,
  UnitAssembler,
  WholeFrameRtpPacketizer,
} from "#media";
import type { SdpTrack } from "#protocols/rtsp";

/** Clock of video, and of MPEG audio: RFC 3551. */
const VIDEO_CLOCK_RATE = 90_000;
/** First of the dynamic payload types: RFC 3551 section 6. */
const FIRST_DYNAMIC_TYPE = 96;

/** How packets of one codec go out. */
export interface OutboundForm {
  readonly packetizer: RtpPacketizer;
  /** In Hz. */
  readonly clockRate: number;
  /** Encoding name in the `rtpmap` line. */
  readonly encoding: string;
  readonly channels: number;
  /** Parameters of the `fmtp` line; empty for none. */
  readonly format: string;
  /** Parameter sets as a length-prefixed access unit, to be sent before each key frame; empty for none. */
  readonly parameterSets: Uint8Array;
}

/** One track of a stream that RTP can carry. */
export interface OutboundTrack {
  /** Position in the description. */
  readonly index: number;
  readonly kind: TrackKind;
  /** Track within its kind. */
  readonly trackId: number;
  readonly codec: CodecId;
  readonly payloadType: number;
  readonly form: OutboundForm;
}

/** How AAC goes out: RFC 3640 in AAC-hbr, which all players read, or RFC 6416, which some broadcast gear wants. */
export type AacFormat = "hbr" | "latm";

/** What may be chosen of the forms. */
export interface OutboundOptions {
  /** The payload format of AAC. @default {"hbr"} */
  readonly aacFormat?: AacFormat;
}

const LATM_ENCODING = "MP4A-LATM";

/** The choices that made a form. */
export function optionsOf({ encoding }: OutboundForm): OutboundOptions {
  return { aacFormat: encoding === LATM_ENCODING ? "latm" : "hbr" };
}

const PLAIN = { channels: 1, format: "", parameterSets: new Uint8Array(0) };

/** How a codec goes out, by the packet that describes its track: its configuration, or a frame where it has none. */
const FORMS: Partial<Record<CodecId, (payload: Uint8Array, options: OutboundOptions) => OutboundForm>> = {
  avc1(payload) {
    const { sps, pps, nalLengthSize, profileIdc, constraintFlags, levelIdc } = decodeAvcDecoderConfiguration(
      payload,
    );
    const profile = Uint8Array.of(profileIdc, constraintFlags, levelIdc).toHex().toUpperCase();
    const sets = [...sps, ...pps];
    return {
      ...PLAIN,
      packetizer: new AvcRtpPacketizer({ nalLengthSize }),
      clockRate: VIDEO_CLOCK_RATE,
      encoding: "H264",
      format: `packetization-mode=1; sprop-parameter-sets=${
        sets.map(base64).join(",")
      }; profile-level-id=${profile}`,
      parameterSets: lengthPrefixed(sets),
    };
  },
  hvc1(payload) {
    const { arrays, nalLengthSize } = decodeHevcDecoderConfiguration(payload);
    const setsOf = (type: number) =>
      arrays.filter(({ nalUnitType }) => nalUnitType === type).flatMap(({ nalUnits }) => nalUnits);
    const { Vps, Sps, Pps } = HEVC_NAL_UNIT_TYPE;
    const [vps, sps, pps] = [setsOf(Vps), setsOf(Sps), setsOf(Pps)];
    const sprop = (name: string, sets: readonly Uint8Array[]) =>
      `sprop-${name}=${sets.map(base64).join(",")}`;
    return {
      ...PLAIN,
      packetizer: new HevcRtpPacketizer({ nalLengthSize }),
      clockRate: VIDEO_CLOCK_RATE,
      encoding: "H265",
      format: [sprop("vps", vps), sprop("sps", sps), sprop("pps", pps)].join("; "),
      parameterSets: lengthPrefixed([...vps, ...sps, ...pps]),
    };
  },
  av01(payload) {
    const { profile, levelIndex, isHighTier } = decodeAv1CodecConfiguration(payload);
    return {
      ...PLAIN,
      packetizer: new Av1RtpPacketizer(),
      clockRate: VIDEO_CLOCK_RATE,
      encoding: "AV1",
      format: `profile=${profile}; level-idx=${levelIndex}; tier=${isHighTier ? 1 : 0}`,
    };
  },
  vp08: () => ({
    ...PLAIN,
    packetizer: new Vp8RtpPacketizer(),
    clockRate: VIDEO_CLOCK_RATE,
    encoding: "VP8",
  }),
  vp09: () => ({
    ...PLAIN,
    packetizer: new Vp9RtpPacketizer(),
    clockRate: VIDEO_CLOCK_RATE,
    encoding: "VP9",
  }),
  mp4a(payload, { aacFormat }) {
    const { sampleRate: clockRate, channels: told } = decodeAudioSpecificConfig(payload);
    const channels = Math.max(1, told);
    if (aacFormat === "latm") {
      const format = `cpresent=0; config=${encodeStreamMuxConfig(payload).toHex()}`;
      const packetizer = new LatmRtpPacketizer();
      return { ...PLAIN, packetizer, clockRate, encoding: LATM_ENCODING, channels, format };
    }
    return {
      ...PLAIN,
      packetizer: new AacRtpPacketizer(),
      clockRate,
      encoding: "MPEG4-GENERIC",
      channels,
      format: "profile-level-id=1; mode=AAC-hbr; sizelength=13; indexlength=3; indexdeltalength=3; config=" +
        payload.toHex(),
    };
  },
  Opus(payload) {
    const channels = payload.length === 0 ? 2 : decodeOpusIdHeader(payload).channels;
    return {
      ...PLAIN,
      packetizer: new WholeFrameRtpPacketizer(),
      clockRate: 48_000,
      encoding: "opus",
      // RFC 7587 section 7: always 2, whatever is in it
      channels: 2,
      format: `sprop-stereo=${channels > 1 ? 1 : 0}`,
    };
  },
  ".mp3": () => ({
    ...PLAIN,
    packetizer: new Mp3RtpPacketizer(),
    clockRate: VIDEO_CLOCK_RATE,
    encoding: "MPA",
  }),
  "ac-3": ac3Form,
  "ec-3": ac3Form,
  g711a: () => g711Form("PCMA"),
  g711u: () => g711Form("PCMU"),
  klv: () => ({
    ...PLAIN,
    packetizer: new KlvRtpPacketizer(),
    clockRate: VIDEO_CLOCK_RATE,
    encoding: "smpte336m",
  }),
  // RFC 3551 section 4.5.2: 8000 by an error of old, though it samples at 16,000
  g722: () => g711Form("G722"),
  lpcm(payload) {
    const { bitsPerSample, channels, sampleRate: clockRate } = decodeLpcmConfig(payload);
    return {
      ...PLAIN,
      packetizer: new WholeFrameRtpPacketizer(),
      clockRate,
      encoding: `L${bitsPerSample}`,
      channels,
    };
  },
};

/** Codecs whose tracks are described by their frames. */
const WITHOUT_CONFIG: readonly CodecId[] = [
  "vp08",
  "vp09",
  ".mp3",
  "ac-3",
  "ec-3",
  "g711a",
  "g711u",
  "g722",
  "Opus",
  "klv",
];

function ac3Form(payload: Uint8Array): OutboundForm {
  const { sampleRate, channels, codec } = decodeAc3SyncFrame(payload);
  const encoding = codec === "ec-3" ? "eac3" : "ac3";
  return { ...PLAIN, packetizer: new Ac3RtpPacketizer(), clockRate: sampleRate, encoding, channels };
}

function g711Form(encoding: string): OutboundForm {
  return { ...PLAIN, packetizer: new WholeFrameRtpPacketizer(), clockRate: 8000, encoding };
}

function base64(bytes: Uint8Array): string {
  return bytes.toBase64();
}

function lengthPrefixed(sets: readonly Uint8Array[]): Uint8Array {
  const assembler = new UnitAssembler();
  for (const set of sets) assembler.nalUnit(set);
  return assembler.take();
}

/**
 * How the track of `packet` goes out.
 *
 * @param packet Its configuration, or its first frame where the codec has none.
 * @returns `undefined` if RTP does not carry it, or it cannot be read.
 */
export function outboundForm(packet: Packet, options: OutboundOptions = {}): OutboundForm | undefined {
  const form = FORMS[packet.codec];
  if (form === undefined) return undefined;
  // what boxes and Enhanced RTMP have as a configuration of these tells less than a frame
  const isDescribed = packet.role === "config" || WITHOUT_CONFIG.includes(packet.codec);
  if (!isDescribed || packet.role === "config" && packet.codec.endsWith("c-3")) return undefined;
  try {
    return form(packet.payload, options);
  } catch (error) {
    if (error instanceof FormatError || error instanceof LimitError) return undefined;
    throw error;
  }
}

/**
 * The tracks of a stream that RTP can carry: video, audio, data.
 *
 * @param packets Configurations in force, then the newest packets.
 */
export function outboundTracks(packets: Iterable<Packet>, options: OutboundOptions = {}): OutboundTrack[] {
  const found = new Map<string, Omit<OutboundTrack, "index" | "payloadType">>();
  for (const packet of packets) {
    const { kind, trackId, codec } = packet;
    if (found.has(`${kind}${trackId}`)) continue;
    if (packet.role !== "config" && packet.role !== "media") continue;
    const form = packet.role === "media" && codec === "Opus" ? undefined : outboundForm(packet, options);
    if (form !== undefined) found.set(`${kind}${trackId}`, { kind, trackId, codec, form });
  }
  const tracks = [...found.values()].sort((a, b) => rank(a) - rank(b));
  return tracks.map((track, index) => ({ ...track, index, payloadType: FIRST_DYNAMIC_TYPE + index }));
}

const RANKS: Readonly<Record<TrackKind, number>> = { video: 0, audio: 1_000, data: 2_000 };

function rank({ kind, trackId }: { kind: TrackKind; trackId: number }): number {
  return RANKS[kind] + trackId;
}

/** What the session description says of a track. */
export function sdpTrackOf({ index, kind, payloadType, form }: OutboundTrack): SdpTrack {
  const { encoding, clockRate, channels, format } = form;
  return { kind, payloadType, encoding, clockRate, channels, format, control: `trackID=${index}` };
}
