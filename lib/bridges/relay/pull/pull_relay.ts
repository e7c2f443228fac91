import type { Stream } from "#streaming";
import type { PullSource, PullSourceOptions } from "./pull_source.ts";
import { RtmpSource } from "./rtmp_source.ts";
import type { RelayContext } from "../relay_context.ts";
import { RelayLoop, type RelayState } from "../relay_loop.ts";
import type { PullOptions } from "../relay_options.ts";
import { pullEndpoint } from "../relay_address.ts";
import { isHttpAddress } from "../hls/hls_endpoint.ts";
import { HlsSource } from "../hls/hls_source.ts";
import { isRtspAddress } from "../rtsp/rtsp_endpoint.ts";
import { RtspSource } from "../rtsp/rtsp_source.ts";

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
  readonly #source: PullSource;
  #isStopped = false;
  /** When somebody was last there who plays it. */
  #lastAudienceMs: number;

  /**
   * @param settings What to pull, and how.
   * @throws {FormatError} If its address is none, or names no stream.
   */
  constructor(settings: PullOptions, options: PullRelayOptions) {
    this.settings = settings;
    const { shown } = pullEndpoint(settings.uri);
    const log = options.log.child(`pull ${shown}`).about(settings.localStreamName);
    this.#options = { ...options, log };
    this.#lastAudienceMs = -Infinity;
    const source: PullSourceOptions = {
      ...this.#options,
      settings,
      isWanted: () => this.#isWanted(),
      comesBack: () => settings.keepAlive && !this.#isStopped,
    };
    this.#source = sourceOf(settings.uri, source);
    this.#loop = new RelayLoop({
      ...this.#options,
      connectTimeoutMs: settings.connectTimeoutMs,
      isKeptAlive: settings.keepAlive,
      isWanted: () => this.#isWanted(),
      attempt: (attempt) => this.#source.attempt(attempt),
    });
  }

  /** The other end, without password and query. */
  get peer(): string {
    return this.#source.shown;
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
}

function sourceOf(uri: string, options: PullSourceOptions): PullSource {
  if (isRtspAddress(uri)) return new RtspSource(options);
  return isHttpAddress(uri) ? new HlsSource(options) : new RtmpSource(options);
}
