/**
 * proxypublish: what is published here, by whatever protocol, is published to other servers in turn.
 *
 * @module
 */
import {
  type ApplicationDefinition,
  ConfigError,
  errorMessage,
  flag,
  list,
  PUSH_TARGET_OPTIONS,
  type RelayEntry,
  type Stream,
} from "#crtmp";

/** How often it is looked for targets that fail, in ms. */
export const FAILURE_LOOK_MS = 1000;

/** Forwards live streams. */
export const proxypublish: ApplicationDefinition = {
  name: "proxypublish",
  about: "Publishes its live streams to other servers, too",
  options: {
    targetServers: list(PUSH_TARGET_OPTIONS, {
      default: [],
      doc: "Where to; a stream goes to each whose localStreamName fits. The keys are those of pushTargets.",
    }),
    abortOnConnectError: flag({
      default: false,
      doc: "Whether a stream is ended here when one of its targets fails.",
    }),
  },
  create: ({ name, options, log, relays, clock }) => {
    const live = new Map<string, Stream>();
    const stops: (() => Promise<void>)[] = [];
    const isAborted = options["abortOnConnectError"] === true;
    let timer: Disposable | undefined;
    const abortFailed = () => {
      for (const { kind, streamName, peer, failure } of relays.list()) {
        if (kind === "push" && failure !== undefined) {
          live.get(streamName)?.publisher?.shutDown(`target ${peer} has failed: ${failure}`);
        }
      }
    };
    return {
      start() {
        const targets = entriesOf(options["targetServers"]);
        if (targets.length === 0) log.warning("targetServers is empty: streams go nowhere else");
        for (const [at, target] of targets.entries()) {
          try {
            // what fails has to be seen: it is tried again until then
            stops.push(relays.push(isAborted ? { ...target, keepAlive: true } : target));
          } catch (cause) {
            throw new ConfigError(`${errorMessage(cause)} (targetServers[${at}] of ${name})`, { cause });
          }
        }
        if (isAborted) timer = clock.every(FAILURE_LOOK_MS, abortFailed);
      },
      streamUp: (stream) => void live.set(stream.path.streamName, stream),
      streamDown: (stream) => void live.delete(stream.path.streamName),
      close() {
        timer?.[Symbol.dispose]();
        for (const stop of stops) void stop();
      },
    };
  },
};

/** What is written of each target: options that are not set are no part of an entry. */
function entriesOf(targets: unknown): RelayEntry[] {
  return (Array.isArray(targets) ? targets : []).map((target) =>
    Object.fromEntries(Object.entries(target).filter(([, value]) => value !== undefined)) as RelayEntry
  );
}
