import { LimitError, ProtocolError } from "#errors";
import { Protocol } from "#stack";
import { MAX_RTSP_QUEUED_BYTES, MAX_WAITING_REQUESTS } from "../limits.ts";
import { formatRtspRequest, formatRtspResponse, type RtspRequest } from "../message.ts";
import { RtspReader } from "../rtsp_reader.ts";
import type { RtspAnswer } from "./application.ts";
import { RtspServerSession, type RtspSessionOptions } from "./server_session.ts";

/** What a server protocol is made of. */
export interface RtspProtocolOptions extends RtspSessionOptions {
  /** Told to clients. @default {"crtmp"} */
  readonly serverName?: string;
  /** Something failed that is no peer's fault. */
  readonly failed?: (error: unknown) => void;
}

/**
 * The server's side of RTSP: the endpoint on a TCP or TLS carrier. Requests are answered one after another;
 * interleaved frames go to the session.
 */
export class RtspProtocol extends Protocol {
  readonly tag = "rtsp";
  readonly kind = "endpoint";
  readonly #options: RtspProtocolOptions;
  readonly #reader: RtspReader;
  readonly #waiting: RtspRequest[] = [];
  #session: RtspServerSession | undefined;
  #isAnswering = false;
  /** Something that is no RTSP came: nothing more is read. */
  #isRefused = false;

  constructor(options: RtspProtocolOptions) {
    super();
    this.#options = options;
    this.#reader = new RtspReader({
      request: (request) => this.#request(request),
      response: () => {},
      frame: (channel, bytes) => this.#session?.frame(channel, bytes),
    });
  }

  protected override onOpened(): void {
    // the carrier is asked for when media is to go, not before
    const directCarrier = () => this.directCarrier;
    const remote = () => this.remote;
    this.#session = new RtspServerSession({
      get carrier() {
        return directCarrier();
      },
      get remote() {
        return remote();
      },
      sendFrame: (channel, bytes) => this.#sendFrame(channel, bytes),
      close: (reason) => this.close(reason),
    }, this.#options);
  }

  protected override onReceive(bytes: Uint8Array): void {
    if (this.#isRefused) return;
    try {
      this.#reader.push(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError || error instanceof LimitError)) throw error;
      this.#isRefused = true;
      const status = error instanceof LimitError ? 413 : 400;
      this.#respond({ status }, undefined);
      this.close(error.message);
    }
  }

  /**
   * Asks a client that plays or publishes to go on at another server: RFC 2326 section 10.10.
   *
   * @returns Whether it does, and was asked.
   */
  redirect(baseUrl: string): boolean {
    const path = this.#session?.path;
    if (path === undefined || this.isClosed) return false;
    const url = `${baseUrl.replace(/\/+$/, "")}/${path}`;
    this.send(formatRtspRequest({ method: "REDIRECT", url: "*" }, { headers: { CSeq: "1", Location: url } }));
    return true;
  }

  protected override onClose(): void {
    this.#session?.sayGoodBye();
  }

  protected override onFarClosed(error: Error): void {
    this.#waiting.length = 0;
    this.#session?.stop(error);
  }

  #request(request: RtspRequest): void {
    if (this.#waiting.length >= MAX_WAITING_REQUESTS) {
      throw new LimitError("MAX_WAITING_REQUESTS", {
        value: this.#waiting.length + 1,
        limit: MAX_WAITING_REQUESTS,
      });
    }
    this.#waiting.push(request);
    if (!this.#isAnswering) void this.#answerAll();
  }

  async #answerAll(): Promise<void> {
    this.#isAnswering = true;
    for (let request = this.#waiting.shift(); request !== undefined; request = this.#waiting.shift()) {
      let answer: RtspAnswer;
      try {
        answer = await this.#answer(request);
      } catch (error) {
        this.#options.failed?.(error);
        answer = { status: 500 };
      }
      if (this.isClosed) return;
      this.#respond(answer, request);
      answer.afterwards?.();
    }
    this.#isAnswering = false;
  }

  #answer(request: RtspRequest): Promise<RtspAnswer> | RtspAnswer {
    if (!/^\d{1,10}$/.test(request.headers.get("cseq") ?? "")) return { status: 400 };
    return this.#session?.answer(request) ?? { status: 503 };
  }

  #respond({ status, headers = {}, body = "" }: RtspAnswer, request: RtspRequest | undefined): void {
    const queuedBytes = this.carrier?.queuedBytes ?? 0;
    if (queuedBytes > MAX_RTSP_QUEUED_BYTES) {
      const bound = { value: queuedBytes, limit: MAX_RTSP_QUEUED_BYTES };
      return this.abort(new LimitError("MAX_RTSP_QUEUED_BYTES", bound));
    }
    this.send(formatRtspResponse(status, {
      headers: {
        CSeq: request?.headers.get("cseq"),
        Server: this.#options.serverName ?? "crtmp",
        ...headers,
      },
      body,
    }));
  }

  #sendFrame(channel: number, bytes: Uint8Array): void {
    const frame = new Uint8Array(4 + bytes.length);
    frame.set([0x24, channel, bytes.length >> 8, bytes.length & 0xff]);
    frame.set(bytes, 4);
    this.send(frame);
  }
}
