import type { RecordingControl, RelayControl, RelayEntry } from "#application";
import { ConfigError, errorMessage } from "#errors";
import type { Stream, StreamRegistry } from "#streaming";
import { formatUri, nameFault, parseUri } from "#uri";
import type { StoredConfig } from "./stored_state.ts";

/** Pulls, pushes and recordings by command, of a whole server. */
export const MAX_CONTROL_CONFIGS = 1_000;

/** What a command may have started. */
export type ConfigKind = StoredConfig["kind"];

/** A recording as a command asks for it. */
export interface RecordSettings {
  /** Of the stream. */
  readonly localStreamName: string;
  /** Whether it is recorded each time it is published, rather than once. */
  readonly keepAlive: boolean;
  /** Template of file names. @default as configured */
  readonly name?: string;
  /** @default as configured */
  readonly type?: "flv" | "mp4" | "ts";
  /** Whether a file of that name is replaced. @default as configured */
  readonly overwrite?: boolean;
  /** Media time of a file, in s; 0 for no bound. @default as configured */
  readonly chunkLength?: number;
}

/** What has become of a pull, push or recording: a stream that is live and a state. */
export interface ConfigState {
  readonly streamName: string;
  readonly state: "idle" | "connecting" | "standing" | "waiting" | "recording" | "failed";
  /** The other end, or the file. */
  readonly peer?: string;
  /** Why the last attempt failed. */
  readonly failure?: string;
}

/** A pull, push or recording, and how it stands. */
export interface ListedConfig extends StoredConfig {
  readonly states: readonly ConfigState[];
}

/** What configs are run with. */
export interface KeptConfigsOptions {
  readonly streams: StreamRegistry;
  readonly relays: (application: string) => RelayControl | undefined;
  readonly recordings: (application: string) => RecordingControl | undefined;
  /** What is to be kept has changed. Throws if it cannot be. */
  readonly changed: () => void;
  /** Told of one that was kept and cannot be started. */
  readonly warn: (text: string) => void;
}

interface RunningConfig extends StoredConfig {
  /** Ends it. */
  stop(): Promise<unknown>;
  /** Why it does not run. */
  failure?: string;
}

/**
 * Pulls, pushes and recordings that commands have started, by number. Those with `keepAlive` are kept over a restart;
 * others are forgotten when they are over.
 */
export class KeptConfigs {
  readonly #options: KeptConfigsOptions;
  readonly #configs = new Map<number, RunningConfig>();
  #nextId = 1;
  #isClosed = false;

  constructor(options: KeptConfigsOptions) {
    this.#options = options;
  }

  /** What is kept over a restart. */
  get stored(): { readonly nextConfigId: number; readonly configs: readonly StoredConfig[] } {
    const kept = [...this.#configs.values()].filter(isKept);
    const configs = kept.map(({ configId, kind, application, settings }) => ({
      configId,
      kind,
      application,
      settings,
    }));
    return { nextConfigId: this.#nextId, configs };
  }

  /** Starts what was kept; what cannot be started stays, and says why. */
  restore({ nextConfigId, configs }: KeptConfigs["stored"]): void {
    this.#nextId = nextConfigId;
    for (const config of configs) {
      this.#nextId = Math.max(this.#nextId, config.configId + 1);
      try {
        this.#configs.set(config.configId, { ...config, stop: this.#start(config) });
      } catch (error) {
        const failure = errorMessage(error);
        this.#configs.set(config.configId, { ...config, stop: () => Promise.resolve(), failure });
        this.#options.warn(`cannot start ${config.kind} ${config.configId}: ${failure}`);
      }
    }
  }

  /**
   * Starts a pull, push or recording.
   *
   * @param settings What was written: `localStreamName`, `keepAlive`, and further keys of its kind.
   * @throws {ConfigError} If it cannot be started.
   */
  add(
    kind: ConfigKind,
    { application, settings }: { application: string; settings: RelayEntry },
  ): ListedConfig {
    if (this.#isClosed) throw new ConfigError(`Cannot ${kind}: the server closes`);
    this.#forgetEnded();
    if (this.#configs.size >= MAX_CONTROL_CONFIGS) {
      throw new ConfigError(`Cannot ${kind}: there are MAX_CONTROL_CONFIGS (${MAX_CONTROL_CONFIGS})`);
    }
    const config = { configId: this.#nextId, kind, application, settings };
    const running: RunningConfig = { ...config, stop: this.#start(config) };
    this.#nextId++;
    this.#configs.set(config.configId, running);
    try {
      if (isKept(config)) this.#options.changed();
    } catch (error) {
      this.#configs.delete(config.configId);
      void running.stop();
      throw error;
    }
    return this.#listed(running);
  }

  /** All there are. */
  list(): ListedConfig[] {
    this.#forgetEnded();
    return [...this.#configs.values()].map((config) => this.#listed(config));
  }

  /**
   * Ends one, and forgets it.
   *
   * @throws {ConfigError} If there is none of this number.
   */
  async remove(configId: number): Promise<StoredConfig> {
    const config = this.#configs.get(configId);
    if (config === undefined) throw new ConfigError(`Cannot remove config ${configId}: there is none`);
    this.#configs.delete(configId);
    if (isKept(config)) this.#options.changed();
    await config.stop();
    return config;
  }

  /** The one that brings a stream here, or records it. */
  find(kind: ConfigKind, path: { appName: string; streamName: string }): StoredConfig | undefined {
    return [...this.#configs.values()].find((config) =>
      config.kind === kind && config.application === path.appName &&
      config.settings["localStreamName"] === path.streamName
    );
  }

  /** A publisher has started, or left. */
  streamChanged({ path: { appName, streamName } }: Stream, isLive: boolean): void {
    for (const config of this.#configs.values()) {
      const isConcerned = config.application === appName && config.settings["localStreamName"] === streamName;
      if (!isConcerned || config.kind === "pull") continue;
      if (!isLive && !isKept(config)) this.#forget(config);
      else if (isLive && config.kind === "record") {
        // whoever hears of the stream in this turn may record it as configured
        queueMicrotask(() => this.#record(config));
      }
    }
  }

  /** Nothing is started any more; what runs is ended by its owners. */
  close(): void {
    this.#isClosed = true;
    this.#configs.clear();
  }

  #start(config: StoredConfig): () => Promise<unknown> {
    const { kind, application, settings } = config;
    if (kind === "record") return this.#startRecording(config);
    const relays = this.#options.relays(application);
    if (relays === undefined) throw noApplication(application);
    if (kind === "pull") {
      const name = String(settings["localStreamName"]);
      const fault = nameFault(name);
      if (fault !== undefined) throw new ConfigError(`Cannot pull as ${JSON.stringify(name)}: ${fault}`);
      return relays.pull(settings);
    }
    if (!isKept({ settings }) && !this.#isLive(config)) {
      const name = String(settings["localStreamName"]);
      throw new ConfigError(`Cannot push ${name}: nobody publishes it, and keepAlive is off`);
    }
    return relays.push(settings);
  }

  #startRecording(config: StoredConfig): () => Promise<unknown> {
    const { application, settings } = config;
    const recordings = this.#options.recordings(application);
    if (recordings === undefined) throw noApplication(application);
    const { localStreamName } = settingsOf(config);
    const isLive = this.#isLive(config);
    if (!isLive && !isKept({ settings })) {
      throw new ConfigError(`Cannot record ${localStreamName}: nobody publishes it, and keepAlive is off`);
    }
    if (isLive && !this.#record(config)) {
      throw new ConfigError(`Cannot record ${localStreamName}: it is recorded already`);
    }
    return () => recordings.stop(localStreamName);
  }

  /** Whether it is recorded now by this call. */
  #record(config: StoredConfig): boolean {
    const { localStreamName, name, type, overwrite, chunkLength } = settingsOf(config);
    return this.#options.recordings(config.application)?.start(localStreamName, {
      ...name === undefined ? {} : { name },
      ...type === undefined ? {} : { format: type },
      ...overwrite === undefined ? {} : { onExisting: overwrite ? "replace" : "number" },
      ...chunkLength === undefined ? {} : { segmentMs: chunkLength * 1000 },
    }) ?? false;
  }

  #isLive({ application: appName, settings }: Pick<StoredConfig, "application" | "settings">): boolean {
    const streamName = String(settings["localStreamName"]);
    return this.#options.streams.find({ appName, streamName })?.publisher !== undefined;
  }

  #listed({ configId, kind, application, settings, failure }: RunningConfig): ListedConfig {
    const states = failure === undefined
      ? this.#statesOf({ configId, kind, application, settings })
      : [{ streamName: String(settings["localStreamName"]), state: "failed" as const, failure }];
    return { configId, kind, application, settings, states };
  }

  #statesOf({ kind, application, settings }: StoredConfig): ConfigState[] {
    const name = String(settings["localStreamName"]);
    if (kind === "record") {
      return (this.#options.recordings(application)?.list() ?? [])
        .filter(({ streamName }) => streamName === name)
        .map(({ streamName, fileName }) => ({
          streamName,
          state: "recording",
          ...fileName === undefined ? {} : { peer: fileName },
        }));
    }
    return (this.#options.relays(application)?.list() ?? [])
      .filter((relay) => relay.kind === kind && fits(name, relay.streamName))
      .filter(({ peer }) => kind === "pull" || isAt(peer, String(settings["targetUri"])))
      .map(({ streamName, state, peer, failure }) => ({
        streamName,
        state,
        peer,
        ...failure === undefined ? {} : { failure },
      }));
  }

  /** Forgets those that were to run once, and have. */
  #forgetEnded(): void {
    for (const config of this.#configs.values()) {
      if (isKept(config) || config.settings["onDemand"] === true) continue;
      const states = this.#statesOf(config);
      if (states.every(({ state }) => state === "idle")) this.#forget(config);
    }
  }

  #forget(config: RunningConfig): void {
    this.#configs.delete(config.configId);
    void config.stop();
  }
}

function isKept({ settings }: Pick<StoredConfig, "settings">): boolean {
  return settings["keepAlive"] !== false;
}

function settingsOf({ settings }: StoredConfig): RecordSettings {
  // the table of the command has checked them
  return settings as unknown as RecordSettings;
}

/** `*` stands for any run of characters. */
function fits(pattern: string, name: string): boolean {
  return new RegExp(`^${pattern.split("*").map((part) => RegExp.escape(part)).join(".*")}$`, "su").test(name);
}

/** Whether a push goes there: an address names the application at least, `peer` the stream too. */
function isAt(peer: string, targetUri: string): boolean {
  const { scheme, host, port, path: written } = parseUri(targetUri);
  const path = written.replace(/\/+$/, "");
  return peer.startsWith(formatUri({ scheme, host, port, path, user: "", password: "", query: "" }));
}

function noApplication(name: string): ConfigError {
  return new ConfigError(`Cannot use application ${JSON.stringify(name)}: there is none of this name`);
}
