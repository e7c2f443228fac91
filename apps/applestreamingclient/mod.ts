/**
 * applestreamingclient: presentations of HTTP Live Streaming, played here as live streams. A player may set up one by
 * `setupStream(url)`, as in the original, where the configuration says from which hosts.
 *
 * @module
 */
import { type ApplicationDefinition, ConfigError, errorMessage, flag, list, text, textList } from "#crtmp";

/** Most presentations that players may have set up at a time. */
const MAX_SET_UP = 100;

/** One entry of `streams`, as it is written. */
interface Entry {
  readonly uri: string;
  readonly localStreamName: string;
  readonly onDemand: boolean;
}

/** Plays HTTP Live Streaming of other servers. */
export const applestreamingclient: ApplicationDefinition = {
  name: "applestreamingclient",
  about: "Streams from presentations of HTTP Live Streaming",
  options: {
    streams: list({
      uri: text({ default: "", doc: "The playlist: http or https://[USER:PASSWORD@]HOST/PATH." }),
      localStreamName: text({ default: "", doc: "Its name here." }),
      onDemand: flag({ default: true, doc: "Whether it is got only while somebody plays it." }),
    }, { default: [], doc: "Presentations, and their names here." }),
    setupHosts: textList({
      default: [],
      doc: "Hosts whose presentations players may set up by setupStream; none by default.",
    }),
  },
  create: ({ name, options, log, relays }) => {
    const stops: (() => Promise<void>)[] = [];
    const setUp = new Map<string, string>();
    const hosts = new Set(Array.isArray(options["setupHosts"]) ? options["setupHosts"].map(String) : []);
    /** The name of the stream that a player wants, which is got while somebody plays it. */
    const streamOf = (url: string): string => {
      const parsed = URL.parse(url);
      if (parsed === null || !/^https?:$/.test(parsed.protocol) || !hosts.has(parsed.hostname)) {
        throw new ConfigError("Cannot set up a stream: its host is not one of setupHosts");
      }
      const known = setUp.get(parsed.href);
      if (known !== undefined) return known;
      if (setUp.size >= MAX_SET_UP) {
        throw new ConfigError(`Cannot set up a stream: there are ${MAX_SET_UP} already`);
      }
      const streamName = `hls-${setUp.size + 1}`;
      stops.push(
        relays.pull({ uri: parsed.href, localStreamName: streamName, onDemand: true, keepAlive: true }),
      );
      setUp.set(parsed.href, streamName);
      log.info(`${streamName} is ${parsed.origin}${parsed.pathname}`);
      return streamName;
    };
    return {
      start() {
        const entries = (Array.isArray(options["streams"]) ? options["streams"] : []) as readonly Entry[];
        for (const [at, { uri, localStreamName, onDemand }] of entries.entries()) {
          try {
            stops.push(relays.pull({ uri, localStreamName, onDemand, keepAlive: true }));
          } catch (cause) {
            throw new ConfigError(`${errorMessage(cause)} (streams[${at}] of ${name})`, { cause });
          }
        }
      },
      call({ name: wanted, args }) {
        if (wanted !== "setupStream") return undefined;
        // the original's form has a password and a session after bars, which were its own server's
        const [url = ""] = typeof args[0] === "string" ? args[0].split("|") : [];
        return [streamOf(url)];
      },
      close() {
        for (const stop of stops) void stop();
      },
    };
  },
};
