import { BoxWriter } from "./box_writer.ts";
import { f64Column, u32Column } from "./column.ts";

/** A fragment with a key frame. */
export interface FragmentIndexRow {
  /** Presentation time of the key frame, in ticks of the track. */
  readonly timeTicks: number;
  /** Of the fragment's `moof`, from the start of the file, in bytes. */
  readonly offset: number;
  /** Which `traf` of the fragment, from 1 to 255. */
  readonly runNumber: number;
  /** Which sample of it, from 1 to 65,535. */
  readonly sampleNumber: number;
}

const SAMPLE_NUMBER_BITS = 16;
/** Two 64-bit numbers, traf and trun numbers of one byte, sample number of two. */
const ROW_BYTES = 20;
/** length_size_of_traf_num, _trun_num, _sample_num, each less one. */
const NUMBER_SIZES = 0b00_00_01;

/** Where the key frames of one track stand: `mfra`, ISO/IEC 14496-12 section 8.8.9. 20 bytes a fragment. */
export class FragmentIndex {
  readonly #times = f64Column();
  readonly #offsets = f64Column();
  readonly #places = u32Column();

  /** Adds a fragment, later than those before. */
  add(row: FragmentIndexRow): void {
    this.#times.push(row.timeTicks);
    this.#offsets.push(row.offset);
    this.#places.push(row.runNumber << SAMPLE_NUMBER_BITS | row.sampleNumber);
  }

  /** Encodes `mfra`, which ends a file; owned by the caller. */
  encode(containerTrackId: number): Uint8Array<ArrayBuffer> {
    const count = this.#times.length;
    const writer = new BoxWriter(64 + count * ROW_BYTES);
    writer.box("mfra", () => {
      writer.box("tfra", () => {
        writer.versionAndFlags(1).u32(containerTrackId, NUMBER_SIZES, count);
        for (let i = 0; i < count; i++) {
          const place = this.#places.at(i);
          writer.u64(this.#times.at(i)).u64(this.#offsets.at(i)).u8(place >>> SAMPLE_NUMBER_BITS, 1);
          writer.u16(place & (1 << SAMPLE_NUMBER_BITS) - 1);
        }
      });
      // the size of the whole, so that a reader finds its start from the end
      writer.box("mfro", () => writer.versionAndFlags(0).u32(writer.length + 4));
    });
    return writer.take();
  }
}
