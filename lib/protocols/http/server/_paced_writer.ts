import type { Clock } from "#clock";
import { ClosedError } from "#errors";
import type { Carrier, SliceSource } from "#stack";
import { Deadline } from "../deadline.ts";

/** How long a peer may accept no byte, and what happens then. */
export interface StallOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  onStall(): void;
}

/**
 * Gives bytes to a carrier at the pace at which its peer takes them: each `write` ends when all of it was
 * accepted. A carrier writes its own queued bytes before those of its source, so an empty write waits until
 * what was sent before has left.
 */
export class PacedWriter implements SliceSource {
  readonly #carrier: Carrier;
  readonly #deadline: Deadline;
  readonly #stall: StallOptions;
  #slices: Uint8Array[] = [];
  #settle: ((error?: Error) => void) | undefined;
  #seenBytesOut = 0;
  #isBegun = false;

  constructor(carrier: Carrier, stall: StallOptions) {
    this.#carrier = carrier;
    this.#stall = stall;
    this.#deadline = new Deadline(stall.clock);
  }

  /** Whether nothing of the current write went out yet, so that a head sent before goes first. */
  get isAtBoundary(): boolean {
    return !this.#isBegun;
  }

  /**
   * Writes `slices` in order; one write at a time. `done` is called when all were accepted, with the error
   * if the connection ended first.
   *
   * @param slices Lent until `done`; none of them empty.
   */
  write(slices: Uint8Array[], done: (error?: Error) => void): void {
    this.#slices = slices;
    this.#settle = done;
    this.#watch();
    this.#carrier.setSource(this);
    this.#carrier.wake();
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
    const settle = this.#settle;
    if (settle === undefined) return;
    this.#settle = undefined;
    this.#isBegun = false;
    this.#deadline[Symbol.dispose]();
    if (error === undefined) this.#carrier.setSource(undefined);
    settle(error);
  }

  #watch(): void {
    this.#seenBytesOut = this.#carrier.statistics.bytesOut;
    this.#deadline.set(this.#stall.timeoutMs, () => {
      if (this.#settle === undefined) return;
      if (this.#carrier.statistics.bytesOut > this.#seenBytesOut) this.#watch();
      else this.#stall.onStall();
    });
  }
}

/** Calls `drained` once all that was sent over `carrier` has left; not at all if the connection ends first. */
export function whenDrained(carrier: Carrier, options: StallOptions & { drained: () => void }): void {
  new PacedWriter(carrier, options).write([], (error) => {
    if (error === undefined) options.drained();
  });
}
