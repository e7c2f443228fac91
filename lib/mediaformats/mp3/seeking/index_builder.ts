import { MP3_TICKS_PER_SECOND } from "#codecs/mp3";
import { MAX_SEEK_INDEX_ROWS, type SeekIndex } from "#media";
import { frameTicksAt, usOf } from "../timeline.ts";

/** Least distance of two rows. */
const ROW_TICKS = MP3_TICKS_PER_SECOND;

/** Gathers a seek index from all frames of a file, in order. */
export class FrameIndexBuilder {
  readonly #timesUs: number[];
  readonly #offsets: number[];
  #frames: number;
  #ticks: number;
  #nextRowTicks = 0;

  /** @param known An index of the part of the file before; the frames to come are those after it. */
  constructor(known?: SeekIndex) {
    this.#timesUs = [...known?.timesUs ?? []];
    this.#offsets = [...known?.offsets ?? []];
    this.#frames = known?.packetCounts[0] ?? 0;
    this.#ticks = known === undefined ? 0 : frameTicksAt(known.durationUs);
    const lastUs = this.#timesUs.at(-1);
    if (lastUs !== undefined) this.#nextRowTicks = frameTicksAt(lastUs) + ROW_TICKS;
  }

  /** Takes the next frame: its offset in the file, in bytes, and how long it lasts, in ticks. */
  take(offset: number, durationTicks: number): void {
    if (this.#ticks >= this.#nextRowTicks && this.#timesUs.length < MAX_SEEK_INDEX_ROWS) {
      this.#timesUs.push(usOf(this.#ticks));
      this.#offsets.push(offset);
      this.#nextRowTicks = this.#ticks + ROW_TICKS;
    }
    this.#ticks += durationTicks;
    this.#frames++;
  }

  /** The index of all that was taken. */
  finish(scannedBytes: number): SeekIndex {
    return {
      timesUs: Float64Array.from(this.#timesUs),
      offsets: Float64Array.from(this.#offsets),
      durationUs: usOf(this.#ticks),
      scannedBytes,
      packetCounts: [this.#frames],
    };
  }
}
