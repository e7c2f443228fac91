import { concatBytes } from "#bytes";
import type { Clock, TurnEnd } from "#clock";
import { ClosedError, ProtocolError } from "#errors";
import type { HttpExchange } from "#protocols/http";
import { GAP_TIMEOUT_MS, IDLE_HOLD_MS, MAX_REQUESTS_AHEAD } from "./limits.ts";
import type { RtmptSession } from "./rtmpt_session.ts";

/** What the path of a session's request asks for. */
export type RtmptCommand = "send" | "idle" | "close";

/** A request of a session, whose body is complete. */
export interface RtmptRequest {
  readonly command: RtmptCommand;
  readonly sequence: number;
  readonly body: Uint8Array;
  readonly exchange: HttpExchange;
}

const ANSWER_HEADERS = { "content-type": "application/x-fcs", "cache-control": "no-cache" };

/** Time and turns that the requests of all sessions share. */
export interface RequestTurnsOptions {
  readonly clock: Clock;
  readonly turnEnd: TurnEnd;
}

/**
 * Puts the requests of one session in order, over whatever connections they come, and answers each with the
 * output there is.
 */
export class RequestTurns {
  readonly #session: RtmptSession;
  readonly #options: RequestTurnsOptions;
  /** Sequence number of the next request; the client chooses the first. */
  #next: number | undefined;
  readonly #early = new Map<number, RtmptRequest>();
  #gapTimer: Disposable | undefined;
  /** The request whose turn it is, until it is answered. */
  #held: RtmptRequest | undefined;
  #holdTimer: Disposable | undefined;
  #isLookQueued = false;
  #lastAnswer: Uint8Array | undefined;

  constructor(session: RtmptSession, options: RequestTurnsOptions) {
    this.#session = session;
    this.#options = options;
    session.onOutput = () => this.#lookLater();
  }

  /** Takes a request; one that comes too early waits. */
  take(request: RtmptRequest): void {
    const next = this.#next ??= request.sequence;
    const { sequence, exchange } = request;
    if (sequence === next - 1 && this.#lastAnswer !== undefined) {
      // a client that lost the connection before the answer asks again
      exchange.respond({ status: 200, headers: ANSWER_HEADERS, body: this.#lastAnswer });
    } else if (sequence < next || sequence > next + MAX_REQUESTS_AHEAD || this.#early.has(sequence)) {
      exchange.respond({ status: 400, body: `Cannot take request ${sequence}: the next one is ${next}.\n` });
    } else {
      this.#early.set(sequence, request);
      this.#advance();
    }
  }

  /** The session has ended: whoever waits is told. */
  end(): void {
    this.#gapTimer?.[Symbol.dispose]();
    this.#holdTimer?.[Symbol.dispose]();
    for (const { exchange } of this.#early.values()) {
      if (!exchange.isAnswered) exchange.respond({ status: 404, body: "The session has ended.\n" });
    }
    this.#early.clear();
  }

  /** Gives each request its turn, as far as there is no gap. */
  #advance(): void {
    for (;;) {
      const request = this.#next === undefined ? undefined : this.#early.get(this.#next);
      if (request === undefined) break;
      // one that comes while another is held lets it go: order is all that counts
      if (this.#held !== undefined) this.#answer();
      this.#early.delete(request.sequence);
      this.#next = request.sequence + 1;
      this.#begin(request);
    }
    this.#gapTimer?.[Symbol.dispose]();
    this.#gapTimer = undefined;
    if (this.#early.size > 0 && !this.#session.isClosed) {
      this.#gapTimer = this.#options.clock.after(GAP_TIMEOUT_MS, () => {
        const text =
          `Cannot go on: request ${this.#next} did not come in ${GAP_TIMEOUT_MS} ms, later ones did`;
        this.#session.abort(new ProtocolError(text));
      });
    }
  }

  #begin(request: RtmptRequest): void {
    this.#held = request;
    if (request.command === "close") {
      // FFmpeg puts the last of its output here; a single 0 is what others put into an empty request
      if (request.body.length > 1) this.#session.deliver(request.body);
      this.#answer();
      this.#session.abort(new ClosedError("RTMPT session closed by the peer"));
      return;
    }
    if (request.command === "send") this.#session.deliver(request.body);
    this.#lookLater();
    this.#holdTimer = this.#options.clock.after(IDLE_HOLD_MS, () => this.#answer());
  }

  /** Looks for output once what was just delivered has run as far as it can. */
  #lookLater(): void {
    if (this.#held === undefined || this.#isLookQueued) return;
    this.#isLookQueued = true;
    this.#options.turnEnd.wait(() => {
      this.#isLookQueued = false;
      const held = this.#held;
      if (held === undefined) return;
      const session = this.#session;
      // an application decides: its answer is worth waiting for
      if (session.isPaused && session.queuedBytes === 0 && !session.isClosed) return;
      const output = session.takeOutput();
      if (output.length > 0 || held.command === "send" || session.isClosed) this.#answer(output);
    });
  }

  #answer(taken?: Uint8Array): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    this.#holdTimer?.[Symbol.dispose]();
    const session = this.#session;
    const output = taken ?? session.takeOutput();
    const body = concatBytes([Uint8Array.of(session.pollingInterval(output.length > 0)), output]);
    this.#lastAnswer = body;
    if (!held.exchange.isAnswered) held.exchange.respond({ status: 200, headers: ANSWER_HEADERS, body });
    session.answered();
  }
}
