import type { Clock } from "#clock";
import { ClosedError, errorMessage, LimitError } from "#errors";
import type { Logger } from "#log";
import {
  formatClock,
  type PlayRange,
  type RtspCue,
  type RtspPlayContext,
  type RtspPlayer,
  type RtspRefusal,
} from "#protocols/rtsp";
import { formatEndpoint } from "#stack";
import type { Stream, Subscriber } from "#streaming";
import type { OutboundTrack } from "../outbound_tracks.ts";
import { RtpWire } from "../rtp_wire.ts";
import { GatedSink } from "./gated_sink.ts";
import { sinkOf, wireTracks } from "./transport_sinks.ts";

/** How long a connection stays after the last datagram of its stream, in ms. */
const DATAGRAM_LINGER_MS = 1_000;

/** What a player of a stream is made of. */
export interface LivePlayerOptions {
  /** What is played. */
  readonly stream: Stream;
  /** Its tracks that RTP can carry. */
  readonly tracks: readonly OutboundTrack[];
  /** Time of reports and of datagrams. */
  readonly clock: Clock;
  /** Prefixed with protocol, address and stream. */
  readonly log: Logger;
}

/** One player of a live stream: a cursor in the log of its wire. */
export class LivePlayer implements RtspPlayer {
  readonly #options: LivePlayerOptions;
  readonly #context: RtspPlayContext;
  readonly #gate: GatedSink;
  #wire: RtpWire;
  #subscriber: Subscriber | undefined;
  #isStopped = false;
  #ending: Disposable | undefined;

  constructor(options: LivePlayerOptions, context: RtspPlayContext) {
    const { clock, tracks } = options;
    this.#options = options;
    this.#context = context;
    this.#gate = new GatedSink(sinkOf(context, clock));
    this.#wire = new RtpWire({ tracks: wireTracks(context, tracks), clock });
  }

  /** Whatever range is asked for, what is live is played, from the newest key frame on. */
  cue(range: PlayRange | undefined): Promise<RtspCue | RtspRefusal> {
    const isFirst = this.#subscriber === undefined;
    try {
      this.#subscriber ??= this.#subscribe();
    } catch (error) {
      if (!(error instanceof LimitError || error instanceof ClosedError)) throw error;
      const status = error instanceof LimitError ? 453 : 404;
      return Promise.resolve({ status, reason: errorMessage(error) });
    }
    const nearUs = this.#options.stream.newestDtsUs ?? 0;
    const slice = isFirst ? this.#gate.heldSource?.nextSlice() : undefined;
    const { timeUs = nearUs, tracks } = this.#wire.firstOf(slice ?? NOTHING, nearUs);
    const isByClock = range?.kind === "clock";
    return Promise.resolve({
      range: isByClock ? `clock=${formatClock(this.#wire.wallMs(timeUs))}-` : "npt=now-",
      tracks,
    });
  }

  start(): void {
    this.#gate.open();
    this.#subscriber?.resume();
  }

  pause(): void {
    this.#subscriber?.pause();
  }

  /** Receiver reports are signs of life, which the session has noted. */
  rtcp(_track: number, _bytes: Uint8Array): void {}

  sayGoodBye(): void {
    if (!this.#isStopped) this.#gate.send(this.#wire.goodBye());
  }

  stop(error: Error | undefined): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#ending?.[Symbol.dispose]();
    const { stream, log } = this.#options;
    // what was looked at before the start is not on its way
    this.#gate.heldSource?.failed(error);
    if (this.#subscriber !== undefined) stream.unsubscribe(this.#subscriber);
    if (error === undefined || error instanceof ClosedError) log.info("stopped playing");
    else log.warning(`stopped playing: ${error.message}`);
  }

  #subscribe(): Subscriber {
    const { stream, log } = this.#options;
    const { carrier, tracks } = this.#context;
    const subscriber = stream.subscribe(this.#gate, this.#wire, {
      origin: `rtsp ${formatEndpoint(carrier.remote)}`,
      publisherChanged: (isLive) => this.#publisherChanged(isLive),
      jumped: (skippedMs) => this.#jumped(skippedMs),
    });
    // one wire for all players of a kind
    const shared = stream.logs.get(this.#wire.key)?.format;
    if (shared instanceof RtpWire) this.#wire = shared;
    log.info(`playing over ${tracks[0]?.transport.kind ?? "nothing"}`);
    return subscriber;
  }

  /** Whoever reads datagrams may still wait for one that is late: the connection ends after them. */
  #publisherChanged(isLive: boolean): void {
    this.#ending?.[Symbol.dispose]();
    if (isLive || this.#isStopped) return;
    const isOverTcp = this.#context.tracks[0]?.transport.kind === "tcp";
    if (isOverTcp) return this.#context.ended("publisher left");
    this.#ending = this.#options.clock.after(DATAGRAM_LINGER_MS, () => this.#context.ended("publisher left"));
  }

  #jumped(skippedMs: number): void {
    const jumps = this.#subscriber?.jumps ?? 1;
    const text = `player is too slow: skipped ${skippedMs} ms to the newest key frame, ${jumps} times so far`;
    if ((jumps & (jumps - 1)) === 0) this.#options.log.warning(text);
    else this.#options.log.debug(text);
  }
}

const NOTHING = new Uint8Array(0);
