import { MAX_DISCARDED_BYTES, refusal } from "../limits.ts";
import { HttpBodyReader } from "../message/body_reader.ts";
import type { HttpRequestHead } from "../message/head.ts";
import type { HttpBodyReceiver } from "./exchange.ts";

/** The body of the request that is being served: who takes it, and how much is left. */
export class IncomingBody {
  /** Whether the client waits for 100 Continue before it sends the body. */
  isContinueAwaited: boolean;
  /** Whether its receiver has asked for a pause. */
  isPaused = false;
  readonly #reader: HttpBodyReader;
  #receiver: HttpBodyReceiver | undefined;

  /** @throws {ProtocolError} 413, or 417 for an Expect header that cannot be met. */
  constructor(head: HttpRequestHead, options: { maxBytes: number }) {
    this.isContinueAwaited = awaitsContinue(head);
    this.#reader = new HttpBodyReader(head.framing, options);
  }

  /** Whether all of it was read. */
  get isEnded(): boolean {
    return this.#reader.isEnded;
  }

  /** Whether somebody takes it. */
  get isClaimed(): boolean {
    return this.#receiver !== undefined;
  }

  /** Whether what is left is known to be little and on its way. */
  get isSmall(): boolean {
    const { remainingBytes } = this.#reader;
    return !this.isContinueAwaited && remainingBytes !== undefined && remainingBytes <= MAX_DISCARDED_BYTES;
  }

  /** Gives the body to `receiver`. */
  claim(receiver: HttpBodyReceiver): void {
    if (this.#receiver !== undefined) throw new TypeError("Cannot receive the body twice");
    this.#receiver = receiver;
  }

  /** Gives what is left to nobody. */
  drop(): void {
    this.#receiver = DROP;
    this.isPaused = false;
  }

  /** Gives the receiver what belongs to the body from the start of `bytes`; returns how many it took. */
  read(bytes: Uint8Array): number {
    return this.#reader.read(bytes, (part) => this.#receiver?.receive(part));
  }

  /** Tells the receiver that the body is complete. */
  end(): void {
    this.#receiver?.ended();
  }
}

/** Takes what is left of a body nobody wants. */
const DROP: HttpBodyReceiver = { receive() {}, ended() {} };

/** RFC 9110 section 10.1.1. */
function awaitsContinue(head: HttpRequestHead): boolean {
  const expect = head.headers.get("expect");
  if (expect === undefined || head.version === "1.0") return false;
  if (expect.toLowerCase() === "100-continue") return true;
  throw refusal(417, "Cannot meet Expect: only 100-continue is understood");
}
