import { ClosedError, LimitError } from "#errors";
import { MAX_PENDING_CALLS } from "../limits.ts";
import type { RtmpCommand } from "../message/command.ts";
import { RtmpRefusalError } from "./refusal.ts";

interface PendingCall {
  readonly name: string;
  readonly resolve: (answer: RtmpCommand) => void;
  readonly reject: (error: Error) => void;
}

/** A call that waits for its answer. */
export interface OpenCall {
  readonly transactionId: number;
  /** The `_result`. */
  readonly answer: Promise<RtmpCommand>;
}

/** Joins our calls to the peer's `_result` and `_error` by transaction ID: RTMP 1.0, section 7.2.1.2. */
export class CallTable {
  /** Made by the first call: most sessions make none. */
  #pending: Map<number, PendingCall> | undefined = undefined;
  #lastTransactionId = 0;

  /**
   * Notes a call of `name` and gives it a transaction ID, 1 for the first.
   *
   * @throws {LimitError} If MAX_PENDING_CALLS are waiting.
   */
  open(name: string): OpenCall {
    const pending = this.#pending ??= new Map();
    if (pending.size >= MAX_PENDING_CALLS) {
      throw new LimitError("MAX_PENDING_CALLS", { value: pending.size + 1, limit: MAX_PENDING_CALLS });
    }
    const transactionId = ++this.#lastTransactionId;
    const { promise, resolve, reject } = Promise.withResolvers<RtmpCommand>();
    pending.set(transactionId, { name, resolve, reject });
    return { transactionId, answer: promise };
  }

  /** Takes a `_result` or `_error`; one that joins no call is ignored. */
  settle(answer: RtmpCommand): void {
    const call = this.#pending?.get(answer.transactionId);
    if (call === undefined) return;
    this.#pending?.delete(answer.transactionId);
    if (answer.name === "_result") call.resolve(answer);
    else call.reject(new RtmpRefusalError(`call ${call.name}`, answer.args[0]));
  }

  /** Fails all waiting calls because the connection ended. */
  failAll(cause: Error): void {
    const calls = this.#pending?.values() ?? [];
    this.#pending = undefined;
    for (const call of calls) {
      call.reject(new ClosedError(`Cannot call ${call.name}: the connection ended`, { cause }));
    }
  }
}
