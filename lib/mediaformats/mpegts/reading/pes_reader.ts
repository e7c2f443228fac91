import { MAX_TS_PES_BYTES } from "../limits.ts";
import type { UnitCutter } from "../units/access_unit.ts";
import { decodePesHeader, PADDING_STREAM_ID, PES_FIXED_BYTES, PES_START_BYTES } from "./pes_header.ts";

/** What went wrong with PES packets. */
export interface PesCounts {
  /** Without a header that can be read. */
  malformedPes: number;
  /** Dropped because they grew past the limit without an end. */
  endlessPes: number;
  /** Scrambled, which nobody here can read. */
  scrambledPes: number;
  /** Shorter than they said, or with lost packets in them. */
  damagedPes: number;
}

/** Pieces of memory that PES packets are put together in grow up to this size. */
const MAX_PIECE_BYTES = 32_768;
const FIRST_PIECE_BYTES = 8192;

/**
 * Puts the PES packets of one PID together: ISO/IEC 13818-1 section 2.4.3.6. They lie one after another in
 * pieces of memory that are never written again.
 */
export class PesReader {
  readonly #cutter: UnitCutter;
  readonly #counts: PesCounts;
  readonly #maxBytes: number;
  #piece = new Uint8Array(0);
  #pieceBytes = FIRST_PIECE_BYTES;
  /** Where the packet that is being put together begins and ends in the piece. */
  #start = 0;
  #end = 0;
  #isOpen = false;
  /** Length it says to have, header included; 0 before that is read, -1 where it does not say. */
  #announced = 0;
  #offset = 0;
  #isDamaged = false;
  #isDiscontinuity = false;

  /** @param counts Added to. */
  constructor(cutter: UnitCutter, options: { counts: PesCounts; maxBytes?: number | undefined }) {
    this.#cutter = cutter;
    this.#counts = options.counts;
    this.#maxBytes = options.maxBytes ?? MAX_TS_PES_BYTES;
  }

  /** Bytes of the PES packet that is being put together. */
  get pendingBytes(): number {
    return this.#isOpen ? this.#end - this.#start : 0;
  }

  /** Packets were lost: what is being put together is damaged. */
  noteLoss(): void {
    this.#isDamaged = true;
  }

  /** The stream said that a discontinuity comes. */
  noteDiscontinuity(): void {
    this.#isDiscontinuity = true;
  }

  /**
   * Begins a PES packet with the payload of one transport packet, `bytes` from `at` to `end`; ends the one before.
   *
   * @param offset Of the transport packet, in bytes from the start of the input.
   */
  // params: hot path
  begin(bytes: Uint8Array, at: number, end: number, offset: number): void {
    // the packet that says so is this one
    const isDiscontinuity = this.#isDiscontinuity;
    this.#isDiscontinuity = false;
    this.finish();
    this.#isOpen = true;
    this.#offset = offset;
    this.#announced = 0;
    this.#isDamaged = false;
    this.#isDiscontinuity = isDiscontinuity;
    this.#foresee(bytes.subarray(at, end));
    this.append(bytes, at, end);
  }

  /** Adds the payload of one transport packet, `bytes` from `at` to `end`. */
  // params: hot path
  append(bytes: Uint8Array, at: number, end: number): void {
    if (!this.#isOpen) return;
    const length = this.#end - this.#start + end - at;
    if (length > this.#maxBytes) {
      this.#counts.endlessPes++;
      this.#isOpen = false;
      this.#end = this.#start;
      return;
    }
    if (this.#start + length > this.#piece.length) this.#reserve(length);
    this.#piece.set(bytes.subarray(at, end), this.#end);
    this.#end = this.#start + length;
    if (this.#announced === 0 && length >= PES_START_BYTES) this.#readLength();
    if (this.#announced > 0 && length >= this.#announced) this.finish();
  }

  /** Whether the last bytes that were added are those of `bytes` from `at` to `end`: a packet sent twice. */
  // params: hot path
  endsWith(bytes: Uint8Array, at: number, end: number): boolean {
    const start = this.#end - (end - at);
    if (start < 0) return false;
    for (let index = at; index < end; index++) {
      if (this.#piece[start + index - at] !== bytes[index]) return false;
    }
    return true;
  }

  /** Gives out what was put together, as far as it came. */
  finish(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const length = this.#end - this.#start;
    const isShort = this.#announced > 0 && length < this.#announced;
    const bytes = this.#piece.subarray(
      this.#start,
      this.#announced > 0 && !isShort ? this.#start + this.#announced : this.#end,
    );
    this.#start = this.#end;
    const isDamaged = this.#isDamaged || isShort;
    const isDiscontinuity = this.#isDiscontinuity;
    this.#isDamaged = false;
    this.#isDiscontinuity = false;
    const header = decodePesHeader(bytes, bytes.length);
    if (header === undefined) {
      this.#counts.malformedPes++;
      return;
    }
    if (header.isScrambled) {
      this.#counts.scrambledPes++;
      return;
    }
    if (isDamaged) this.#counts.damagedPes++;
    const payload = bytes.subarray(header.headerBytes);
    if (payload.length === 0 || header.streamId === PADDING_STREAM_ID) return;
    const { pts, dts } = header;
    this.#cutter.push({ payload, pts, dts, offset: this.#offset, isDamaged, isDiscontinuity });
  }

  #readLength(): void {
    const declared = this.#piece[this.#start + 4]! << 8 | this.#piece[this.#start + 5]!;
    // 0 is allowed for video: it ends where the next one begins
    this.#announced = declared === 0 ? -1 : PES_START_BYTES + declared;
  }

  /** Shows the cutter the first bytes of the payload, where the header ends in the first packet. */
  #foresee(bytes: Uint8Array): void {
    const headerBytes = PES_FIXED_BYTES + (bytes[PES_FIXED_BYTES - 1] ?? 0);
    if (headerBytes < bytes.length) this.#cutter.foresee(bytes.subarray(headerBytes));
  }

  /** Makes room for a PES packet of `length` bytes so far, and takes what there is of it over. */
  #reserve(length: number): void {
    const kept = this.#piece.subarray(this.#start, this.#end);
    this.#pieceBytes = Math.min(MAX_PIECE_BYTES, this.#pieceBytes * 2);
    const piece = new Uint8Array(Math.max(this.#pieceBytes, length * 2));
    piece.set(kept);
    this.#piece = piece;
    this.#start = 0;
    this.#end = kept.length;
  }
}
