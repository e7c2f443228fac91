import type { Clock } from "#clock";
import { ClosedError, errorMessage, ProtocolError } from "#errors";
import { type Carrier, Protocol, whenDrained } from "#stack";

/** Most bytes that wait to leave on one side before the other side is not read. */
export const MAX_PASSING_BYTES = 256 * 1024;
/** Most bytes held while the other side is being connected to; of datagrams, more are dropped. */
export const MAX_EARLY_BYTES = 1024 * 1024;
/** How long a side may take nothing of what waits for it, in ms. */
export const PASS_TIMEOUT_MS = 60_000;

/** What a pass-through is made of. */
export interface PassThroughOptions {
  /** Time of patience. */
  readonly clock: Clock;
  /** Connects to the other side. */
  readonly dial: () => Promise<Carrier>;
  /** Told of the stack on the other side, so that it is closed with the server. @default nobody */
  readonly opened?: (bottom: Protocol) => void;
  /** Time without a byte either way after which both sides end, in ms; 0 is never. @default {0} */
  readonly idleTimeoutMs?: number;
}

/**
 * Joins a connection to another one: what comes on one side leaves on the other, as it is. A side is read no faster
 * than the other one takes it, and both end together. Datagrams stay datagrams.
 */
export class PassThroughProtocol extends Protocol {
  readonly tag = "passThrough";
  readonly kind = "endpoint";
  readonly #options: PassThroughOptions;
  readonly #early: Uint8Array[] = [];
  #earlyBytes = 0;
  #other: Protocol | undefined;
  #way: Way | undefined;
  #lastMs = 0;
  #idle: Disposable | undefined;

  constructor(options: PassThroughOptions) {
    super();
    this.#options = options;
  }

  protected override onOpened(): void {
    const { clock, idleTimeoutMs = 0 } = this.#options;
    this.#lastMs = clock.nowMs();
    if (idleTimeoutMs > 0) {
      this.#idle = clock.every(idleTimeoutMs / 2, () => {
        if (clock.nowMs() - this.#lastMs >= idleTimeoutMs) this.close("idle");
      });
    }
    if (this.carrier?.kind !== "udp") this.carrier?.pause(true);
    this.#connect().catch((error) =>
      this.abort(new ProtocolError(`Cannot pass through: ${errorMessage(error)}`, { cause: error }))
    );
  }

  protected override onReceive(bytes: Uint8Array): void {
    this.#lastMs = this.#options.clock.nowMs();
    const kept = bytes.slice();
    if (this.#way !== undefined) return this.#way.pass(kept);
    if (this.#earlyBytes + kept.length > MAX_EARLY_BYTES) return;
    this.#early.push(kept);
    this.#earlyBytes += kept.length;
  }

  protected override onFarClosed(_error: Error): void {
    this.#idle?.[Symbol.dispose]();
    this.#early.length = 0;
    this.#other?.close();
  }

  async #connect(): Promise<void> {
    const { dial, opened, clock } = this.#options;
    const carrier = await dial();
    if (this.isClosed) return carrier.abort(new ClosedError("The first side is gone"));
    const other = new FarSide();
    const back = new Way({ from: other, to: this, clock });
    other.received = (bytes) => {
      this.#lastMs = clock.nowMs();
      back.pass(bytes);
    };
    other.whenClosed(() => this.close("the other side is gone"));
    this.#other = other;
    this.#way = new Way({ from: this, to: other, clock });
    opened?.(other);
    other.openOn(carrier);
    this.carrier?.pause(false);
    for (const bytes of this.#early.splice(0)) this.#way.pass(bytes);
  }
}

/** The end of the connection to the other side. */
class FarSide extends Protocol {
  readonly tag = "passThrough";
  readonly kind = "endpoint";
  /** Takes what comes, in memory of its own. */
  received: (bytes: Uint8Array) => void = () => {};

  protected override onReceive(bytes: Uint8Array): void {
    this.received(bytes.slice());
  }
}

/** One way: what is sent on one side, whose other side is not read while too much waits there. */
class Way {
  readonly #from: Protocol;
  readonly #to: Protocol;
  readonly #clock: Clock;
  #isDraining = false;

  constructor({ from, to, clock }: { from: Protocol; to: Protocol; clock: Clock }) {
    this.#from = from;
    this.#to = to;
    this.#clock = clock;
  }

  /** Sends `bytes`, which must not change afterwards. */
  pass(bytes: Uint8Array): void {
    this.#to.send(bytes);
    const target = this.#to.carrier;
    if (target === undefined || target.queuedBytes <= MAX_PASSING_BYTES || this.#isDraining) return;
    this.#isDraining = true;
    this.#from.carrier?.pause(true);
    whenDrained(target, { clock: this.#clock, timeoutMs: PASS_TIMEOUT_MS }).then(
      () => {
        this.#isDraining = false;
        this.#from.carrier?.pause(false);
      },
      // that side has ended, and ends this one
      () => {},
    );
  }
}
