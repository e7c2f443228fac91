import type { AmfObject } from "#amf";
import type { Clock } from "#clock";
import { ProtocolError } from "#errors";
import {
  type ClientStreamClient,
  type DataMessage,
  encodeUserControl,
  MESSAGE_TYPE,
  RtmpRefusalError,
  STATUS_CODE,
  USER_CONTROL_EVENT,
} from "#protocols/rtmp";
import type { PullFeed } from "./pull_feed.ts";
import type { OpenRelay } from "../relay_context.ts";
import type { RelayEnd } from "../relay_loop.ts";
import type { PullOptions } from "../relay_options.ts";

/** Length of the buffer that servers are told of, in ms: some send recordings no faster than it is used. */
const BUFFER_MS = 3_000;

/** Statuses that say that a live source has stopped; it may be back on this connection. */
const STOPPED: ReadonlySet<unknown> = new Set([STATUS_CODE.PlayUnpublishNotify, STATUS_CODE.PlayStop]);
/** Statuses that say that it is back. */
const STARTED: ReadonlySet<unknown> = new Set([STATUS_CODE.PlayPublishNotify, STATUS_CODE.PlayStart]);

/** What one connection of a pull is made of. */
export interface PullAttemptOptions {
  readonly relay: OpenRelay;
  readonly feed: PullFeed;
  readonly settings: PullOptions;
  readonly clock: Clock;
}

/**
 * One connection that plays a stream at another server: what it hears there goes to the feed.
 *
 * A live source may stop and come back on the same connection; a recording ends it.
 */
export class PullAttempt implements ClientStreamClient {
  readonly #options: PullAttemptOptions;
  readonly #firstMedia = Promise.withResolvers<void>();
  #isRecorded: boolean;
  #isStopped = false;
  /** Since when media are waited for, monotonic, in ms. */
  #waitsSinceMs: number;

  constructor(options: PullAttemptOptions) {
    this.#options = options;
    this.#isRecorded = options.settings.rangeStart >= 0;
    this.#waitsSinceMs = options.clock.nowMs();
  }

  /** Asks for the stream; resolves when it is granted, or has come. */
  async play(): Promise<void> {
    const { relay: { client, endpoint, ended }, settings, clock } = this.#options;
    client.notify("FCSubscribe", [endpoint.streamKey]);
    const stream = await client.createStream(this);
    const buffer = { value: stream.id, bufferLengthMs: BUFFER_MS };
    client.sendControl(
      MESSAGE_TYPE.UserControl,
      encodeUserControl(USER_CONTROL_EVENT.SetBufferLength, buffer),
    );
    const { rangeStart, rangeEnd } = settings;
    const started = stream.play(endpoint.streamKey, {
      startMs: rangeStart * 1000,
      ...rangeEnd < 0 ? {} : { durationMs: (rangeEnd - Math.max(0, rangeStart)) * 1000 },
    });
    // some servers send media and no status
    await Promise.race([started, this.#firstMedia.promise, ended]);
    this.#waitsSinceMs = clock.nowMs();
  }

  /** Time without media, in ms, unless the source has said that there are none. */
  silentMs(nowMs: number): number {
    if (this.#isStopped) return 0;
    return nowMs - (this.#options.feed.lastMediaMs ?? this.#waitsSinceMs);
  }

  // params: hot path
  media(messageTypeId: number, timestamp: number, payload: Uint8Array<ArrayBuffer>): void {
    if (this.#isStopped) this.#started();
    this.#options.feed.media(messageTypeId, timestamp, payload);
    this.#firstMedia.resolve();
  }

  data(message: DataMessage): void {
    if (this.#options.feed.data(message) === "onPlayStatus") this.#completed();
  }

  status(information: AmfObject): void {
    const { code, level } = information;
    if (level === "error") this.#options.relay.fail(new RtmpRefusalError("play", information));
    else if (code === STATUS_CODE.PlayComplete) this.#completed();
    else if (STOPPED.has(code)) this.#stopped();
    else if (STARTED.has(code)) this.#started();
  }

  userControl(event: number): void {
    if (event === USER_CONTROL_EVENT.StreamIsRecorded) this.#isRecorded = true;
    else if (event === USER_CONTROL_EVENT.StreamEof) this.#stopped();
    else if (event === USER_CONTROL_EVENT.StreamBegin) this.#started();
  }

  #started(): void {
    this.#isStopped = false;
    this.#waitsSinceMs = this.#options.clock.nowMs();
  }

  #stopped(): void {
    if (this.#isRecorded) return this.#completed();
    this.#isStopped = true;
    this.#options.feed.end(false);
  }

  #completed(): void {
    const end: RelayEnd = { reason: "the source has played all of it" };
    this.#options.relay.end(end);
  }
}

/** What a pull fails with that got nothing for too long. */
export function stalled(silentMs: number): Error {
  return new ProtocolError(`Cannot go on: the source has sent no media for ${Math.round(silentMs)} ms`);
}
