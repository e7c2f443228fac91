import { LimitError } from "#errors";

/**
 * Bytes received and not yet consumed, contiguous, for push parsers.
 *
 * `push` copies only what the parser left over: while the queue is empty, `readable` is a view of the pushed
 * array itself. So the caller may reuse that array as soon as the parser ran and `settle` was called.
 *
 * ```ts
 * import { InputQueue } from "#bytes";
 *
 * const queue = new InputQueue({ maxBytes: 1024 });
 * queue.push(new Uint8Array([1, 2, 3]));
 * queue.consume(2);
 * queue.settle(); // keeps a copy of the byte 3
 * console.log(queue.readable); // Uint8Array [ 3 ]
 * ```
 */
export class InputQueue {
  readonly #maxBytes: number;
  #bytes: Uint8Array = EMPTY;
  #start = 0;
  #end = 0;
  /** Whether `#bytes` is memory of the queue; otherwise it is the caller's. */
  #owned = false;

  /** @param options `maxBytes`: most bytes held unconsumed. */
  constructor(options: { maxBytes: number }) {
    this.#maxBytes = options.maxBytes;
  }

  /** Unconsumed bytes; a view valid until the next `push`, `consume` or `settle`. */
  get readable(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** Number of unconsumed bytes. */
  get length(): number {
    return this.#end - this.#start;
  }

  /**
   * Adds received bytes.
   *
   * @param bytes Borrowed until `settle`.
   * @throws {LimitError} If more than `maxBytes` would be unconsumed.
   */
  push(bytes: Uint8Array): void {
    const length = this.length + bytes.length;
    if (length > this.#maxBytes) {
      throw new LimitError("maxBytes of an input queue", { value: length, limit: this.#maxBytes });
    }
    if (this.length === 0) {
      this.#bytes = bytes;
      this.#start = 0;
      this.#end = bytes.length;
      this.#owned = false;
      return;
    }
    this.settle();
    if (this.#end + bytes.length > this.#bytes.length) this.#reserve(length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Drops `length` bytes from the front. */
  consume(length: number): void {
    if (length > this.length) throw new RangeError(`Cannot consume ${length} of ${this.length} bytes`);
    this.#start += length;
  }

  /** Copies what is left of a pushed array, so that its owner may reuse it. */
  settle(): void {
    if (this.#owned) return;
    const left = this.readable;
    this.#bytes = left.length === 0 ? EMPTY : left.slice();
    this.#start = 0;
    this.#end = left.length;
    this.#owned = true;
  }

  #reserve(length: number): void {
    const kept = this.readable;
    const roomy = length <= this.#bytes.length / 2
      ? this.#bytes
      : new Uint8Array(Math.min(this.#maxBytes, Math.max(length * 2, 64)));
    roomy.set(kept);
    this.#bytes = roomy;
    this.#start = 0;
    this.#end = kept.length;
  }
}

const EMPTY = new Uint8Array(0);
