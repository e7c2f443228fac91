import type { BoxWriter } from "./box_writer.ts";
import { type Column, f64Column, u32Column } from "./column.ts";
import type { Sample } from "./sample.ts";

const MAX_U32 = 0xffff_ffff;

/** What of a sample its table tells. */
export interface SampleRow extends Omit<Sample, "payload"> {
  readonly sizeBytes: number;
}

/** Offsets of chunks that were written, to be moved. */
export interface WrittenOffsets {
  /** Where the first stands, in bytes from the start of what was written. */
  readonly at: number;
  readonly count: number;
  /** Whether they have 64 bits. */
  readonly isWide: boolean;
}

/** Equal numbers in a row, as counts and values; the form of `stts` and `ctts`. */
class RunColumn {
  readonly #counts = u32Column();
  readonly #values = f64Column();

  /** How many runs there are. */
  get length(): number {
    return this.#counts.length;
  }

  /** The value of run `index`. */
  valueAt(index: number): number {
    return this.#values.at(index);
  }

  push(value: number): void {
    const last = this.#counts.length - 1;
    if (last >= 0 && this.#values.at(last) === value) {
      this.#counts.set(last, this.#counts.at(last) + 1);
      return;
    }
    this.#counts.push(1);
    this.#values.push(value);
  }

  write(writer: BoxWriter, version = 0): void {
    writer.versionAndFlags(version).u32(this.length);
    for (let i = 0; i < this.length; i++) writer.u32(this.#counts.at(i), this.#values.at(i));
  }
}

/** The sample table of one track as it grows: ISO/IEC 14496-12 section 8.5 to 8.7. Some 5 bytes a sample. */
export class SampleColumns {
  readonly #sizes = u32Column();
  readonly #durations = new RunColumn();
  readonly #compositionOffsets = new RunColumn();
  readonly #syncNumbers = u32Column();
  readonly #chunkOffsets = f64Column();
  readonly #chunkSamples = new RunColumn();
  readonly #chunkRunStarts = u32Column();
  #last: SampleRow | undefined;

  /** Decoding time of the first sample, in ticks. */
  firstDtsTicks = 0;
  /** When the earliest sample is shown, in ticks. */
  startTicks = Infinity;
  /** When the latest sample has been shown, in ticks. */
  endTicks = -Infinity;
  /** Sum of all durations, in ticks; counts once `finish` was called. */
  durationTicks = 0;

  /** How many samples there are. */
  get length(): number {
    return this.#sizes.length;
  }

  /** Adds the next sample, in decode order. */
  addSample(sample: SampleRow): void {
    if (this.#last === undefined) this.firstDtsTicks = sample.dtsTicks;
    else this.#endLast(sample.dtsTicks - this.#last.dtsTicks);
    this.#last = sample;
    this.#sizes.push(sample.sizeBytes);
    this.#compositionOffsets.push(sample.ptsTicks - sample.dtsTicks);
    if (sample.isKeyFrame) this.#syncNumbers.push(this.#sizes.length);
    this.startTicks = Math.min(this.startTicks, sample.ptsTicks);
  }

  /** Says that the `samples` that were added last stand together at `offset` of the file. */
  addChunk(offset: number, samples: number): void {
    const runs = this.#chunkSamples.length;
    this.#chunkOffsets.push(offset);
    this.#chunkSamples.push(samples);
    if (this.#chunkSamples.length > runs) this.#chunkRunStarts.push(this.#chunkOffsets.length);
  }

  /** Gives the last sample its duration: its own, or that of the one before, or `fallbackTicks`. */
  finish(fallbackTicks: number): void {
    if (this.#last === undefined) return;
    const runs = this.#durations.length;
    const before = runs > 0 ? this.#durations.valueAt(runs - 1) : fallbackTicks;
    this.#endLast(this.#last.durationTicks || before);
    this.#last = undefined;
  }

  /**
   * Writes the boxes of `stbl` after `stsd`.
   *
   * @param options `isWide`: whether offsets have 64 bits whatever they are.
   */
  write(writer: BoxWriter, options: { readonly isWide?: boolean } = {}): WrittenOffsets {
    writer.box("stts", () => this.#durations.write(writer));
    if (this.#hasCompositionOffsets()) {
      writer.box("ctts", () => this.#compositionOffsets.write(writer, this.#hasNegativeOffsets() ? 1 : 0));
    }
    if (this.#syncNumbers.length < this.length) {
      writer.box("stss", () => writeColumn(writer.versionAndFlags(0), this.#syncNumbers));
    }
    writer.box("stsc", () => this.#writeChunkRuns(writer));
    writer.box("stsz", () => this.#writeSizes(writer));
    return this.#writeChunkOffsets(writer, options.isWide ?? false);
  }

  #writeChunkOffsets(writer: BoxWriter, mustBeWide: boolean): WrittenOffsets {
    const count = this.#chunkOffsets.length;
    const isWide = mustBeWide || count > 0 && this.#chunkOffsets.at(count - 1) > MAX_U32;
    let at = 0;
    writer.box(isWide ? "co64" : "stco", () => {
      writer.versionAndFlags(0).u32(count);
      at = writer.length;
      if (!isWide) writer.bytes(this.#chunkOffsets.toU32Bytes());
      else for (let i = 0; i < count; i++) writer.u64(this.#chunkOffsets.at(i));
    });
    return { at, count, isWide };
  }

  #endLast(durationTicks: number): void {
    this.#durations.push(durationTicks);
    this.durationTicks += durationTicks;
    this.endTicks = Math.max(this.endTicks, this.#last!.ptsTicks + durationTicks);
  }

  #hasCompositionOffsets(): boolean {
    return this.#compositionOffsets.length > 1 ||
      this.#compositionOffsets.length === 1 && this.#compositionOffsets.valueAt(0) !== 0;
  }

  #hasNegativeOffsets(): boolean {
    for (let i = 0; i < this.#compositionOffsets.length; i++) {
      if (this.#compositionOffsets.valueAt(i) < 0) return true;
    }
    return false;
  }

  #writeChunkRuns(writer: BoxWriter): void {
    writer.versionAndFlags(0).u32(this.#chunkSamples.length);
    for (let i = 0; i < this.#chunkSamples.length; i++) {
      writer.u32(this.#chunkRunStarts.at(i), this.#chunkSamples.valueAt(i), 1);
    }
  }

  #writeSizes(writer: BoxWriter): void {
    const first = this.length > 0 ? this.#sizes.at(0) : 0;
    let isConstant = first > 0;
    for (let i = 1; isConstant && i < this.length; i++) isConstant = this.#sizes.at(i) === first;
    writer.versionAndFlags(0);
    if (isConstant) writer.u32(first, this.length);
    else writeColumn(writer.u32(0), this.#sizes);
  }
}

function writeColumn(writer: BoxWriter, column: Column<Uint32Array>): void {
  writer.u32(column.length).bytes(column.toU32Bytes());
}

/** Adds `by` to offsets in `bytes`. */
export function moveOffsets(bytes: Uint8Array, offsets: WrittenOffsets & { readonly by: number }): void {
  const { at, count, isWide, by } = offsets;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, count * (isWide ? 8 : 4));
  for (let i = 0; i < count; i++) {
    if (isWide) view.setBigUint64(8 * i, view.getBigUint64(8 * i) + BigInt(by));
    else view.setUint32(4 * i, view.getUint32(4 * i) + by);
  }
}
