import type { BoxBody } from "../boxes/box_body.ts";
import { BOX } from "../boxes/box_type.ts";

/** Bits of a size in `stsz`. */
const FULL_BITS = 32;

/** Sizes of samples, kept as the file has them: ISO/IEC 14496-12, section 8.7.3. */
export class SizeTable {
  /** Samples that have a size: no more than the box holds, or than the file has room for. */
  readonly count: number;
  /** Samples that the box declares. */
  readonly declared: number;
  /** Size of every sample, where all have the same; otherwise 0. */
  readonly uniformBytes: number;
  readonly #view: DataView;
  readonly #start: number;
  /** 4, 8, 16 or 32. */
  readonly #bits: number;

  /**
   * @param body Of `stsz` or `stz2`, after version and flags; borrowed for the life of the table.
   * @param options `fileBytes`: samples of one declared size cannot fill more.
   */
  constructor(body: BoxBody, options: { fileBytes: number }) {
    const isCompact = body.type === BOX.CompactSampleSize;
    const field = body.u32("sample size");
    this.declared = body.u32("sample count");
    this.#bits = isCompact ? field & 0xff : FULL_BITS;
    this.uniformBytes = isCompact ? 0 : field;
    this.#view = body.view;
    this.#start = body.at;
    const most = this.uniformBytes > 0
      ? Math.floor(options.fileBytes / this.uniformBytes)
      : [4, 8, 16, FULL_BITS].includes(this.#bits)
      ? Math.floor(body.remaining * 8 / this.#bits)
      : 0;
    this.count = Math.min(this.declared, most);
  }

  /** Size of sample `sample`, in bytes. */
  sizeOf(sample: number): number {
    if (this.uniformBytes > 0) return this.uniformBytes;
    switch (this.#bits) {
      case FULL_BITS:
        return this.#view.getUint32(this.#start + sample * 4);
      case 16:
        return this.#view.getUint16(this.#start + sample * 2);
      case 8:
        return this.#view.getUint8(this.#start + sample);
      default: {
        const pair = this.#view.getUint8(this.#start + (sample >>> 1));
        return (sample & 1) === 0 ? pair >> 4 : pair & 0xf;
      }
    }
  }

  /** Bytes of `count` samples from `first` on. */
  sumOf(first: number, count: number): number {
    if (this.uniformBytes > 0) return count * this.uniformBytes;
    let sum = 0;
    for (let sample = first; sample < first + count; sample++) sum += this.sizeOf(sample);
    return sum;
  }
}
