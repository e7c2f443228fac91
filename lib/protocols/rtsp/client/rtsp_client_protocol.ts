import type { Clock } from "#clock";
import { ClosedError, LimitError, ProtocolError } from "#errors";
import { Protocol } from "#stack";
import { MAX_RTSP_QUEUED_BYTES } from "../limits.ts";
import { formatRtspRequest, formatRtspResponse, type RtspHeaderFields } from "../message.ts";
import type { RtspRequest, RtspResponse } from "../message.ts";
import { RtspReader } from "../rtsp_reader.ts";

/** Requests of this side that wait for an answer at one time. */
export const MAX_OPEN_REQUESTS = 8;
/** Answers that no request waits for; more end the connection. */
export const MAX_STRAY_ANSWERS = 16;

/** What the client's side of a connection is made of. */
export interface RtspClientOptions {
  /** Time of answers. */
  readonly clock: Clock;
  /** Longest time to an answer, in ms. */
  readonly answerTimeoutMs: number;
  /** What the server is told this is. */
  readonly userAgent: string;
}

/** Takes what a server sends of itself. */
export interface RtspClientTaker {
  /** An interleaved frame, borrowed. */
  frame(channel: number, bytes: Uint8Array): void;
  /** The server wants its clients elsewhere; the address is absent where it does not say where. */
  redirected(location: string | undefined): void;
}

/** A request to make. */
export interface RtspClientRequest {
  readonly method: string;
  /** Without user and password. */
  readonly url: string;
  readonly headers?: RtspHeaderFields;
  readonly body?: string;
}

interface OpenRequest {
  readonly method: string;
  readonly resolve: (response: RtspResponse) => void;
  readonly reject: (error: Error) => void;
  readonly timer: Disposable;
}

/**
 * The client's side of RTSP: the endpoint on a TCP or TLS carrier. Makes requests and finds their answers; answers
 * what servers ask of clients; gives frames on.
 */
export class RtspClientProtocol extends Protocol {
  readonly tag = "rtspClient";
  readonly kind = "endpoint";
  /** Who takes frames; nobody at first. */
  taker: RtspClientTaker = NOBODY;
  readonly #options: RtspClientOptions;
  readonly #open = new Map<number, OpenRequest>();
  readonly #reader: RtspReader;
  #lastNumber = 0;
  #strays = 0;

  constructor(options: RtspClientOptions) {
    super();
    this.#options = options;
    this.#reader = new RtspReader({
      request: (request) => this.#answer(request),
      response: (response) => this.#answered(response),
      frame: (channel, bytes) => this.taker.frame(channel, bytes),
    });
  }

  /**
   * Makes a request.
   *
   * @returns The answer, whatever its status.
   * @throws {ProtocolError} If none comes in time.
   * @throws {ClosedError} If the connection ends first, and what it ended with if that was a fault.
   */
  request({ method, url, headers, body }: RtspClientRequest): Promise<RtspResponse> {
    const { clock, answerTimeoutMs, userAgent } = this.#options;
    if (this.isClosed) return Promise.reject(new ClosedError("The connection has ended"));
    if (this.#open.size >= MAX_OPEN_REQUESTS) {
      const bound = { value: this.#open.size + 1, limit: MAX_OPEN_REQUESTS };
      return Promise.reject(new LimitError("MAX_OPEN_REQUESTS", bound));
    }
    const number = ++this.#lastNumber;
    const { promise, resolve, reject } = Promise.withResolvers<RtspResponse>();
    const timer = clock.after(answerTimeoutMs, () => {
      this.#open.delete(number);
      reject(new ProtocolError(`Cannot ${method}: the server does not answer within ${answerTimeoutMs} ms`));
    });
    this.#open.set(number, { method, resolve, reject, timer });
    const all = { CSeq: String(number), "User-Agent": userAgent, ...headers };
    this.send(formatRtspRequest({ method, url }, { headers: all, ...body === undefined ? {} : { body } }));
    return promise;
  }

  /** Sends a packet interleaved; a server that takes nothing does not get it. */
  sendFrame(channel: number, bytes: Uint8Array): void {
    if ((this.carrier?.queuedBytes ?? 0) > MAX_RTSP_QUEUED_BYTES) return;
    const frame = new Uint8Array(4 + bytes.length);
    frame.set([0x24, channel, bytes.length >> 8, bytes.length & 0xff]);
    frame.set(bytes, 4);
    this.send(frame);
  }

  protected override onReceive(bytes: Uint8Array): void {
    this.#reader.push(bytes);
  }

  protected override onFarClosed(error: Error): void {
    this.taker = NOBODY;
    for (const { method, reject, timer } of this.#open.values()) {
      timer[Symbol.dispose]();
      reject(
        error instanceof ClosedError
          ? new ClosedError(`Cannot ${method}: the server has closed the connection`, { cause: error })
          : error,
      );
    }
    this.#open.clear();
  }

  #answered(response: RtspResponse): void {
    if (response.status < 200) return;
    const [oldest] = this.#open.keys();
    const text = response.headers.get("cseq");
    // a server that leaves the number out answers in order
    const number = text === undefined ? oldest : Number(text);
    const request = number === undefined ? undefined : this.#open.get(number);
    if (number === undefined || request === undefined) return this.#stray(text);
    this.#open.delete(number);
    request.timer[Symbol.dispose]();
    request.resolve(response);
  }

  /** The answer to a request that was given up comes late; anything else is wrong. */
  #stray(text: string | undefined): void {
    const isLate = Number(text) >= 1 && Number(text) <= this.#lastNumber;
    if (isLate && ++this.#strays <= MAX_STRAY_ANSWERS) return;
    const shown = text === undefined ? "no CSeq" : `CSeq ${JSON.stringify(text.slice(0, 20))}`;
    throw new ProtocolError(
      `Cannot read RTSP answer: ${shown}, and no request waits for it (the last was ${this.#lastNumber})`,
    );
  }

  #answer({ method, headers }: RtspRequest): void {
    const queuedBytes = this.carrier?.queuedBytes ?? 0;
    if (queuedBytes > MAX_RTSP_QUEUED_BYTES) {
      throw new LimitError("MAX_RTSP_QUEUED_BYTES", { value: queuedBytes, limit: MAX_RTSP_QUEUED_BYTES });
    }
    const status = ANSWERS[method.toUpperCase()] ?? 501;
    const Public = method === "OPTIONS" ? Object.keys(ANSWERS).join(", ") : undefined;
    this.send(formatRtspResponse(status, { headers: { CSeq: headers.get("cseq"), Public } }));
    if (method.toUpperCase() === "REDIRECT") this.taker.redirected(headers.get("location"));
  }
}

/** What servers ask of clients. */
const ANSWERS: Readonly<Record<string, number>> = {
  OPTIONS: 200,
  GET_PARAMETER: 200,
  SET_PARAMETER: 200,
  REDIRECT: 200,
};

const NOBODY: RtspClientTaker = { frame() {}, redirected() {} };
