/** Share of the descriptor limit at which listeners stop accepting. */
export const ACCEPT_SHARE = 0.9;
/** Descriptors held in reserve, so that log files and timers still work when the limit is met. */
export const RESERVED_DESCRIPTORS = 16;

/** A descriptor that is held only to be let go of. */
export interface ReservedDescriptor {
  close(): void;
}

/**
 * Counts open connections against the descriptor limit.
 *
 * The limit cannot be read without full permissions, so it is learned: the first time the system refuses a
 * descriptor, the number of connections open then is the limit, and the reserve is let go, so that the rest
 * of the process goes on. A limit known beforehand may be given.
 */
export class DescriptorGauge {
  readonly #reserve: ReservedDescriptor[] = [];
  readonly #openReserve: () => ReservedDescriptor;
  #open = 0;
  #limit: number;
  #peak = 0;
  #total = 0;

  /**
   * @param options `limit`: most connections, where it is known; `openReserve` opens one spare descriptor.
   */
  constructor(options: { limit?: number; openReserve: () => ReservedDescriptor }) {
    this.#limit = options.limit ?? Infinity;
    this.#openReserve = options.openReserve;
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

  /** Most connections the system allows, or `Infinity` while that is not known. */
  get limit(): number {
    return this.#limit;
  }

  /** Whether one more connection may be accepted. */
  get hasRoom(): boolean {
    return this.#open < this.#limit * ACCEPT_SHARE;
  }

  /** Opens the reserve; call once when the first listener starts. */
  reserve(): void {
    while (this.#reserve.length < RESERVED_DESCRIPTORS) this.#reserve.push(this.#openReserve());
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
    this.#limit = Math.min(this.#limit, Math.max(1, this.#open));
    for (const descriptor of this.#reserve.splice(0)) descriptor.close();
  }

  /** Lets the reserve go at shutdown. */
  release(): void {
    for (const descriptor of this.#reserve.splice(0)) descriptor.close();
  }
}
