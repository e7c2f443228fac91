import type { BoxBody } from "../boxes/box_body.ts";
import { BOX } from "../boxes/box_type.ts";
import type { SizeTable } from "./size_table.ts";
import { lastNotAbove } from "./run_table.ts";

const U32 = 2 ** 32;
/** first_chunk, samples_per_chunk, sample_description_index. */
const ENTRY_BYTES = 12;

/** Which chunk a sample is in, and where chunks are: ISO/IEC 14496-12, sections 8.7.4 and 8.7.5. */
export class ChunkTable {
  /** Chunks whose offset is known. */
  readonly chunks: number;
  /** Samples of all chunks. */
  readonly samples: number;
  /** First chunk of each entry, from 0, rising. */
  readonly #firstChunks: Uint32Array;
  readonly #samplesPerChunk: Uint32Array;
  /** First sample of each entry. */
  readonly #firstSamples: Float64Array;
  readonly #offsets: DataView;
  readonly #offsetsStart: number;
  readonly #hasLargeOffsets: boolean;

  /**
   * @param body Of `stsc`, after version and flags.
   * @param offsets Of `stco` or `co64`, after version and flags; borrowed for the life of the table.
   */
  constructor(body: BoxBody, offsets: BoxBody) {
    this.#hasLargeOffsets = offsets.type === BOX.ChunkLargeOffset;
    const declared = offsets.u32("chunk count");
    this.chunks = Math.min(declared, Math.floor(offsets.remaining / (this.#hasLargeOffsets ? 8 : 4)));
    this.#offsets = offsets.view;
    this.#offsetsStart = offsets.at;
    const declaredEntries = body.u32("entry count");
    const entries = Math.min(declaredEntries, Math.floor(body.remaining / ENTRY_BYTES));
    this.#firstChunks = new Uint32Array(entries);
    this.#samplesPerChunk = new Uint32Array(entries);
    this.#firstSamples = new Float64Array(entries);
    let samples = 0;
    for (let entry = 0; entry < entries; entry++) {
      const at = body.at + entry * ENTRY_BYTES;
      const first = entry === 0 ? 0 : body.view.getUint32(at) - 1;
      const before = entry === 0 ? 0 : this.#firstChunks[entry - 1]!;
      // What does not rise, or lies past the end, covers no chunk.
      this.#firstChunks[entry] = Math.min(Math.max(first, before), this.chunks);
      if (entry > 0) samples += (this.#firstChunks[entry]! - before) * this.#samplesPerChunk[entry - 1]!;
      this.#firstSamples[entry] = samples;
      this.#samplesPerChunk[entry] = body.view.getUint32(at + 4);
    }
    const last = entries - 1;
    this.samples = entries === 0
      ? 0
      : samples + (this.chunks - this.#firstChunks[last]!) * this.#samplesPerChunk[last]!;
  }

  /** Entries of `stsc`. */
  get entries(): number {
    return this.#firstChunks.length;
  }

  /** First chunk of entry `entry`; the number of chunks past the last entry. */
  firstChunkOf(entry: number): number {
    return this.#firstChunks[entry] ?? this.chunks;
  }

  /** Samples in each chunk of entry `entry`. */
  samplesPerChunk(entry: number): number {
    return this.#samplesPerChunk[entry]!;
  }

  /** Place of chunk `chunk` in the file, in bytes. */
  offsetOf(chunk: number): number {
    if (!this.#hasLargeOffsets) return this.#offsets.getUint32(this.#offsetsStart + chunk * 4);
    const at = this.#offsetsStart + chunk * 8;
    return this.#offsets.getUint32(at) * U32 + this.#offsets.getUint32(at + 4);
  }

  /** The last entry that begins at or before sample `sample`, and its first sample. */
  entryOf(sample: number): { entry: number; firstSample: number } {
    const entry = lastNotAbove(this.#firstSamples, sample);
    return { entry, firstSample: this.#firstSamples[entry] ?? 0 };
  }
}

/** Walks over the places of the samples of one track. */
export class PlaceCursor {
  /** Place of the present sample in the file, in bytes. */
  offset = 0;
  /** Size of the present sample, in bytes. */
  size = 0;
  readonly #chunks: ChunkTable;
  readonly #sizes: SizeTable;
  readonly #count: number;
  #sample = 0;
  #entry = 0;
  #chunk = 0;
  /** First chunk of the next entry. */
  #entryEnd = 0;
  /** Samples of the chunk from the present one on. */
  #left = 0;

  constructor(chunks: ChunkTable, sizes: SizeTable) {
    this.#chunks = chunks;
    this.#sizes = sizes;
    this.#count = Math.min(chunks.samples, sizes.count);
  }

  /** Goes to sample `sample`, which there must be. */
  goTo(sample: number): void {
    const { entry, firstSample } = this.#chunks.entryOf(sample);
    const perChunk = this.#chunks.samplesPerChunk(entry);
    const inEntry = sample - firstSample;
    const chunk = Math.floor(inEntry / perChunk);
    const inChunk = inEntry - chunk * perChunk;
    this.#sample = sample;
    this.#entry = entry;
    this.#entryEnd = this.#chunks.firstChunkOf(entry + 1);
    this.#chunk = this.#chunks.firstChunkOf(entry) + chunk;
    this.#left = perChunk - inChunk;
    this.size = this.#sizes.sizeOf(sample);
    this.offset = this.#chunks.offsetOf(this.#chunk) + this.#sizes.sumOf(sample - inChunk, inChunk);
  }

  /** Goes to the next sample; past the last one it stays. */
  next(): void {
    if (this.#sample + 1 >= this.#count) return;
    this.#sample++;
    if (--this.#left > 0) this.offset += this.size;
    else this.#enterChunk();
    this.size = this.#sizes.sizeOf(this.#sample);
  }

  #enterChunk(): void {
    this.#chunk++;
    while (this.#chunk >= this.#entryEnd || this.#chunks.samplesPerChunk(this.#entry) === 0) {
      this.#entry++;
      this.#entryEnd = this.#chunks.firstChunkOf(this.#entry + 1);
      this.#chunk = this.#chunks.firstChunkOf(this.#entry);
    }
    this.#left = this.#chunks.samplesPerChunk(this.#entry);
    this.offset = this.#chunks.offsetOf(this.#chunk);
  }
}
