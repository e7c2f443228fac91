/**
 * A carrier whose peer is the test: it sends, reads, stops reading and leaves when the test says so.
 *
 * @module
 */

import { concatBytes } from "#bytes";
import { ClosedError } from "#errors";
import type { Carrier, CarrierClient, Endpoint, SliceSource } from "#stack";

/** Bytes of `text`, one for each character. */
export function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Text of `bytes`, one character for each. */
export function textOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** A carrier whose peer is the test. */
export class ScriptedCarrier implements Carrier {
  readonly kind = "memory";
  readonly local: Endpoint = { address: "127.0.0.1", port: 8080 };
  readonly remote: Endpoint = { address: "192.0.2.7", port: 50_000 };
  readonly statistics = { bytesIn: 0, bytesOut: 0 };
  isPaused = false;
  closedWith: Error | undefined;
  /** Whether the peer takes nothing. */
  isStuck = false;
  #client: CarrierClient | undefined;
  #source: SliceSource | undefined;
  #queue: Uint8Array[] = [];
  #taken: Uint8Array[] = [];
  #isClosing = false;
  #isPumping = false;

  get queuedBytes(): number {
    return this.#queue.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  /** Everything the peer got, as text. */
  get text(): string {
    return textOf(concatBytes(this.#taken));
  }

  /** What the peer got since the last call, as text. */
  take(): string {
    const text = this.text;
    this.#taken = [];
    return text;
  }

  open(client: CarrierClient): void {
    this.#client = client;
  }

  /** The peer sends `bytes`; the array is spoiled afterwards, as a reused buffer is. */
  deliver(bytes: Uint8Array | string): void {
    if (this.closedWith !== undefined) return;
    const lent = typeof bytes === "string" ? latin1(bytes) : bytes.slice();
    this.statistics.bytesIn += lent.length;
    this.#client?.receive(lent);
    lent.fill(0xee);
  }

  send(bytes: Uint8Array): void {
    if (this.closedWith !== undefined || this.#isClosing) return;
    this.#queue.push(bytes);
    this.pump();
  }

  setSource(source: SliceSource | undefined): void {
    this.#source = source;
    this.pump();
  }

  wake(): void {
    this.pump();
  }

  pause(isPaused: boolean): void {
    this.isPaused = isPaused;
  }

  close(): void {
    this.#isClosing = true;
    this.#source = undefined;
    if (this.#queue.length === 0) this.abort(new ClosedError("closed by this side"));
  }

  abort(error: Error): void {
    if (this.closedWith !== undefined) return;
    this.closedWith = error;
    const source = this.#source;
    this.#source = undefined;
    source?.failed(error);
    this.#client?.closed(error);
  }

  /** The peer goes away. */
  drop(): void {
    this.abort(new ClosedError("closed by the peer"));
  }

  /** Lets the peer take what waits, unless it is stuck. */
  pump(): void {
    if (this.#isPumping || this.isStuck || this.closedWith !== undefined) return;
    this.#isPumping = true;
    while (this.closedWith === undefined) {
      const own = this.#queue.shift();
      if (own !== undefined) {
        this.#give(own);
        continue;
      }
      const source = this.#source;
      const slice = source?.nextSlice();
      if (slice === undefined) break;
      this.#give(slice);
      source?.accepted(slice.length);
    }
    this.#isPumping = false;
    if (this.#isClosing && this.#queue.length === 0) this.abort(new ClosedError("closed by this side"));
  }

  #give(bytes: Uint8Array): void {
    this.#taken.push(bytes.slice());
    this.statistics.bytesOut += bytes.length;
  }
}
