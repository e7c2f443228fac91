import { DatagramSink, RtpWire, sdpTrackOf, whenTracksKnown } from "#bridges/rtsp";
import { FormatError, ProtocolError } from "#errors";
import { formatSdp, RtspRefusalError, type SdpTrack } from "#protocols/rtsp";
import type { Stream, SubscriberSink } from "#streaming";
import type { PushTarget, PushTargetOptions } from "../push/push_target.ts";
import { targetEvents } from "../push/target_events.ts";
import type { RelayAttempt, RelayEnd } from "../relay_loop.ts";
import { type OpenRtsp, openRtsp, rtspUserAgent } from "./rtsp_connection.ts";
import { type RtspEndpoint, rtspTarget } from "./rtsp_endpoint.ts";

const UNSUPPORTED_TRANSPORT = 461;
/** Time for the last datagrams before the good-bye that follows them, in ms. */
const DRAIN_MS = 200;

type Tracks = Awaited<ReturnType<typeof whenTracksKnown>>;

/** An RTSP server that we publish to. */
export class RtspTarget implements PushTarget {
  readonly #options: PushTargetOptions;
  readonly #endpoint: RtspEndpoint;
  /** Where the server asked for the next connection. */
  #nextEndpoint: RtspEndpoint | undefined;

  /** @throws {FormatError} If the address of its settings is none. */
  constructor(options: PushTargetOptions) {
    this.#options = options;
    this.#endpoint = rtspTarget(options.settings.targetUri, options.names);
  }

  async attempt(attempt: RelayAttempt): Promise<RelayEnd> {
    const { clock, settings, dialer, randomBytes, log, findLive } = this.#options;
    const from = this.#nextEndpoint ?? this.#endpoint;
    this.#nextEndpoint = undefined;
    const stream = findLive();
    if (stream === undefined) return { reason: "the stream has ended" };
    using _hold = stream.hold();
    const tracks = await whenTracksKnown(stream, { clock });
    if (tracks.length === 0) throw new FormatError("Cannot push: RTP carries none of the stream's codecs");
    const described = tracks.map(sdpTrackOf);
    using relay = await openRtsp(from, {
      ...{ dialer, clock, randomBytes, attempt },
      tls: settings.tls,
      userAgent: rtspUserAgent(settings),
      connectTimeoutMs: settings.connectTimeoutMs,
      // reports about what the server receives
      received: () => {},
      step: (text) => log.info(text),
      show: this.#options.show,
      moved: (to) => this.#nextEndpoint = to,
      describe: (session) => session.announce(formatSdp({ name: stream.path.streamName, tracks: described })),
    });
    await this.#setUp(relay, described);
    await Promise.race([relay.session.record(), relay.ended]);
    return await this.#send(stream, { relay, tracks, attempt });
  }

  /** All tracks over one of the two: TCP first, since nobody would tell that datagrams do not arrive. */
  async #setUp(relay: OpenRtsp<void>, described: readonly SdpTrack[]): Promise<void> {
    const { rtspTransport } = this.#options.settings;
    let lower: "udp" | "tcp" = rtspTransport === "udp" ? "udp" : "tcp";
    for (const [index, { control }] of described.entries()) {
      const setUp = () =>
        Promise.race([relay.session.setUp(index, { control, lower, isRecord: true }), relay.ended]);
      try {
        await setUp();
      } catch (error) {
        const isRefused = error instanceof RtspRefusalError && error.status === UNSUPPORTED_TRANSPORT;
        const isChoice = rtspTransport === "auto" && index === 0 && relay.endpoint.scheme === "rtsp";
        if (!isRefused || !isChoice) throw error;
        this.#options.log.info("the target takes no media over TCP; goes on over UDP");
        lower = "udp";
        await setUp();
      }
    }
  }

  /** Writes slices of the stream's log to the target, until the stream or the connection ends. */
  async #send(
    stream: Stream,
    use: { relay: OpenRtsp<void>; tracks: Tracks; attempt: RelayAttempt },
  ): Promise<RelayEnd> {
    const { clock, log } = this.#options;
    const { relay, tracks, attempt } = use;
    const transports = relay.session.transports.tracks;
    const wire = new RtpWire({
      clock,
      tracks: tracks.map((track) => {
        const transport = transports.get(track.index);
        const { rtpChannel, rtcpChannel } = transport?.kind === "tcp"
          ? transport
          : usualChannels(track.index);
        return { track, rtpChannel, rtcpChannel };
      }),
    });
    const isOverUdp = transports.values().some(({ kind }) => kind === "udp");
    const subscriber = stream.subscribe(
      this.#sink(relay, isOverUdp),
      wire,
      targetEvents({
        origin: `push ${this.#options.show(this.#endpoint.shown)}`,
        log,
        end: (end) => relay.end(end),
      }),
    );
    try {
      attempt.stand(`connected and publishing over ${isOverUdp ? "UDP" : "TCP"}`);
      const end = await relay.ended;
      if (isOverUdp) await new Promise<void>((resolve) => clock.after(DRAIN_MS, resolve));
      return end;
    } finally {
      stream.unsubscribe(subscriber);
    }
  }

  #sink({ protocol, session }: OpenRtsp<void>, isOverUdp: boolean): SubscriberSink {
    const carrier = protocol.directCarrier;
    if (carrier === undefined) throw new ProtocolError("Cannot push: the connection takes no shared bytes");
    if (!isOverUdp) return carrier;
    return new DatagramSink({
      clock: this.#options.clock,
      send: (channel, bytes) => session.transports.send(channel >> 1, { isRtcp: (channel & 1) === 1, bytes }),
      abort: (error) => carrier.abort(error),
    });
  }
}

/** Those that stand for the ports of a track. */
function usualChannels(index: number): { rtpChannel: number; rtcpChannel: number } {
  return { rtpChannel: index * 2, rtcpChannel: index * 2 + 1 };
}
