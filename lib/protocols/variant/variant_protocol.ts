import { InputQueue } from "#bytes";
import type { Clock } from "#clock";
import { ProtocolError } from "#errors";
import { Protocol, whenDrained } from "#stack";
import type { Variant } from "#variant";
import {
  MAX_VARIANT_MESSAGE_BYTES,
  MAX_VARIANT_QUEUED_BYTES,
  MAX_VARIANT_WAITING_BYTES,
  VARIANT_ANSWER_TIMEOUT_MS,
  VARIANT_IDLE_TIMEOUT_MS,
  VARIANT_PROGRESS_TIMEOUT_MS,
} from "./limits.ts";
import {
  type AnswerVariant,
  encodeMessage,
  tooLong,
  VARIANT_FORMATS,
  type VariantFormat,
} from "./variant_format.ts";

const HEADER_BYTES = 4;

/** What a connection of messages is made of. */
export interface VariantProtocolOptions {
  /** What messages are written in, both ways. */
  readonly format: VariantFormat;
  /** Time of patience with the peer. */
  readonly clock: Clock;
  /** Takes each message that answers no request of this side. @default such messages are dropped */
  readonly answer?: AnswerVariant;
}

/** A request whose answer has not come. */
interface PendingRequest {
  readonly resolve: (variant: Variant) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Variant over TCP, either side: each message is its length, 32 bits in network byte order, and its body.
 *
 * Messages are taken one after another; the peer is not read while one is being answered, nor while it does not
 * take its answers. A message that is none ends the connection.
 */
export class VariantProtocol extends Protocol {
  readonly tag: string;
  readonly kind = "endpoint";
  readonly #options: VariantProtocolOptions;
  #answer: AnswerVariant | undefined;
  readonly #input = new InputQueue({
    maxBytes: HEADER_BYTES + MAX_VARIANT_MESSAGE_BYTES + MAX_VARIANT_WAITING_BYTES,
  });
  #pending: PendingRequest[] = [];
  #patience: Disposable | undefined;
  #isBusy = false;

  constructor(options: VariantProtocolOptions) {
    super();
    this.#options = options;
    this.#answer = options.answer;
    this.tag = `${options.format}Variant`;
  }

  /** Takes what answers messages from now on. */
  answerWith(answer: AnswerVariant): void {
    this.#answer = answer;
  }

  /**
   * Sends a message to which no answer is awaited.
   *
   * @throws {LimitError} If it meets a limit.
   */
  sendVariant(variant: Variant): void {
    const body = encodeMessage(this.#options.format, variant);
    const message = new Uint8Array(HEADER_BYTES + body.length);
    new DataView(message.buffer).setUint32(0, body.length);
    message.set(body, HEADER_BYTES);
    this.send(message);
  }

  /**
   * Sends a message; resolves to the next one of the peer that answers no earlier request.
   *
   * Rejects if it meets a limit, the connection ends, or no answer comes for VARIANT_ANSWER_TIMEOUT_MS, which
   * ends the connection: a later answer would be taken for that of the next request.
   */
  async request(variant: Variant): Promise<Variant> {
    if (this.isClosed) throw new ProtocolError("Cannot send Variant: the connection is closed");
    this.sendVariant(variant);
    const { promise, resolve, reject } = Promise.withResolvers<Variant>();
    this.#pending.push({ resolve, reject });
    using _timer = this.#options.clock.after(VARIANT_ANSWER_TIMEOUT_MS, () => {
      this.abort(new ProtocolError(`Cannot read Variant: no answer for ${VARIANT_ANSWER_TIMEOUT_MS} ms`));
    });
    return await promise;
  }

  protected override onOpened(): void {
    this.#await(VARIANT_IDLE_TIMEOUT_MS);
  }

  protected override onReceive(bytes: Uint8Array): void {
    this.#input.push(bytes);
    this.#readNext();
    this.#input.settle();
  }

  protected override onFarClosed(error: Error): void {
    this.#patience?.[Symbol.dispose]();
    for (const { reject } of this.#pending.splice(0)) reject(error);
  }

  #readNext(): void {
    if (this.#isBusy || this.isClosed) return;
    const body = this.#takeBody();
    if (body === undefined) {
      return this.#await(this.#input.length > 0 ? VARIANT_PROGRESS_TIMEOUT_MS : VARIANT_IDLE_TIMEOUT_MS);
    }
    this.#patience?.[Symbol.dispose]();
    this.#isBusy = true;
    this.carrier?.pause(true);
    // a length that is wrong is thrown by reading on, too
    this.#take(body).then(() => this.#readOn()).catch((error) =>
      this.abort(error instanceof Error ? error : new Error(String(error)))
    );
  }

  #readOn(): void {
    this.#isBusy = false;
    this.#readNext();
    if (!this.#isBusy && !this.isClosed) this.carrier?.pause(false);
  }

  /** A copy of the next body, if all of it has come. */
  #takeBody(): Uint8Array | undefined {
    const bytes = this.#input.readable;
    if (bytes.length < HEADER_BYTES) return undefined;
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    if (length > MAX_VARIANT_MESSAGE_BYTES) throw tooLong(length);
    const end = HEADER_BYTES + length;
    if (bytes.length < end) return undefined;
    const body = bytes.slice(HEADER_BYTES, end);
    this.#input.consume(end);
    return body;
  }

  async #take(body: Uint8Array): Promise<void> {
    const { format, clock } = this.#options;
    const variant = await VARIANT_FORMATS[format].decode(body);
    const request = this.#pending.shift();
    if (request !== undefined) return request.resolve(variant);
    const reply = await this.#answer?.(variant);
    const carrier = this.carrier;
    if (reply === undefined || carrier === undefined || this.isClosed) return;
    this.sendVariant(reply);
    if (carrier.queuedBytes > MAX_VARIANT_QUEUED_BYTES) {
      await whenDrained(carrier, { clock, timeoutMs: VARIANT_PROGRESS_TIMEOUT_MS });
    }
  }

  #await(timeoutMs: number): void {
    this.#patience?.[Symbol.dispose]();
    this.#patience = this.#options.clock.after(timeoutMs, () => {
      this.abort(new ProtocolError(`Cannot read Variant: nothing came for ${timeoutMs} ms`));
    });
  }
}
