import { PULL_DEFAULTS, PUSH_DEFAULTS } from "#bridges/relay";
import {
  choice,
  flag,
  optionalPath,
  optionalText,
  type OptionsOf,
  type OptionTable,
  text,
  value,
  type ValueRow,
  wholeNumber,
} from "#options";

/** A host's certificate: of `rtmps`, `rtmpts` and `rtsps`. */
const TLS_OPTIONS: { sslAuthorities: ValueRow<string | undefined>; sslVerify: ValueRow<boolean> } = {
  sslAuthorities: optionalPath({
    example: "authority.pem",
    doc: "Further certificate authorities in PEM form, for rtmps, rtmpts and rtsps.",
  }),
  sslVerify: flag({
    default: true,
    doc: "Whether the other server's certificate must be valid; without it nobody knows who that is.",
  }),
};

function rtspTransport(doc: string): ValueRow<"auto" | "udp" | "tcp"> {
  return choice(["auto", "udp", "tcp"], { default: PULL_DEFAULTS.rtspTransport, doc });
}

function connectTimeout(): ValueRow<number> {
  return wholeNumber({
    default: PULL_DEFAULTS.connectTimeoutMs,
    min: 100,
    max: 600_000,
    unit: "ms",
    doc: "How long an attempt may take until the stream is granted.",
  });
}

const IDENTITY_OPTIONS: Record<"swfUrl" | "pageUrl" | "tcUrl", ValueRow<string | undefined>> = {
  swfUrl: optionalText({ example: "http://HOST/player.swf", doc: "swfUrl of connect." }),
  pageUrl: optionalText({ example: "http://HOST/", doc: "pageUrl of connect." }),
  tcUrl: optionalText({
    example: "rtmp://HOST/APP",
    doc: "tcUrl of connect, in place of the address's own.",
  }),
};

/** A point in a stream, in s, or what the numbers below 0 stand for. */
function seconds(options: { default: number; min: number; allowed: string; doc: string }): ValueRow<number> {
  return value<number>({
    ...options,
    accept: (written) =>
      typeof written === "number" && (written >= 0 || Number.isInteger(written) && written >= options.min) &&
        written <= 1e9
        ? written
        : undefined,
  });
}

/** Options of one entry of `externalStreams`. */
export const PULL_OPTIONS = {
  uri: text({
    default: "",
    doc:
      "The stream's address: rtmp, rtmps, rtmpe, rtmpt, rtmpts or rtmpte://[USER:PASSWORD@]HOST/APP/STREAM, " +
      "rtsp or rtsps://[USER:PASSWORD@]HOST/PATH, or http or https://[USER:PASSWORD@]HOST/PATH of a playlist (HLS).",
  }),
  localStreamName: text({ default: "", doc: "Its name here." }),
  keepAlive: flag({
    default: PULL_DEFAULTS.keepAlive,
    doc: "Whether it is connected again when it ends, after 1 s, then up to 30 s.",
  }),
  onDemand: flag({
    default: PULL_DEFAULTS.onDemand,
    doc: "Whether it is pulled only while somebody plays it or waits for it.",
  }),
  onDemandIdleMs: wholeNumber({
    default: PULL_DEFAULTS.onDemandIdleMs,
    min: 0,
    max: 86_400_000,
    unit: "ms",
    doc: "How long after its last player it goes on.",
  }),
  stallTimeoutMs: wholeNumber({
    default: PULL_DEFAULTS.stallTimeoutMs,
    min: 1000,
    max: 86_400_000,
    unit: "ms",
    doc: "Time without media after which it is connected again.",
  }),
  connectTimeoutMs: connectTimeout(),
  rtspTransport: rtspTransport("What media over RTSP comes over; auto is UDP, then TCP where nothing comes."),
  udpTimeoutMs: wholeNumber({
    default: PULL_DEFAULTS.udpTimeoutMs,
    min: 100,
    max: 600_000,
    unit: "ms",
    doc: "Time without a packet over UDP after which auto goes on over TCP.",
  }),
  forceTcp: flag({ default: false, doc: 'The original\'s way to say rtspTransport = "tcp".' }),
  emulateUserAgent: text({
    default: PULL_DEFAULTS.emulateUserAgent,
    doc: "flashVer of connect; where it is set, User-Agent of RTSP too.",
  }),
  ...IDENTITY_OPTIONS,
  swfHash: optionalText({
    example: "0".repeat(64),
    pattern: /^[0-9a-f]{64}$/i,
    allowed: "64 hexadecimal digits",
    doc: "What SWF verification wants to know of the player, as rtmpdump's --swfhash says it.",
  }),
  swfSize: wholeNumber({
    default: 0,
    min: 0,
    max: 0xffffffff,
    unit: "bytes",
    doc: "The same: length of the player's uncompressed file.",
  }),
  rangeStart: seconds({
    default: PULL_DEFAULTS.rangeStart,
    min: -2,
    allowed: "a number of s, or -1 or -2",
    doc: "Where to begin, in s; -2 is the live stream or else the recording, -1 the live stream only.",
  }),
  rangeEnd: seconds({
    default: PULL_DEFAULTS.rangeEnd,
    min: -1,
    allowed: "a number of s, or -1",
    doc: "Where to end, in s; -1 is the end.",
  }),
  ...TLS_OPTIONS,
};

/** Options of one entry of `pushTargets`. */
export const PUSH_OPTIONS = {
  targetUri: text({
    default: "",
    doc: "Where to: rtmp, rtmps, rtmpe, rtmpt, rtmpts or rtmpte://[USER:PASSWORD@]HOST/APP[/STREAM], or " +
      "rtsp or rtsps://[USER:PASSWORD@]HOST/PATH, where a slash at the end gets the stream's name.",
  }),
  targetStreamName: optionalText({
    example: "{stream}",
    doc:
      "The name there, {stream} stands for the one here; all of targetUri is the application then. Without " +
      "it the name is the last part of targetUri, or the one here.",
  }),
  localStreamName: text({
    default: PUSH_DEFAULTS.localStreamName,
    doc: "Which streams: a name, where * stands for any characters.",
  }),
  targetStreamType: choice(["live", "record", "append"], {
    default: PUSH_DEFAULTS.targetStreamType,
    doc: "What the target is asked to do with it.",
  }),
  keepAlive: flag({
    default: PUSH_DEFAULTS.keepAlive,
    doc: "Whether it is connected again when it ends, after 1 s, then up to 30 s.",
  }),
  connectTimeoutMs: connectTimeout(),
  rtspTransport: rtspTransport(
    "What media over RTSP goes over; auto is TCP, or UDP where the target refuses it.",
  ),
  emulateUserAgent: text({
    default: PUSH_DEFAULTS.emulateUserAgent,
    doc: "flashVer of connect; where it is set, User-Agent of RTSP too.",
  }),
  ...IDENTITY_OPTIONS,
  rtmpAbsoluteTimestamps: flag({
    default: PUSH_DEFAULTS.rtmpAbsoluteTimestamps,
    doc: "Whether times are those of the stream here; otherwise each connection begins near 0.",
  }),
  ...TLS_OPTIONS,
};

/** One entry of `externalStreams`. */
export type PullConfig = OptionsOf<typeof PULL_OPTIONS>;
/** One entry of `pushTargets`. */
export type PushConfig = OptionsOf<typeof PUSH_OPTIONS>;

/** The rows of one entry of `pushTargets`, for applications that forward streams by lists of their own. */
export const PUSH_TARGET_OPTIONS: OptionTable = PUSH_OPTIONS;
