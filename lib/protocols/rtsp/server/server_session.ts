import { type Clock, type RandomBytes, systemRandomBytes } from "#clock";
import { decodeUtf8 } from "#bytes";
import { FormatError } from "#errors";
import type {
  RtpGroups,
  RtpPorts,
  RtspAnswer,
  RtspApplication,
  RtspConnection,
  RtspCue,
  RtspPlayer,
  RtspPresentation,
  RtspRecording,
  RtspRefusal,
  RtspWish,
} from "./application.ts";
import { RTSP_SESSION_TIMEOUT_MS } from "../limits.ts";
import type { RtspRequest } from "../message.ts";
import { parsePlayRange } from "../play_range.ts";
import { parseRtspUrl, trackOf } from "../rtsp_url.ts";
import { parseSdp } from "../session_description.ts";
import { TrackSetup } from "./track_setup.ts";

/** What a session is made of. */
export interface RtspSessionOptions {
  /** What is described, played and recorded. */
  readonly application: RtspApplication;
  /** Time of reports and of silence. */
  readonly clock: Clock;
  /** Opens ports of UDP transports; absent where there are none. */
  readonly ports?: RtpPorts;
  /** Gives streams multicast groups; absent where there are none. */
  readonly groups?: RtpGroups;
  /** Makes session ids. @default {systemRandomBytes} */
  readonly randomBytes?: RandomBytes;
}

const METHODS = [
  "OPTIONS",
  "DESCRIBE",
  "ANNOUNCE",
  "SETUP",
  "PLAY",
  "RECORD",
  "PAUSE",
  "TEARDOWN",
  "GET_PARAMETER",
  "SET_PARAMETER",
] as const;
type Method = typeof METHODS[number];

/** Methods of RFC 2326 and 7826 that this server does not do. */
const KNOWN_METHODS: readonly string[] = ["REDIRECT", "PLAY_NOTIFY"];

const REPORT_MS = 5_000;

/** How long datagrams that are still under way are taken after a publisher over UDP has left, in ms. */
const LINGER_MS = 200;

/**
 * The server's side of one connection: what is described, set up, played or recorded. One session at a time, which
 * ends with its connection.
 */
export class RtspServerSession {
  readonly #options: RtspSessionOptions;
  readonly #connection: RtspConnection;
  readonly #setup: TrackSetup;
  #id = "";
  #path = "";
  #presentation: { readonly key: string; readonly value: RtspPresentation } | undefined;
  #recording: { readonly value: RtspRecording; readonly controls: readonly string[] } | undefined;
  /** Whether the recording has its name; it may be paused. */
  #isStarted = false;
  /** A publisher that has left, some of whose datagrams may be under way. */
  #leaving: RtspRecording | undefined;
  #player: RtspPlayer | undefined;
  #state: "init" | "ready" | "playing" | "paused" | "recording" = "init";
  #lastSignMs: number;
  readonly #timer: Disposable;

  constructor(connection: RtspConnection, options: RtspSessionOptions) {
    this.#options = options;
    this.#connection = connection;
    this.#setup = new TrackSetup(connection, {
      ...(options.ports === undefined ? {} : { ports: options.ports }),
      ...(options.groups === undefined ? {} : { groups: options.groups }),
      received: (track, datagram) => this.#received(track, datagram),
    });
    this.#lastSignMs = options.clock.nowMs();
    this.#timer = options.clock.every(REPORT_MS, () => this.#tick());
  }

  /** The answer to one request; called again only when it is there. */
  async answer(request: RtspRequest): Promise<RtspAnswer> {
    this.#lastSignMs = this.#options.clock.nowMs();
    const method = request.method.toUpperCase();
    if (request.version !== "RTSP/1.0") return { status: 505 };
    if (KNOWN_METHODS.includes(method)) return { status: 405, headers: { Allow: METHODS.join(", ") } };
    if (!isMethod(method)) return { status: 501, headers: { Allow: METHODS.join(", ") } };
    if (request.headers.has("require")) {
      return { status: 551, headers: { Unsupported: request.headers.get("require") } };
    }
    const session = request.headers.get("session")?.split(";")[0]?.trim();
    const isMethodOfSession = method !== "OPTIONS" && method !== "DESCRIBE" && method !== "ANNOUNCE";
    if (isMethodOfSession && session !== undefined && session !== this.#id) return { status: 454 };
    const answer = await this.#perform(method, request);
    if (this.#id === "" || answer.status === 454) return answer;
    const seconds = RTSP_SESSION_TIMEOUT_MS / 1000;
    return { ...answer, headers: { ...answer.headers, Session: `${this.#id};timeout=${seconds}` } };
  }

  /** An interleaved frame came; of a channel that was not set up it is dropped. */
  frame(channel: number, bytes: Uint8Array): void {
    const found = this.#setup.ofChannel(channel);
    if (found === undefined) return;
    this.#received(found.track, { isRtcp: found.isRtcp, bytes });
  }

  /** What is played or published, `APP/NAME`; `undefined` before anything is set up. */
  get path(): string | undefined {
    return this.#id === "" ? undefined : this.#path;
  }

  /** This side ends the connection: players hear that nothing more comes. */
  sayGoodBye(): void {
    this.#player?.sayGoodBye();
  }

  /** The connection has ended. */
  stop(error: Error): void {
    this.#end({ isLost: true, error });
    this.#timer[Symbol.dispose]();
  }

  #perform(method: Method, request: RtspRequest): Promise<RtspAnswer> | RtspAnswer {
    switch (method) {
      case "OPTIONS":
        return { status: 200, headers: { Public: METHODS.join(", ") } };
      case "GET_PARAMETER":
        return this.#parameter(request, 451);
      case "SET_PARAMETER":
        return this.#parameter(request, 451);
      case "DESCRIBE":
        return this.#describe(request);
      case "ANNOUNCE":
        return this.#announce(request);
      case "SETUP":
        return this.#setUp(request);
      case "PLAY":
        return this.#play(request);
      case "RECORD":
        return this.#record();
      case "PAUSE":
        return this.#pause();
      case "TEARDOWN":
        return this.#teardown();
    }
  }

  /** Without a body it keeps the session alive; there are no parameters. */
  #parameter({ body }: RtspRequest, status: number): RtspAnswer {
    return { status: decodeUtf8(body).trim() === "" ? 200 : status };
  }

  async #describe(request: RtspRequest): Promise<RtspAnswer> {
    const accept = request.headers.get("accept") ?? "";
    if (accept !== "" && !/application\/(sdp|\*)|\*\/\*/i.test(accept)) return { status: 406 };
    const opened = await this.#open(request);
    if ("status" in opened) return opened;
    const base = request.url.split("?")[0]!.replace(/\/+$/, "");
    return {
      status: 200,
      headers: { "Content-Base": `${base}/`, "Content-Type": "application/sdp" },
      body: opened.sdp,
    };
  }

  async #announce(request: RtspRequest): Promise<RtspAnswer> {
    if (this.#state !== "init") return { status: 455 };
    const type = request.headers.get("content-type") ?? "";
    if (!/^application\/sdp\b/i.test(type)) return { status: 415 };
    const wish = this.#wishOf(request);
    if (wish === undefined) return { status: 400 };
    try {
      const media = parseSdp(decodeUtf8(request.body));
      const value = await this.#options.application.announce(wish, media);
      if ("status" in value) return value;
      this.#recording = { value, controls: media.map(({ control }) => control) };
      this.#presentation = undefined;
      return { status: 200 };
    } catch (error) {
      if (error instanceof FormatError) return { status: 400 };
      throw error;
    }
  }

  async #setUp(request: RtspRequest): Promise<RtspAnswer> {
    if (this.#state !== "init" && this.#state !== "ready") return { status: 455 };
    const recording = this.#recording;
    let controls = recording?.controls;
    if (controls === undefined) {
      const opened = await this.#open(request);
      if ("status" in opened) return opened;
      controls = opened.controls;
    }
    const track = trackOf(request.url, controls);
    if (track < 0) return { status: this.#isAggregate(request.url) ? 459 : 404 };
    const answer = await this.#setup.setUp(track, {
      transport: request.headers.get("transport") ?? "",
      isRecord: recording !== undefined,
      stream: this.#presentation?.key ?? "",
    });
    if (answer.status !== 200) return answer;
    if (this.#id === "") this.#id = (this.#options.randomBytes ?? systemRandomBytes)(8).toHex();
    this.#state = "ready";
    return answer;
  }

  async #play({ headers, url }: RtspRequest): Promise<RtspAnswer> {
    if (headers.has("scale") && Number(headers.get("scale")) !== 1) return { status: 406 };
    const rangeText = headers.get("range");
    const range = rangeText === undefined ? undefined : parsePlayRange(rangeText);
    if (rangeText !== undefined && range === undefined) return { status: 457 };
    const presentation = this.#presentation?.value;
    const carrier = this.#connection.carrier;
    const canPlay = this.#state === "ready" || this.#state === "paused" || this.#state === "playing";
    if (!canPlay || presentation === undefined || carrier === undefined) return { status: 455 };
    if (this.#state === "playing" && range === undefined) return { status: 200 };
    const player = this.#player ??= presentation.play({
      carrier,
      tracks: this.#setup.tracks,
      ended: (reason) => this.#connection.close(reason),
      finished: () => {
        if (this.#state === "playing") this.#state = "paused";
      },
    });
    const cue = await player.cue(range);
    if (this.#player !== player) return { status: 455 };
    if ("status" in cue) return cue;
    this.#state = "playing";
    const base = url.split("?")[0]!.replace(/\/+$/, "");
    return {
      status: 200,
      headers: { Range: cue.range, "RTP-Info": rtpInfo(base, { cue, controls: presentation.controls }) },
      afterwards: () => {
        if (this.#player === player && this.#state === "playing") player.start();
      },
    };
  }

  #record(): RtspAnswer {
    const recording = this.#recording;
    if (this.#state !== "ready" || recording === undefined) return { status: 455 };
    const refusal = this.#isStarted
      ? undefined
      : recording.value.start((reason) => this.#connection.close(reason), {
        isOverUdp: !this.#setup.isInterleaved,
      });
    if (refusal !== undefined) return refusal;
    this.#isStarted = true;
    this.#state = "recording";
    return { status: 200 };
  }

  #pause(): RtspAnswer {
    if (this.#state === "paused") return { status: 200 };
    if (this.#state === "recording") {
      this.#state = "ready";
      return { status: 200 };
    }
    if (this.#state !== "playing") return { status: this.#id === "" ? 454 : 455 };
    this.#state = "paused";
    this.#player?.pause();
    return { status: 200 };
  }

  #teardown(): RtspAnswer {
    if (this.#id === "") return { status: 454 };
    this.#end({ isLost: false, error: undefined });
    return { status: 200 };
  }

  async #open(request: RtspRequest): Promise<RtspPresentation | RtspRefusal> {
    const wish = this.#wishOf(request);
    if (wish === undefined) return { status: 400, reason: "no RTSP URL" };
    // the URL of SETUP names the stream, then the track
    const known = this.#presentation;
    if (known !== undefined && `${wish.appName}/${wish.streamName}/`.startsWith(known.key)) {
      return known.value;
    }
    const isSetup = request.method.toUpperCase() === "SETUP";
    const streamName = isSetup ? wish.streamName.replace(/\/trackID=\d+$/, "") : wish.streamName;
    const value = await this.#options.application.open({ ...wish, streamName });
    if (!("status" in value)) this.#presentation = { key: `${wish.appName}/${streamName}/`, value };
    return value;
  }

  /** Whether a URL is that of all tracks together. */
  #isAggregate(url: string): boolean {
    const { appName = "", streamName = "" } = parseRtspUrl(url) ?? {};
    return `${appName}/${streamName}/` === (this.#presentation?.key ?? `${this.#path}/`);
  }

  #wishOf(request: RtspRequest): RtspWish | undefined {
    const url = parseRtspUrl(request.url);
    if (url === undefined || url.appName === "") return undefined;
    if (this.#id === "") this.#path = `${url.appName}/${url.streamName.replace(/\/trackID=\d+$/, "")}`;
    const authorization = request.headers.get("authorization");
    return {
      ...url,
      method: request.method,
      url: request.url,
      remote: this.#connection.remote,
      userAgent: request.headers.get("user-agent") ?? "",
      ...(authorization === undefined ? {} : { authorization }),
    };
  }

  #received(track: number, { isRtcp, bytes }: { isRtcp: boolean; bytes: Uint8Array }): void {
    this.#lastSignMs = this.#options.clock.nowMs();
    const recording = this.#leaving ?? (this.#state === "recording" ? this.#recording?.value : undefined);
    if (recording !== undefined) {
      if (isRtcp) recording.rtcp(track, bytes);
      else recording.rtp(track, bytes);
    } else if (isRtcp) {
      this.#player?.rtcp(track, bytes);
    }
  }

  /** Reports to a publisher, and ends who has given no sign of life. */
  #tick(): void {
    const silentMs = this.#options.clock.nowMs() - this.#lastSignMs;
    // what a player over TCP takes is its sign of life
    const isAlive = this.#state === "playing" && this.#setup.isInterleaved;
    if (!isAlive && silentMs >= RTSP_SESSION_TIMEOUT_MS) {
      return this.#connection.close(`no sign of life for ${Math.round(silentMs / 1000)} s`);
    }
    if (this.#state !== "recording") return;
    for (const { index } of this.#setup.tracks) {
      const report = this.#recording?.value.report(index);
      if (report !== undefined) this.#setup.sendReport(index, report);
    }
  }

  #end({ isLost, error }: { isLost: boolean; error: Error | undefined }): void {
    const player = this.#player;
    const recording = this.#recording;
    const state = this.#state;
    this.#player = this.#recording = this.#presentation = undefined;
    this.#state = "init";
    this.#isStarted = false;
    this.#id = "";
    player?.stop(error);
    const isUnderWay = state === "recording" && !this.#setup.isInterleaved;
    if (recording === undefined || !isUnderWay) {
      recording?.value.stop(isLost);
      return this.#setup.close();
    }
    this.#leaving = recording.value;
    this.#options.clock.after(LINGER_MS, () => {
      this.#leaving = undefined;
      recording.value.stop(isLost);
      this.#setup.close();
    });
  }
}

function isMethod(text: string): text is Method {
  return METHODS.some((method) => method === text);
}

/** RFC 2326 section 12.33. */
function rtpInfo(base: string, { cue, controls }: { cue: RtspCue; controls: readonly string[] }): string {
  return cue.tracks.map(({ index, sequenceNumber, timestamp }) =>
    [
      `url=${base}/${controls[index]}`,
      ...sequenceNumber === undefined ? [] : [`seq=${sequenceNumber}`],
      ...timestamp === undefined ? [] : [`rtptime=${timestamp}`],
    ].join(";")
  ).join(",");
}
