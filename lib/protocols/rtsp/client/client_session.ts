import { ClientLogin } from "#auth";
import { decodeUtf8 } from "#bytes";
import type { Clock, RandomBytes } from "#clock";
import { errorMessage, ProtocolError } from "#errors";
import type { RtpPorts } from "../server/application.ts";
import type { RtspResponse } from "../message.ts";
import { parseSdp, type SdpMedia } from "../session_description.ts";
import { type ClientDatagram, ClientTransports } from "./client_transports.ts";
import { baseUrl, controlUrls, sessionControl } from "./control_url.ts";
import { RtspRefusalError } from "./refusal.ts";
import { parseTrackStarts, type TrackStart } from "./track_starts.ts";
import type { RtspClientProtocol, RtspClientRequest } from "./rtsp_client_protocol.ts";

/** Challenges that one request is made again for. */
export const MAX_RTSP_CHALLENGES = 3;
/** Time after which a server forgets a session, in ms, where it does not say: RFC 2326 section 12.37. */
const DEFAULT_SESSION_MS = 60_000;
/** Bounds of the time between signs of life, in ms. */
const MIN_ALIVE_MS = 1_000;
const MAX_ALIVE_MS = 30_000;
/** Statuses of SETUP after which another reading of the control attribute is tried. */
const UNKNOWN_URL: readonly number[] = [400, 404, 454, 459, 460];

/** What a session is made of. */
export interface RtspClientSessionOptions {
  /** Makes the requests. */
  readonly protocol: RtspClientProtocol;
  /** The presentation, without user and password. */
  readonly url: string;
  /** Who asks; absent for nobody. */
  readonly login?: { readonly user: string; readonly password: string };
  /** Time of signs of life. */
  readonly clock: Clock;
  /** Where the client's part of a challenge comes from. */
  readonly randomBytes: RandomBytes;
  /** Opens UDP ports; absent where only TCP is used. */
  readonly ports?: RtpPorts;
  /** Takes packets of tracks, borrowed. */
  readonly received: (track: number, datagram: ClientDatagram) => void;
  /** The server has said that the session is over. */
  readonly failed: (error: Error) => void;
}

/** The client's side of one session: plays a presentation, or records one at the server. */
export class RtspClientSession {
  readonly transports: ClientTransports;
  readonly #options: RtspClientSessionOptions;
  readonly #login: ClientLogin | undefined;
  /** What requests about the whole session are about. */
  #aggregateUrl: string;
  #base: string;
  #id = "";
  #sessionMs = DEFAULT_SESSION_MS;
  /** What the server says it can do; empty where it does not say. */
  #methods: ReadonlySet<string> = new Set();
  #alive: Disposable | undefined;
  #isAsking = false;
  #isClosed = false;

  constructor(options: RtspClientSessionOptions) {
    const { protocol, url, login, randomBytes, ports, received } = options;
    this.#options = options;
    this.#login = login && new ClientLogin(login, randomBytes);
    this.#aggregateUrl = this.#base = url;
    this.transports = new ClientTransports({ protocol, ports, received });
  }

  /** Takes a frame of the connection, borrowed. */
  frame(channel: number, bytes: Uint8Array): void {
    this.transports.frame(channel, bytes);
  }

  /**
   * Asks what the server can do. One that refuses to say is asked no more.
   *
   * @throws {RtspRefusalError} If it sends us elsewhere, or wants another user.
   */
  async options(): Promise<void> {
    try {
      const { headers } = await this.#ask({ method: "OPTIONS", url: this.#options.url });
      const text = headers.get("public") ?? "";
      this.#methods = new Set(text.split(",").map((method) => method.trim().toUpperCase()));
    } catch (error) {
      if (!(error instanceof RtspRefusalError) || error.location !== undefined || error.status === 401) {
        throw error;
      }
    }
  }

  /**
   * Asks what there is to play.
   *
   * @throws {RtspRefusalError} If the server refuses.
   * @throws {FormatError} If its description cannot be read.
   */
  async describe(): Promise<readonly SdpMedia[]> {
    const { url } = this.#options;
    const response = await this.#ask({ method: "DESCRIBE", url, headers: { Accept: "application/sdp" } });
    const sdp = decodeUtf8(response.body);
    const media = parseSdp(sdp);
    this.#base = baseUrl(response.headers, url);
    [this.#aggregateUrl] = controlUrls(this.#base, sessionControl(sdp));
    return media;
  }

  /**
   * Tells the server what is to be recorded.
   *
   * @throws {RtspRefusalError} If it refuses.
   */
  async announce(sdp: string): Promise<void> {
    const headers = { "Content-Type": "application/sdp" };
    await this.#ask({ method: "ANNOUNCE", url: this.#options.url, headers, body: sdp });
  }

  /**
   * Sets up a track.
   *
   * @param track Its index.
   * @param wish `control` of its media section; which lower transport; whether the server is to record.
   * @throws {RtspRefusalError} If the server refuses.
   * @throws {ProtocolError} If it answers with a transport that cannot be used, or there are no ports.
   */
  async setUp(
    track: number,
    wish: { readonly control: string; readonly lower: "tcp" | "udp"; readonly isRecord: boolean },
  ): Promise<void> {
    const offer = await this.transports.offer(track, wish);
    let response: RtspResponse;
    try {
      const request = { method: "SETUP", headers: { Transport: offer.header } };
      response = await this.#askFirst(controlUrls(this.#base, wish.control), request);
    } catch (error) {
      offer.ports?.close();
      throw error;
    }
    if (this.#isClosed) {
      offer.ports?.close();
      throw new ProtocolError("Cannot SETUP: the session has ended");
    }
    this.transports.accept(track, { offer, header: response.headers.get("transport") ?? "" });
    this.#keepAlive();
  }

  /**
   * Starts to play, or goes on.
   *
   * @param range Value of the Range header.
   * @returns Where the tracks begin, as far as the server tells.
   * @throws {RtspRefusalError} If the server refuses.
   */
  async play(range?: string): Promise<readonly TrackStart[]> {
    const { headers } = await this.#ask({
      method: "PLAY",
      url: this.#aggregateUrl,
      headers: { Range: range },
    });
    return parseTrackStarts(headers.get("rtp-info") ?? "");
  }

  /** Stops to play, so that it can go on; see {@link play}. */
  async pause(): Promise<void> {
    await this.#ask({ method: "PAUSE", url: this.#aggregateUrl });
  }

  /** Starts to record; see {@link play}. */
  async record(): Promise<void> {
    await this.#ask({ method: "RECORD", url: this.#aggregateUrl, headers: { Range: "npt=0.000-" } });
  }

  /** Ends the session, with a good-bye that nobody waits for; the connection stays for its owner to close. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#alive?.[Symbol.dispose]();
    this.transports.close();
    if (this.#id === "") return;
    this.#request({ method: "TEARDOWN", url: this.#aggregateUrl }).catch(() => {});
  }

  /** The same request for one URL after the other, as long as the server does not know them. */
  async #askFirst(
    urls: readonly [string, ...string[]],
    request: Omit<RtspClientRequest, "url">,
  ): Promise<RtspResponse> {
    let refusal: unknown;
    for (const url of urls) {
      try {
        return await this.#ask({ ...request, url });
      } catch (error) {
        if (!(error instanceof RtspRefusalError) || !UNKNOWN_URL.includes(error.status)) throw error;
        refusal ??= error;
      }
    }
    throw refusal;
  }

  /** Makes a request, and says who asks where the server wants to know. */
  async #ask(request: RtspClientRequest): Promise<RtspResponse> {
    for (let challenges = 0;; challenges++) {
      const response = await this.#request(request);
      const { status, headers } = response;
      if (status >= 200 && status < 300) {
        this.#login?.accepted();
        this.#noteSession(headers.get("session"));
        return response;
      }
      const isAsked = status === 401 && challenges < MAX_RTSP_CHALLENGES &&
        this.#login?.challenge(headers.get("www-authenticate") ?? "") === true;
      if (!isAsked) {
        throw new RtspRefusalError(request.method, { ...response, hasLogin: this.#login !== undefined });
      }
    }
  }

  #request({ method, url, headers, body }: RtspClientRequest): Promise<RtspResponse> {
    return this.#options.protocol.request({
      method,
      url,
      headers: {
        Session: this.#id === "" ? undefined : this.#id,
        Authorization: this.#login?.authorization({ method, uri: url }),
        ...headers,
      },
      ...body === undefined ? {} : { body },
    });
  }

  #noteSession(header: string | undefined): void {
    if (header === undefined) return;
    const [id = "", ...parameters] = header.split(";").map((part) => part.trim());
    this.#id = id;
    const seconds = Number(/^timeout\s*=\s*"?(\d{1,6})/i.exec(parameters.join(";"))?.[1] ?? 0);
    if (seconds > 0) this.#sessionMs = seconds * 1000;
  }

  /** Signs of life, twice in the time the server waits for one. */
  #keepAlive(): void {
    this.#alive?.[Symbol.dispose]();
    const periodMs = Math.min(MAX_ALIVE_MS, Math.max(MIN_ALIVE_MS, this.#sessionMs / 2));
    this.#alive = this.#options.clock.every(periodMs, () => void this.#sayAlive());
  }

  async #sayAlive(): Promise<void> {
    // one that is not answered is not repeated: media may come all the same
    if (this.#isAsking) return;
    this.#isAsking = true;
    const method = this.#methods.has("GET_PARAMETER") ? "GET_PARAMETER" : "OPTIONS";
    try {
      await this.#ask({ method, url: this.#aggregateUrl });
    } catch (error) {
      const isOver = error instanceof RtspRefusalError && (error.status === 454 || error.status === 401);
      if (isOver) this.#options.failed(new ProtocolError(`Cannot go on: ${errorMessage(error)}`));
    } finally {
      this.#isAsking = false;
    }
  }
}
