import { concatBytes } from "#bytes";
import { errorMessage, LimitError } from "#errors";
import type { HttpBodyReceiver, HttpExchange, HttpRequestHead, HttpRouter } from "#protocols/http";
import { Protocol } from "#stack";
import type { Variant } from "#variant";
import { MAX_VARIANT_MESSAGE_BYTES } from "./limits.ts";
import {
  type AnswerVariant,
  encodeMessage,
  tooLong,
  VARIANT_FORMATS,
  type VariantFormat,
} from "./variant_format.ts";

/** What answers messages over HTTP. */
export interface HttpVariantOptions {
  /** What messages and answers are written in. */
  readonly format: VariantFormat;
  /** Makes what answers the message of one request. */
  readonly answer: (request: HttpRequestHead, exchange: HttpExchange) => AnswerVariant;
  /** The application threw; the peer is answered 500. */
  readonly failed: (error: unknown) => void;
}

/**
 * Variant over HTTP, the server's side: the body of a POST is a message, the body of the answer another one.
 *
 * What is no message is answered 400, one that is too long 413, one that nobody answers 204. A page of another
 * server is answered 403: a browser sends what it says with the rights of who reads it.
 */
export class HttpVariantProtocol extends Protocol implements HttpRouter {
  readonly tag: string;
  readonly kind = "endpoint";
  readonly #options: HttpVariantOptions;

  constructor(options: HttpVariantOptions) {
    super();
    this.#options = options;
    this.tag = `${options.format}Variant`;
  }

  route(request: HttpRequestHead, exchange: HttpExchange): void {
    if (request.method !== "POST" && request.method !== "PUT") {
      return exchange.respond({
        status: 405,
        headers: { allow: "POST, PUT", ...TEXT },
        body: `Cannot ${request.method}: POST a message\n`,
      });
    }
    if (isOfAnotherServer(request)) {
      return exchange.respond({
        status: 403,
        headers: TEXT,
        body: "Pages of other servers may not do this\n",
      });
    }
    const { framing } = request;
    if (framing.kind === "length" && framing.lengthBytes > MAX_VARIANT_MESSAGE_BYTES) {
      return refuse(exchange, tooLong(framing.lengthBytes));
    }
    exchange.receiveBody(
      new MessageCollector(exchange, (body) => void this.#answer(request, exchange, body)),
    );
  }

  /** Bodies come with their requests. */
  protected override onReceive(_bytes: Uint8Array): void {}

  async #answer(request: HttpRequestHead, exchange: HttpExchange, body: Uint8Array): Promise<void> {
    const { format, answer, failed } = this.#options;
    const { decode, contentType } = VARIANT_FORMATS[format];
    let variant: Variant;
    try {
      variant = await decode(body);
    } catch (error) {
      if (!exchange.isAnswered) refuse(exchange, error);
      return;
    }
    try {
      const reply = await answer(request, exchange)(variant);
      if (exchange.isAnswered) return;
      if (reply === undefined) return exchange.respond({ status: 204 });
      const headers = { "content-type": contentType };
      exchange.respond({ status: 200, headers, body: encodeMessage(format, reply) });
    } catch (error) {
      failed(error);
      if (exchange.isAnswered) return;
      exchange.respond({ status: 500, headers: TEXT, body: "The server could not answer this message\n" });
    }
  }
}

/** Gathers the body of one request, within its limit. */
class MessageCollector implements HttpBodyReceiver {
  readonly #exchange: HttpExchange;
  readonly #complete: (body: Uint8Array) => void;
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  constructor(exchange: HttpExchange, complete: (body: Uint8Array) => void) {
    this.#exchange = exchange;
    this.#complete = complete;
  }

  receive(bytes: Uint8Array): void {
    this.#length += bytes.length;
    if (this.#length <= MAX_VARIANT_MESSAGE_BYTES) this.#parts.push(bytes.slice());
    else if (!this.#exchange.isAnswered) {
      this.#parts.length = 0;
      refuse(this.#exchange, tooLong(this.#length));
    }
  }

  ended(): void {
    if (!this.#exchange.isAnswered) this.#complete(concatBytes(this.#parts));
  }
}

const TEXT = { "content-type": "text/plain; charset=utf-8" };

function refuse(exchange: HttpExchange, error: unknown): void {
  const isTooLong = error instanceof LimitError && error.limitName === "MAX_VARIANT_MESSAGE_BYTES";
  exchange.respond({ status: isTooLong ? 413 : 400, headers: TEXT, body: `${errorMessage(error)}\n` });
}

function isOfAnotherServer({ headers, authority }: HttpRequestHead): boolean {
  const origin = headers.get("origin");
  return origin !== undefined &&
    origin.replace(/^https?:\/\//i, "").toLowerCase() !== authority.toLowerCase();
}
