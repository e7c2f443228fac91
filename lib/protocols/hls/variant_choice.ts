import type { Variant } from "./playlist.ts";

/** Part of what was measured that a variant may need. */
const SAFE_SHARE = 0.75;
/** Part that one to be gone up to may need: without a gap it would go up and down all the time. */
const UP_SHARE = 0.6;
/** Weight of the newest measurement. */
const NEWEST_WEIGHT = 0.4;
/** Less is no measurement, in bytes. */
const MIN_MEASURED_BYTES = 4_096;

/** Chooses among variants by how fast segments come. It begins with the first, as the server wishes. */
export class VariantChoice {
  readonly #variants: readonly Variant[];
  #index = 0;
  #bitsPerSecond: number | undefined;

  /** @param variants One or more. */
  constructor(variants: readonly Variant[]) {
    this.#variants = variants;
  }

  /** The one to play now. */
  get variant(): Variant {
    return this.#variants[this.#index]!;
  }

  /** What was measured; `undefined` before that. */
  get bitsPerSecond(): number | undefined {
    return this.#bitsPerSecond;
  }

  /** Takes how long some bytes took to come. */
  measured(bytes: number, ms: number): void {
    if (bytes < MIN_MEASURED_BYTES) return;
    const now = bytes * 8000 / Math.max(1, ms);
    const before = this.#bitsPerSecond ?? now;
    this.#bitsPerSecond = before + (now - before) * NEWEST_WEIGHT;
    this.#index = this.#choose(this.#bitsPerSecond);
  }

  /** The largest that fits; the smallest, where none does. */
  #choose(bitsPerSecond: number): number {
    const current = this.variant.bandwidth;
    const order = this.#variants.map((_, index) => index)
      .toSorted((a, b) => this.#variants[a]!.bandwidth - this.#variants[b]!.bandwidth);
    const fitting = order.filter((index) => {
      const { bandwidth } = this.#variants[index]!;
      return bandwidth <= bitsPerSecond * (bandwidth > current ? UP_SHARE : SAFE_SHARE);
    });
    return fitting.at(-1) ?? order[0]!;
  }
}
