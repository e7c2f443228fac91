import type { Clock } from "#clock";
import { ClosedError } from "#errors";
import type { Logger } from "#log";
import {
  formatSdp,
  type RtspPlayContext,
  type RtspPlayer,
  type RtspPresentation,
  type RtspTransport,
} from "#protocols/rtsp";
import { formatEndpoint } from "#stack";
import type { Stream, Subscriber, SubscriberSink } from "#streaming";
import { DatagramSink } from "./datagram_sink.ts";
import { type OutboundTrack, sdpTrackOf } from "./outbound_tracks.ts";
import { RtpWire } from "./rtp_wire.ts";

/** How long a connection stays after the last datagram of its stream, in ms. */
const DATAGRAM_LINGER_MS = 1_000;

/** What a presentation is made of. */
export interface StreamToRtspOptions {
  /** What is played. */
  readonly stream: Stream;
  /** Its tracks that RTP can carry. */
  readonly tracks: readonly OutboundTrack[];
  /** Time of reports and of datagrams. */
  readonly clock: Clock;
  /** Prefixed with protocol, address and stream. */
  readonly log: Logger;
}

/** A live stream as RTSP describes and plays it. */
export class StreamToRtsp implements RtspPresentation {
  readonly sdp: string;
  readonly controls: readonly string[];
  readonly #options: StreamToRtspOptions;

  constructor(options: StreamToRtspOptions) {
    const tracks = options.tracks.map(sdpTrackOf);
    this.#options = options;
    this.sdp = formatSdp({ name: options.stream.path.streamName, tracks });
    this.controls = tracks.map(({ control }) => control);
  }

  play(context: RtspPlayContext): RtspPlayer {
    return new RtpPlayer(this.#options, context);
  }
}

/** One player: a cursor in the log of its wire. */
class RtpPlayer implements RtspPlayer {
  readonly #options: StreamToRtspOptions;
  readonly #subscriber: Subscriber;
  #isStopped = false;
  #ending: Disposable | undefined;

  constructor(options: StreamToRtspOptions, context: RtspPlayContext) {
    this.#options = options;
    const { stream, log, clock } = options;
    const tracks = context.tracks.map(({ index, transport }) => ({
      track: options.tracks[index]!,
      ...channelsOf(index, transport),
    }));
    this.#subscriber = stream.subscribe(sinkOf(context, clock), new RtpWire({ tracks, clock }), {
      origin: `rtsp ${formatEndpoint(context.carrier.remote)}`,
      publisherChanged: (isLive) => this.#publisherChanged(isLive, context),
      jumped: (skippedMs) => this.#jumped(skippedMs),
    });
    log.info(`playing over ${context.tracks[0]?.transport.kind ?? "nothing"}`);
  }

  pause(isPaused: boolean): void {
    if (isPaused) this.#subscriber.pause();
    else this.#subscriber.resume();
  }

  /** Receiver reports are signs of life, which the session has noted. */
  rtcp(_track: number, _bytes: Uint8Array): void {}

  stop(error: Error | undefined): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#ending?.[Symbol.dispose]();
    this.#options.stream.unsubscribe(this.#subscriber);
    const { log } = this.#options;
    if (error === undefined || error instanceof ClosedError) log.info("stopped playing");
    else log.warning(`stopped playing: ${error.message}`);
  }

  /** Whoever reads datagrams may still wait for one that is late: the connection ends after them. */
  #publisherChanged(isLive: boolean, { tracks, ended }: RtspPlayContext): void {
    this.#ending?.[Symbol.dispose]();
    if (isLive) return;
    const isOverUdp = tracks[0]?.transport.kind === "udp";
    if (!isOverUdp) return ended("publisher left");
    this.#ending = this.#options.clock.after(DATAGRAM_LINGER_MS, () => ended("publisher left"));
  }

  #jumped(skippedMs: number): void {
    const { jumps } = this.#subscriber;
    const text = `player is too slow: skipped ${skippedMs} ms to the newest key frame, ${jumps} times so far`;
    if ((jumps & (jumps - 1)) === 0) this.#options.log.warning(text);
    else this.#options.log.debug(text);
  }
}

/** Over UDP the usual channels, so that players of both kinds share a log. */
function channelsOf(index: number, transport: RtspTransport): { rtpChannel: number; rtcpChannel: number } {
  if (transport.kind === "tcp") return transport;
  return { rtpChannel: index * 2, rtcpChannel: index * 2 + 1 };
}

function sinkOf(context: RtspPlayContext, clock: Clock): SubscriberSink {
  if (context.tracks[0]?.transport.kind !== "udp") return context.carrier;
  const { carrier } = context;
  const transports = new Map(context.tracks.map(({ index, transport }) => [index, transport]));
  return new DatagramSink({
    clock,
    send(channel, bytes) {
      const transport = transports.get(channel >> 1);
      if (transport?.kind !== "udp") return;
      const isRtcp = (channel & 1) === 1;
      transport.ports.send(bytes, { isRtcp, to: isRtcp ? transport.rtcp : transport.rtp });
    },
    abort: (error) => carrier.abort(error),
  });
}
