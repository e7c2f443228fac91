import { ConfigError, errorMessage } from "#errors";
import type { Stream, StreamOptions, StreamRegistry } from "#streaming";
import { PullRelay } from "./pull/pull_relay.ts";
import { PushRelay } from "./push/push_relay.ts";
import type { RelayContext } from "./relay_context.ts";
import { pullEndpoint, pushEndpoint } from "./relay_address.ts";
import type { RelayState } from "./relay_loop.ts";
import type { PullOptions, PushOptions } from "./relay_options.ts";

/** What the relays of one application are made of. */
export interface ApplicationRelaysOptions extends RelayContext {
  /** Whose streams they are. */
  readonly appName: string;
  /** Where streams are found and made. */
  readonly registry: StreamRegistry;
  /** How pulled streams are run. */
  readonly streamOptions: StreamOptions;
}

/** One relay, as the status page shows it. */
export interface RelayStatus {
  readonly kind: "pull" | "push";
  readonly streamName: string;
  /** The other end, without password and query. */
  readonly peer: string;
  readonly state: RelayState;
  /** Why the last attempt failed; `undefined` where it did not, and before the first has ended. */
  readonly failure: string | undefined;
}

/** A push target and what is pushed there now, by stream. */
interface Target {
  readonly settings: PushOptions;
  readonly pattern: RegExp;
  readonly relays: Map<string, PushRelay>;
}

/** The streams that one application pulls from other servers, and pushes to them. */
export class ApplicationRelays {
  readonly #options: ApplicationRelaysOptions;
  readonly #pulls = new Map<string, PullRelay>();
  readonly #targets = new Set<Target>();
  #isClosed = false;

  constructor(options: ApplicationRelaysOptions) {
    this.#options = options;
  }

  /**
   * Pulls a stream: from now on, or each time somebody plays it.
   *
   * @returns Ends it.
   * @throws {ConfigError} If its address is none, or another stream is pulled under the name.
   */
  pull(settings: PullOptions): () => Promise<void> {
    const { localStreamName: streamName } = settings;
    const { registry, appName, streamOptions } = this.#options;
    const path = { appName, streamName };
    if (this.#isClosed) return () => Promise.resolve();
    if (this.#pulls.has(streamName)) {
      throw new ConfigError(`Cannot pull ${streamName}: another stream is pulled under this name`);
    }
    checkAddress(() => pullEndpoint(settings.uri));
    const relay = new PullRelay(settings, {
      ...this.#options,
      openStream: () => registry.open(path, streamOptions),
      hasAudience: () => registry.hasAudience(path),
    });
    this.#pulls.set(streamName, relay);
    if (!settings.onDemand || registry.hasAudience(path)) relay.start();
    return async () => {
      if (this.#pulls.get(streamName) === relay) this.#pulls.delete(streamName);
      await relay.stop("stopped");
    };
  }

  /**
   * Pushes streams to a target: those that are live now, and those to come.
   *
   * @returns Ends it.
   * @throws {ConfigError} If the address is none.
   */
  push(settings: PushOptions): () => Promise<void> {
    if (this.#isClosed) return () => Promise.resolve();
    checkAddress(() => pushEndpoint(settings.targetUri, { target: settings.targetStreamName, local: "a" }));
    const target: Target = { settings, pattern: namePattern(settings.localStreamName), relays: new Map() };
    this.#targets.add(target);
    for (const stream of this.#options.registry.list()) {
      const isOurs = stream.path.appName === this.#options.appName && stream.publisher !== undefined;
      if (isOurs) this.#startPush(target, stream.path.streamName);
    }
    return async () => {
      this.#targets.delete(target);
      await Promise.all([...target.relays.values()].map((relay) => relay.stop("stopped")));
    };
  }

  /** A publisher of a stream of this application has started, or left. */
  streamChanged(stream: Stream, isLive: boolean): void {
    const { streamName } = stream.path;
    if (this.#isClosed) return;
    for (const target of this.#targets) {
      if (isLive) this.#startPush(target, streamName);
      else target.relays.get(streamName)?.streamDown();
    }
  }

  /**
   * Somebody wants to watch a stream that nobody publishes.
   *
   * @returns How long it may take to come, in ms; 0 if it is not brought on demand.
   */
  wanted(streamName: string): number {
    const relay = this.#pulls.get(streamName);
    if (relay === undefined || !relay.settings.onDemand) return 0;
    relay.start();
    return relay.settings.connectTimeoutMs;
  }

  /** All relays: what is pulled, then what is pushed now. */
  list(): RelayStatus[] {
    return [
      ...[...this.#pulls].map(([streamName, { state, peer, failure }]): RelayStatus => ({
        kind: "pull",
        streamName,
        peer,
        state,
        failure,
      })),
      ...[...this.#targets].flatMap(({ relays }) =>
        [...relays].map(([streamName, { state, peer, failure }]): RelayStatus => ({
          kind: "push",
          streamName,
          peer,
          state,
          failure,
        }))
      ),
    ];
  }

  /** Ends all of them; resolves when no connection is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const pushes = [...this.#targets].flatMap(({ relays }) => [...relays.values()]);
    const all = [...this.#pulls.values(), ...pushes];
    await Promise.all(all.map((relay) => relay.stop("the server closes")));
  }

  #startPush(target: Target, streamName: string): void {
    if (!target.pattern.test(streamName)) return;
    let relay = target.relays.get(streamName);
    if (relay === undefined) {
      relay = this.#newPush(target, streamName);
      target.relays.set(streamName, relay);
    }
    relay.streamUp();
    this.#forgetWhenIdle(target, relay);
  }

  #newPush(target: Target, streamName: string): PushRelay {
    const { registry, appName } = this.#options;
    return new PushRelay(target.settings, {
      ...this.#options,
      streamName,
      findLive: () => {
        const stream = registry.find({ appName, streamName });
        return stream?.publisher === undefined ? undefined : stream;
      },
    });
  }

  /** Names come from publishers: what is over must not be kept. */
  #forgetWhenIdle(target: Target, relay: PushRelay): void {
    void relay.settled.then(() => {
      const { streamName } = relay;
      if (relay.state === "idle" && target.relays.get(streamName) === relay) target.relays.delete(streamName);
    });
  }
}

/** `*` stands for any run of characters. */
function namePattern(text: string): RegExp {
  const parts = text.split("*").map((part) => RegExp.escape(part));
  return new RegExp(`^${parts.join(".*")}$`, "su");
}

/** What is wrong with an address is wrong with the configuration. */
function checkAddress(parse: () => void): void {
  try {
    parse();
  } catch (cause) {
    throw new ConfigError(errorMessage(cause), { cause });
  }
}
