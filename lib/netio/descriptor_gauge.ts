import type { Clock } from "#clock";

/** Share of the descriptor limit at which listeners stop accepting. */
export const ACCEPT_SHARE = 0.9;
/** Descriptors held in reserve, so that log files and timers still work when the limit is met. */
export const RESERVED_DESCRIPTORS = 16;

/** A descriptor that is held only to be let go of. */
export interface ReservedDescriptor {
  /** Lets it go. */
  close(): void;
}

/** How long a limit that was learned is believed, in ms: what else had the descriptors may have let them go. */
export const LEARNED_LIMIT_MS = 60_000;

/** What a gauge is made of. */
export interface DescriptorGaugeOptions {
  /** Time for what was learned. */
  readonly clock: Clock;
  /** Opens one spare descriptor. */
  readonly openReserve: () => ReservedDescriptor;
  /** Most connections to be open at once. @default {Infinity} */
  readonly maxOpen?: number;
}

/**
 * Counts open connections against the descriptor limit.
 *
 * The limit cannot be read without full permissions, so it is learned: when the system refuses a descriptor,
 * the number of connections open then is the limit for `LEARNED_LIMIT_MS`, and the reserve is let go, so that
 * the rest of the process goes on.
 */
export class DescriptorGauge {
  readonly #reserve: ReservedDescriptor[] = [];
  readonly #options: DescriptorGaugeOptions;
  readonly #maxOpen: number;
  #learned: { readonly limit: number; readonly atMs: number } | undefined;
  #open = 0;
  #peak = 0;
  #total = 0;

  constructor(options: DescriptorGaugeOptions) {
    this.#options = options;
    this.#maxOpen = options.maxOpen ?? Infinity;
  }

  /** Connections open now. */
  get open(): number {
    return this.#open;
  }

  /** Most connections that were open at once. */
  get peak(): number {
    return this.#peak;
  }

  /** Connections opened since the start. */
  get total(): number {
    return this.#total;
  }

  /** Most connections that are accepted now; `Infinity` while no limit is known. */
  get limit(): number {
    const learned = this.#learned === undefined ? Infinity : Math.ceil(this.#learned.limit * ACCEPT_SHARE);
    return Math.min(this.#maxOpen, learned);
  }

  /** Whether one more connection may be accepted. */
  mayAccept(): boolean {
    const learned = this.#learned;
    if (learned !== undefined && this.#options.clock.nowMs() - learned.atMs >= LEARNED_LIMIT_MS) {
      this.#learned = undefined;
      this.reserve();
    }
    return this.#open < this.limit;
  }

  /** Opens the reserve, or what is missing of it; call when the first listener starts. */
  reserve(): void {
    try {
      while (this.#reserve.length < RESERVED_DESCRIPTORS) this.#reserve.push(this.#options.openReserve());
    } catch {
      this.refused();
    }
  }

  /** Counts a new connection. */
  add(): void {
    this.#open++;
    this.#total++;
    this.#peak = Math.max(this.#peak, this.#open);
  }

  /** Counts a connection that is gone. */
  remove(): void {
    this.#open--;
  }

  /** The system refused a descriptor: learns the limit and lets the reserve go. */
  refused(): void {
    this.#learned = { limit: Math.max(1, this.#open), atMs: this.#options.clock.nowMs() };
    this.release();
  }

  /** Lets the reserve go: there is a shortage, or the process ends. */
  release(): void {
    for (const descriptor of this.#reserve.splice(0)) descriptor.close();
  }
}
