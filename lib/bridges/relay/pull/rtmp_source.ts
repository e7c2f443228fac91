import { PullAttempt, stalled } from "./pull_attempt.ts";
import { PullFeed } from "./pull_feed.ts";
import { LOOK_MS, type PullSource, type PullSourceOptions } from "./pull_source.ts";
import { type OpenRelay, openRelay } from "../relay_context.ts";
import { redirectedEndpoint, type RelayEndpoint, streamEndpoint } from "../relay_endpoint.ts";
import type { RelayAttempt, RelayEnd } from "../relay_loop.ts";

/** A stream that an RTMP server plays to us. */
export class RtmpSource implements PullSource {
  readonly #options: PullSourceOptions;
  readonly #endpoint: RelayEndpoint;
  /** Where the server asked for the next connection. */
  #nextEndpoint: RelayEndpoint | undefined;

  /** @throws {FormatError} If the address of its settings is none, or names no stream. */
  constructor(options: PullSourceOptions) {
    this.#options = options;
    this.#endpoint = streamEndpoint(options.settings.uri);
  }

  get shown(): string {
    return this.#endpoint.shown;
  }

  async attempt(attempt: RelayAttempt): Promise<RelayEnd> {
    const { clock, settings, comesBack } = this.#options;
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
      feed.end(!isOver && comesBack());
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
    const { clock, settings, isWanted } = this.#options;
    if (!isWanted()) return relay.end({ reason: "nobody plays it any more" });
    const silentMs = pull.silentMs(clock.nowMs());
    if (silentMs >= settings.stallTimeoutMs) relay.fail(stalled(silentMs));
  }
}
