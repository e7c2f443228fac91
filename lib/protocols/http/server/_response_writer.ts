import { ClosedError } from "#errors";
import { formatField } from "../message/head.ts";
import type { HttpBodyFraming } from "../message/head.ts";
import type { ServerExchange } from "./_server_exchange.ts";

/** Header fields of one hop (RFC 9110 section 7.6.1), and framing, which is decided here. */
const HOP_FIELDS = new Set([
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
]);
/** Turns of the microtask queue that a body made of one piece needs to end. */
const SETTLE_TURNS = 12;

/** Writes a web-standard response out. */
export class ResponseWriter {
  readonly #exchange: ServerExchange;
  readonly #response: Response;
  #writtenBytes = 0;
  #declaredBytes: number | undefined;

  constructor(exchange: ServerExchange, response: Response) {
    this.#exchange = exchange;
    this.#response = response;
  }

  /**
   * Writes head and body; ends when the carrier has taken the last byte.
   *
   * @param completed Called just before the exchange is finished.
   */
  async write(completed: () => void): Promise<void> {
    const { body, status } = this.#response;
    if (status < 200 || status > 599) throw new RangeError(`Response has status ${status}`);
    if (this.#exchange.isEnded) return await body?.cancel();
    const declared = this.#response.headers.get("content-length");
    if (declared !== null && !/^\d{1,15}$/.test(declared)) {
      throw new TypeError(`Response has Content-Length ${JSON.stringify(declared)}`);
    }
    const isBodiless = this.#exchange.request.method === "HEAD" || status === 204 || status === 304;
    if (body === null || isBodiless) {
      completed();
      this.#writeBodiless(declared);
      await body?.cancel();
      return;
    }
    const reader = body.getReader();
    this.#exchange.whenEnded(() => void reader.cancel().catch(() => {}));
    await this.#writeBody(reader, { declared, completed });
  }

  #writeBodiless(declared: string | null): void {
    const { status } = this.#response;
    const fields = fieldsOf(this.#response.headers);
    if (this.#exchange.request.method !== "HEAD" || status === 204 || status === 304) {
      this.#exchange.respondBytes({ status, fields });
      return;
    }
    // what a GET would have been told, as far as it is known
    const framing: HttpBodyFraming = declared !== null
      ? { kind: "length", lengthBytes: Number(declared) }
      : this.#response.body === null
      ? { kind: "length", lengthBytes: 0 }
      : { kind: "none" };
    this.#exchange.startStream({ status, fields }, framing);
  }

  async #writeBody(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    options: { declared: string | null; completed: () => void },
  ): Promise<void> {
    const { declared, completed } = options;
    const { status, headers } = this.#response;
    const fields = fieldsOf(headers);
    let next = reader.read();
    if (declared === null) {
      const whole = await this.#wholeBody(next, () => next = reader.read());
      if (whole.bytes !== undefined) {
        completed();
        return this.#exchange.respondBytes({ status, fields }, whole.bytes);
      }
      if (whole.first !== undefined) {
        if (!this.#exchange.startStream({ status, fields }, { kind: "chunked" })) return;
        await this.#send(whole.first);
        await this.#pump(reader, next);
        return this.#complete(completed);
      }
    }
    const framing: HttpBodyFraming = declared === null
      ? { kind: "chunked" }
      : { kind: "length", lengthBytes: Number(declared) };
    if (!this.#exchange.startStream({ status, fields }, framing)) return;
    if (declared !== null) this.#declaredBytes = Number(declared);
    await this.#pump(reader, next);
    if (this.#writtenBytes < (this.#declaredBytes ?? 0)) throw this.#lengthFault();
    this.#complete(completed);
  }

  /**
   * Waits a moment for a body of one piece, whose length is then known.
   *
   * @returns `bytes` if that is all, else `first` if a piece came, else neither.
   */
  async #wholeBody(
    first: Promise<ReadableStreamReadResult<Uint8Array>>,
    readNext: () => Promise<ReadableStreamReadResult<Uint8Array>>,
  ): Promise<{ bytes?: Uint8Array; first?: Uint8Array }> {
    const piece = await settledSoon(first);
    if (piece === undefined) return {};
    if (piece.done) return { bytes: new Uint8Array(0) };
    const end = await settledSoon(readNext());
    return end?.done === true ? { bytes: checkedPiece(piece.value) } : { first: checkedPiece(piece.value) };
  }

  async #pump(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    first: Promise<ReadableStreamReadResult<Uint8Array>>,
  ): Promise<void> {
    for (let piece = await first; !piece.done; piece = await reader.read()) {
      await this.#send(checkedPiece(piece.value));
    }
  }

  /** Sends a piece of the body and waits until the carrier has taken it. */
  async #send(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    const exchange = this.#exchange;
    if (exchange.isEnded) throw new ClosedError("The peer went away");
    const slices = exchange.isChunking ? exchange.chunkOf(bytes) : [bytes];
    this.#writtenBytes += bytes.length;
    if (this.#writtenBytes > (this.#declaredBytes ?? Infinity)) throw this.#lengthFault();
    for (const slice of slices) exchange.count(slice.length);
    await new Promise<void>((resolve, reject) => {
      exchange.connection.writePaced(slices, (error) => error === undefined ? resolve() : reject(error));
    });
  }

  #lengthFault(): TypeError {
    return new TypeError(
      `Response has ${this.#writtenBytes} bytes, its Content-Length is ${this.#declaredBytes}`,
    );
  }

  #complete(completed: () => void): void {
    completed();
    this.#exchange.endBody();
  }
}

/** The result of `promise` if it settles without input or time, else `undefined`. */
async function settledSoon<T>(promise: Promise<T>): Promise<T | undefined> {
  let result: { value: T } | undefined;
  promise.then((value) => result = { value }, () => {});
  for (let turn = 0; turn < SETTLE_TURNS && result === undefined; turn++) await undefined;
  return result?.value;
}

function checkedPiece(piece: unknown): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  throw new TypeError(`Response body gave ${typeof piece}, it must give Uint8Array`);
}

function fieldsOf(headers: Headers): string {
  let text = "";
  for (const [name, value] of headers) {
    if (!HOP_FIELDS.has(name)) text += formatField(name, value);
  }
  return text;
}
