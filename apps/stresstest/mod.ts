/**
 * stresstest: so many players of another server's streams, each again when it ends. `crtmp stress` measures, this keeps
 * a server busy.
 *
 * @module
 */
import {
  type ApplicationDefinition,
  ConfigError,
  errorMessage,
  flag,
  text,
  textList,
  wholeNumber,
} from "#crtmp";

const MAX_CONNECTIONS = 1000;

/** Plays other servers' streams, and does nothing with them. */
export const stresstest: ApplicationDefinition = {
  name: "stresstest",
  about: "Loads another server with players",
  options: {
    targetServer: text({
      default: "",
      doc: "The server to load, with its port if that is not 1935.",
    }),
    targetApp: text({ default: "live", doc: "Its application." }),
    streams: textList({ default: [], doc: "Names of the streams that are played, in turn." }),
    numberOfConnections: wholeNumber({
      default: 100,
      min: 1,
      max: MAX_CONNECTIONS,
      doc: "How many players there are.",
    }),
    randomAccessStreams: flag({
      default: false,
      doc: "Whether each player takes any of the streams, rather than the next one.",
    }),
    active: flag({ default: true, doc: "Whether it is done at all." }),
  },
  create: ({ name, options, log, relays }) => {
    const stops: (() => Promise<void>)[] = [];
    return {
      start() {
        const { targetServer, targetApp, streams, numberOfConnections, randomAccessStreams, active } =
          options;
        if (active !== true) return;
        const names = Array.isArray(streams) ? streams.map(String) : [];
        if (targetServer === "" || names.length === 0) {
          throw new ConfigError(`Cannot start ${name}: it needs targetServer and streams`);
        }
        for (let index = 0; index < Number(numberOfConnections); index++) {
          const at = randomAccessStreams === true ? Math.floor(Math.random() * names.length) : index;
          const uri = `rtmp://${targetServer}/${targetApp}/${names[at % names.length]}`;
          try {
            stops.push(relays.pull({ uri, localStreamName: `player-${index}`, keepAlive: true }));
          } catch (cause) {
            throw new ConfigError(`Cannot start ${name}: ${errorMessage(cause)}`, { cause });
          }
        }
        log.info(`${stops.length} players of ${targetServer}`);
      },
      close() {
        for (const stop of stops) void stop();
      },
    };
  },
};
