import type { Clock } from "#clock";
import { ClosedError } from "#errors";
import type { Carrier, CarrierClient, Endpoint, SliceSource } from "#stack";
import {
  CLOSE_DRAIN_MS,
  EMPTY_ANSWERS_PER_STEP,
  MAX_ANSWER_BYTES,
  POLLING_INTERVALS,
  SESSION_TIMEOUT_MS,
} from "./limits.ts";
import { PolledOutput } from "./polled_output.ts";

/** What is known of a session when it opens. */
export interface RtmptSessionOptions {
  /** What the client names it by; unguessable. */
  readonly id: string;
  /** This side's name in logs: there is no address that is the session's. */
  readonly local: Endpoint;
  /** Where it was opened from. */
  readonly remote: Endpoint;
  /** Whether it was opened over TLS. */
  readonly isSecure: boolean;
  /** Time of its expiry. */
  readonly clock: Clock;
  /** Time without a request after which it ends. @default {SESSION_TIMEOUT_MS} */
  readonly timeoutMs?: number;
}

/**
 * A session as the bottom of a protocol stack: input comes with requests, output waits for their answers.
 *
 * Shared bytes are taken from their source when an answer leaves, and not before: a client that polls seldom
 * holds no memory, and is behind like any slow one.
 */
export class RtmptSession implements Carrier {
  readonly kind: "tcp" | "tls";
  readonly id: string;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly statistics = { bytesIn: 0, bytesOut: 0 };
  /** Told when there may be output, or the session ends: somebody may be waiting to answer. */
  onOutput: () => void = () => {};
  /** Told once when it has ended. */
  onEnded: () => void = () => {};

  readonly #clock: Clock;
  readonly #timer: Disposable;
  #drainTimer: Disposable | undefined;
  #lastRequestMs: number;
  #client: CarrierClient | undefined;
  readonly #output = new PolledOutput();
  #isPaused = false;
  #isClosing = false;
  #isClosed = false;
  #emptyAnswers = 0;

  constructor(options: RtmptSessionOptions) {
    this.kind = options.isSecure ? "tls" : "tcp";
    this.id = options.id;
    this.local = options.local;
    this.remote = options.remote;
    const { clock, timeoutMs = SESSION_TIMEOUT_MS } = options;
    this.#clock = clock;
    this.#lastRequestMs = clock.nowMs();
    this.#timer = clock.every(timeoutMs / 4, () => {
      const silentMs = clock.nowMs() - this.#lastRequestMs;
      if (silentMs >= timeoutMs) {
        this.abort(new ClosedError(`RTMPT session expired: no request for ${Math.round(silentMs)} ms`));
      }
    });
  }

  get queuedBytes(): number {
    return this.#output.ownBytes;
  }

  /** Whether the protocol above wants no input for now: an application decides. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Whether nothing more goes in or out. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  open(client: CarrierClient): void {
    if (this.#client !== undefined) throw new TypeError("Cannot open a carrier twice");
    this.#client = client;
  }

  send(bytes: Uint8Array): void {
    if (this.#isClosed || this.#isClosing || bytes.length === 0) return;
    this.#output.push(bytes);
    this.onOutput();
  }

  setSource(source: SliceSource | undefined): void {
    if (this.#isClosed || this.#isClosing) return;
    this.#output.setSource(source);
    if (source !== undefined) this.onOutput();
  }

  wake(): void {
    this.onOutput();
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (!isPaused) this.onOutput();
  }

  close(): void {
    if (this.#isClosed || this.#isClosing) return;
    this.#isClosing = true;
    this.#output.setSource(undefined);
    if (this.#output.ownBytes === 0) {
      this.abort(new ClosedError("Connection closed by this side"));
      return;
    }
    this.#drainTimer = this.#clock.after(
      CLOSE_DRAIN_MS,
      () => this.abort(new ClosedError("Connection closed by this side; the peer did not take the rest")),
    );
    this.onOutput();
  }

  abort(error: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer[Symbol.dispose]();
    this.#drainTimer?.[Symbol.dispose]();
    this.#output.fail(error);
    this.#client?.closed(error);
    this.onEnded();
    this.onOutput();
  }

  /** Notes a request at `nowMs`: the session lives on. */
  touch(nowMs: number): void {
    this.#lastRequestMs = nowMs;
  }

  /** Takes the body of a request whose turn it is; borrowed. */
  deliver(bytes: Uint8Array): void {
    if (this.#isClosed || this.#isClosing || bytes.length === 0) return;
    this.statistics.bytesIn += bytes.length;
    this.#client?.receive(bytes);
  }

  /** Takes what is to go out with an answer: own bytes, then shared ones, which are copied; empty for nothing. */
  takeOutput(): Uint8Array {
    const bytes = this.#output.take(MAX_ANSWER_BYTES);
    this.statistics.bytesOut += bytes.length;
    return bytes;
  }

  /** The first byte of an answer that carries output or not: how soon the client should poll again. */
  pollingInterval(hasOutput: boolean): number {
    this.#emptyAnswers = hasOutput ? 0 : this.#emptyAnswers + 1;
    const step = Math.floor(this.#emptyAnswers / EMPTY_ANSWERS_PER_STEP);
    return POLLING_INTERVALS[Math.min(step, POLLING_INTERVALS.length - 1)]!;
  }

  /** Ends a session that was being closed, once its last output has left. */
  answered(): void {
    if (this.#isClosing && this.#output.ownBytes === 0) {
      this.abort(new ClosedError("Connection closed by this side"));
    }
  }
}
