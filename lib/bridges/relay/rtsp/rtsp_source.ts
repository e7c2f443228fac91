import { inboundForm, type InboundTrack, RtspToStream } from "#bridges/rtsp";
import { FormatError, ProtocolError } from "#errors";
import { NoPortsError, RtspRefusalError, type SdpMedia, trackStartsOf } from "#protocols/rtsp";
import { stalled } from "../pull/pull_attempt.ts";
import { PullPublisher } from "../pull/pull_publisher.ts";
import { LOOK_MS, type PullSource, type PullSourceOptions } from "../pull/pull_source.ts";
import type { RelayAttempt, RelayEnd } from "../relay_loop.ts";
import { type OpenRtsp, openRtsp, rtspUserAgent } from "./rtsp_connection.ts";
import { type RtspEndpoint, rtspEndpoint } from "./rtsp_endpoint.ts";

/** How often the server is told how well its packets come, in ms. */
const REPORT_MS = 5_000;
const UNAUTHORIZED = 401;
/** Most packets that wait for the answer to PLAY. */
const MAX_EARLY_PACKETS = 256;

/** Media cannot come over UDP; over TCP it may. */
class NoDatagramsError extends ProtocolError {}

/** A stream that an RTSP server plays to us. */
export class RtspSource implements PullSource {
  readonly #options: PullSourceOptions;
  readonly #endpoint: RtspEndpoint;
  /** Where the server asked for the next connection. */
  #nextEndpoint: RtspEndpoint | undefined;
  /** Nothing came over UDP, and then over TCP: UDP is not tried again. */
  #isUdpInVain = false;

  /** @throws {FormatError} If the address of its settings is none. */
  constructor(options: PullSourceOptions) {
    this.#options = options;
    this.#endpoint = rtspEndpoint(options.settings.uri);
  }

  get shown(): string {
    return this.#endpoint.shown;
  }

  async attempt(attempt: RelayAttempt): Promise<RelayEnd> {
    const from = this.#nextEndpoint ?? this.#endpoint;
    this.#nextEndpoint = undefined;
    const { rtspTransport } = this.#options.settings;
    const isChoice = rtspTransport === "auto";
    // packets beside a connection that is encrypted would be open to everybody
    const isTcp = rtspTransport === "tcp" || isChoice && (this.#isUdpInVain || from.scheme === "rtsps");
    if (isTcp) return await this.#play(from, { attempt, lower: "tcp" });
    try {
      return await this.#play(from, { attempt, lower: "udp" });
    } catch (error) {
      if (!isChoice || !(error instanceof NoDatagramsError) || attempt.signal.aborted) throw error;
      this.#options.log.info(`${error.message}; goes on over TCP`);
      try {
        return await this.#play(from, { attempt, lower: "tcp" });
      } finally {
        this.#isUdpInVain = attempt.isStanding;
      }
    }
  }

  async #play(
    from: RtspEndpoint,
    { attempt, lower }: { attempt: RelayAttempt; lower: "udp" | "tcp" },
  ): Promise<RelayEnd> {
    const { clock, settings, comesBack, dialer, randomBytes, log } = this.#options;
    using relay = await openRtsp(from, {
      ...{ dialer, clock, randomBytes, attempt },
      tls: settings.tls,
      userAgent: rtspUserAgent(settings),
      connectTimeoutMs: settings.connectTimeoutMs,
      // nothing comes before a track was set up
      received: (track, datagram) => feed.received(track, datagram),
      step: (text) => log.info(text),
      moved: (to) => this.#nextEndpoint = to,
      describe: (session) => session.describe(),
    });
    const feed = new RtspFeed(relay, this.#options);
    let isOver = false;
    try {
      await feed.setUp(lower);
      await Promise.race([feed.play(rangeOf(settings)), relay.ended]);
      if (feed.isOverUdp) await Promise.race([feed.firstPacket(settings.udpTimeoutMs), relay.ended]);
      attempt.stand(`connected, waits for media over ${feed.isOverUdp ? "UDP" : "TCP"}`);
      using _looks = clock.every(LOOK_MS, () => this.#look(relay, feed));
      using _reports = clock.every(REPORT_MS, () => feed.report());
      const end = await relay.ended;
      isOver = end.isAtOnce !== true;
      return end;
    } finally {
      feed.end(!isOver && comesBack());
    }
  }

  #look(relay: OpenRtsp<unknown>, feed: RtspFeed): void {
    const { clock, settings, isWanted } = this.#options;
    if (!isWanted()) return relay.end({ reason: "nobody plays it any more" });
    const silentMs = feed.silentMs(clock.nowMs());
    if (silentMs >= settings.stallTimeoutMs) relay.fail(stalled(silentMs));
  }
}

/** What a range of the settings is in RTSP: RFC 2326 section 12.29. */
function rangeOf({ rangeStart, rangeEnd }: { rangeStart: number; rangeEnd: number }): string {
  if (rangeStart === -1) return "npt=now-";
  const end = rangeEnd < 0 ? "" : rangeEnd.toFixed(3);
  return `npt=${Math.max(0, rangeStart).toFixed(3)}-${end}`;
}

/** Publishes the packets of one connection. */
class RtspFeed {
  readonly #relay: OpenRtsp<readonly SdpMedia[]>;
  readonly #options: PullSourceOptions;
  readonly #publisher: PullPublisher;
  readonly #stream: RtspToStream;
  readonly #tracks: readonly (InboundTrack | undefined)[];
  readonly #startedMs: number;
  #first = Promise.withResolvers<void>();
  /** What came before the answer to PLAY. */
  #early: { readonly track: number; readonly isRtcp: boolean; readonly bytes: Uint8Array }[] | undefined = [];
  #hasMedia = false;
  #isFailed = false;

  /** @throws {FormatError} If nothing of what is described can be taken. */
  constructor(relay: OpenRtsp<readonly SdpMedia[]>, options: PullSourceOptions) {
    this.#relay = relay;
    this.#options = options;
    this.#startedMs = options.clock.nowMs();
    this.#tracks = this.#taken(relay.described);
    this.#publisher = new PullPublisher({
      open: options.openStream,
      origin: `pull ${relay.endpoint.shown}`,
      replaced: (why) => relay.end({ reason: why }),
      failed: (error) => relay.fail(error),
    });
    this.#stream = new RtspToStream({
      clock: options.clock,
      sink: this.#publisher,
      tracks: this.#tracks,
      ssrc: new DataView(options.randomBytes(4).buffer).getUint32(0),
      ended: () => relay.end({ reason: "the source has said good-bye" }),
    });
  }

  /** Whether media come over UDP. */
  get isOverUdp(): boolean {
    return this.#relay.session.transports.tracks.values().some(({ kind }) => kind === "udp");
  }

  /** Sets all tracks up that are taken. */
  async setUp(lower: "udp" | "tcp"): Promise<void> {
    const { session, ended } = this.#relay;
    for (const [index, track] of this.#tracks.entries()) {
      if (track === undefined) continue;
      const { control } = track.media;
      try {
        await Promise.race([session.setUp(index, { control, lower, isRecord: false }), ended]);
      } catch (error) {
        // servers say in many ways that they do not send datagrams
        const isRefused = error instanceof RtspRefusalError && error.status !== UNAUTHORIZED ||
          error instanceof NoPortsError;
        if (isRefused && lower === "udp") throw new NoDatagramsError(error.message, { cause: error });
        throw error;
      }
    }
  }

  /** Asks for the media. Packets that come before the answer, which says where tracks begin, wait for it. */
  async play(range: string): Promise<void> {
    const { session } = this.#relay;
    const infos = await session.play(range);
    const indexes = [...session.transports.tracks.keys()];
    const controls = indexes.map((index) => this.#tracks[index]?.media.control ?? "");
    for (const [at, info] of trackStartsOf(infos, controls).entries()) {
      if (info?.rtpTimestamp !== undefined) this.#stream.announce(indexes[at]!, info.rtpTimestamp);
    }
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const { track, ...datagram } of early) this.received(track, datagram);
  }

  /** Resolves with the first packet; rejects if there is none in time. */
  async firstPacket(timeoutMs: number): Promise<void> {
    using _timer = this.#options.clock.after(timeoutMs, () => {
      this.#first.reject(
        new NoDatagramsError(`Cannot play over UDP: no packet comes within ${timeoutMs} ms`),
      );
    });
    await this.#first.promise;
  }

  /** A packet of a track, borrowed. */
  received(track: number, { isRtcp, bytes }: { isRtcp: boolean; bytes: Uint8Array }): void {
    if (this.#isFailed) return;
    if (this.#early !== undefined) {
      if (this.#early.length < MAX_EARLY_PACKETS) this.#early.push({ track, isRtcp, bytes: bytes.slice() });
      return;
    }
    if (isRtcp) return this.#stream.rtcp(track, bytes);
    try {
      if (!this.#hasMedia) {
        this.#hasMedia = true;
        this.#first.resolve();
        this.#stream.start({ isOverUdp: this.isOverUdp });
      }
      this.#stream.rtp(track, bytes);
    } catch (error) {
      // nobody below would know what to do with it
      this.#isFailed = true;
      this.#relay.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Tells the server how well its packets come. */
  report(): void {
    for (const index of this.#relay.session.transports.tracks.keys()) {
      const bytes = this.#stream.report(index);
      if (bytes !== undefined) this.#relay.session.transports.send(index, { isRtcp: true, bytes });
    }
  }

  /** Time without media, in ms. */
  silentMs(nowMs: number): number {
    return nowMs - (this.#publisher.lastMediaMs ?? this.#startedMs);
  }

  /** The connection has ended; see `PullPublisher`. */
  end(isLost: boolean): void {
    this.#isFailed = true;
    const { lost, malformed } = this.#stream.losses;
    const { strayFrames, foreignDatagrams } = this.#relay.session.transports.dropped;
    const counts = Object.entries({
      "RTP packets lost": lost,
      "malformed": malformed,
      "of channels that are nobody's": strayFrames,
      "from elsewhere": foreignDatagrams,
    }).filter(([, count]) => count > 0).map(([what, count]) => `${count} ${what}`);
    if (counts.length > 0) this.#options.log.info(counts.join(", "));
    this.#stream.stop();
    this.#publisher.end(isLost);
  }

  #taken(media: readonly SdpMedia[]): (InboundTrack | undefined)[] {
    const counts = { video: 0, audio: 0, data: 0 };
    const tracks = media.map((section): InboundTrack | undefined => {
      const form = inboundForm(section);
      if (form !== undefined) return { media: section, form, trackId: counts[section.kind]++ };
      this.#options.log.warning(`leaves a track out: ${nameOf(section)} is not known here`);
      return undefined;
    });
    if (tracks.some((track) => track !== undefined)) return tracks;
    throw new FormatError(`Cannot play: of ${media.map(nameOf).join(", ")} nothing is known here`);
  }
}

function nameOf({ kind, encoding }: SdpMedia): string {
  return `${kind} ${encoding.replace(/[^\w.-]/g, "?").slice(0, 40) || "of no name"}`;
}
