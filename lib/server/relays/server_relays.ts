import { ApplicationRelays, type RelayDialer } from "#bridges/relay";
import { type Clock, systemRandomBytes } from "#clock";
import { ConfigError, errorMessage } from "#errors";
import type { Logger } from "#log";
import type { Stream, StreamPath, StreamRegistry } from "#streaming";
import type { ApplicationConfig } from "../config/mod.ts";
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
   * Starts the relays that an application is configured with.
   *
   * @param log Prefixed with its name.
   * @throws {ConfigError} If an address is none, or two streams are pulled under one name.
   */
  add(config: ApplicationConfig, log: Logger): void {
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
    startEach(config.externalStreams, {
      where: `externalStreams of ${config.name}`,
      start: (entry) => relays.pull(pullSettings(entry)),
    });
    startEach(config.pushTargets, {
      where: `pushTargets of ${config.name}`,
      start: (entry) => relays.push(pushSettings(entry)),
    });
  }

  /** A publisher has started, or left. */
  streamChanged(stream: Stream, isLive: boolean): void {
    this.#byName.get(stream.path.appName)?.streamChanged(stream, isLive);
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
