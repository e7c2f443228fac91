import { LimitError } from "#errors";
import { MAX_RTP_UNIT_BYTES } from "./rtp_payload.ts";

const FIRST_BYTES = 4096;
const LENGTH_BYTES = 4;

/**
 * Puts an access unit together of the pieces that RTP packets carry, each byte copied once; the memory it works in
 * is used again for the next.
 */
export class UnitAssembler {
  #bytes = new Uint8Array(FIRST_BYTES);
  #length = 0;
  /** Where the length of the open NAL unit stands, or -1. */
  #open = -1;

  /** Bytes of the unit so far, an open NAL unit included. */
  get length(): number {
    return this.#length;
  }

  /** Whether a NAL unit was begun and neither ended nor dropped. */
  get isOpen(): boolean {
    return this.#open >= 0;
  }

  /**
   * Appends bytes to the unit, or to the open NAL unit.
   *
   * @throws {LimitError} If it would be larger than `MAX_RTP_UNIT_BYTES`.
   */
  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Begins a NAL unit, whose length will stand before it; one still open is dropped. */
  begin(): void {
    this.drop();
    this.#reserve(LENGTH_BYTES);
    this.#open = this.#length;
    this.#length += LENGTH_BYTES;
  }

  /** Ends the open NAL unit; one without bytes is left out. */
  end(): void {
    if (this.#open < 0) return;
    const size = this.#length - this.#open - LENGTH_BYTES;
    if (size === 0) return this.drop();
    new DataView(this.#bytes.buffer).setUint32(this.#open, size);
    this.#open = -1;
  }

  /** Takes the open NAL unit back. */
  drop(): void {
    if (this.#open < 0) return;
    this.#length = this.#open;
    this.#open = -1;
  }

  /** Appends a whole NAL unit with its length before it; an empty one is left out. */
  nalUnit(bytes: Uint8Array): void {
    this.begin();
    this.append(bytes);
    this.end();
  }

  /** The unit, in memory of its own; starts anew. An open NAL unit is dropped. */
  take(): Uint8Array<ArrayBuffer> {
    this.drop();
    const unit = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return unit;
  }

  /** Forgets what there is. */
  clear(): void {
    this.#length = 0;
    this.#open = -1;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    if (needed > MAX_RTP_UNIT_BYTES) {
      throw new LimitError("MAX_RTP_UNIT_BYTES", { value: needed, limit: MAX_RTP_UNIT_BYTES });
    }
    const larger = new Uint8Array(Math.min(MAX_RTP_UNIT_BYTES, Math.max(needed, this.#bytes.length * 2)));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
