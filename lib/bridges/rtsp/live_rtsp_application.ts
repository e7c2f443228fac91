import { type HttpLogin, parseBasicCredentials } from "#auth";
import { type Clock, type RandomBytes, systemRandomBytes } from "#clock";
import type { RecordedFiles } from "#bridges/vod";
import { FormatError } from "#errors";
import type { Logger } from "#log";
import type {
  RtspApplication,
  RtspPresentation,
  RtspRecording,
  RtspRefusal,
  RtspWish,
  SdpMedia,
} from "#protocols/rtsp";
import { formatEndpoint } from "#stack";
import type {
  Access,
  AccessGrant,
  AccessRefusal,
  Peer,
  Publisher,
  StreamAccess,
  StreamRegistry,
  StreamRequest,
} from "#streaming";
import { FilePresentation } from "./files/file_presentation.ts";
import { inboundForm } from "./inbound_tracks.ts";
import { whenTracksKnown } from "./known_tracks.ts";
import type { AacFormat } from "./outbound_tracks.ts";
import { MulticastSenders } from "./play/multicast_senders.ts";
import { type InboundTrack, RtspToStream } from "./rtsp_to_stream.ts";
import { StreamToRtsp } from "./stream_to_rtsp.ts";

/** What an RTSP bridge is made of. */
export interface LiveRtspOptions {
  /** Where streams are found and made. */
  readonly registry: StreamRegistry;
  /** Who may publish and play. */
  readonly access: StreamAccess;
  /** Knows users by what their requests say; where it is absent, or has no users, `access` judges Basic itself. */
  readonly login?: HttpLogin;
  /** Media files that are played where nobody publishes; none where this is absent. */
  readonly files?: RecordedFiles;
  /** What is sent by multicast, for all who share groups. @default its own */
  readonly senders?: MulticastSenders;
  /** Prefixed with `rtsp`; each connection adds its address. */
  readonly log: Logger;
  /** Time of waiting, arrivals and reports. */
  readonly clock: Clock;
  /** Names this side in its reports. @default {systemRandomBytes} */
  readonly randomBytes?: RandomBytes;
  /** How long a player of a stream that nobody publishes is held before 404, in ms. */
  readonly waitForStreamMs: number;
  /** How AAC goes to players. @default {"hbr"} */
  readonly aacFormat?: AacFormat;
}

/** How long an application may take to decide, in ms. */
export const DECISION_TIMEOUT_MS = 30_000;
/** How long a connection may stay after the good-bye of all its tracks, in ms: TEARDOWN should come. */
const GOOD_BYE_MS = 2_000;

/** A file that may be wanted. */
type FileWish = Parameters<RecordedFiles["open"]>[0];

/** Joins the RTSP sessions of one acceptor to the streams. */
export class LiveRtspApplication implements RtspApplication {
  readonly #options: LiveRtspOptions;
  readonly #senders: MulticastSenders;

  /** @param options Streams, permissions and log. */
  constructor(options: LiveRtspOptions) {
    this.#options = options;
    this.#senders = options.senders ?? new MulticastSenders(options.clock);
  }

  async open(wish: RtspWish): Promise<RtspPresentation | RtspRefusal> {
    const { access, registry, clock, files, waitForStreamMs, aacFormat = "hbr" } = this.#options;
    const request = await this.#identify(wish);
    if ("status" in request) return request;
    const answer = await this.#decided(access.play(request));
    if ("status" in answer) return answer;
    if (!answer.isGranted) return this.#refuse(wish, { verb: "play", answer });
    const log = this.#logOf(wish, answer.path.streamName);
    const isOnDemand = files?.isOnDemandName(wish.appName) ?? false;
    if (isOnDemand || registry.find(answer.path)?.publisher === undefined) {
      const presentation = await this.#openFile({
        path: answer.path,
        peer: request.peer,
        isCertain: isOnDemand,
      }, log);
      if (presentation !== undefined) return presentation;
    }
    if (!await registry.whenLive(answer.path, isOnDemand ? 0 : waitForStreamMs)) {
      log.debug("not found");
      return { status: 404, reason: "nobody publishes it" };
    }
    const stream = registry.open(answer.path, answer.options);
    // keeps the stream while it is looked at
    using _hold = stream.hold();
    const tracks = await whenTracksKnown(stream, { clock, aacFormat });
    if (tracks.length === 0) {
      log.warning("play refused: RTP carries none of its codecs");
      return { status: 415, reason: "RTP carries none of its codecs" };
    }
    return new StreamToRtsp({ stream, tracks, clock, log, senders: this.#senders });
  }

  async announce(wish: RtspWish, media: readonly SdpMedia[]): Promise<RtspRecording | RtspRefusal> {
    const request = await this.#identify(wish);
    if ("status" in request) return request;
    const answer = await this.#decided(this.#options.access.publish(request));
    if ("status" in answer) return answer;
    if (!answer.isGranted) return this.#refuse(wish, { verb: "publish", answer });
    const log = this.#logOf(wish, answer.path.streamName);
    const counts = { video: 0, audio: 0, data: 0 };
    const tracks = media.map((section): InboundTrack | undefined => {
      const form = inboundForm(section);
      if (form === undefined) {
        log.warning(`drops a track: ${section.kind} ${section.encoding || "of no name"} is not known here`);
        return undefined;
      }
      return { media: section, form, trackId: counts[section.kind]++ };
    });
    if (tracks.every((track) => track === undefined)) return { status: 415, reason: "no codec is known" };
    return new LiveRecording(wish, { ...this.#options, grant: answer, tracks, log });
  }

  /** An application that does not decide must not hold clients for ever. */
  async #decided(decision: Access | Promise<Access>): Promise<Access | RtspRefusal> {
    const late = Promise.withResolvers<RtspRefusal>();
    const reason = `no decision after ${DECISION_TIMEOUT_MS} ms`;
    using _timer = this.#options.clock.after(
      DECISION_TIMEOUT_MS,
      () => late.resolve({ status: 503, reason }),
    );
    return await Promise.race([decision, late.promise]);
  }

  async #openFile(wish: FileWish, log: Logger): Promise<RtspPresentation | RtspRefusal | undefined> {
    const { files, clock, aacFormat = "hbr" } = this.#options;
    try {
      const file = await files?.open(wish);
      if (file === undefined) return undefined;
      const open = () => files?.open(wish) ?? Promise.resolve(undefined);
      const presentation = await FilePresentation.of(file, { open, clock, log, aacFormat });
      return presentation ?? { status: 415, reason: "RTP carries none of its codecs" };
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      log.warning(`the file cannot be played: ${error.message}`);
      return { status: 415, reason: error.message };
    }
  }

  /** What is asked for, and by whom; or why that is not known. */
  async #identify(wish: RtspWish): Promise<StreamRequest | RtspRefusal> {
    const { login } = this.#options;
    const { authorization, method, url, remote } = wish;
    if (authorization === undefined) return requestOf(wish, {});
    if (login?.hasUsers !== true) return requestOf(wish, { basic: parseBasicCredentials(authorization) });
    const verdict = await login.verify(authorization, { method, uri: url, address: remote.address });
    if (verdict.isKnown) return requestOf(wish, { user: verdict.user });
    const log = this.#logOf(wish, "?");
    if (verdict.isStale) log.debug(verdict.reason);
    else log.warning(`login refused: ${verdict.reason}`);
    return this.#askWho(verdict.reason, verdict.isStale);
  }

  #askWho(reason: string, isStale: boolean): RtspRefusal {
    const challenges = this.#options.login?.challenges(isStale) ?? ['Basic realm="crtmp"'];
    return { status: 401, reason, headers: { "WWW-Authenticate": challenges } };
  }

  #refuse(wish: RtspWish, { verb, answer }: { verb: string; answer: AccessRefusal }): RtspRefusal {
    const { reason, isMissing, shownName = wish.streamName } = answer;
    const log = this.#logOf(wish, shownName);
    if (isMissing !== true && wish.authorization === undefined) {
      // clients ask without credentials first
      log.debug(`${verb} refused for now: ${reason}`);
      return this.#askWho(reason, false);
    }
    log.warning(`${verb} refused: ${reason}`);
    return { status: isMissing === true ? 404 : 403, reason };
  }

  #logOf({ remote, appName }: RtspWish, streamName: string): Logger {
    return this.#options.log.child(formatEndpoint(remote)).about(`${appName}/${streamName}`);
  }
}

/** What a recording is made of. */
interface RecordingOptions extends LiveRtspOptions {
  readonly grant: AccessGrant;
  /** By index of their media sections. */
  readonly tracks: readonly (InboundTrack | undefined)[];
}

/** A publisher over RTSP. */
class LiveRecording implements RtspRecording {
  readonly #wish: RtspWish;
  readonly #made: RecordingOptions;
  #publisher: Publisher | undefined;
  #feed: RtspToStream | undefined;
  #goodBye: Disposable | undefined;

  constructor(wish: RtspWish, made: RecordingOptions) {
    this.#wish = wish;
    this.#made = made;
  }

  start(ended: (reason: string) => void, use: { readonly isOverUdp: boolean }): RtspRefusal | undefined {
    const { registry, grant, tracks, clock, log, randomBytes = systemRandomBytes } = this.#made;
    const stream = registry.open(grant.path, grant.options);
    const publisher = stream.publish({
      origin: `rtsp ${formatEndpoint(this.#wish.remote)}`,
      replaced: (why) => {
        log.warning(why);
        ended(why);
      },
    });
    if (publisher === undefined) {
      const holder = stream.publisher?.origin ?? "another connection";
      log.warning(`publish refused: the stream is being published by ${holder}`);
      return { status: 403, reason: "it is already published" };
    }
    this.#publisher = publisher;
    const ssrc = new DataView(randomBytes(4).buffer).getUint32(0);
    this.#feed = new RtspToStream({
      clock,
      sink: publisher,
      tracks,
      ssrc,
      ended: () => this.#goodBye = clock.after(GOOD_BYE_MS, () => ended("the publisher said good-bye")),
    });
    this.#feed.start(use);
    log.info(`publishing, ${this.#wish.userAgent || "encoder unnamed"}`);
    return undefined;
  }

  rtp(track: number, bytes: Uint8Array): void {
    this.#feed?.rtp(track, bytes);
  }

  rtcp(track: number, bytes: Uint8Array): void {
    this.#feed?.rtcp(track, bytes);
  }

  report(track: number): Uint8Array | undefined {
    return this.#feed?.report(track);
  }

  stop(isLost: boolean): void {
    const publisher = this.#publisher;
    const feed = this.#feed;
    this.#publisher = this.#feed = undefined;
    this.#goodBye?.[Symbol.dispose]();
    feed?.stop();
    if (publisher === undefined || feed === undefined || publisher.isEnded) return;
    const { videoPackets, audioPackets, bytes } = publisher.statistics;
    const { lost, malformed } = feed.losses;
    this.#made.log.info(
      `stopped publishing${
        isLost ? ", connection lost" : ""
      }: ${videoPackets} video and ${audioPackets} audio ` +
        `packets, ${bytes} bytes; ${lost} RTP packets lost, ${malformed} malformed`,
    );
    publisher.end({ isLost });
  }
}

/** Basic credentials that nobody has checked are what a query with user and password is. */
function requestOf(
  wish: RtspWish,
  { user, basic }: { user?: string; basic?: { user: string; password: string } | undefined },
): StreamRequest {
  const { appName, streamName, remote, userAgent } = wish;
  const login = basic === undefined
    ? ""
    : `user=${encodeURIComponent(basic.user)}&pass=${encodeURIComponent(basic.password)}`;
  const query = [wish.query, login].filter((part) => part !== "").join("&");
  const peer: Peer = {
    protocol: "rtsp",
    address: remote.address,
    port: remote.port,
    appName,
    instance: "",
    userAgent,
    pageUrl: "",
    query: "",
    ...(user === undefined ? {} : { user }),
  };
  return { peer, streamName, query };
}
