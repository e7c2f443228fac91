import type {
  Application,
  ApplicationContext,
  ApplicationDefinition,
  RecordingControl,
  RelayControl,
} from "#application";
import { ConfigError, errorMessage } from "#errors";
import { Logger, openSink, parseLogLevel } from "#log";
import { parseHostPort } from "#uri";
import type { Stream } from "#streaming";
import { ConfigSchema } from "./config/mod.ts";
import { startServer } from "./server.ts";

/** What a server inside another program is started with: addresses, and an application's hooks. */
export interface ServeOptions extends
  Pick<
    Application,
    "connect" | "connected" | "disconnected" | "publish" | "play" | "streamCommand" | "call" | "data"
  > {
  /** `HOST:PORT` for RTMP; port 0 is any free one. @default {"0.0.0.0:1935"} */
  readonly rtmp?: string;
  /** `HOST:PORT` for HTTP-FLV, WebSocket-FLV and pages. @default none */
  readonly http?: string;
  /** Folder of media files that may be played. @default none */
  readonly media?: string;
  /** Folder that recordings are written to: those that publishers ask for, and that the program starts. @default none */
  readonly recordings?: string;
  /** First part of stream addresses, as in `rtmp://host/live/NAME`. @default {"live"} */
  readonly appName?: string;
  /** Lines up to this level go to the console: `error`, `warning`, `info`, `debug`. @default none */
  readonly logLevel?: string;
  /** A publisher has started on this stream. */
  readonly streamUp?: (stream: Stream) => void;
  /** The publisher of this stream has left. */
  readonly streamDown?: (stream: Stream) => void;
}

/** A server inside another program. */
export interface EmbeddedServer {
  /** Addresses of publishers and players; NAME stands for the stream. */
  readonly urls: { readonly publish: readonly string[]; readonly play: readonly string[] };
  /** Live streams now. */
  streams(): Stream[];
  /** Recordings of live streams; `undefined` without a folder for them. */
  readonly recordings: RecordingControl | undefined;
  /** Streams pulled from other servers, and pushed to them. */
  readonly relays: RelayControl;
  /** Sends data to all who play a live stream. */
  readonly sendData: ApplicationContext["sendData"];
  /** Closes listeners, then connections. */
  close(): Promise<void>;
}

/**
 * Starts a server with one application made of `options`' hooks. Works without `--unstable-net`.
 *
 * ```ts
 * import { serve } from "@crtmp/crtmp";
 *
 * const server = await serve({ rtmp: "127.0.0.1:0", publish: ({ peer }) => peer.address === "127.0.0.1" });
 * await server.close();
 * ```
 *
 * @throws {ConfigError} If an option is wrong, or an address cannot be listened on.
 */
export async function serve(options: ServeOptions = {}): Promise<EmbeddedServer> {
  const { rtmp = "0.0.0.0:1935", http, media, recordings: folder, appName = "live", logLevel } = options;
  let recordings: RecordingControl | undefined;
  let context: ApplicationContext | undefined;
  const definition: ApplicationDefinition = {
    name: appName,
    about: "embedded",
    create: (made) => {
      if (folder !== undefined) recordings = made.recordings;
      context = made;
      return options;
    },
  };
  const address = addressOf("rtmp", rtmp);
  const web = http === undefined ? undefined : addressOf("http", http);
  const schema = new ConfigSchema({ applications: [definition] });
  const config = schema.parse({
    applications: [{
      name: appName,
      mediaStorage: {
        ...(media === undefined ? { enabled: false } : { mediaFolder: media }),
        ...(folder === undefined ? {} : { recordedStreamsStorage: folder }),
      },
      recording: { allowPublishers: folder !== undefined },
      acceptors: [{ ip: address.host, port: address.port }],
    }],
    web: web === undefined ? { enabled: false } : { ip: web.host, port: web.port },
  }, { name: "serve options" });
  const level = logLevel === undefined ? undefined : parseLogLevel(logLevel);
  const log = level === undefined
    ? Logger.silent()
    : new Logger({ sinks: [openSink({ name: "console", type: "console", level })] });
  const server = await startServer(config, { log, applications: [definition] });
  return {
    urls: server.urls,
    streams: () => server.streams.list(),
    recordings,
    // its one application was created
    relays: context!.relays,
    sendData: context!.sendData,
    close: async () => {
      await server.close("closed by its program");
      log.close();
    },
  };
}

function addressOf(option: string, text: string): { readonly host: string; readonly port: number } {
  try {
    return parseHostPort(text, { host: "0.0.0.0" });
  } catch (cause) {
    throw new ConfigError(`Cannot serve with option ${option}: ${errorMessage(cause)}`, {
      path: option,
      cause,
    });
  }
}
