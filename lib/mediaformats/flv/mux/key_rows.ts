/** Key frames of a file that is being written, thinned to fit a number of rows. */
export class KeyRows {
  readonly #maxRows: number;
  #timesMs: number[] = [];
  #offsets: number[] = [];
  /** Least distance between two rows, in ms. */
  #leastMs: number;

  /** @param options `maxRows`: most rows kept; `leastMs`: least distance of two. */
  constructor(options: { readonly maxRows: number; readonly leastMs: number }) {
    this.#maxRows = options.maxRows;
    this.#leastMs = options.leastMs;
  }

  /** In seconds, as the metadata has them. */
  get times(): number[] {
    return this.#timesMs.map((timeMs) => timeMs / 1000);
  }

  /** In bytes from the start of the file. */
  get offsets(): number[] {
    return [...this.#offsets];
  }

  /** Adds a key frame; one too near to the last, or earlier, is left out. */
  add(timeMs: number, offset: number): void {
    const lastMs = this.#timesMs.at(-1);
    if (this.#maxRows === 0 || lastMs !== undefined && timeMs < lastMs + this.#leastMs) return;
    this.#timesMs.push(timeMs);
    this.#offsets.push(offset);
    if (this.#timesMs.length > this.#maxRows) this.#thin();
  }

  /** Leaves out every second row, and those to come that would be nearer than what is left. */
  #thin(): void {
    const spanMs = this.#timesMs.at(-1)! - this.#timesMs[0]!;
    this.#leastMs = Math.max(this.#leastMs, 1.5 * spanMs / this.#timesMs.length);
    this.#timesMs = this.#timesMs.filter((_, row) => row % 2 === 0);
    this.#offsets = this.#offsets.filter((_, row) => row % 2 === 0);
  }
}
