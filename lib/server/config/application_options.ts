import {
  choice,
  flag,
  group,
  list,
  optionalPath,
  type OptionsOf,
  type OptionTable,
  path,
  port,
  text,
  textList,
  wholeNumber,
  wholeNumberOr,
} from "#options";
import { STREAM_DEFAULTS } from "#streaming";

const NAME = /^[\p{L}\p{N}_.~-]+$/u;
const NAME_ALLOWED = "letters, digits and any of _.~-";

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;

/** Options of one entry of `acceptors`. */
export const ACCEPTOR_OPTIONS = {
  ip: text({ default: "0.0.0.0", doc: 'Address to listen on; "0.0.0.0" is every IPv4 one, "::" every one.' }),
  port: port({ default: 1935, doc: "Port to listen on; 0 lets the system choose." }),
  protocol: text({
    default: "inboundRtmp",
    doc: "Chain of protocols that connections get; see `crtmp check`.",
  }),
  sslCert: optionalPath({ example: "cert.pem", doc: "Certificate chain in PEM form, for chains over TLS." }),
  sslKey: optionalPath({ example: "key.pem", doc: "Private key in PEM form; goes with sslCert." }),
};

/** How an application's live streams are run. */
export const STREAMING_OPTIONS = {
  mergeWriteMs: wholeNumberOr("adaptive", {
    default: STREAM_DEFAULTS.mergeWriteMs,
    min: 0,
    max: 1000,
    unit: "ms",
    doc: 'Longest wait so that one write carries several packets: latency spent to save CPU. "adaptive" ' +
      "writes at once for few players and waits longer as the load grows.",
  }),
  gopCacheMs: wholeNumber({
    default: STREAM_DEFAULTS.gopCacheMs,
    min: 0,
    max: 120_000,
    unit: "ms",
    doc: "Media time kept since the last key frame, so that a player starts at once; 0 keeps none.",
  }),
  gopCacheBytes: wholeNumber({
    default: STREAM_DEFAULTS.gopCacheBytes,
    min: 0,
    max: 256 * MIB,
    unit: "bytes",
    doc: "Most memory those packets may take, for each stream.",
  }),
  maxLagMs: wholeNumber({
    default: STREAM_DEFAULTS.maxLagMs,
    min: 100,
    max: 600_000,
    unit: "ms",
    doc: "A player this far behind, in media time, jumps to the newest key frame.",
  }),
  maxLagBytes: wholeNumber({
    default: STREAM_DEFAULTS.maxLagBytes,
    min: MIB,
    max: 1024 * MIB,
    unit: "bytes",
    doc: "The same in bytes; what the system holds for the connection, up to 4 MiB, comes on top.",
  }),
  closeLagMs: wholeNumber({
    default: STREAM_DEFAULTS.closeLagMs,
    min: 1000,
    max: 600_000,
    unit: "ms",
    doc: "A player that lags and takes nothing for this long is disconnected.",
  }),
  publisherSilentMs: wholeNumber({
    default: STREAM_DEFAULTS.publisherSilentMs,
    min: 0,
    max: HOUR_MS,
    unit: "ms",
    doc: "A publisher that sent no media for this long may be replaced by another; one that sends is kept.",
  }),
  publisherGraceMs: wholeNumber({
    default: STREAM_DEFAULTS.publisherGraceMs,
    min: 0,
    max: HOUR_MS,
    unit: "ms",
    doc: "How long players are left in peace when a publisher's connection is lost: it may be back soon.",
  }),
};

/** Options of one entry of `applications`. */
export const APPLICATION_OPTIONS = {
  name: text({
    default: "",
    pattern: NAME,
    allowed: NAME_ALLOWED,
    doc: "Its name: players reach it as rtmp://HOST/NAME/STREAM.",
  }),
  description: text({ default: "", doc: "What it is for; shown on the status page." }),
  library: text({ default: "", doc: "The kind of application it is; empty for the one called like it." }),
  default: flag({ default: false, doc: "Whether it gets connections first; at most one application is." }),
  aliases: textList({
    default: [],
    pattern: NAME,
    allowed: `an array of names: ${NAME_ALLOWED}`,
    doc: "Other names it answers to.",
  }),
  publishFrom: choice(["anywhere", "loopback", "nowhere"], {
    default: "anywhere",
    doc: "Where publishers may connect from; loopback is this machine.",
  }),
  mediaStorage: group({
    mediaFolder: path({ default: "media", doc: "Files that may be played." }),
    recordedStreamsStorage: path({ default: "recordings", doc: "Where recordings are written." }),
  }, { doc: "Folders. This version is live only, and reads and writes neither." }),
  streaming: group(STREAMING_OPTIONS, { doc: "How its live streams are run." }),
  acceptors: list(ACCEPTOR_OPTIONS, { default: [], doc: "Where it listens itself." }),
};

/** One entry of `applications`; options an application declared itself are beside these. */
export type ApplicationConfig = OptionsOf<typeof APPLICATION_OPTIONS>;
/** One entry of `acceptors`. */
export type AcceptorConfig = OptionsOf<typeof ACCEPTOR_OPTIONS>;
/** The table `streaming` of an application. */
export type StreamingConfig = OptionsOf<typeof STREAMING_OPTIONS>;

/** Keys of the original server's applications that cannot be had yet. */
export const LATER_KEYS: ReadonlySet<string> = new Set([
  "allowDuplicateInboundNetworkStreams",
  "authentication",
  "cipherSuite",
  "clientSideBuffer",
  "daemon",
  "enableCheckBandwidth",
  "externalStreams",
  "generateMetaFiles",
  "hasStreamAliases",
  "instancesCount",
  "keyframeSeek",
  "localStreamName",
  "maxRtmpOutBuffer",
  "maxRtspOutBuffer",
  "mediaFolder",
  "renameBadFiles",
  "rtcpDetectionInterval",
  "seekGranularity",
  "useLengthPadding",
  "validateHandshake",
  "waitForMetadata",
]);

/**
 * The values of options an application declared itself, out of its entry of `applications`.
 *
 * @param config The entry, as the schema that knows `rows` made it.
 * @param rows What the application declared.
 */
export function applicationOptionsOf<T extends OptionTable>(
  config: ApplicationConfig,
  rows: T,
): OptionsOf<T> {
  const values = Object.entries(config).filter(([key]) => Object.hasOwn(rows, key));
  // The schema checked these values against these rows.
  return Object.fromEntries(values) as OptionsOf<T>;
}
