/**
 * The architecture as data: which folder may import which. `check_layers.ts` enforces it, and the check of
 * module docs compares the layer number that each `mod.ts` states.
 */

/** One row of the table. */
export interface Layer {
  /** Height: a folder imports only from lower numbers, but for the exceptions in {@link SIDEWAYS}. */
  readonly level: number;
  /** Folders of `lib/` it may import. */
  readonly mayImport: readonly string[];
  /** Packages it may import by name, beside the `node:` modules. */
  readonly packages?: readonly string[];
}

const BELOW_BRIDGES = [
  "errors",
  "clock",
  "bytes",
  "log",
  "uri",
  "variant",
  "amf",
  "auth",
  "media",
  "stack",
  "storage",
  "codecs",
  "protocols",
  "mediaformats",
  "streaming",
] as const;

const BELOW_SERVER = [...BELOW_BRIDGES, "options", "netio", "application", "bridges", "lua"] as const;

/** The may-import table. */
export const LAYERS: Readonly<Record<string, Layer>> = {
  errors: { level: 0, mayImport: [] },
  clock: { level: 0, mayImport: [] },
  bytes: { level: 1, mayImport: ["errors", "clock"] },
  log: { level: 1, mayImport: ["errors", "clock"], packages: ["@std/log"] },
  uri: { level: 1, mayImport: ["errors", "clock"] },
  options: { level: 1, mayImport: ["errors"] },
  variant: { level: 2, mayImport: ["bytes", "errors"], packages: ["fast-xml-parser"] },
  amf: { level: 2, mayImport: ["bytes", "errors", "variant"] },
  auth: { level: 2, mayImport: ["bytes", "errors", "clock", "uri"] },
  media: { level: 2, mayImport: ["bytes", "errors"] },
  stack: { level: 2, mayImport: ["bytes", "log", "errors", "clock"] },
  netio: { level: 3, mayImport: ["bytes", "log", "errors", "clock", "stack"] },
  storage: { level: 3, mayImport: ["bytes", "errors", "clock", "media"] },
  codecs: { level: 3, mayImport: ["bytes", "errors", "media"] },
  protocols: {
    level: 3,
    mayImport: ["bytes", "log", "errors", "clock", "uri", "auth", "variant", "amf", "stack"],
    packages: ["sdp-transform"],
  },
  mediaformats: { level: 4, mayImport: ["bytes", "errors", "amf", "media", "codecs"] },
  streaming: { level: 4, mayImport: ["bytes", "log", "errors", "clock", "media"] },
  application: {
    level: 5,
    mayImport: ["log", "errors", "clock", "options", "uri", "auth", "variant", "media", "stack", "streaming"],
  },
  bridges: { level: 5, mayImport: BELOW_BRIDGES },
  lua: { level: 5, mayImport: ["errors", "variant"], packages: ["wasmoon"] },
  server: {
    level: 6,
    mayImport: BELOW_SERVER,
    packages: ["@std/cli", "@std/log", "@std/streams", "@std/toml", "hono", "jose", "selfsigned", "valibot"],
  },
  command: {
    level: 7,
    mayImport: [...BELOW_SERVER, "server"],
    packages: ["@std/cli", "@std/log", "@std/streams", "@std/toml"],
  },
};

/** Folders of `lib/` whose subfolders are units of their own, which do not see each other. */
export const FAMILIES = ["codecs", "mediaformats", "protocols", "bridges"] as const;

/** The only imports between two units of one family: importer, then imported. */
export const SIDEWAYS: readonly (readonly [string, string])[] = [
  ...["aac", "ac3", "av1", "avc", "flac", "hevc", "mp3", "opus", "pcm", "vp8", "vp9"].map((codec) =>
    ["codecs", `codecs/${codec}`] as const
  ),
  ...["flv", "mkv", "mp3", "mp4", "mpegts"].map((format) =>
    ["mediaformats", `mediaformats/${format}`] as const
  ),
  ["bridges/vod", "bridges/rtmp"],
  ["bridges/rtsp", "bridges/vod"],
  ["bridges/vod", "bridges/indexing"],
  ["bridges/http_vod", "bridges/vod"],
  ["protocols/cli", "protocols/http"],
  ["protocols/websocket", "protocols/http"],
  ["protocols/rtmpt", "protocols/http"],
  ["protocols/variant", "protocols/http"],
  ["protocols/rtsp", "protocols/http"],
  ["protocols/rtsp", "protocols/rtp"],
  ["protocols/rtmpe", "protocols/rtmp"],
  ["bridges/relay", "bridges/rtmp"],
  ["bridges/relay", "bridges/rtsp"],
  ["bridges/relay", "bridges/ingest"],
  ["bridges/stress", "bridges/relay"],
  ["bridges/ts", "bridges/ingest"],
  ["bridges/rtsp", "bridges/ts"],
  ["bridges/live_flv", "bridges/ingest"],
];
