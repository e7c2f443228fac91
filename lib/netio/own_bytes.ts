const MERGE_BYTES = 16_384;
/** Arrays that have left and are still held. */
const MAX_SPENT = 16;

/** Bytes of one connection's own (control messages, answers) that wait to be written. */
export class OwnBytes {
  #queue: Uint8Array[] = [];
  #head = 0;
  #length = 0;

  /** Bytes waiting. */
  get length(): number {
    return this.#length;
  }

  push(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#length += bytes.length;
  }

  /** Next bytes to write; small neighbours are merged into one array. Only with `length` > 0. */
  front(): Uint8Array {
    const first = this.#queue[this.#head]!;
    const second = this.#queue[this.#head + 1];
    if (second === undefined || first.length + second.length > MERGE_BYTES) return first;
    let end = this.#head;
    let length = 0;
    while (end < this.#queue.length && length + this.#queue[end]!.length <= MERGE_BYTES) {
      length += this.#queue[end++]!.length;
    }
    const merged = new Uint8Array(length);
    let at = 0;
    for (let i = this.#head; i < end; i++) {
      merged.set(this.#queue[i]!, at);
      at += this.#queue[i]!.length;
    }
    this.#queue.splice(0, end, merged);
    this.#head = 0;
    return merged;
  }

  /** Drops `count` bytes of the front array. */
  consume(count: number): void {
    if (this.#head >= this.#queue.length) return;
    const first = this.#queue[this.#head]!;
    this.#length -= count;
    if (count < first.length) {
      this.#queue[this.#head] = first.subarray(count);
    } else if (++this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    } else if (this.#head >= MAX_SPENT) {
      // a queue that never runs empty must not keep all that has left
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
  }

  clear(): void {
    this.#queue = [];
    this.#head = 0;
    this.#length = 0;
  }
}
