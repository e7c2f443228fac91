import type { Clock } from "#clock";
import { ClosedError } from "#errors";
import type { Carrier, SliceSource } from "#stack";
import { Deadline } from "../deadline.ts";

/** Called once when what was written has left, or with the error if the connection ends first. */
export type Written = (error?: Error) => void;

/** How long a peer may accept no byte, in ms. */
export interface PaceOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/**
 * Gives bytes to a carrier at the pace at which its peer takes them: each `write` ends when all of it was
 * accepted. A carrier writes its own queued bytes before those of its source, so an empty write waits until
 * what was sent before has left. A peer that accepts nothing for too long is dropped.
 */
export class PacedWriter implements SliceSource {
  readonly #carrier: Carrier;
  readonly #deadline: Deadline;
  readonly #timeoutMs: number;
  #slices: Uint8Array[] = [];
  #written: Written[] = [];
  #seenBytesOut = 0;
  #isBegun = false;

  constructor(carrier: Carrier, options: PaceOptions) {
    this.#carrier = carrier;
    this.#timeoutMs = options.timeoutMs;
    this.#deadline = new Deadline(options.clock);
  }

  /** Whether nothing of the current write went out yet, so that a head sent before goes first. */
  get isAtBoundary(): boolean {
    return !this.#isBegun;
  }

  /**
   * Writes `slices` in order.
   *
   * @param slices Lent until `written`; none of them empty. No slices wait for what was sent before.
   * @throws {TypeError} If slices of an earlier write are still lent.
   */
  write(slices: Uint8Array[], written: Written): void {
    if (slices.length > 0 && this.#slices.length > 0) throw new TypeError("Cannot write twice at once");
    if (slices.length > 0) this.#slices = slices;
    this.#written.push(written);
    this.#watch();
    this.#carrier.setSource(this);
    this.#carrier.wake();
  }

  /** Leaves the carrier to another source; nothing that waits is told any more. */
  release(): void {
    if (this.#written.length === 0) return;
    this.#written = [];
    this.#slices = [];
    this.#deadline[Symbol.dispose]();
    this.#carrier.setSource(undefined);
  }

  nextSlice(): Uint8Array | undefined {
    const slice = this.#slices[0];
    if (slice === undefined) this.#finish();
    return slice;
  }

  accepted(count: number): void {
    const slice = this.#slices[0];
    if (slice === undefined) return;
    this.#isBegun = true;
    if (count < slice.length) this.#slices[0] = slice.subarray(count);
    else this.#slices.shift();
    this.#watch();
    if (this.#slices.length === 0) this.#finish();
  }

  failed(error: unknown): void {
    this.#slices = [];
    this.#finish(error instanceof Error ? error : new ClosedError(String(error)));
  }

  #finish(error?: Error): void {
    const written = this.#written;
    if (written.length === 0) return;
    this.#written = [];
    this.#isBegun = false;
    this.#deadline[Symbol.dispose]();
    if (error === undefined) this.#carrier.setSource(undefined);
    for (const callback of written) callback(error);
  }

  #watch(): void {
    this.#seenBytesOut = this.#carrier.statistics.bytesOut;
    this.#deadline.set(this.#timeoutMs, () => {
      if (this.#written.length === 0) return;
      if (this.#carrier.statistics.bytesOut > this.#seenBytesOut) this.#watch();
      else this.#carrier.abort(new ClosedError(`The peer took nothing for ${this.#timeoutMs} ms`));
    });
  }
}
