import { TsToStream } from "#bridges/ts";
import { ByteWriter } from "#bytes";
import {
  AacRtpDepacketizer,
  decodeAudioSpecificConfig,
  LatmRtpDepacketizer,
  parseAacConfig,
} from "#codecs/aac";
import { Ac3RtpDepacketizer } from "#codecs/ac3";
import { av1cFromUnits, Av1RtpDepacketizer, isAv1KeyFrame } from "#codecs/av1";
import {
  AvcRtpDepacketizer,
  type AvcRtpOptions,
  decodeAvcDecoderConfiguration,
  decodeAvcSps,
  isAvcKeyFrame,
} from "#codecs/avc";
import {
  decodeHevcDecoderConfiguration,
  decodeHevcSps,
  HEVC_NAL_UNIT_TYPE,
  HevcRtpDepacketizer,
  type HevcRtpOptions,
  isHevcKeyFrame,
} from "#codecs/hevc";
import { KlvRtpDepacketizer } from "#codecs/klv";
import { Mp3RtpDepacketizer } from "#codecs/mp3";
import { encodeLpcmConfig, LpcmRtpDepacketizer } from "#codecs/pcm";
import { isVp8KeyFrame, Vp8RtpDepacketizer } from "#codecs/vp8";
import { decodeVp9KeyFrame, isVp9KeyFrame, Vp9RtpDepacketizer, vpccFromKeyFrame } from "#codecs/vp9";
import { FormatError, LimitError } from "#errors";
import {
  type CodecId,
  findLengthPrefixed,
  type RtpDepacketizer,
  type RtpUnit,
  UnitAssembler,
  WholeFrameRtpDepacketizer,
} from "#media";
import { VideoConverter } from "#mediaformats/mpegts";
import type { SdpMedia } from "#protocols/rtsp";

/** What a unit is in the form that packets have. */
export interface InboundUnit {
  /** Configuration that holds from here on, where it is not the one before. */
  readonly config: Uint8Array | undefined;
  /** Empty for none. */
  readonly payload: Uint8Array;
  readonly isKeyFrame: boolean;
}

/** How packets of one media section come in. */
export interface InboundForm {
  readonly codec: CodecId;
  readonly depacketizer: RtpDepacketizer;
  /** Configuration that the description gives; `undefined` for none. */
  readonly config: Uint8Array | undefined;
  /** Most pictures that come before another in decoding order and after it in presentation order. */
  readonly reorderDepth: () => number;
  /** Makes packets of the payloads, of several tracks at once, where they are a transport stream. */
  readonly program?: TsToStream;
  /** Turns a unit into what packets carry. */
  convert(unit: RtpUnit): InboundUnit;
}

const NO_REORDER = () => 0;

/** Audio, and video without configuration of its own. */
function plain(codec: CodecId, made: { depacketizer: RtpDepacketizer; config?: Uint8Array }): InboundForm {
  return {
    codec,
    depacketizer: made.depacketizer,
    config: made.config,
    reorderDepth: NO_REORDER,
    convert: ({ payload, config }) => ({ config, payload, isKeyFrame: true }),
  };
}

/** How encodings come in: RFC 6184, 7798, 7741, 9628, 3640, 6416, 7587, 2250, 4184, 4598, 3551, 3190, 2250. */
const FORMS: Readonly<Record<string, (media: SdpMedia) => InboundForm | undefined>> = {
  H264: (media) =>
    nalUnitForm("avc", {
      depacketizer: new AvcRtpDepacketizer(avcOptions(media)),
      sets: setsOf(media, ["sprop-parameter-sets"]),
    }),
  H265: (media) =>
    nalUnitForm("hevc", {
      depacketizer: new HevcRtpDepacketizer(hevcOptions(media)),
      sets: setsOf(media, ["sprop-vps", "sprop-sps", "sprop-pps"]),
    }),
  VP8: () => ({
    ...plain("vp08", { depacketizer: new Vp8RtpDepacketizer() }),
    convert: ({ payload }) => ({ config: undefined, payload, isKeyFrame: isVp8KeyFrame(payload) }),
  }),
  VP9: () =>
    configuredForm("vp09", {
      depacketizer: new Vp9RtpDepacketizer(),
      isKeyFrame: isVp9KeyFrame,
      configOf: vp9Config,
    }),
  AV1: () =>
    configuredForm("av01", {
      depacketizer: new Av1RtpDepacketizer(),
      isKeyFrame: isAv1KeyFrame,
      configOf: av1cFromUnits,
    }),
  "MPEG4-GENERIC": aacForm,
  "MP4A-LATM": latmForm,
  OPUS: (media) =>
    plain("Opus", { depacketizer: new WholeFrameRtpDepacketizer(), config: opusConfig(media) }),
  MPA: () => plain(".mp3", { depacketizer: new Mp3RtpDepacketizer() }),
  AC3: () => plain("ac-3", { depacketizer: new Ac3RtpDepacketizer() }),
  EAC3: () => plain("ec-3", { depacketizer: new Ac3RtpDepacketizer() }),
  PCMA: () => plain("g711a", { depacketizer: new WholeFrameRtpDepacketizer() }),
  PCMU: () => plain("g711u", { depacketizer: new WholeFrameRtpDepacketizer() }),
  G722: () => plain("g722", { depacketizer: new WholeFrameRtpDepacketizer() }),
  L16: (media) => lpcmForm(media, 16),
  L24: (media) => lpcmForm(media, 24),
  SMPTE336M: () => plain("klv", { depacketizer: new KlvRtpDepacketizer() }),
  MP2T: () => ({
    ...plain("unknown", { depacketizer: new WholeFrameRtpDepacketizer() }),
    program: new TsToStream(),
  }),
};

/**
 * How a media section comes in.
 *
 * @returns `undefined` if its encoding, or the way it is used, is not known.
 */
export function inboundForm(media: SdpMedia): InboundForm | undefined {
  const form = attempt(() => FORMS[media.encoding]?.(media));
  // what is data in the description is no sound or picture, whatever it says, and the other way round
  return (media.kind === "data") === (form?.codec === "klv") ? form : undefined;
}

/** Mode 2 interleaves: RFC 6184 section 8.1. */
function avcOptions({ parameters }: SdpMedia): AvcRtpOptions {
  if (parameters.get("packetization-mode") !== "2") return {};
  return { interleavingDepth: countOf(parameters.get("sprop-interleaving-depth")) };
}

/** RFC 7798 section 7.1. */
function hevcOptions({ parameters }: SdpMedia): HevcRtpOptions {
  if (countOf(parameters.get("sprop-max-don-diff")) === 0) return {};
  return { reorderedNalUnits: countOf(parameters.get("sprop-depack-buf-nalus")) };
}

/** A number of a description; 0 for what is none. */
function countOf(text: string | undefined): number {
  const count = Number(text ?? 0);
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}

function nalUnitForm(
  codec: "avc" | "hevc",
  { depacketizer, sets }: { depacketizer: RtpDepacketizer; sets: readonly Uint8Array[] },
): InboundForm {
  const converter = new VideoConverter(codec);
  const assembler = new UnitAssembler();
  for (const set of sets) assembler.nalUnit(set);
  const described = assembler.take();
  if (described.length > 0) {
    converter.convert({ payload: described, nalUnits: findLengthPrefixed(described), isKeyFrame: true });
  }
  const isKey = codec === "avc" ? isAvcKeyFrame : isHevcKeyFrame;
  const ranges: number[] = [];
  return {
    codec: codec === "avc" ? "avc1" : "hvc1",
    depacketizer,
    config: converter.config,
    reorderDepth: () => reorderDepthOf(codec, converter.config),
    convert({ payload }) {
      findLengthPrefixed(payload, { into: ranges });
      const isKeyFrame = isKey(payload, ranges);
      const { config, payloads } = converter.convert({ payload, nalUnits: ranges, isKeyFrame });
      return { config, payload: payloads[0] ?? NOTHING, isKeyFrame };
    },
  };
}

const NOTHING = new Uint8Array(0);

function reorderDepthOf(codec: "avc" | "hevc", config: Uint8Array | undefined): number {
  if (config === undefined) return 0;
  return attempt(() => {
    if (codec === "avc") {
      return decodeAvcSps(decodeAvcDecoderConfiguration(config).sps[0]!).maxReorderFrames;
    }
    const { arrays } = decodeHevcDecoderConfiguration(config);
    const sps = arrays.find(({ nalUnitType }) => nalUnitType === HEVC_NAL_UNIT_TYPE.Sps)!.nalUnits[0]!;
    return decodeHevcSps(sps).maxReorderPictures;
  }) ?? 0;
}

/** Codecs whose key frames hold their configuration. */
function configuredForm(
  codec: CodecId,
  made: {
    depacketizer: RtpDepacketizer;
    isKeyFrame: (payload: Uint8Array) => boolean;
    configOf: (payload: Uint8Array) => Uint8Array | undefined;
  },
): InboundForm {
  let known = "";
  return {
    codec,
    depacketizer: made.depacketizer,
    config: undefined,
    reorderDepth: NO_REORDER,
    convert({ payload }) {
      const isKeyFrame = attempt(() => made.isKeyFrame(payload)) ?? false;
      const config = isKeyFrame ? attempt(() => made.configOf(payload)) : undefined;
      const text = config?.toHex() ?? known;
      const isNew = text !== known;
      known = text;
      return { config: isNew ? config : undefined, payload, isKeyFrame };
    },
  };
}

function vp9Config(payload: Uint8Array): Uint8Array | undefined {
  const header = decodeVp9KeyFrame(payload);
  return header === undefined ? undefined : vpccFromKeyFrame(header);
}

function aacForm({ parameters, clockRate }: SdpMedia): InboundForm | undefined {
  const config = parseAacConfig(parameters.get("config") ?? "");
  const { frameSamples } = decodeAudioSpecificConfig(config);
  const numberOf = (name: string) => {
    const value = Number(parameters.get(name) ?? 0);
    return Number.isInteger(value) && value >= 0 && value <= 32 ? value : 0;
  };
  const sizeLength = numberOf("sizelength");
  if (sizeLength === 0 || clockRate === 0) return undefined;
  const depacketizer = new AacRtpDepacketizer({
    sizeLength,
    indexLength: numberOf("indexlength"),
    indexDeltaLength: numberOf("indexdeltalength"),
    frameTicks: frameSamples,
  });
  return plain("mp4a", { depacketizer, config });
}

/** GStreamer ends a configuration behind the audio's own part; what it leaves out is zeros. */
const CUT_OFF = "00000000";

function latmForm({ parameters }: SdpMedia): InboundForm {
  const text = parameters.get("config");
  const isInBand = parameters.get("cpresent") !== "0" || text === undefined;
  const depacketizer = new LatmRtpDepacketizer(isInBand ? {} : { config: parseAacConfig(text + CUT_OFF) });
  const { config } = depacketizer;
  return plain("mp4a", { depacketizer, ...(config === undefined ? {} : { config }) });
}

function lpcmForm({ clockRate: sampleRate, channels }: SdpMedia, bitsPerSample: 16 | 24): InboundForm {
  const config = encodeLpcmConfig({ bitsPerSample, channels, sampleRate });
  return plain("lpcm", { depacketizer: new LpcmRtpDepacketizer(channels * bitsPerSample / 8), config });
}

/** Identification header: RFC 7845 section 5.1; RTP tells no pre-skip. */
function opusConfig({ parameters }: SdpMedia): Uint8Array {
  const channels = parameters.get("sprop-stereo") === "0" ? 1 : 2;
  return new ByteWriter().utf8("OpusHead").u8(1).u8(channels).u16(0).u32Le(48_000).u16(0).u8(0).take();
}

/** Parameter sets of the description; what is no base64 is left out. */
function setsOf({ parameters }: SdpMedia, names: readonly string[]): Uint8Array[] {
  const texts = names.flatMap((name) => (parameters.get(name) ?? "").split(",")).slice(0, 64);
  return texts.map((text) => attemptBase64(text.trim())).filter((set) => set.length > 0);
}

function attemptBase64(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return NOTHING;
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormatError || error instanceof LimitError) return undefined;
    throw error;
  }
}
