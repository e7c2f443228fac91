import type { Clock } from "#clock";

/** Longest time between two writes to one player, in ms. */
export const MAX_REFILL_MS = 1_000;

/**
 * How far a player may be served: a buffer in advance at once, then as time goes by.
 *
 * Media times are microseconds of the player's own time line.
 */
export class Pace {
  readonly #clock: Clock;
  #bufferMs: number;
  /** Media time that was due at `#anchorMs`; `undefined` before the first packet. */
  #anchorUs: number | undefined;
  #anchorMs = 0;
  #pausedMs: number | undefined;

  /** @param options `bufferMs`: media time a player is served in advance; `Infinity` for all there is. */
  constructor(clock: Clock, options: { readonly bufferMs: number }) {
    this.#clock = clock;
    this.#bufferMs = options.bufferMs;
  }

  /** Media time the player is served in advance, in ms. */
  get bufferMs(): number {
    return this.#bufferMs;
  }

  /** Raises the buffer; a player cannot lower it. */
  raiseBuffer(lengthMs: number): void {
    this.#bufferMs = Math.max(this.#bufferMs, lengthMs);
  }

  /** The next packet asked about is due now. */
  restart(): void {
    this.#anchorUs = undefined;
    if (this.#pausedMs !== undefined) this.#pausedMs = this.#clock.nowMs();
  }

  /** Time stands still until `resume`. */
  pause(): void {
    this.#pausedMs ??= this.#clock.nowMs();
  }

  /** Time goes on where it stood. */
  resume(): void {
    if (this.#pausedMs === undefined) return;
    this.#anchorMs += this.#clock.nowMs() - this.#pausedMs;
    this.#pausedMs = undefined;
  }

  /** How long a packet of `mediaUs` must wait, in ms; 0 or less: it may go. */
  waitMs(mediaUs: number): number {
    const nowMs = this.#pausedMs ?? this.#clock.nowMs();
    if (this.#anchorUs === undefined) {
      this.#anchorUs = mediaUs;
      this.#anchorMs = nowMs;
    }
    return (mediaUs - this.#anchorUs) / 1000 - (nowMs - this.#anchorMs) - this.#bufferMs;
  }

  /** How long to gather what becomes due, so that one write carries it; in ms. */
  get refillMs(): number {
    return Math.min(this.#bufferMs / 3, MAX_REFILL_MS);
  }
}
