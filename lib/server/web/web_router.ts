import type { Clock } from "#clock";
import { AdtsWire, Mp3Wire, streamAudioCodec } from "#bridges/http_audio";
import { FlvPlayerProtocol, FlvWire, uncarriedCodecs, WebSocketWire } from "#bridges/http_flv";
import { TsWire } from "#bridges/ts";
import type { Logger } from "#log";
import type { HttpExchange, HttpFetchHandler, HttpLog, HttpRequestHead, HttpRouter } from "#protocols/http";
import { RtmptTunnel } from "#protocols/rtmpt";
import { RtspTunnel } from "#protocols/rtsp";
import { isWebSocketRequest, WebSocketProtocol } from "#protocols/websocket";
import { formatEndpoint } from "#stack";
import type {
  Access,
  AccessGrant,
  Peer,
  Stream,
  StreamAccess,
  StreamRegistry,
  StreamRequest,
  WireFormat,
} from "#streaming";
import type { CodecId } from "#media";
import { FileRoute, type FileTarget, type WebFiles } from "./file_route.ts";
import { isStreamPost, PostRoute } from "./post_route.ts";

/** What the web plane is made of. */
export interface WebRouterOptions {
  readonly registry: StreamRegistry;
  readonly access: StreamAccess;
  /** Media files that are served as they are; none where this is absent. */
  readonly files?: WebFiles;
  readonly log: Logger;
  readonly clock: Clock;
  /** How long a viewer of a stream that nobody publishes is held before 404, in ms. */
  readonly waitForStreamMs: number;
  /** How long an application may take to decide about a play before the answer is 504, in ms. */
  readonly decisionTimeoutMs: number;
  /** Pages that may play, as Access-Control-Allow-Origin has it; empty for none. */
  readonly allowOrigin: string;
  /** Takes the requests of RTMPT. */
  readonly tunnel: RtmptTunnel;
  /** Takes the connections of RTSP over HTTP; there are none where it is absent. */
  readonly rtsp?: RtspTunnel;
  /** Answers everything that is not media. */
  readonly fetch: HttpFetchHandler;
}

const CORS_HEADERS = {
  "access-control-allow-methods": "GET, HEAD, POST, PUT, OPTIONS",
  "access-control-allow-headers": "Range, Content-Type",
  "access-control-expose-headers": "Content-Length, Content-Range",
  "access-control-max-age": "86400",
};

/** How a stream is sent. */
type MediaFormat = "flv" | "ts" | "aac" | "mp3";

/** What each format is on the wire; `query` is that of the request. */
const FORMATS: Readonly<Record<MediaFormat, MediaWire>> = {
  flv: { wire: (query) => new FlvWire(wantedTracks(query)), contentType: "video/x-flv", tag: "flvout" },
  ts: { wire: () => new TsWire(), contentType: "video/mp2t", tag: "tsout" },
  aac: { wire: () => new AdtsWire(), contentType: "audio/aac", tag: "aacout", audio: ["mp4a"] },
  mp3: { wire: () => new Mp3Wire(), contentType: "audio/mpeg", tag: "mp3out", audio: [".mp3", "mp3_8k"] },
};

interface MediaWire {
  readonly wire: (query: string) => WireFormat;
  readonly contentType: string;
  readonly tag: "flvout" | "tsout" | "aacout" | "mp3out";
  /** Codecs it is for, where it carries nothing but audio. */
  readonly audio?: readonly CodecId[];
}

/** A play that was granted. */
interface GrantedPlay {
  readonly access: AccessGrant;
  /** Prefixed with protocol, address and stream. */
  readonly log: Logger;
  readonly format: MediaFormat;
  readonly query: string;
}

interface MediaTarget {
  readonly appName: string;
  readonly streamName: string;
  /** `audio` is the format of the codec that the stream has. */
  readonly format: MediaFormat | "audio";
  /** Nobody waits for a publisher. */
  readonly isOnDemand?: boolean;
}

/**
 * Routes the requests of the web plane: `/APP/NAME.flv` and `/APP/NAME.ts` over HTTP and WebSocket are media and never
 * leave the protocol stack, nor do RTMPT and RTSP; a POST there publishes; `/APP/NAME.aac` and `/APP/NAME.mp3` are its
 * audio alone; `/APP/FILE` is a media file, where files come first under APP; everything else goes to the `fetch` of
 * the pages.
 */
export class WebRouter implements HttpRouter {
  readonly #options: WebRouterOptions;
  readonly #cors: Readonly<Record<string, string>>;
  readonly #files: FileRoute | undefined;
  readonly #posts: PostRoute;

  constructor(options: WebRouterOptions) {
    this.#options = options;
    this.#cors = options.allowOrigin === ""
      ? {}
      : { "access-control-allow-origin": options.allowOrigin, ...CORS_HEADERS };
    this.#files = options.files && new FileRoute({
      files: options.files,
      log: options.log,
      clock: options.clock,
      headers: this.#cors,
      decide: (request) => this.#decide(request),
      refuse: (exchange, refusal) => this.#refuse(exchange, refusal),
    });
    this.#posts = new PostRoute({
      ...options,
      answer: (exchange, answer) => this.#refuse(exchange, answer),
    });
  }

  route(request: HttpRequestHead, exchange: HttpExchange): void {
    if (RtmptTunnel.isRequest(request)) return this.#options.tunnel.route(request, exchange);
    const { rtsp } = this.#options;
    if (rtsp !== undefined && RtspTunnel.isRequest(request)) return rtsp.route(request, exchange);
    const file = this.#files?.targetOf(request.path);
    const target = mediaTarget(request.path) ??
      (file && { appName: file.appName, streamName: "", format: "flv" });
    if (target === undefined) return exchange.respondWith(this.#options.fetch);
    if (request.method === "OPTIONS") return exchange.respond({ status: 204, headers: this.#cors });
    // under an alias of files nothing is published
    const { streamName, format } = target;
    if (isStreamPost(request) && file === undefined && (format === "flv" || format === "ts")) {
      const peer = {
        ...peerOf(request, exchange, { target, isWebSocket: false }),
        protocol: `http-${format}-post`,
      };
      return this.#posts.serve(exchange, { streamName, format, peer });
    }
    this.#get(request, exchange, { target, file });
  }

  /**
   * Routes a request of a port that plays audio only: `/NAME`, in the format of the codec that the stream has.
   *
   * @param appName Whose streams; without it the path names it, `/APP/NAME`.
   */
  routeAudio(request: HttpRequestHead, exchange: HttpExchange, appName?: string): void {
    if (request.method === "OPTIONS") return exchange.respond({ status: 204, headers: this.#cors });
    const path = appName === undefined ? request.path : `/${encodeURIComponent(appName)}${request.path}`;
    const target = mediaTarget(path) ?? namedStream(path);
    if (target === undefined) return this.#refuse(exchange, { status: 404, reason: "No stream is named" });
    this.#get(request, exchange, {
      target: {
        ...target,
        format: target.format === "mp3" || target.format === "aac" ? target.format : "audio",
      },
      file: undefined,
    });
  }

  #get(
    request: HttpRequestHead,
    exchange: HttpExchange,
    { target, file }: { target: MediaTarget; file: FileTarget | undefined },
  ): void {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return exchange.respond({
        status: 405,
        headers: { ...this.#cors, allow: "GET, HEAD, POST, PUT, OPTIONS" },
        body: `Cannot ${request.method} a stream: GET plays it, POST publishes it.\n`,
      });
    }
    this.#answer(request, exchange, { target, file }).catch((error) => {
      this.#options.log.error(`request for ${target.appName}/${target.streamName} failed`, error);
      if (!exchange.isAnswered) exchange.respond({ status: 500, body: "The server failed.\n" });
    });
  }

  async #answer(
    request: HttpRequestHead,
    exchange: HttpExchange,
    { target, file }: { target: MediaTarget; file: FileTarget | undefined },
  ): Promise<void> {
    const isWebSocket = isWebSocketRequest(request);
    if (file !== undefined && !isWebSocket) {
      const peer = { ...peerOf(request, exchange, { target, isWebSocket }), protocol: "http" };
      const wish = { peer, streamName: file.name, query: request.query };
      if (await this.#files!.serve(exchange, { target: file, wish })) return;
      if (target.streamName === "") {
        return this.#refuse(exchange, { status: 404, reason: `There is no file ${file.name}` });
      }
    }
    await this.#play(request, exchange, { ...target, isOnDemand: file !== undefined });
  }

  async #play(request: HttpRequestHead, exchange: HttpExchange, target: MediaTarget): Promise<void> {
    const isWebSocket = isWebSocketRequest(request) && !isAudio(target.format);
    const peer = peerOf(request, exchange, { target, isWebSocket });
    const { appName, streamName } = target;
    const log = this.#options.log.child(peer.protocol).child(formatEndpoint(exchange.remote));
    const access = await this.#decide({ peer, streamName, query: request.query });
    if (exchange.isAnswered) return;
    if (access === undefined) {
      const reason = `No decision after ${this.#options.decisionTimeoutMs} ms`;
      log.about(`${appName}/${streamName}`).warning(`play refused: ${reason}`);
      return this.#refuse(exchange, { status: 504, reason });
    }
    if (!access.isGranted) {
      log.about(`${appName}/${access.shownName ?? streamName}`).warning(`play refused: ${access.reason}`);
      return this.#refuse(exchange, { status: access.isMissing ? 404 : 403, reason: access.reason });
    }
    const gone = new AbortController();
    exchange.whenEnded(() => gone.abort());
    const waitMs = target.isOnDemand === true ? 0 : this.#options.waitForStreamMs;
    const isLive = await this.#options.registry.whenLive(access.path, waitMs, {
      signal: gone.signal,
    });
    if (exchange.isAnswered) return;
    const named = log.about(`${appName}/${access.path.streamName}`);
    if (!isLive) {
      named.debug("not found");
      return this.#refuse(exchange, { status: 404, reason: `Nobody publishes ${appName}/${streamName}` });
    }
    const stream = this.#options.registry.open(access.path, access.options);
    const format = target.format === "audio" ? audioFormat(stream) : target.format;
    const misfit = this.#misfit(stream, { format, query: request.query });
    if (misfit !== undefined) {
      named.info(`cannot be sent as ${format}: it has ${misfit}`);
      return this.#refuse(exchange, { status: 406, reason: `${appName}/${streamName} has ${misfit}` });
    }
    const play = { access, log: named, format, query: request.query };
    if (isWebSocket) this.#startWebSocket(exchange, play);
    else this.#startBody(exchange, play);
  }

  /** What a stream has that cannot be sent in a format; `undefined` where something of it can, or may come. */
  #misfit(stream: Stream, { format, query }: { format: MediaFormat; query: string }): string | undefined {
    const { audio, wire } = FORMATS[format];
    if (audio === undefined) {
      const codecs = uncarriedCodecs(stream, { wire: wire(query), nowMs: this.#options.clock.nowMs() });
      return codecs.length === 0 ? undefined : `nothing but ${codecs.join(" and ")}`;
    }
    const codec = streamAudioCodec(stream);
    if (codec === undefined || audio.some((each) => each === codec)) return undefined;
    return codec === "none" ? "no audio" : `audio in another codec, ${codec}`;
  }

  /** What the application says, or `undefined` where it takes too long. */
  async #decide(request: StreamRequest): Promise<Access | undefined> {
    const { access, clock, decisionTimeoutMs } = this.#options;
    const timedOut = Promise.withResolvers<undefined>();
    using _timer = clock.after(decisionTimeoutMs, () => timedOut.resolve(undefined));
    return await Promise.race([access.play(request), timedOut.promise]);
  }

  #refuse(exchange: HttpExchange, { status, reason }: { status: number; reason: string }): void {
    exchange.respond({
      status,
      headers: { ...this.#cors, "content-type": "text/plain; charset=utf-8" },
      body: `${reason}.\n`,
    });
  }

  #startBody(exchange: HttpExchange, { access, log, format, query }: GrantedPlay): void {
    const { wire, contentType, tag, audio } = FORMATS[format];
    const stream = this.#options.registry.open(access.path, access.options);
    exchange.startBody({
      status: 200,
      headers: {
        ...this.#cors,
        "cache-control": "no-store",
        "content-type": contentType,
        // players of web radio show it
        ...(audio && { "icy-name": access.path.streamName.replaceAll(/[^\x20-\x7e]/g, "?") }),
      },
      framing: "close",
      near: new FlvPlayerProtocol({
        stream,
        wire: wire(query),
        log,
        tag,
        ...(audio && { needs: "audio" as const }),
      }),
    });
  }

  #startWebSocket(exchange: HttpExchange, { access, log, format, query }: GrantedPlay): void {
    const { wire, tag } = FORMATS[format];
    const stream = this.#options.registry.open(access.path, access.options);
    const webSocket = new WebSocketProtocol({
      clock: this.#options.clock,
      isPreframed: true,
      log: webLog(log),
    });
    webSocket.linkNear(new FlvPlayerProtocol({ stream, wire: new WebSocketWire(wire(query)), log, tag }));
    webSocket.accept(exchange);
  }
}

/** A logger as the web protocols want it. */
export function webLog(log: Logger): HttpLog {
  return { info: (text) => log.info(text), warn: (text) => log.warning(text) };
}

/**
 * The stream a path names: `/APP/NAME.flv`, `.ts`, `.aac` or `.mp3`, where NAME may have slashes; `undefined` for any
 * other path.
 */
export function mediaTarget(path: string): MediaTarget | undefined {
  const match = /^\/([^/]+)\/(.+)\.(flv|ts|aac|mp3)$/.exec(path);
  if (match === null) return undefined;
  try {
    return {
      appName: decodeURIComponent(match[1]!),
      streamName: decodeURIComponent(match[2]!),
      format: match[3] as MediaFormat,
    };
  } catch {
    return undefined;
  }
}

/** `?tracks=all`: every track, for players that read multitrack. */
function wantedTracks(query: string): { readonly hasAllTracks: boolean } {
  return { hasAllTracks: new URLSearchParams(query).get("tracks") === "all" };
}

/** The stream that a path names as it stands, `/APP/NAME`. */
function namedStream(path: string): MediaTarget | undefined {
  const target = mediaTarget(`${path}.mp3`);
  return target && { ...target, format: "audio" };
}

function isAudio(format: MediaTarget["format"]): boolean {
  return format === "audio" || FORMATS[format].audio !== undefined;
}

/** The format of a stream's audio alone; AAC where nothing has come that says it. */
function audioFormat(stream: Stream): MediaFormat {
  const codec = streamAudioCodec(stream);
  return FORMATS.mp3.audio?.some((each) => each === codec) ? "mp3" : "aac";
}

function peerOf(
  request: HttpRequestHead,
  exchange: HttpExchange,
  use: { target: MediaTarget; isWebSocket: boolean },
): Peer {
  return {
    protocol: `${use.isWebSocket ? "ws" : "http"}-${use.target.format}`,
    address: exchange.remote.address,
    port: exchange.remote.port,
    appName: use.target.appName,
    instance: "",
    userAgent: request.headers.get("user-agent") ?? "",
    pageUrl: request.headers.get("referer") ?? "",
    query: request.query,
  };
}
