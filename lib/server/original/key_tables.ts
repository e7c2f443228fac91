import type { OriginalKey, OriginalKeys, OriginalType } from "./original_key.ts";

/** A key that means the same here. */
function same<Name extends string>(
  name: Name,
  type: OriginalType,
  more: Partial<OriginalKey> = {},
): Record<Name, OriginalKey> {
  const row: OriginalKey = { type, becomes: name, isSame: true, ...more };
  return { [name]: row } as Record<Name, OriginalKey>;
}

const NEVER_READ: OriginalKey = { type: "text", says: "has no effect: the original did not read it either" };
const NO_TUNNEL = "has no effect: streams are not pulled by RTSP through HTTP";
const NO_WAIT = "has no effect: media is not held back until reports come";
const NO_TOS = "has no effect: the runtime cannot set it";
const ACCEPTOR_TTL =
  "has no effect: an acceptor only receives; datagrams are sent by tsTargets, which have a ttl";
const LINKED = "has no effect: applications are no shared libraries here, the name says which it is";

/** Keys of `configuration`. */
export const TOP_KEYS = {
  daemon: {
    type: "flag",
    silentFor: [false],
    says: "has no effect: `crtmp daemon` puts a server into the background, or systemd does",
  },
  pathSeparator: { type: "text", silentFor: ["/"], says: "has no effect: paths have the system's separator" },
  logAppenders: { type: "table", becomes: "logAppenders" },
  applications: { type: "table", isRequired: true, becomes: "applications" },
  instancesCount: {
    type: "number",
    silentFor: [0, 1],
    says: "has no effect: one process serves; the original started no more either",
  },
  web: {
    type: "table",
    becomes: "web",
    doc: "No key of the original: the web plane, whose options are those of TOML. Without it there is none.",
  },
  numberOfThreads: { ...NEVER_READ, type: "number" },
  bindAddresses: { ...NEVER_READ, type: "table" },
  storagePath: NEVER_READ,
  address: NEVER_READ,
  dnsResolver: { ...NEVER_READ, type: "table" },
} as const satisfies OriginalKeys;

/** Keys of one of `logAppenders`. */
export const APPENDER_KEYS = {
  ...same("name", "text", { isRequired: true }),
  type: {
    type: "text",
    isRequired: true,
    becomes: "type",
    doc: '`"console"`, `"coloredConsole"` or `"file"`.',
  },
  level: { type: "number", isRequired: true, becomes: "level", doc: "0 fatal to 6 finest." },
  specificLevel: {
    type: "number",
    silentFor: [0],
    says: "has no effect: an appender takes its level and all that are graver",
  },
  ...same("singleLine", "flag"),
  colored: { type: "flag", becomes: "type", doc: "Where the type is console: `coloredConsole`." },
  ...same("fileName", "text", { doc: "The file itself: no process number and time are added." }),
  fileHistorySize: { type: "number", becomes: "fileHistorySize", doc: "0 is all; here the 1000 newest." },
  ...same("fileLength", "number"),
  newLineCharacters: { type: "text", silentFor: ["\n"], says: 'has no effect: lines end in "\\n"' },
  format: { type: "text", says: "has no effect: it was for syslog, which the original did not take" },
} as const satisfies OriginalKeys;

/** Keys of `applications` that are no application. */
export const APPLICATIONS_KEYS = {
  rootDirectory: {
    type: "text",
    doc: "Where the folders of applications are: their relative paths start there.",
  },
} as const satisfies OriginalKeys;

/** Keys of one application. */
export const APPLICATION_KEYS = {
  ...same("name", "text", { isRequired: true }),
  ...same("description", "text"),
  protocol: {
    type: "text",
    silentFor: ["dynamiclinklibrary"],
    says: "has no effect: the original did not read it either",
  },
  appDir: {
    type: "text",
    doc: "The application's folder; where it is not set, its name in `rootDirectory`.",
  },
  library: { type: "text", becomes: "library", doc: "`libNAME.so` is the kind of application NAME." },
  initApplicationFunction: { type: "text", says: LINKED },
  initFactoryFunction: { type: "text", says: LINKED },
  ...same("default", "flag"),
  ...same("aliases", "texts"),
  acceptors: { type: "table", becomes: "acceptors" },
  validateHandshake: {
    type: "flag",
    silentFor: [false],
    says: "has no effect: handshakes with a digest and without are both taken",
  },
  enableCheckBandwidth: { type: "flag", silentFor: [true, false], doc: "checkBandwidth is always answered." },
  ...same("hasStreamAliases", "flag"),
  maxRtmpOutBuffer: {
    type: "number",
    silentFor: [131072],
    says: "has no effect: players that lag are bound by streaming.maxLagMs and streaming.maxLagBytes",
  },
  maxRtspOutBuffer: {
    type: "number",
    silentFor: [262144],
    says: "has no effect: players that lag are bound by streaming.maxLagMs and streaming.maxLagBytes",
  },
  rtcpDetectionInterval: {
    type: "number",
    silentFor: [10],
    says: "has no effect: media of RTSP publishers is taken as it comes, before the first report of RTCP too",
  },
  authentication: { type: "table", becomes: "usersFile, access" },
  externalStreams: { type: "table", becomes: "externalStreams" },
  mediaStorage: { type: "table", becomes: "mediaStorage" },
  mediaFolder: {
    type: "text",
    becomes: "mediaStorage.mediaFolder",
    doc:
      "This and the next ones were in the place of mediaStorage; beside it they are for all of its folders.",
  },
  keyframeSeek: { type: "flag", becomes: "mediaStorage.keyframeSeek" },
  seekGranularity: { type: "number", becomes: "mediaStorage.seekGranularity" },
  clientSideBuffer: { type: "number", becomes: "mediaStorage.clientSideBuffer" },
  generateMetaFiles: { type: "flag", becomes: "mediaStorage.generateMetaFiles" },
  renameBadFiles: { type: "flag", becomes: "mediaStorage.renameBadFiles" },
  externSeekGenerator: { type: "flag", becomes: "mediaStorage.externalSeekGenerator" },
  allowDuplicateInboundNetworkStreams: {
    type: "flag",
    silentFor: [false],
    says:
      "has no effect: one publisher holds a name; a silent one is replaced, see streaming.publisherSilentMs",
  },
  storage: { type: "table", says: "has no effect: the original was built without it" },
  targetServers: {
    type: "table",
    becomes: "targetServers, pushTargets",
    doc: "The first for proxypublish; others push, too.",
  },
} as const satisfies OriginalKeys;

/** Keys of one kind of application only, by its name. */
export const OWN_KEYS: Readonly<Record<string, OriginalKeys>> = {
  proxypublish: same("abortOnConnectError", "flag"),
  vmapp: {
    vmType: { type: "text", becomes: "vmType" },
    script: {
      type: "text",
      becomes: "script",
      doc: "A relative path starts in the application's folder.",
    },
  },
  stresstest: {
    ...same("targetServer", "text"),
    ...same("targetApp", "text"),
    ...same("active", "flag"),
    ...same("streams", "texts"),
    ...same("numberOfConnections", "number"),
    ...same("randomAccessStreams", "flag"),
  },
};

/** Keys of one of `acceptors`. */
export const ACCEPTOR_KEYS = {
  ...same("ip", "text", { isRequired: true }),
  ...same("port", "number", { isRequired: true }),
  ...same("protocol", "text", { isRequired: true }),
  sslKey: { type: "text", becomes: "sslKey", doc: "A relative path starts in the application's folder." },
  sslCert: { type: "text", becomes: "sslCert", doc: "The same." },
  cipherSuite: { type: "text", says: "has no effect: TLS 1.2 and 1.3 with the ciphers of the runtime" },
  ...same("useLengthPadding", "flag"),
  ...same("waitForMetadata", "flag"),
  ...same("localStreamName", "text"),
  fireOnlyOnce: {
    type: "flag",
    silentFor: [false],
    says: "has no effect: an acceptor stays open for the next sender",
  },
  id: { type: "number", says: "has no effect: it goes with fireOnlyOnce" },
  ssmIp: { type: "text", becomes: "multicastSource" },
  ttl: { type: "number", silentFor: [256], says: ACCEPTOR_TTL },
  tos: { type: "number", silentFor: [256], says: NO_TOS },
  crossDomainFile: { type: "text", says: "has no effect: use web.allowOrigin for pages of other sites" },
  ...same("passThroughTo", "text", {
    doc: "No key of the original, which had no other side for its pass-through.",
  }),
  auth: { type: "table", becomes: "auth", doc: "For chains over HTTP." },
  hasAuth: { type: "flag", silentFor: [true, false], doc: "The original sets it itself." },
} as const satisfies OriginalKeys;

/** Keys of `auth` of an acceptor. */
export const HTTP_AUTH_KEYS = {
  realms: { type: "table", isRequired: true, becomes: "auth.realms" },
  uris: { type: "table", isRequired: true, becomes: "auth.uris" },
} as const satisfies OriginalKeys;

/** Keys of one of its realms. */
export const HTTP_REALM_KEYS = {
  ...same("name", "text", { isRequired: true }),
  method: {
    type: "text",
    becomes: "auth.realms[].method",
    doc: '`"basic"` or `"digest"`, which it is without.',
  },
  credentials: {
    type: "table",
    isRequired: true,
    becomes: "auth.realms[].users",
    doc: "Names, and passwords in plain.",
  },
} as const satisfies OriginalKeys;

/** Keys of one of its paths. */
export const HTTP_URI_KEYS = {
  ...same("uri", "text", { isRequired: true }),
  ...same("realm", "text", { isRequired: true }),
} as const satisfies OriginalKeys;

/** Keys of `authentication`. */
export const AUTHENTICATION_KEYS = {
  rtmp: { type: "table", becomes: "usersFile, access" },
  rtsp: { type: "table", becomes: "usersFile" },
} as const satisfies OriginalKeys;

/** Keys of `authentication.rtmp`. */
export const RTMP_AUTHENTICATION_KEYS = {
  type: { type: "text", isRequired: true, doc: '`"adobe"`, in any case of letters.' },
  encoderAgents: { type: "texts", becomes: "authentication.encoderAgents" },
  usersFile: { type: "text", isRequired: true, becomes: "usersFile" },
} as const satisfies OriginalKeys;

/** Keys of `authentication.rtsp`. */
export const RTSP_AUTHENTICATION_KEYS = {
  usersFile: { type: "text", isRequired: true, becomes: "usersFile" },
  authenticatePlay: {
    type: "flag",
    silentFor: [false],
    says: "has no effect, as in the original: a rule of `access` about play does it",
  },
} as const satisfies OriginalKeys;

/** Keys of one of `externalStreams`. */
export const PULL_KEYS = {
  ...same("uri", "text", { isRequired: true }),
  ...same("localStreamName", "text", { isRequired: true }),
  ...same("keepAlive", "flag"),
  ...same("emulateUserAgent", "text"),
  ...same("swfUrl", "text"),
  ...same("pageUrl", "text"),
  ...same("tcUrl", "text"),
  ...same("rangeStart", "number"),
  ...same("rangeEnd", "number"),
  ...same("forceTcp", "flag"),
  httpProxy: { type: "text", says: NO_TUNNEL },
  rtcpDetectionInterval: { type: "number", says: NO_WAIT },
  tos: { type: "number", silentFor: [256], says: NO_TOS },
  ttl: { type: "number", silentFor: [256], says: NO_TOS },
} as const satisfies OriginalKeys;

/** Keys of one of `targetServers`. */
export const PUSH_KEYS = {
  ...same("targetUri", "text", { isRequired: true }),
  ...same("targetStreamName", "text", { doc: "`{stream}`, the name here, where it is not set." }),
  ...same("localStreamName", "text"),
  ...same("targetStreamType", "text"),
  ...same("emulateUserAgent", "text"),
  ...same("keepAlive", "flag"),
  ...same("tcUrl", "text"),
  ...same("swfUrl", "text"),
  ...same("pageUrl", "text"),
  ...same("rtmpAbsoluteTimestamps", "flag"),
} as const satisfies OriginalKeys;

/** Keys of `mediaStorage` that are no storage. */
export const MEDIA_STORAGE_KEYS = {
  recordedStreamsStorage: {
    type: "text",
    becomes: "mediaStorage.recordedStreamsStorage",
    doc: "Without it publishers cannot ask for recordings.",
  },
  hasTimers: { type: "flag", silentFor: [true, false], doc: "Statistics are always written in time." },
} as const satisfies OriginalKeys;

/** Keys of one storage. */
export const STORAGE_KEYS = {
  ...same("mediaFolder", "text", { isRequired: true }),
  ...same("metaFolder", "text"),
  ...same("description", "text"),
  ...same("enableStats", "flag"),
  clientSideBuffer: {
    type: "number",
    becomes: "clientSideBuffer",
    doc: '0 is 15 s, more than 3600 is 3600, 4294967295 is `"unlimited"`.',
  },
  ...same("keyframeSeek", "flag"),
  seekGranularity: {
    type: "number",
    becomes: "seekGranularity",
    doc: "Less than 0.1 is 1, more than 300 is 300.",
  },
  ...same("externalSeekGenerator", "flag"),
  ...same("renameBadFiles", "flag"),
  ...same("generateMetaFiles", "flag"),
} as const satisfies OriginalKeys;

/** Every table, by the path that the reference shows. */
export const KEY_TABLES: readonly (readonly [path: string, keys: OriginalKeys])[] = [
  ["configuration", TOP_KEYS],
  ["configuration.logAppenders[]", APPENDER_KEYS],
  ["configuration.applications", APPLICATIONS_KEYS],
  ["configuration.applications[]", APPLICATION_KEYS],
  ...Object.entries(OWN_KEYS).map(([name, keys]): [string, OriginalKeys] => [
    `configuration.applications[name = "${name}"]`,
    keys,
  ]),
  ["configuration.applications[].acceptors[]", ACCEPTOR_KEYS],
  ["configuration.applications[].acceptors[].auth", HTTP_AUTH_KEYS],
  ["configuration.applications[].acceptors[].auth.realms[]", HTTP_REALM_KEYS],
  ["configuration.applications[].acceptors[].auth.uris[]", HTTP_URI_KEYS],
  ["configuration.applications[].authentication", AUTHENTICATION_KEYS],
  ["configuration.applications[].authentication.rtmp", RTMP_AUTHENTICATION_KEYS],
  ["configuration.applications[].authentication.rtsp", RTSP_AUTHENTICATION_KEYS],
  ["configuration.applications[].externalStreams[]", PULL_KEYS],
  ["configuration.applications[].targetServers[]", PUSH_KEYS],
  ["configuration.applications[].mediaStorage", MEDIA_STORAGE_KEYS],
  ["configuration.applications[].mediaStorage[]", STORAGE_KEYS],
];
