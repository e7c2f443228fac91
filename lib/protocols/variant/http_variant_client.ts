import { concatBytes } from "#bytes";
import { ProtocolError } from "#errors";
import { HttpClientProtocol, type HttpHeaderFields, type HttpResponseHead } from "#protocols/http";
import { Protocol } from "#stack";
import type { Variant } from "#variant";
import { MAX_VARIANT_MESSAGE_BYTES } from "./limits.ts";
import { encodeMessage, tooLong, VARIANT_FORMATS, type VariantFormat } from "./variant_format.ts";

/** Where a message is posted to. */
export interface HttpVariantTarget {
  /** Path and query, percent-encoded. */
  readonly target: string;
  /** Host, and port unless it is the scheme's own. */
  readonly authority: string;
  /** Further header fields. @default none */
  readonly headers?: HttpHeaderFields;
}

/** Variant over HTTP, the client's side: posts messages, one at a time, on a connection that is kept. */
export class HttpVariantClientProtocol extends Protocol {
  readonly tag: string;
  readonly kind = "endpoint";
  readonly #format: VariantFormat;
  #last: Promise<unknown> = Promise.resolve();

  constructor(format: VariantFormat) {
    super();
    this.#format = format;
    this.tag = `${format}Variant`;
  }

  /**
   * Posts a message after those posted before; resolves to the answer, `undefined` where it is empty.
   *
   * Rejects if it meets a limit, the answer's status is no success or its body no message, or the connection ends.
   */
  request(variant: Variant, target: HttpVariantTarget): Promise<Variant | undefined> {
    const answer = this.#last.then(() => this.#post(variant, target));
    this.#last = answer.catch(() => {});
    return answer;
  }

  /** Answers come with their requests. */
  protected override onReceive(_bytes: Uint8Array): void {}

  async #post(
    variant: Variant,
    { target, authority, headers }: HttpVariantTarget,
  ): Promise<Variant | undefined> {
    const http = this.far;
    if (!(http instanceof HttpClientProtocol)) {
      throw new TypeError("Cannot post Variant: no httpClient below");
    }
    const { contentType, decode } = VARIANT_FORMATS[this.#format];
    const answered = Promise.withResolvers<Answer>();
    http.request({
      method: "POST",
      target,
      authority,
      headers: { "content-type": contentType, ...headers },
      body: encodeMessage(this.#format, variant),
    }, new AnswerCollector(answered));
    const { head: { status, reason }, body } = await answered.promise;
    if (status < 200 || status > 299) {
      throw new ProtocolError(`Cannot read Variant: the server answered ${status} ${reason}`.trimEnd());
    }
    return body.length === 0 ? undefined : await decode(body);
  }
}

interface Answer {
  readonly head: HttpResponseHead;
  readonly body: Uint8Array;
}

/** Gathers one response, within its limit. */
class AnswerCollector {
  readonly #answered: PromiseWithResolvers<Answer>;
  readonly #parts: Uint8Array[] = [];
  #head: HttpResponseHead | undefined;
  #length = 0;

  constructor(answered: PromiseWithResolvers<Answer>) {
    this.#answered = answered;
  }

  head(head: HttpResponseHead): void {
    this.#head = head;
  }

  receive(bytes: Uint8Array): void {
    this.#length += bytes.length;
    if (this.#length > MAX_VARIANT_MESSAGE_BYTES) throw tooLong(this.#length);
    this.#parts.push(bytes.slice());
  }

  ended(): void {
    // the head comes before the end
    this.#answered.resolve({ head: this.#head!, body: concatBytes(this.#parts) });
  }

  failed(error: Error): void {
    this.#answered.reject(error);
  }
}
