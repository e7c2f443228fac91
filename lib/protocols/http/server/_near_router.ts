import { concatBytes } from "#bytes";
import type { Clock } from "#clock";
import { ProtocolError } from "#errors";
import type { Protocol } from "#stack";
import { Deadline } from "../deadline.ts";
import { MAX_COLLECTED_BYTES, NEAR_ANSWER_TIMEOUT_MS } from "../limits.ts";
import type { HttpRequestHead } from "../message/head.ts";
import type { HttpBodyReceiver, HttpExchange, HttpRouter } from "./exchange.ts";

/**
 * Lets an ordinary protocol stand on HTTP without knowing it: the body of each request goes to its
 * `receive`, and what it sends becomes the body of the answer, `200 OK`.
 *
 * What is sent until the request's body has ended makes one answer. If nothing was, the next `send` alone
 * is the answer, and 504 follows where none comes. A request without a body asks for nothing: 204.
 */
export class NearRouter implements HttpRouter, HttpBodyReceiver {
  readonly #near: Protocol;
  readonly #deadline: Deadline;
  #exchange: HttpExchange | undefined;
  #collected: Uint8Array[] = [];
  #collectedBytes = 0;
  #isBodyEnded = false;
  #isStreaming = false;

  /** @param near What stands on HTTP. */
  constructor(near: Protocol, clock: Clock) {
    this.#near = near;
    this.#deadline = new Deadline(clock);
  }

  route(request: HttpRequestHead, exchange: HttpExchange): void {
    if (request.framing.kind === "none") return exchange.respond({ status: 204 });
    this.#exchange = exchange;
    this.#isBodyEnded = this.#isStreaming = false;
    exchange.whenEnded(() => this.#forget());
    exchange.receiveBody(this);
  }

  receive(bytes: Uint8Array): void {
    this.#near.receive(bytes);
  }

  ended(): void {
    this.#isBodyEnded = true;
    if (this.#isStreaming) this.#exchange?.endBody();
    else if (this.#collectedBytes > 0) this.#answer();
    else this.#deadline.set(NEAR_ANSWER_TIMEOUT_MS, () => this.#giveUp());
  }

  /** Takes what the near protocol sends. */
  send(bytes: Uint8Array): void {
    const exchange = this.#exchange;
    if (exchange === undefined) {
      throw new ProtocolError(`Cannot send ${bytes.length} bytes over HTTP: no request waits for an answer`);
    }
    if (this.#isStreaming) return exchange.sendBody(bytes);
    this.#collected.push(bytes);
    this.#collectedBytes += bytes.length;
    if (this.#isBodyEnded) this.#answer();
    else if (this.#collectedBytes > MAX_COLLECTED_BYTES) this.#stream(exchange);
  }

  #stream(exchange: HttpExchange): void {
    const headers = { "Content-Type": CONTENT_TYPE };
    this.#isStreaming = exchange.startBody({ status: 200, headers, framing: "chunked" });
    if (this.#isStreaming) exchange.sendBody(this.#takeCollected());
  }

  #answer(): void {
    this.#exchange?.respond({
      status: 200,
      headers: { "Content-Type": CONTENT_TYPE },
      body: this.#takeCollected(),
    });
  }

  #giveUp(): void {
    this.#exchange?.respond({ status: 504, body: `No answer within ${NEAR_ANSWER_TIMEOUT_MS} ms\n` });
  }

  #takeCollected(): Uint8Array {
    const collected = concatBytes(this.#collected);
    this.#collected = [];
    this.#collectedBytes = 0;
    return collected;
  }

  #forget(): void {
    this.#exchange = undefined;
    this.#takeCollected();
    this.#deadline[Symbol.dispose]();
  }
}

const CONTENT_TYPE = "application/octet-stream";
