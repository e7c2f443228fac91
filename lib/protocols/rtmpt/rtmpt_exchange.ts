import { ClosedError, ProtocolError } from "#errors";
import type { HttpClientProtocol, HttpResponseHead, HttpResponseReceiver } from "#protocols/http";

/** One request of a client, and who takes its answer. */
export interface RtmptExchangeOptions {
  readonly target: string;
  /** Not changed before the answer is complete. */
  readonly body: Uint8Array;
  readonly authority: string;
  /** Takes the answer's body, each byte once; `offset` of the first one in the body; borrowed during the call. */
  readonly receive: (bytes: Uint8Array, offset: number) => void;
}

/** What clients of the field say. */
const REQUEST_HEADERS = {
  "Content-Type": "application/x-fcs",
  "User-Agent": "Shockwave Flash",
  "Connection": "Keep-Alive",
  "Cache-Control": "no-cache",
};

/** A request of an RTMPT client that may be asked again: of a repeated answer only what is new is delivered. */
export class RtmptExchange {
  readonly #options: RtmptExchangeOptions;
  #receivedBytes = 0;
  #isRefused = false;

  constructor(options: RtmptExchangeOptions) {
    this.#options = options;
  }

  /** Bytes of the answer that were delivered. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Whether the server answered no: it would again. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** Makes the request; resolves when the answer is complete, rejects with why it is not. */
  run(http: HttpClientProtocol): Promise<void> {
    if (!http.isIdle) return Promise.reject(new ClosedError("Connection lost before the request"));
    const { target, body, authority, receive } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let offset = 0;
    const receiver: HttpResponseReceiver = {
      head: ({ status }: HttpResponseHead) => {
        this.#isRefused = status !== 200;
        if (!this.#isRefused) return;
        const [, command] = target.split("/");
        reject(new ProtocolError(`Cannot go on: the server answered ${status} to ${command}`));
      },
      receive: (bytes) => {
        const known = Math.max(0, this.#receivedBytes - offset);
        offset += bytes.length;
        if (this.#isRefused || known >= bytes.length) return;
        const at = this.#receivedBytes;
        this.#receivedBytes = offset;
        receive(bytes.subarray(known), at);
      },
      ended: resolve,
      failed: reject,
    };
    http.request({ method: "POST", target, authority, headers: REQUEST_HEADERS, body }, receiver);
    return promise;
  }
}
