/** Size of a regular segment in bytes; a message that is larger gets a segment of its own. */
export const SEGMENT_BYTES = 256 * 1024;
/**
 * Size of a segment that many read. Where a segment ends, every cursor needs one more write: at 2.6 Mbit/s and
 * 15 rounds a second the ends of small segments are 7 % of all writes, those of wide ones 2 %.
 */
export const WIDE_SEGMENT_BYTES = 1024 * 1024;
/** Free memory kept for reuse, in bytes, over all logs of a pool. */
const MAX_FREE_BYTES = 64 * SEGMENT_BYTES;

/**
 * A run of whole messages on shared memory, append-only until it is free again.
 *
 * Positions are bytes from the start of the log; offsets are bytes from the start of the segment.
 */
export class Segment {
  /** The whole memory. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** Position of its first byte. */
  start = 0;
  /** Bytes written. */
  length = 0;
  /** Offset of the end of each message, rising. */
  readonly ends: number[] = [];
  /** Decoding time of each message in microseconds. */
  readonly dtsUs: number[] = [];
  /** The segment after it, once there is one. */
  next: Segment | undefined;
  /** Cursors that are in it and will read on. */
  readers = 0;
  /** Writes in flight from cursors that will not read on from here. */
  loans = 0;
  /** Whether the log has let it go; free once the last loan ends. */
  isDetached = false;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(new SharedArrayBuffer(capacity));
  }

  /** Bytes that can still be written. */
  get room(): number {
    return this.bytes.length - this.length;
  }

  /** Index of the first message that ends after `offset`; `ends.length` where none does. */
  messageAt(offset: number): number {
    let low = 0;
    let high = this.ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ends[middle]! > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Whether a message ends at `offset`, or the segment starts there. */
  isBoundary(offset: number): boolean {
    if (offset === 0 || offset === this.length) return true;
    const index = this.messageAt(offset);
    return index > 0 && this.ends[index - 1] === offset;
  }
}

/** Free segments, shared by all logs of a process. */
export class SegmentPool {
  readonly #free: Segment[] = [];
  readonly #freeWide: Segment[] = [];
  #freeBytes = 0;
  #live = 0;

  /** Segments in use. */
  get live(): number {
    return this.#live;
  }

  /** Segments kept for reuse. */
  get free(): number {
    return this.#free.length + this.#freeWide.length;
  }

  /**
   * A segment for messages from `start` on.
   *
   * @param minimumBytes Size of the first message that must fit.
   * @param isWide Whether many will read it.
   */
  // params: hot path
  take(start: number, minimumBytes: number, isWide = false): Segment {
    this.#live++;
    const capacity = isWide ? WIDE_SEGMENT_BYTES : SEGMENT_BYTES;
    const segment = this.#taken(Math.max(capacity, minimumBytes));
    segment.start = start;
    segment.isDetached = false;
    return segment;
  }

  /** Takes back a segment that nothing reads and no write has lent. */
  give(segment: Segment): void {
    this.#live--;
    segment.length = 0;
    segment.ends.length = 0;
    segment.dtsUs.length = 0;
    segment.next = undefined;
    segment.readers = 0;
    segment.loans = 0;
    const capacity = segment.bytes.length;
    const free = this.#freeOf(capacity);
    if (free === undefined || this.#freeBytes + capacity > MAX_FREE_BYTES) return;
    this.#freeBytes += capacity;
    free.push(segment);
  }

  #taken(capacity: number): Segment {
    const free = this.#freeOf(capacity)?.pop();
    if (free === undefined) return new Segment(capacity);
    this.#freeBytes -= capacity;
    return free;
  }

  /** Where free segments of this size are kept; nowhere for one made for a single large message. */
  #freeOf(capacity: number): Segment[] | undefined {
    if (capacity === SEGMENT_BYTES) return this.#free;
    return capacity === WIDE_SEGMENT_BYTES ? this.#freeWide : undefined;
  }
}
