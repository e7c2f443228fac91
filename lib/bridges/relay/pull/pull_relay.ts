import type { Stream } from "#streaming";
import { PullAttempt, stalled } from "./pull_attempt.ts";
import { PullFeed } from "./pull_feed.ts";
import { type OpenRelay, openRelay, type RelayContext } from "../relay_context.ts";
import { redirectedEndpoint, type RelayEndpoint, streamEndpoint } from "../relay_endpoint.ts";
import { type RelayAttempt, type RelayEnd, RelayLoop, type RelayState } from "../relay_loop.ts";
import type { PullOptions } from "../relay_options.ts";

/** How often media and players are looked for, in ms. */
const LOOK_MS = 1_000;

/** What a `PullRelay` needs beside its options. */
export interface PullRelayOptions extends RelayContext {
  /** The stream here, made if need be. */
  readonly openStream: () => Stream;
  /** Whether anybody plays it here, or waits for it. */
  readonly hasAudience: () => boolean;
}

/** Pulls one stream from another server, always or while somebody plays it here. */
export class PullRelay {
  readonly settings: PullOptions;
  readonly #options: PullRelayOptions;
  readonly #loop: RelayLoop;
  readonly #endpoint: RelayEndpoint;
  /** Where the server asked for the next connection. */
  #nextEndpoint: RelayEndpoint | undefined;
  #isStopped = false;
  /** When somebody was last there who plays it. */
  #lastAudienceMs: number;

  /**
   * @param settings What to pull, and how.
   * @throws {FormatError} If its address is none, or names no stream.
   */
  constructor(settings: PullOptions, options: PullRelayOptions) {
    this.settings = settings;
    this.#endpoint = streamEndpoint(settings.uri);
    const log = options.log.child(`pull ${this.#endpoint.shown}`).about(settings.localStreamName);
    this.#options = { ...options, log };
    this.#lastAudienceMs = -Infinity;
    this.#loop = new RelayLoop({
      ...this.#options,
      connectTimeoutMs: settings.connectTimeoutMs,
      isKeptAlive: settings.keepAlive,
      isWanted: () => this.#isWanted(),
      attempt: (attempt) => this.#attempt(attempt),
    });
  }

  /** The other end, without password and query. */
  get peer(): string {
    return this.#endpoint.shown;
  }

  /** Why the last attempt failed; `undefined` where it did not, and before the first has ended. */
  get failure(): string | undefined {
    return this.#loop.failure;
  }

  /** What it is doing. */
  get state(): RelayState {
    return this.#loop.state;
  }

  /** Resolves when nothing is under way; at once if nothing is. */
  get settled(): Promise<void> {
    return this.#loop.settled;
  }

  /** Begins, or goes on for somebody who has just come. */
  start(): void {
    this.#lastAudienceMs = this.#options.clock.nowMs();
    this.#loop.start();
  }

  /** Ends for good; resolves when nothing is under way. */
  async stop(reason: string): Promise<void> {
    this.#isStopped = true;
    await this.#loop.stop(reason);
  }

  #isWanted(): boolean {
    const { onDemand, onDemandIdleMs } = this.settings;
    if (this.#isStopped || !onDemand) return !this.#isStopped;
    const nowMs = this.#options.clock.nowMs();
    if (this.#options.hasAudience()) this.#lastAudienceMs = nowMs;
    return nowMs - this.#lastAudienceMs < onDemandIdleMs;
  }

  async #attempt(attempt: RelayAttempt): Promise<RelayEnd> {
    const { settings } = this;
    const { clock } = this.#options;
    const from = this.#nextEndpoint ?? this.#endpoint;
    this.#nextEndpoint = undefined;
    const relay = await openRelay(from, {
      options: settings,
      context: this.#options,
      attempt,
      moved: (url) => this.#nextEndpoint = redirectedEndpoint(from, url),
    });
    const feed = this.#feed(relay);
    const pull = new PullAttempt({ relay, feed, settings, clock });
    let isOver = false;
    try {
      await pull.play();
      attempt.stand("connected, waits for media");
      using _timer = clock.every(LOOK_MS, () => this.#look(relay, pull));
      const end = await relay.ended;
      isOver = end.isAtOnce !== true;
      return end;
    } finally {
      // players are left in peace where it may be back soon
      feed.end(!isOver && settings.keepAlive && !this.#isStopped);
      relay.client.close("the relay ends");
    }
  }

  #feed(relay: OpenRelay): PullFeed {
    const { log, openStream } = this.#options;
    return new PullFeed({
      open: openStream,
      origin: `pull ${relay.endpoint.shown}`,
      replaced: (why) => relay.end({ reason: why }),
      failed: (error) => relay.fail(error),
      malformed: ({ message }) => log.warning(`drops messages it cannot read, this first: ${message}`),
    });
  }

  #look(relay: OpenRelay, pull: PullAttempt): void {
    if (!this.#isWanted()) return relay.end({ reason: "nobody plays it any more" });
    const silentMs = pull.silentMs(this.#options.clock.nowMs());
    if (silentMs >= this.settings.stallTimeoutMs) relay.fail(stalled(silentMs));
  }
}
