import { type MasterPlaylist, parsePlaylist, VariantChoice } from "#protocols/hls";
import type { TrackKind } from "#media";
import { stalled } from "../pull/pull_attempt.ts";
import { PullPublisher } from "../pull/pull_publisher.ts";
import { LOOK_MS, type PullSource, type PullSourceOptions } from "../pull/pull_source.ts";
import type { RelayAttempt, RelayEnd } from "../relay_loop.ts";
import { HlsClient, PLAYLIST_LIMIT } from "./hls_client.ts";
import { type HlsEndpoint, hlsEndpoint } from "./hls_endpoint.ts";
import { HlsLoader } from "./hls_loader.ts";
import { PacedPackets } from "./paced_packets.ts";
import { SegmentFeed } from "./segment_feed.ts";

/** Media may pause for as long as a segment lasts, and for this many more. */
const PATIENCE_SEGMENTS = 3;
/** Longest segment that is usual, in ms. */
const USUAL_SEGMENT_MS = 10_000;

/** One playlist to follow. */
interface Lane {
  readonly playlistUrl: () => string;
  readonly kinds: readonly TrackKind[];
  readonly measured: (bytes: number, ms: number) => void;
}

/** A stream that another server has as HTTP Live Streaming. */
export class HlsSource implements PullSource {
  readonly #options: PullSourceOptions;
  readonly #endpoint: HlsEndpoint;

  /** @throws {FormatError} If the address of its settings is none. */
  constructor(options: PullSourceOptions) {
    this.#options = options;
    this.#endpoint = hlsEndpoint(options.settings.uri);
  }

  get shown(): string {
    return this.#endpoint.shown;
  }

  async attempt(attempt: RelayAttempt): Promise<RelayEnd> {
    const { clock, settings, dialer, log, openStream, comesBack } = this.#options;
    const ended = Promise.withResolvers<RelayEnd>();
    ended.promise.catch(() => {});
    const stop = new AbortController();
    const abort = () => {
      const { reason } = attempt.signal;
      if (attempt.isStanding) {
        ended.resolve({ reason: reason instanceof Error ? reason.message : String(reason) });
      } else ended.reject(reason);
    };
    attempt.signal.addEventListener("abort", abort, { once: true });
    const { connectTimeoutMs: timeoutMs, tls, emulateUserAgent: userAgent } = settings;
    const client = new HlsClient(this.#endpoint, {
      dialer,
      clock,
      tls,
      userAgent,
      timeoutMs,
      signal: stop.signal,
    });
    const publisher = new PullPublisher({
      open: openStream,
      origin: `pull ${this.shown}`,
      replaced: (why) => ended.resolve({ reason: why }),
      failed: (error) => ended.reject(error),
    });
    using packets = new PacedPackets({
      clock,
      publish: (packet) => publisher.publish(packet),
      failed: (error) => ended.reject(error),
    });
    const startedMs = clock.nowMs();
    let isOver = false;
    try {
      if (attempt.signal.aborted) abort();
      const lanes = await Promise.race([this.#lanes(client), ended.promise.then((): Lane[] => [])]);
      const loaders = lanes.map(({ playlistUrl, kinds, measured }) =>
        new HlsLoader({
          ...{ client, clock, playlistUrl, measured, signal: stop.signal },
          feed: new SegmentFeed(kinds, (text) => log.warning(text)),
          lane: packets.lane(),
          warn: (text) => log.warning(text),
          begun: () => {
            if (!attempt.isStanding) attempt.stand("connected, has media");
          },
        })
      );
      Promise.all(loaders.map((loader) => loader.run())).then(() => packets.drained()).then(
        () => ended.resolve({ reason: "the source has played all of it" }),
        (error) => ended.reject(error),
      );
      using _looks = clock.every(LOOK_MS, () => {
        if (!this.#options.isWanted()) return ended.resolve({ reason: "nobody plays it any more" });
        const silentMs = clock.nowMs() - (publisher.lastMediaMs ?? startedMs);
        if (silentMs >= settings.stallTimeoutMs + PATIENCE_SEGMENTS * USUAL_SEGMENT_MS) {
          ended.reject(stalled(silentMs));
        }
      });
      const end = await ended.promise;
      isOver = true;
      return end;
    } finally {
      attempt.signal.removeEventListener("abort", abort);
      stop.abort(new Error("The relay ends"));
      publisher.end(!isOver && comesBack());
    }
  }

  async #lanes(client: HlsClient): Promise<Lane[]> {
    const { url } = this.#endpoint;
    const answer = await client.get(url, { limit: PLAYLIST_LIMIT });
    const playlist = parsePlaylist(new TextDecoder().decode(answer.bytes), answer.url);
    if (playlist.kind === "media") {
      return [{ playlistUrl: () => url, kinds: ["video", "audio"], measured() {} }];
    }
    return this.#chosen(playlist);
  }

  /** The variant that fits, and its sound where that comes apart. */
  #chosen(master: MasterPlaylist): Lane[] {
    const { log } = this.#options;
    const choice = new VariantChoice(master.variants);
    const { audioGroup } = choice.variant;
    const sounds = master.renditions.filter(({ type, groupId }) =>
      type === "AUDIO" && groupId === audioGroup
    );
    const soundUrl = (sounds.find(({ isDefault }) => isDefault) ?? sounds[0])?.uri;
    const tell = (): void => {
      const { bandwidth, resolution = "" } = choice.variant;
      log.info(`plays the variant of ${Math.round(bandwidth / 1000)} kbit/s ${resolution}`.trimEnd());
    };
    tell();
    const main: Lane = {
      playlistUrl: () => choice.variant.uri,
      kinds: soundUrl === undefined ? ["video", "audio"] : ["video"],
      measured: (bytes, ms) => {
        const before = choice.variant;
        choice.measured(bytes, ms);
        if (choice.variant !== before) tell();
      },
    };
    if (soundUrl === undefined) return [main];
    return [main, { playlistUrl: () => soundUrl, kinds: ["audio"], measured() {} }];
  }
}
