import type { Clock } from "#clock";

/** Groups in turn, so that recordings neither wake the process one by one nor all at once. */
const PHASES = 5;

/** Calls each of its members once a period, in a few groups: the code that writes is warm for all of a group. */
export class FlushBeat {
  readonly #clock: Clock;
  readonly #periodMs: number;
  readonly #groups: Set<() => void>[] = Array.from({ length: PHASES }, () => new Set());
  #timer: Disposable | undefined;
  #phase = 0;

  /** @param options `periodMs`: time between two calls of a member. */
  constructor(clock: Clock, options: { readonly periodMs: number }) {
    this.#clock = clock;
    this.#periodMs = options.periodMs;
  }

  /** Calls `flush` from now on, until the returned value is disposed. */
  add(flush: () => void): Disposable {
    const group = this.#groups.reduce((least, each) => each.size < least.size ? each : least);
    group.add(flush);
    this.#timer ??= this.#clock.every(this.#periodMs / PHASES, () => this.#beat());
    return {
      [Symbol.dispose]: () => {
        group.delete(flush);
        if (this.#groups.some(({ size }) => size > 0)) return;
        this.#timer?.[Symbol.dispose]();
        this.#timer = undefined;
      },
    };
  }

  #beat(): void {
    this.#phase = (this.#phase + 1) % PHASES;
    for (const flush of [...this.#groups[this.#phase]!]) flush();
  }
}
