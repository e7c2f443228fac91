import {
  choice,
  flag,
  group,
  list,
  optionalPath,
  optionalText,
  type OptionsOf,
  type OptionTable,
  path,
  port,
  text,
  textList,
  value,
  wholeNumber,
  wholeNumberOr,
} from "#options";
import { ACCESS_RULE_OPTIONS, AUTHENTICATION_OPTIONS, STREAM_KEY_OPTIONS } from "./access_options.ts";
import { HTTP_AUTH_OPTIONS } from "../access/http_guard_options.ts";
import { STREAM_DEFAULTS } from "#streaming";
import { isControlChain } from "../chain_table.ts";
import { PULL_OPTIONS, PUSH_OPTIONS } from "../relays/relay_options.ts";
import { LIVE_FLV_TARGET_OPTIONS, TS_TARGET_OPTIONS } from "../targets/target_options.ts";
import { RECORDING_OPTIONS } from "./recording_options.ts";

const NAME = /^[\p{L}\p{N}_.~-]+$/u;
const NAME_ALLOWED = "letters, digits and any of _.~-";

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;

/** Options of one entry of `sslCertificates`. */
const CERTIFICATE_OPTIONS = {
  sslCert: path({
    default: "",
    doc: "Certificate chain in PEM form; the names in it are those it is used for.",
  }),
  sslKey: path({ default: "", doc: "Private key in PEM form." }),
};

/** Options of one entry of `acceptors`. */
export const ACCEPTOR_OPTIONS = {
  ip: text({ default: "0.0.0.0", doc: 'Address to listen on; "0.0.0.0" is every IPv4 one, "::" every one.' }),
  port: port({ default: 1935, doc: "Port to listen on; 0 lets the system choose." }),
  protocol: text({
    default: "inboundRtmp",
    doc: "Chain of protocols that connections get; see `crtmp check`.",
  }),
  localStreamName: text({
    default: "",
    doc:
      "Name of the stream that comes in by inboundTcpTs, inboundUdpTs or inboundLiveFlv, where the media does not " +
      "say one; empty makes one of the sender's address.",
  }),
  waitForMetadata: flag({
    default: false,
    doc: "Whether inboundLiveFlv waits for metadata, whose streamName names the stream.",
  }),
  idleTimeoutMs: wholeNumber({
    default: 10_000,
    min: 0,
    max: HOUR_MS,
    unit: "ms",
    doc:
      "inboundTcpTs, inboundUdpTs and inboundLiveFlv: time without a byte after which a sender has left; 0 is never.",
  }),
  multicastSource: optionalText({
    example: "192.0.2.7",
    doc:
      "inboundUdpTs: the only sender that is heard in the multicast group `ip` (source-specific multicast).",
  }),
  multicastInterface: optionalText({
    example: "192.0.2.1",
    doc: "inboundUdpTs: address of the interface that the multicast group `ip` is joined on.",
  }),
  controlUsers: textList({
    default: [],
    doc:
      'inboundJsonCli and over HTTP: who may give commands, "*" is any user. Without it the address must be of ' +
      "this machine, and nobody is asked.",
  }),
  useLengthPadding: flag({
    default: false,
    doc: "inboundJsonCli: whether each answer has its length before it, 32 bits in network byte order.",
  }),
  maxConnections: wholeNumber({
    default: 0,
    min: 0,
    max: 10_000_000,
    unit: "connections",
    doc: "Over TCP and TLS: connections held here at a time; 0 for no bound but the server's.",
  }),
  maxConnectionsPerAddress: wholeNumber({
    default: 0,
    min: 0,
    max: 10_000_000,
    unit: "connections",
    doc: "The same of one address, of IPv6 its first 64 bits; behind a proxy all have the proxy's.",
  }),
  maxConnectsPerMinute: wholeNumber({
    default: 0,
    min: 0,
    max: 10_000_000,
    unit: "connections",
    doc: "Connections that one address may make here within a minute, let in or not; 0 for no bound.",
  }),
  sslCert: optionalPath({ example: "cert.pem", doc: "Certificate chain in PEM form, for chains over TLS." }),
  sslKey: optionalPath({ example: "key.pem", doc: "Private key in PEM form; goes with sslCert." }),
  sslCertificates: list(CERTIFICATE_OPTIONS, {
    default: [],
    doc:
      "Further certificates: a connection gets the one for the host name it asks for (SNI), or else sslCert.",
  }),
  passThroughTo: optionalText({
    example: "tcp://192.0.2.7:80",
    pattern: /^(tcp|udp):\/\/[^\s/]+:\d{1,5}$/,
    allowed: "tcp://HOST:PORT or udp://HOST:PORT",
    doc: "tcpPassThrough and udpPassThrough: the other side.",
  }),
  auth: group(HTTP_AUTH_OPTIONS, {
    doc: "Who is asked for user and password on chains over HTTP, by path, before anything is answered.",
  }),
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

/** How the files of one folder are played. */
export const STORAGE_OPTIONS = {
  mediaFolder: path({ default: "media", doc: "Files that may be played, in folders of any depth." }),
  metaFolder: optionalPath({
    example: "meta",
    doc: "Where indexes and statistics of the files are kept; beside each file where this is not set.",
  }),
  allowLinksOut: flag({
    default: false,
    doc: "Whether links within the folder may lead out of it; otherwise what they lead to is refused.",
  }),
  description: text({ default: "", doc: "What is in it." }),
  clientSideBuffer: wholeNumberOr("unlimited", {
    default: 15,
    min: 1,
    max: 3600,
    unit: "s",
    doc:
      "Media time a player is sent in advance; the rest in real time. A player may ask for more, up to 120 s. " +
      '"unlimited" sends as fast as the player takes it.',
  }),
  keyframeSeek: flag({
    default: true,
    doc:
      "Whether a seek starts at the key frame at or before its time. Otherwise at the very picture: those " +
      "from the key frame on are sent to be decoded only.",
  }),
  seekGranularity: value<number>({
    default: 0,
    allowed: "a number of s, 0-300",
    doc: "Key frames closer together than this are left out of a file's index; 0 keeps all.",
    accept: (written) => typeof written === "number" && written >= 0 && written <= 300 ? written : undefined,
  }),
  generateMetaFiles: flag({
    default: false,
    doc:
      "Whether indexes of all files are built when the server starts, rather than when a file is first played.",
  }),
  renameBadFiles: flag({
    default: false,
    doc: "Whether a file that cannot be read gets .bad at the end of its name.",
  }),
  externalSeekGenerator: flag({
    default: false,
    doc: "Whether indexes come from `crtmp index` only: the server builds none.",
  }),
  enableStats: flag({
    default: false,
    doc: "Whether openings and bytes are counted, in a .stats file for each file.",
  }),
};

/** The table `mediaStorage` of an application. */
export const MEDIA_STORAGE_OPTIONS = {
  enabled: flag({ default: true, doc: "Whether files are played at all." }),
  ...STORAGE_OPTIONS,
  recordedStreamsStorage: path({ default: "recordings", doc: "Where recordings are written." }),
  storages: list({
    name: text({ default: "", doc: "Its name, for messages about it." }),
    ...STORAGE_OPTIONS,
  }, { default: [], doc: "Further folders, searched after mediaFolder in this order." }),
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
  authentication: group(AUTHENTICATION_OPTIONS, { doc: "How encoders are asked who they are." }),
  hasStreamAliases: flag({
    default: false,
    doc: "Whether nothing is played but aliases, which the command addStreamAlias makes.",
  }),
  hasIngestPoints: flag({
    default: false,
    doc:
      "Whether nothing is published but by streamKeys and ingest points, which createIngestPoint makes; where " +
      "others may say a name, see `access`.",
  }),
  streamKeys: list(STREAM_KEY_OPTIONS, {
    default: [],
    doc: "Keys that publish a stream under its public name; without rules about publish, nothing else does.",
  }),
  access: list(ACCESS_RULE_OPTIONS, {
    default: [],
    doc: "Who may publish and play: the first rule that fits decides; where there are rules, none denies.",
  }),
  vodAliases: textList({
    default: ["vod"],
    pattern: NAME,
    allowed: `an array of names: ${NAME_ALLOWED}`,
    doc: "Names under which a file is played rather than a live stream of its name, and nobody waits for a " +
      "publisher.",
  }),
  mediaStorage: group(MEDIA_STORAGE_OPTIONS, {
    doc: "Media files: a folder of those that may be played, where recordings go, and further folders.",
  }),
  recording: group(RECORDING_OPTIONS, {
    doc: "How its live streams are recorded, into recordedStreamsStorage of mediaStorage.",
  }),
  streaming: group(STREAMING_OPTIONS, { doc: "How its live streams are run." }),
  externalStreams: list(PULL_OPTIONS, {
    default: [],
    doc: "Streams pulled from other servers; here they are like any that is published.",
  }),
  pushTargets: list(PUSH_OPTIONS, {
    default: [],
    doc: "Where its live streams are pushed to; each stream goes to all targets whose localStreamName fits.",
  }),
  acceptors: list(ACCEPTOR_OPTIONS, {
    default: [],
    doc: "Where it listens itself.",
    // what controls the server is for this machine, unless it is said otherwise
    moreRows: ({ protocol }) =>
      isControlChain(String(protocol)) ? { ip: { ...ACCEPTOR_OPTIONS.ip, default: "127.0.0.1" } } : {},
  }),
  tsTargets: list(TS_TARGET_OPTIONS, {
    default: [],
    doc:
      "Where its live streams are pushed to as MPEG-TS; datagrams leave at the pace of the stream's clock.",
  }),
  liveFlvTargets: list(LIVE_FLV_TARGET_OPTIONS, {
    default: [],
    doc: "Where its live streams are pushed to as FLV over TCP; tried again while the stream is live.",
  }),
};

/** One entry of `applications`; options an application declared itself are beside these. */
export type ApplicationConfig = OptionsOf<typeof APPLICATION_OPTIONS>;
/** One entry of `acceptors`. */
export type AcceptorConfig = OptionsOf<typeof ACCEPTOR_OPTIONS>;
/** The table `streaming` of an application. */
export type StreamingConfig = OptionsOf<typeof STREAMING_OPTIONS>;

/** The table `mediaStorage` of an application. */
export type MediaStorageConfig = OptionsOf<typeof MEDIA_STORAGE_OPTIONS>;
/** How the files of one folder are played. */
export type StorageConfig = OptionsOf<typeof STORAGE_OPTIONS>;

/** Keys of the original server's applications that cannot be had yet. */
export const LATER_KEYS: ReadonlySet<string> = new Set([
  "allowDuplicateInboundNetworkStreams",
  "authentication",
  "cipherSuite",
  "daemon",
  "enableCheckBandwidth",
  "instancesCount",
  "maxRtmpOutBuffer",
  "maxRtspOutBuffer",
  "rtcpDetectionInterval",
  "validateHandshake",
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
