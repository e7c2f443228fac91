import { dialectOf, PlayerTurns } from "#bridges/rtmp";
import { ProtocolError } from "#errors";
import { SINGLE_TRACK_DIALECT } from "#mediaformats/flv";
import { type ClientStream, RtmpRefusalError } from "#protocols/rtmp";
import type { Stream } from "#streaming";
import { PublishWire } from "./publish_wire.ts";
import { type OpenRelay, openRelay, type RelayContext } from "../relay_context.ts";
import { redirectedEndpoint, type RelayEndpoint, targetEndpoint } from "../relay_endpoint.ts";
import { type RelayAttempt, type RelayEnd, RelayLoop, type RelayState } from "../relay_loop.ts";
import type { PushOptions } from "../relay_options.ts";

/**
 * What the first key frame is stamped with at the target, in microseconds: packets that come after it and belong
 * before it must not get times below 0.
 */
const FIRST_TIME_US = 500_000;

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
  /** What is pushed. */
  readonly streamName: string;
  readonly #options: PushRelayOptions;
  readonly #loop: RelayLoop;
  readonly #endpoint: RelayEndpoint;
  #nextEndpoint: RelayEndpoint | undefined;
  #isStopped = false;

  /**
   * @param settings Where to push to, and how.
   * @throws {FormatError} If its address is none, or names no application.
   */
  constructor(settings: PushOptions, options: PushRelayOptions) {
    this.settings = settings;
    const local = this.streamName = options.streamName;
    const target = settings.targetStreamName?.replaceAll("{stream}", local);
    this.#endpoint = targetEndpoint(settings.targetUri, { target, local });
    const log = options.log.child(`push ${this.#endpoint.shown}`).about(local);
    this.#options = { ...options, log };
    this.#loop = new RelayLoop({
      ...this.#options,
      connectTimeoutMs: settings.connectTimeoutMs,
      isKeptAlive: settings.keepAlive,
      isWanted: () => !this.#isStopped && this.#options.findLive() !== undefined,
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

  async #attempt(attempt: RelayAttempt): Promise<RelayEnd> {
    const from = this.#nextEndpoint ?? this.#endpoint;
    this.#nextEndpoint = undefined;
    const relay = await openRelay(from, {
      options: this.settings,
      context: this.#options,
      attempt,
      moved: (url) => this.#nextEndpoint = redirectedEndpoint(from, url),
    });
    const { client, endpoint: { streamKey } } = relay;
    try {
      // what encoders say, and some servers wait for; others answer that they do not know it
      for (const name of ["releaseStream", "FCPublish"]) client.call(name, [streamKey]).catch(() => {});
      const target = await client.createStream({
        status: (information) => {
          if (information["level"] === "error") relay.fail(new RtmpRefusalError("publish", information));
        },
      });
      await Promise.race([target.publish(streamKey, this.settings.targetStreamType), relay.ended]);
      const end = await this.#send(target, { relay, attempt });
      client.notify("FCUnpublish", [streamKey]);
      target.delete();
      return end;
    } finally {
      client.close("the relay ends");
    }
  }

  /** Writes slices of the stream's log to the target, until the stream or the connection ends. */
  async #send(
    target: ClientStream,
    { relay, attempt }: { relay: OpenRelay; attempt: RelayAttempt },
  ): Promise<RelayEnd> {
    const { log, findLive } = this.#options;
    const carrier = relay.client.directCarrier;
    const stream = findLive();
    if (stream === undefined) return { reason: "the stream has ended" };
    if (carrier === undefined) throw new ProtocolError("Cannot push: the connection takes no shared bytes");
    const wire = new PublishWire({
      messageStreamId: target.id,
      startUs: this.#startUs(stream),
      // a target that announces nothing gets what encoders send to such
      dialect: relay.capabilities.isEnhanced ? dialectOf(relay.capabilities) : SINGLE_TRACK_DIALECT,
    });
    const subscriber = stream.subscribe(new PlayerTurns(carrier).sink(), wire, {
      origin: `push ${this.peer}`,
      isAudience: false,
      notCarried: ({ kind, codec, trackId }) =>
        log.warning(`the target does not read ${codec}: ${kind} track ${trackId} is left out`),
      jumped: (skippedMs) => {
        const { jumps } = subscriber;
        const text =
          `the target is too slow: skipped ${skippedMs} ms to the newest key frame, ${jumps} times so far`;
        if ((jumps & (jumps - 1)) === 0) log.warning(text);
        else log.debug(text);
      },
      publisherChanged: (isLive) => {
        if (!isLive) relay.end({ reason: "the stream has ended" });
      },
    });
    try {
      attempt.stand("connected and publishing");
      return await relay.ended;
    } finally {
      stream.unsubscribe(subscriber);
    }
  }

  /** Time of the stream that is 0 at the target; those that start at one key frame share it, and their bytes. */
  #startUs(stream: Stream): number {
    if (this.settings.rtmpAbsoluteTimestamps) return 0;
    const { packets } = stream;
    const first = packets.start === undefined ? undefined : packets.at(packets.start);
    return Math.max(0, (first?.dtsUs ?? stream.newestDtsUs ?? 0) - FIRST_TIME_US);
  }
}
