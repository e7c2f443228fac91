/**
 * A carrier without a peer: it takes everything at once and counts it.
 *
 * @module
 */

import { ClosedError } from "#errors";
import type { Carrier, CarrierClient, SliceSource } from "#stack";

/** The bottom of a stack whose input a test or a fuzz target feeds. */
export class SinkCarrier implements Carrier {
  readonly kind = "memory";
  readonly local = { address: "memory", port: 1 };
  readonly remote = { address: "memory", port: 2 };
  readonly statistics = { bytesIn: 0, bytesOut: 0 };
  readonly queuedBytes = 0;
  /** Why it ended, once it has. */
  end: Error | undefined;
  /** Bytes of each `send` and slice, while `isKept`. */
  readonly sent: Uint8Array[] = [];
  readonly #isKept: boolean;
  #client: CarrierClient | undefined;
  #source: SliceSource | undefined;
  #isPulling = false;

  /** @param options `isKept`: whether what is sent can be looked at. */
  constructor(options: { isKept?: boolean } = {}) {
    this.#isKept = options.isKept ?? false;
  }

  open(client: CarrierClient): void {
    this.#client = client;
  }

  /** Delivers bytes as the peer's; ignored after the end. */
  feed(bytes: Uint8Array): void {
    if (this.end !== undefined) return;
    this.statistics.bytesIn += bytes.length;
    this.#client?.receive(bytes);
  }

  send(bytes: Uint8Array): void {
    this.#take(bytes);
  }

  setSource(source: SliceSource | undefined): void {
    this.#source = source;
    this.wake();
  }

  wake(): void {
    if (this.#isPulling || this.end !== undefined) return;
    this.#isPulling = true;
    for (let slice = this.#source?.nextSlice(); slice !== undefined; slice = this.#source?.nextSlice()) {
      this.#take(slice);
      this.#source?.accepted(slice.length);
    }
    this.#isPulling = false;
  }

  pause(): void {}

  close(): void {
    this.abort(new ClosedError("Closed by this side"));
  }

  abort(error: Error): void {
    if (this.end !== undefined) return;
    this.end = error;
    const source = this.#source;
    this.#source = undefined;
    source?.failed(error);
    this.#client?.closed(error);
  }

  #take(bytes: Uint8Array): void {
    this.statistics.bytesOut += bytes.length;
    if (this.#isKept && this.end === undefined) this.sent.push(bytes.slice());
  }
}
