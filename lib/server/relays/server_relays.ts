import type { RelayControl, RelayEntry } from "#application";
import { ApplicationRelays, type RelayDialer, type RelayStatus } from "#bridges/relay";
import { type Clock, systemRandomBytes } from "#clock";
import { ConfigError, errorMessage } from "#errors";
import type { Logger } from "#log";
import type { Stream, StreamPath, StreamRegistry } from "#streaming";
import { type OptionsOf, type OptionTable, readOptions } from "#options";
import type { ApplicationConfig } from "../config/mod.ts";
import { PULL_OPTIONS, PUSH_OPTIONS } from "./relay_options.ts";
import { pullSettings, pushSettings } from "./relay_settings.ts";

/** What the relays of a server are made of. */
export interface ServerRelaysOptions {
  readonly streams: StreamRegistry;
  readonly dialer: RelayDialer;
  readonly clock: Clock;
}

/** The relays of all applications. */
export class ServerRelays {
  readonly #options: ServerRelaysOptions;
  readonly #byName = new Map<string, ApplicationRelays>();

  /** @param options `streams` is told who brings streams on demand. */
  constructor(options: ServerRelaysOptions) {
    this.#options = options;
    options.streams.onWanted = ({ appName, streamName }: StreamPath) =>
      this.#byName.get(appName)?.wanted(streamName) ?? 0;
  }

  /**
   * Adds an application, whose relays `start` starts.
   *
   * @param log Prefixed with its name.
   * @returns What it may do with its relays.
   */
  add(config: ApplicationConfig, log: Logger): RelayControl {
    const { streams: registry, dialer, clock } = this.#options;
    const relays = new ApplicationRelays({
      appName: config.name,
      registry,
      streamOptions: config.streaming,
      dialer,
      clock,
      randomBytes: systemRandomBytes,
      log: log.child("relay"),
    });
    this.#byName.set(config.name, relays);
    return {
      pull: (entry) => relays.pull(pullSettings(readEntry(PULL_OPTIONS, entry))),
      push: (entry) => relays.push(pushSettings(readEntry(PUSH_OPTIONS, entry))),
      list: () => relays.list(),
    };
  }

  /**
   * Starts the relays that applications are configured with.
   *
   * @throws {ConfigError} If an address is none, or two streams are pulled under one name.
   */
  start(applications: readonly ApplicationConfig[]): void {
    for (const { name, externalStreams, pushTargets } of applications) {
      const relays = this.#byName.get(name)!;
      startEach(externalStreams, {
        where: `externalStreams of ${name}`,
        start: (entry) => relays.pull(pullSettings(entry)),
      });
      startEach(pushTargets, {
        where: `pushTargets of ${name}`,
        start: (entry) => relays.push(pushSettings(entry)),
      });
    }
  }

  /** A publisher has started, or left. */
  streamChanged(stream: Stream, isLive: boolean): void {
    this.#byName.get(stream.path.appName)?.streamChanged(stream, isLive);
  }

  /** All of them, for the status page. */
  list(): (RelayStatus & { readonly application: string })[] {
    return [...this.#byName].flatMap(([application, relays]) =>
      relays.list().map((relay) => ({ application, ...relay }))
    );
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    await Promise.all([...this.#byName.values()].map((relays) => relays.close()));
  }
}

/** Starts one relay for each entry, and says which is wrong. */
function startEach<Entry>(
  entries: readonly Entry[],
  { where, start }: { where: string; start: (entry: Entry) => void },
): void {
  for (const [at, entry] of entries.entries()) {
    try {
      start(entry);
    } catch (cause) {
      throw new ConfigError(`${errorMessage(cause)} (${where}[${at}])`, { cause });
    }
  }
}

function readEntry<T extends OptionTable>(rows: T, entry: RelayEntry): OptionsOf<T> {
  const { options, faults } = readOptions(rows, entry);
  if (faults[0] !== undefined) throw new ConfigError(`Cannot relay: ${faults[0].message}`);
  return options;
}
