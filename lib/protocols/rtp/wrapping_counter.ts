/** Follows a counter of some bits over its wraps. */
export class WrappingCounter {
  readonly #span: number;
  #value: number | undefined;

  /** @param bits Of the counter on the wire, 1 to 32. */
  constructor(bits: number) {
    this.#span = 2 ** bits;
  }

  /** The newest value, unwrapped; `undefined` before the first. */
  get value(): number | undefined {
    return this.#value;
  }

  /**
   * What `wrapped` is without wraps: the value nearest to the newest one. The first is taken as it is.
   *
   * @returns Not noted: see `advance`.
   */
  near(wrapped: number): number {
    const value = this.#value;
    if (value === undefined) return wrapped;
    const span = this.#span;
    const step = ((wrapped - value) % span + span) % span;
    return step >= span / 2 ? value + step - span : value + step;
  }

  /** Unwraps `wrapped` and makes it the newest. */
  advance(wrapped: number): number {
    return this.#value = this.near(wrapped);
  }

  /** Forgets the newest value. */
  reset(): void {
    this.#value = undefined;
  }
}
