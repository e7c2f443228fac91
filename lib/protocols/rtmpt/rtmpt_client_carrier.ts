import { concatBytes } from "#bytes";
import type { Clock } from "#clock";
import { ClosedError, errorMessage, ProtocolError } from "#errors";
import type { HttpClientProtocol } from "#protocols/http";
import type { Carrier, CarrierClient, Endpoint, SliceSource } from "#stack";
import {
  CLIENT_POLL_UNIT_MS,
  CLOSE_DRAIN_MS,
  MAX_CLIENT_REQUEST_BYTES,
  MAX_CLIENT_TRIES,
  MAX_SESSION_ID_CHARS,
} from "./limits.ts";
import { PolledOutput } from "./polled_output.ts";
import { RtmptExchange } from "./rtmpt_exchange.ts";

/** What a client's session is opened with. */
export interface RtmptClientOptions {
  /** Time of polling. */
  readonly clock: Clock;
  /** Opens an HTTP connection to the server; called again when one has ended. */
  readonly openHttp: () => Promise<HttpClientProtocol>;
  /** Host, and port unless it is the scheme's own. */
  readonly authority: string;
  /** Gives up opening the session; nothing once it is open. @default the opening waits as long as HTTP does */
  readonly signal?: AbortSignal;
}

const IDLE_BODY = Uint8Array.of(0);

/**
 * A client's session as the bottom of a protocol stack: output leaves with `send` requests, input comes with their
 * answers and those of `idle`, one request at a time.
 *
 * The session outlives its HTTP connections: a request whose answer was lost is asked again, and what of the answer
 * was delivered is left out. Shared bytes are taken from their source when a request leaves.
 */
export class RtmptClientCarrier implements Carrier {
  readonly kind: "tcp" | "tls";
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly statistics = { bytesIn: 0, bytesOut: 0 };
  readonly #options: RtmptClientOptions;
  readonly #id: string;
  #http: HttpClientProtocol;
  #client: CarrierClient | undefined;
  #sequence = 0;
  readonly #output = new PolledOutput();
  #isPaused = false;
  #isClosing = false;
  #isClosed = false;
  #drainTimer: Disposable | undefined;
  /** Ends the wait for the next poll. */
  #wake: (() => void) | undefined;
  /** What the server asked for with its last answer. */
  #pollMs = 0;

  private constructor(options: RtmptClientOptions, session: { http: HttpClientProtocol; id: string }) {
    this.#options = options;
    this.#http = session.http;
    this.#id = session.id;
    const below = session.http.carrier;
    this.kind = below?.kind === "tls" ? "tls" : "tcp";
    this.local = { address: "rtmpt", port: 0 };
    this.remote = session.http.remote;
  }

  /**
   * Opens a session.
   *
   * @throws {ProtocolError} If the server has none for us.
   * @throws The reason of `signal`, if it is aborted before the server has answered.
   */
  static async start(options: RtmptClientOptions): Promise<RtmptClientCarrier> {
    const { signal } = options;
    const http = await options.openHttp();
    const giveUp = () => http.abort(new ClosedError("The opening of the session was given up"));
    if (signal?.aborted) giveUp();
    signal?.addEventListener("abort", giveUp);
    try {
      return new RtmptClientCarrier(options, { http, id: await RtmptClientCarrier.#openOn(http, options) });
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  }

  /** Asks for a session; returns its id. */
  static async #openOn(http: HttpClientProtocol, { authority }: RtmptClientOptions): Promise<string> {
    const parts: Uint8Array[] = [];
    let length = 0;
    const exchange = new RtmptExchange({
      target: "/open/1",
      body: IDLE_BODY,
      authority,
      receive: (bytes) => {
        length += bytes.length;
        if (length <= MAX_SESSION_ID_CHARS) parts.push(bytes.slice());
      },
    });
    await exchange.run(http);
    const id = new TextDecoder().decode(concatBytes(parts)).trim();
    if (length > MAX_SESSION_ID_CHARS || !/^[\w.~-]+$/.test(id)) {
      http.close();
      throw new ProtocolError("Cannot open RTMPT session: the server's answer is no session id");
    }
    return id;
  }

  get queuedBytes(): number {
    return this.#output.ownBytes;
  }

  open(client: CarrierClient): void {
    if (this.#client !== undefined) throw new TypeError("Cannot open a carrier twice");
    this.#client = client;
    this.#run().catch((error) => this.abort(error instanceof Error ? error : new Error(String(error))));
  }

  send(bytes: Uint8Array): void {
    if (this.#isClosed || this.#isClosing || bytes.length === 0) return;
    this.#output.push(bytes);
    this.wake();
  }

  setSource(source: SliceSource | undefined): void {
    if (this.#isClosed || this.#isClosing) return;
    this.#output.setSource(source);
    if (source !== undefined) this.wake();
  }

  wake(): void {
    // what is sent in one turn leaves in one request
    if (this.#wake !== undefined) queueMicrotask(() => this.#wake?.());
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (!isPaused) this.wake();
  }

  close(): void {
    if (this.#isClosed || this.#isClosing) return;
    this.#isClosing = true;
    this.#output.setSource(undefined);
    this.#drainTimer = this.#options.clock.after(CLOSE_DRAIN_MS, () => {
      this.abort(new ClosedError("Connection closed by this side; the server did not take the rest"));
    });
    this.wake();
  }

  abort(error: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#http.close("the session has ended");
    this.#drainTimer?.[Symbol.dispose]();
    this.#output.fail(error);
    this.#client?.closed(error);
    this.#wake?.();
  }

  /** Sends requests, one after the other, for as long as the session lives. */
  async #run(): Promise<void> {
    while (!this.#isClosed) {
      let body = this.#takeOutput();
      if (body.length === 0 && this.#isClosing) return await this.#finish();
      if (body.length === 0) {
        await this.#untilPoll();
        body = this.#takeOutput();
        if (this.#isClosed || this.#isClosing && body.length === 0) continue;
        if (this.#isPaused && body.length === 0) continue;
      }
      const hasInput = await this.#exchange(body.length > 0 ? "send" : "idle", body);
      if (!hasInput) this.#pollMs = Math.max(this.#pollMs, CLIENT_POLL_UNIT_MS);
    }
  }

  async #finish(): Promise<void> {
    await this.#exchange("close", IDLE_BODY);
    this.abort(new ClosedError("Connection closed by this side"));
  }

  async #untilPoll(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    using _timer = this.#isPaused ? undefined : this.#options.clock.after(this.#pollMs, resolve);
    await promise;
    this.#wake = undefined;
  }

  /** Makes one request, over as many connections as it takes; returns whether its answer brought input. */
  async #exchange(command: "send" | "idle" | "close", body: Uint8Array): Promise<boolean> {
    const exchange = new RtmptExchange({
      target: `/${command}/${this.#id}/${this.#sequence++}`,
      body: body.length === 0 ? IDLE_BODY : body,
      authority: this.#options.authority,
      receive: (bytes, offset) => this.#receive(bytes, offset),
    });
    for (let tries = 1;; tries++) {
      try {
        if (!this.#http.isIdle) this.#http = await this.#options.openHttp();
        if (this.#isClosed) this.#http.close();
        else await exchange.run(this.#http);
        return exchange.receivedBytes > 1;
      } catch (error) {
        if (this.#isClosed) return false;
        if (exchange.isRefused || tries >= MAX_CLIENT_TRIES) {
          throw new ClosedError(`RTMPT session lost: ${errorMessage(error)}`, { cause: error });
        }
      }
    }
  }

  /** Takes a part of an answer: the first byte is how soon to poll, the rest is input. */
  #receive(bytes: Uint8Array, offset: number): void {
    let input = bytes;
    if (offset === 0 && bytes.length > 0) {
      this.#pollMs = (Math.max(1, bytes[0]!) - 1) * CLIENT_POLL_UNIT_MS;
      input = bytes.subarray(1);
    }
    if (input.length === 0 || this.#isClosed) return;
    this.statistics.bytesIn += input.length;
    this.#client?.receive(input);
  }

  #takeOutput(): Uint8Array {
    const bytes = this.#output.take(MAX_CLIENT_REQUEST_BYTES);
    this.statistics.bytesOut += bytes.length;
    return bytes;
  }
}
