/** Bytes moved on a connection so far. */
export interface MovedBytes {
  /** Bytes received. */
  readonly bytesIn: number;
  /** Bytes the kernel has taken for the peer. */
  readonly bytesOut: number;
}

/** Bytes the kernel must take between two looks, beyond our pings, to count as a sign of life. */
const LIFE_SIGN_BYTES = 1024;

/**
 * Tells how long a peer has given no sign of life.
 *
 * Whatever it sends is one, not only pongs; and so is media that it takes, because some players answer no
 * pings.
 */
export class LifeWatch {
  #lastSignMs: number;
  #bytesIn = 0;
  #bytesOut = 0;

  /** @param nowMs When the watch starts, in ms of any clock. */
  constructor(nowMs: number) {
    this.#lastSignMs = nowMs;
  }

  /**
   * Looks once.
   *
   * @param isExcused The peer could not be heard: counts as a sign of life.
   * @returns Milliseconds since the last sign of life was seen; 0 if there is one now.
   */
  look(moved: MovedBytes, options: { readonly nowMs: number; readonly isExcused: boolean }): number {
    const { bytesIn, bytesOut } = moved;
    const isAlive = options.isExcused || bytesIn !== this.#bytesIn ||
      bytesOut - this.#bytesOut > LIFE_SIGN_BYTES;
    this.#bytesIn = bytesIn;
    this.#bytesOut = bytesOut;
    if (isAlive) this.#lastSignMs = options.nowMs;
    return options.nowMs - this.#lastSignMs;
  }
}
