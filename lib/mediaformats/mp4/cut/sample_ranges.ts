import { f64Column, u32Column } from "../write/column.ts";

/** A stretch of a file, in bytes. */
export interface SourceRange {
  readonly offset: number;
  readonly length: number;
}

/** Bytes between two chunks that are rather copied than left out. */
const MAX_GAP_BYTES = 65_536;

/** Places of the samples of one track: those that lie together make a chunk. */
export class ChunkList {
  readonly #offsets = f64Column();
  readonly #ends = f64Column();
  readonly #samples = u32Column();
  #isRising = true;

  /** How many chunks there are. */
  get length(): number {
    return this.#offsets.length;
  }

  /** Whether each chunk lies behind the one before. */
  get isRising(): boolean {
    return this.#isRising;
  }

  /** Offset of chunk `index`, in bytes. */
  offsetAt(index: number): number {
    return this.#offsets.at(index);
  }

  /** End of chunk `index`, in bytes. */
  endAt(index: number): number {
    return this.#ends.at(index);
  }

  /** Samples of chunk `index`. */
  samplesAt(index: number): number {
    return this.#samples.at(index);
  }

  /** Adds the next sample. */
  add(offset: number, sizeBytes: number): void {
    const last = this.#offsets.length - 1;
    if (last >= 0 && this.#ends.at(last) === offset) {
      this.#ends.set(last, offset + sizeBytes);
      this.#samples.set(last, this.#samples.at(last) + 1);
      return;
    }
    if (last >= 0 && offset < this.#ends.at(last)) this.#isRising = false;
    this.#offsets.push(offset);
    this.#ends.push(offset + sizeBytes);
    this.#samples.push(1);
  }
}

/** Where the chunks of all tracks are found once their ranges stand one behind the other. */
export interface GatheredChunks {
  /** What is copied, in this order. */
  readonly ranges: readonly SourceRange[];
  /** Bytes of all ranges. */
  readonly sizeBytes: number;
  /** Calls `take` with each chunk of list `list`, its new offset counted from the first range. */
  readonly forEach: (list: ChunkList, take: (offset: number, samples: number) => void) => void;
}

/** Finds the stretches of a file that hold all chunks, each byte once, chunks that are near each other together. */
export function gatherChunks(lists: readonly ChunkList[]): GatheredChunks {
  const ranges = lists.every(({ isRising }) => isRising) ? mergedRanges(lists) : [wholeRange(lists)];
  const starts = new Float64Array(ranges.length);
  let sizeBytes = 0;
  ranges.forEach(({ length }, index) => {
    starts[index] = sizeBytes;
    sizeBytes += length;
  });
  const forEach: GatheredChunks["forEach"] = (list, take) => {
    let at = 0;
    for (let index = 0; index < list.length; index++) {
      const offset = list.offsetAt(index);
      while (offset >= ranges[at]!.offset + ranges[at]!.length && at + 1 < ranges.length) at++;
      take(starts[at]! + offset - ranges[at]!.offset, list.samplesAt(index));
    }
  };
  return { ranges, sizeBytes, forEach };
}

/** Merges lists that rise. */
function mergedRanges(lists: readonly ChunkList[]): SourceRange[] {
  const places = lists.map(() => 0);
  const ranges: SourceRange[] = [];
  let start = -1, end = -1;
  for (;;) {
    let next = -1, offset = Infinity;
    for (let at = 0; at < lists.length; at++) {
      if (places[at]! < lists[at]!.length && lists[at]!.offsetAt(places[at]!) < offset) {
        next = at;
        offset = lists[at]!.offsetAt(places[at]!);
      }
    }
    if (next < 0) break;
    const chunkEnd = lists[next]!.endAt(places[next]!++);
    if (start >= 0 && offset <= end + MAX_GAP_BYTES) {
      end = Math.max(end, chunkEnd);
      continue;
    }
    if (start >= 0) ranges.push({ offset: start, length: end - start });
    start = offset;
    end = chunkEnd;
  }
  if (start >= 0) ranges.push({ offset: start, length: end - start });
  return ranges;
}

/** From the first byte to the last, for chunks in no order. */
function wholeRange(lists: readonly ChunkList[]): SourceRange {
  let start = Infinity, end = 0;
  for (const list of lists) {
    for (let index = 0; index < list.length; index++) {
      start = Math.min(start, list.offsetAt(index));
      end = Math.max(end, list.endAt(index));
    }
  }
  return { offset: start, length: end - start };
}
