import type { Stream } from "#streaming";
import type { PushTarget } from "./push_target.ts";
import { RtmpTarget } from "./rtmp_target.ts";
import { pushEndpoint, shownTarget } from "../relay_address.ts";
import type { RelayContext } from "../relay_context.ts";
import { RelayLoop, type RelayState } from "../relay_loop.ts";
import type { PushOptions } from "../relay_options.ts";
import { isRtspAddress } from "../rtsp/rtsp_endpoint.ts";
import { RtspTarget } from "../rtsp/rtsp_target.ts";

/** What a `PushRelay` needs beside its options. */
export interface PushRelayOptions extends RelayContext {
  /** What is pushed. */
  readonly streamName: string;
  /** The stream that is live now, or `undefined`. */
  readonly findLive: () => Stream | undefined;
}

/** Pushes one live stream to one target, as long as it is live. */
export class PushRelay {
  readonly settings: PushOptions;
  /** The other end, without password, query, and what may be a stream key. */
  readonly peer: string;
  /** What is pushed. */
  readonly streamName: string;
  readonly #options: PushRelayOptions;
  readonly #loop: RelayLoop;
  readonly #target: PushTarget;
  #isStopped = false;

  /**
   * @param settings Where to push to, and how.
   * @throws {FormatError} If its address is none, or names no application.
   */
  constructor(settings: PushOptions, options: PushRelayOptions) {
    this.settings = settings;
    const local = this.streamName = options.streamName;
    const target = settings.targetStreamName?.replaceAll("{stream}", local);
    const names = { target, local };
    // what is made of the stream's own name is no key
    const isOwn = settings.targetStreamName?.includes("{stream}") === true;
    const show = (shown: string) => isOwn ? shown : shownTarget(shown, local);
    this.peer = show(pushEndpoint(settings.targetUri, names).shown);
    const log = options.log.child(`push ${this.peer}`).about(local);
    this.#options = { ...options, log };
    const made = { ...this.#options, settings, names, show };
    this.#target = isRtspAddress(settings.targetUri) ? new RtspTarget(made) : new RtmpTarget(made);
    this.#loop = new RelayLoop({
      ...this.#options,
      connectTimeoutMs: settings.connectTimeoutMs,
      isKeptAlive: settings.keepAlive,
      isWanted: () => !this.#isStopped && this.#options.findLive() !== undefined,
      attempt: (attempt) => this.#target.attempt(attempt),
    });
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

  /** The stream is live: begins, or goes on. */
  streamUp(): void {
    this.#loop.start();
  }

  /** The stream's publisher has left: what has a connection is told by the stream, after a grace. */
  streamDown(): void {
    if (this.#loop.state !== "standing") void this.#loop.stop("the stream has ended");
  }

  /** Ends for good; resolves when nothing is under way. */
  async stop(reason: string): Promise<void> {
    this.#isStopped = true;
    await this.#loop.stop(reason);
  }
}
