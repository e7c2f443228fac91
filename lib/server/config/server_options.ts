import { LOG_LEVEL, LOG_SINK_TYPES, type LogLevel, logLevelName, parseLogLevel } from "#log";
import {
  choice,
  flag,
  group,
  list,
  optionalPath,
  type OptionsOf,
  path,
  port,
  text,
  value,
  type ValueRow,
  wholeNumber,
} from "#options";
import { HEAD_TIMEOUT_MS, IDLE_TIMEOUT_MS } from "#protocols/http";
import {
  CONNECT_TIMEOUT_MS,
  DECISION_TIMEOUT_MS,
  HANDSHAKE_TIMEOUT_MS,
  PING_INTERVAL_MS,
  PING_TIMEOUT_MS,
} from "#protocols/rtmp";
import { USER_OPTIONS } from "./access_options.ts";
import { APPLICATION_OPTIONS } from "./application_options.ts";

const MIB = 1024 * 1024;

function timeout(defaultMs: number, doc: string): ValueRow<number> {
  return wholeNumber({ default: defaultMs, min: 100, max: 86_400_000, unit: "ms", doc });
}

/** Options of one entry of `logAppenders`. */
export const LOG_APPENDER_OPTIONS = {
  name: text({ default: "", doc: "Its name, for messages about it." }),
  type: choice(LOG_SINK_TYPES, {
    default: "coloredConsole",
    doc: "Where lines go: standard output, the same in colour where that is a terminal, one JSON object a " +
      "line, or a file.",
  }),
  level: value<LogLevel>({
    default: LOG_LEVEL.Info,
    doc: "The finest level it takes.",
    allowed: '"fatal", "error", "warning", "info", "debug", "fine" or "finest", or 0-6',
    accept: (written) => {
      try {
        return parseLogLevel(typeof written === "number" ? written : String(written));
      } catch {
        return undefined;
      }
    },
    write: (level) => logLevelName(level).toLowerCase(),
  }),
  singleLine: flag({ default: false, doc: "Whether an error's stack is folded into its line." }),
  fileName: optionalPath({
    example: "logs/crtmp.log",
    doc: "The file, for type file; its folder must exist.",
  }),
  fileLength: wholeNumber({
    default: 16 * MIB,
    min: 0,
    max: 1024 * MIB,
    unit: "bytes",
    doc: "At this length the file becomes FILE.1 and a new one is started; 0 never.",
  }),
  fileHistorySize: wholeNumber({
    default: 10,
    min: 1,
    max: 1000,
    unit: "files",
    doc: "How many of the earlier files are kept.",
  }),
};

/** Options of the web plane. */
export const WEB_OPTIONS = {
  enabled: flag({ default: true, doc: "Whether there is one." }),
  ip: text({ default: "0.0.0.0", doc: 'Address to listen on; "0.0.0.0" is every IPv4 one, "::" every one.' }),
  port: port({ default: 8080, doc: "Port to listen on; 0 lets the system choose." }),
  status: choice(["loopback", "public"], {
    default: "loopback",
    doc: "Who may see the status page at /: this machine, or everybody.",
  }),
  allowOrigin: text({
    default: "*",
    doc: "Pages that may play streams, as Access-Control-Allow-Origin says it; empty sends no such header.",
  }),
  waitForStreamMs: wholeNumber({
    default: 0,
    min: 0,
    max: 600_000,
    unit: "ms",
    doc: "How long a request for a stream nobody publishes is held open; 0 answers 404 at once.",
  }),
  decisionTimeoutMs: timeout(
    DECISION_TIMEOUT_MS,
    "How long an application may take to decide about a play; then the answer is 504.",
  ),
  headTimeoutMs: timeout(HEAD_TIMEOUT_MS, "How long a client may take to send the head of a request."),
  idleTimeoutMs: timeout(IDLE_TIMEOUT_MS, "How long a connection may wait for the next request."),
};

/** Options of RTMP connections. */
export const RTMP_OPTIONS = {
  waitForPublisherMs: wholeNumber({
    default: 0,
    min: 0,
    max: 86_400_000,
    unit: "ms",
    doc: "How long a player may wait for a publisher before it is disconnected; 0 for ever.",
  }),
  handshakeTimeoutMs: timeout(HANDSHAKE_TIMEOUT_MS, "How long a peer may take for the handshake."),
  connectTimeoutMs: timeout(CONNECT_TIMEOUT_MS, "How long it may then take to send connect."),
  decisionTimeoutMs: timeout(
    DECISION_TIMEOUT_MS,
    "How long an application may take to decide about a connect, publish or play.",
  ),
  pingIntervalMs: timeout(PING_INTERVAL_MS, "Time between two pings of a peer."),
  pingTimeoutMs: timeout(PING_TIMEOUT_MS, "A peer that gives no sign of life for this long is gone."),
  reconnectUrl: text({
    default: "",
    pattern: /^(?:rtmp[a-z]{0,2}:\/\/[^/\s]+(?:\/\S*)?)?$/,
    allowed: 'a URL such as "rtmp://HOST:PORT", or ""',
    doc:
      "Where peers that can reconnect are sent when the server stops; without an application path each keeps " +
      "its own. Empty: where they are connected.",
  }),
  drainMs: wholeNumber({
    default: 2000,
    min: 0,
    max: 3_600_000,
    unit: "ms",
    doc:
      "How long a server that stops goes on for peers that were asked to reconnect; shutdownTimeoutMs bounds " +
      "it, and nobody else is waited for.",
  }),
};

/** Options of RTSP connections. */
export const RTSP_OPTIONS = {
  waitForStreamMs: wholeNumber({
    default: 0,
    min: 0,
    max: 600_000,
    unit: "ms",
    doc: "How long DESCRIBE of a stream nobody publishes is held; 0 answers 404 at once.",
  }),
  aacFormat: choice(["hbr", "latm"], {
    default: "hbr",
    doc:
      "How AAC goes to players: as MPEG4-GENERIC (AAC-hbr), or as MP4A-LATM, which some broadcast gear wants.",
  }),
  rtpPortFirst: port({
    default: 0,
    doc: "First UDP port of media; each track of a session over UDP takes two. 0 lets the system choose.",
  }),
  rtpPortLast: port({ default: 0, doc: "Last UDP port of media." }),
  redirectUrl: text({
    default: "",
    pattern: /^(?:rtsps?:\/\/[^/\s]+\/*)?$/,
    allowed: 'a URL such as "rtsp://HOST:8554", or ""',
    doc: "Where clients that play or publish are sent when the server stops; empty for nowhere.",
  }),
  drainMs: wholeNumber({
    default: 2000,
    min: 0,
    max: 3_600_000,
    unit: "ms",
    doc:
      "How long a server that stops goes on for clients that were sent elsewhere; shutdownTimeoutMs bounds it.",
  }),
  multicastFirst: text({
    default: "",
    doc: "First group that streams are sent to where a player asks for multicast; empty for none.",
  }),
  multicastLast: text({ default: "", doc: "Last group: each stream that is sent so has one of its own." }),
  multicastPort: wholeNumber({
    default: 5004,
    min: 2,
    max: 65_000,
    doc: "UDP port of the first track in a group, even; each further track has the next two.",
  }),
  multicastTtl: wholeNumber({
    default: 1,
    min: 1,
    max: 255,
    unit: "hops",
    doc: "How far datagrams to groups get: 1 keeps them in the network of the server.",
  }),
};

/** Every option of the server. */
export const SERVER_OPTIONS = {
  maxConnections: wholeNumber({
    default: 0,
    min: 0,
    max: 10_000_000,
    unit: "connections",
    doc: "Connections held at a time, over all acceptors; 0 for as many as the system allows.",
  }),
  shutdownTimeoutMs: wholeNumber({
    default: 5000,
    min: 0,
    max: 600_000,
    unit: "ms",
    doc: "How long connections may take to close after SIGINT or SIGTERM.",
  }),
  dataFolder: path({
    default: "data",
    doc: "Where the server keeps data of its own: persistent shared objects.",
  }),
  logAppenders: list(LOG_APPENDER_OPTIONS, {
    default: [{ name: "console" }],
    doc: "Where log lines go. Each appender has its own level.",
  }),
  applications: list(APPLICATION_OPTIONS, {
    default: [
      {
        name: "flvplayback",
        description: "Live streams and media files",
        aliases: ["live", "vod"],
      },
      {
        name: "appselector",
        description: "Takes connections and hands each to the application it names",
        default: true,
        acceptors: [{}, { port: 8554, protocol: "inboundRtsp" }],
      },
    ],
    doc: "What connections reach. Give this table and you replace the two below.",
  }),
  users: list(USER_OPTIONS, {
    default: [],
    doc:
      "Who may be named in `access` rules; they give name and password to an encoder, or as user and pass in a URL.",
  }),
  usersFile: optionalPath({
    example: "users.toml",
    doc:
      "A file with further tables [[users]], or the original's users.lua; it is read again when it changes.",
  }),
  web: group(WEB_OPTIONS, { doc: "The web plane: HTTP-FLV, WebSocket-FLV and the status page." }),
  rtsp: group(RTSP_OPTIONS, { doc: "RTSP connections, of every application." }),
  rtmp: group(RTMP_OPTIONS, { doc: "RTMP connections, of every application." }),
};

/** The whole configuration, checked and complete. */
export type ServerConfig = OptionsOf<typeof SERVER_OPTIONS>;
/** One entry of `logAppenders`. */
export type LogAppenderConfig = OptionsOf<typeof LOG_APPENDER_OPTIONS>;
/** The table `web`. */
export type WebConfig = OptionsOf<typeof WEB_OPTIONS>;
/** The table `rtmp`. */
export type RtmpConfig = OptionsOf<typeof RTMP_OPTIONS>;
