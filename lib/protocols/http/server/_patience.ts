import { Deadline } from "../deadline.ts";
import { HEAD_TIMEOUT_MS, IDLE_TIMEOUT_MS, PROGRESS_TIMEOUT_MS } from "../limits.ts";
import type { HttpServerOptions } from "./server_options.ts";

/** What becomes of a connection whose peer takes too long. */
export interface PatienceEnds {
  /** No request came. */
  idle(): void;
  /** A request was begun and not finished; `message` says so. */
  late(message: string): void;
}

/** How long a server connection waits for its peer: for one thing at a time. */
export class Patience extends Deadline {
  readonly #options: HttpServerOptions;
  readonly #ends: PatienceEnds;

  constructor(options: HttpServerOptions, ends: PatienceEnds) {
    super(options.clock);
    this.#options = options;
    this.#ends = ends;
  }

  /** Longest pause inside a body, in ms. */
  get progressTimeoutMs(): number {
    return this.#options.progressTimeoutMs ?? PROGRESS_TIMEOUT_MS;
  }

  /** Waits for a request. */
  awaitRequest(): void {
    // a connection that never asks again ends without a word
    this.set(this.#options.idleTimeoutMs ?? IDLE_TIMEOUT_MS, () => this.#ends.idle());
  }

  /** Waits for the rest of a head. */
  awaitHead(): void {
    const timeoutMs = this.#options.headTimeoutMs ?? HEAD_TIMEOUT_MS;
    this.set(
      timeoutMs,
      () => this.#ends.late(`Cannot read head: it was not complete within ${timeoutMs} ms`),
    );
  }

  /** Waits for more of a body. */
  awaitBody(): void {
    const timeoutMs = this.progressTimeoutMs;
    this.set(timeoutMs, () => this.#ends.late(`Cannot read body: nothing came for ${timeoutMs} ms`));
  }
}
