import { dialectOf, PlayerTurns } from "#bridges/rtmp";
import { ProtocolError } from "#errors";
import { SINGLE_TRACK_DIALECT } from "#mediaformats/flv";
import { type ClientStream, RtmpRefusalError } from "#protocols/rtmp";
import type { Stream } from "#streaming";
import { PublishWire } from "./publish_wire.ts";
import type { PushTarget, PushTargetOptions } from "./push_target.ts";
import { targetEvents } from "./target_events.ts";
import { type OpenRelay, openRelay } from "../relay_context.ts";
import { redirectedEndpoint, type RelayEndpoint, targetEndpoint } from "../relay_endpoint.ts";
import type { RelayAttempt, RelayEnd } from "../relay_loop.ts";

/**
 * What the first key frame is stamped with at the target, in microseconds: packets that come after it and belong
 * before it must not get times below 0.
 */
const FIRST_TIME_US = 500_000;

/** An RTMP server that we publish to. */
export class RtmpTarget implements PushTarget {
  readonly #options: PushTargetOptions;
  readonly #endpoint: RelayEndpoint;
  /** Where the server asked for the next connection. */
  #nextEndpoint: RelayEndpoint | undefined;

  /** @throws {FormatError} If the address of its settings is none, or names no application. */
  constructor(options: PushTargetOptions) {
    this.#options = options;
    this.#endpoint = targetEndpoint(options.settings.targetUri, options.names);
  }

  async attempt(attempt: RelayAttempt): Promise<RelayEnd> {
    const from = this.#nextEndpoint ?? this.#endpoint;
    this.#nextEndpoint = undefined;
    const relay = await openRelay(from, {
      options: this.#options.settings,
      context: this.#options,
      attempt,
      moved: (url) => this.#nextEndpoint = redirectedEndpoint(from, url),
      show: this.#options.show,
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
      await Promise.race([target.publish(streamKey, this.#options.settings.targetStreamType), relay.ended]);
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
    const subscriber = stream.subscribe(
      new PlayerTurns(carrier).sink(),
      wire,
      targetEvents({
        origin: `push ${this.#options.show(this.#endpoint.shown)}`,
        log,
        end: (end) => relay.end(end),
      }),
    );
    try {
      attempt.stand("connected and publishing");
      return await relay.ended;
    } finally {
      stream.unsubscribe(subscriber);
    }
  }

  /** Time of the stream that is 0 at the target; those that start at one key frame share it, and their bytes. */
  #startUs(stream: Stream): number {
    if (this.#options.settings.rtmpAbsoluteTimestamps) return 0;
    const { packets } = stream;
    const first = packets.start === undefined ? undefined : packets.at(packets.start);
    return Math.max(0, (first?.dtsUs ?? stream.newestDtsUs ?? 0) - FIRST_TIME_US);
  }
}
