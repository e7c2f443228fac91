import { errorMessage, LimitError } from "#errors";
import type { ChunkProtocol } from "../chunk_protocol.ts";
import { DECISION_TIMEOUT_MS } from "../limits.ts";

/** What `Decisions` needs of the session. */
export interface DecisionOwner {
  readonly protocol: ChunkProtocol;
  readonly isClosed: boolean;
  warn(text: string): void;
}

/** How long a decision may take. */
export interface DecisionOptions {
  /** Calls `callback` after `delayMs` unless disposed first. */
  readonly after: (delayMs: number, callback: () => void) => Disposable;
  /** In ms. @default {DECISION_TIMEOUT_MS} */
  readonly decisionTimeoutMs?: number;
}

/** One question to the application. */
export interface Decision {
  /** Decides, and answers the peer. */
  readonly run: () => void | Promise<void>;
  /** Answers the peer where `run` failed. */
  readonly failed: () => void;
}

/** Asks the application: while an answer is pending nothing is read from the peer, so commands stay in order. */
export class Decisions {
  readonly #owner: DecisionOwner;
  readonly #options: DecisionOptions;

  constructor(owner: DecisionOwner, options: DecisionOptions) {
    this.#owner = owner;
    this.#options = options;
  }

  /**
   * Asks one question.
   *
   * @param what For the log: `publish of live/a`.
   */
  ask(what: string, decision: Decision): void {
    const failed = (error: unknown) => {
      this.#owner.warn(`${what} failed: ${errorMessage(error)}`);
      if (!this.#owner.isClosed) decision.failed();
    };
    let pending: void | Promise<void>;
    try {
      pending = decision.run();
    } catch (error) {
      failed(error);
      return;
    }
    if (pending !== undefined) void this.#await(what, pending.catch(failed));
  }

  /** Holds the protocol until `pending` has settled, or ends it if that takes too long. */
  async #await(what: string, pending: Promise<void>): Promise<void> {
    const { protocol } = this.#owner;
    const timeoutMs = this.#options.decisionTimeoutMs ?? DECISION_TIMEOUT_MS;
    using _timer = this.#options.after(timeoutMs, () => {
      const message = `Cannot decide about ${what}: no decision after ${timeoutMs} ms`;
      protocol.abort(
        new LimitError("DECISION_TIMEOUT_MS", { value: timeoutMs, limit: timeoutMs, message }),
      );
    });
    protocol.hold();
    try {
      await pending;
    } catch (error) {
      // an answer to the peer failed
      protocol.abort(error instanceof Error ? error : new Error(String(error)));
    }
    protocol.release();
  }
}
