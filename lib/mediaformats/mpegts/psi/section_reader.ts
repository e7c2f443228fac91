import { MAX_TS_SECTION_BYTES } from "../limits.ts";

const HEADER_BYTES = 3;
/** Fills the rest of a packet: ISO/IEC 13818-1 section 2.4.4.1. */
const STUFFING = 0xff;

/** Who takes sections. */
export interface SectionSink {
  /** @param section Whole, CRC included; borrowed until the call returns. */
  takeSection(section: Uint8Array): void;
  /** Sections that were dropped: longer than allowed, or cut off. */
  dropSection(): void;
}

/** Puts the sections of one PID together: ISO/IEC 13818-1 section 2.4.4. */
export class SectionReader {
  readonly #sink: SectionSink;
  readonly #bytes = new Uint8Array(MAX_TS_SECTION_BYTES);
  #length = 0;
  /** Whether a section is being gathered; otherwise the next packet with a section start is awaited. */
  #isOpen = false;

  constructor(sink: SectionSink) {
    this.#sink = sink;
  }

  /** Forgets what is unfinished, as after lost packets. */
  reset(): void {
    if (this.#isOpen && this.#length > 0) this.#sink.dropSection();
    this.#isOpen = false;
    this.#length = 0;
  }

  /**
   * Takes the payload of one packet.
   *
   * @param payload Borrowed.
   * @param options `isUnitStart`: payload_unit_start_indicator; a pointer_field comes first then.
   */
  push(payload: Uint8Array, options: { isUnitStart: boolean }): void {
    let at = 0;
    if (options.isUnitStart) {
      const start = 1 + (payload[0] ?? 0);
      if (this.#isOpen) this.#gather(payload.subarray(1, start));
      this.reset();
      if (start > payload.length) return this.#sink.dropSection();
      at = start;
      this.#isOpen = true;
    }
    while (this.#isOpen && at < payload.length) at += this.#gather(payload.subarray(at));
    // a section begins only where a pointer_field says so
    if (this.#length === 0) this.#isOpen = false;
  }

  /** Adds to the section that is open; returns how many bytes were used. */
  #gather(bytes: Uint8Array): number {
    if (this.#length === 0 && bytes[0] === STUFFING) {
      this.#isOpen = false;
      return bytes.length;
    }
    let used = this.#fill(bytes, HEADER_BYTES);
    if (this.#length < HEADER_BYTES) return used;
    const total = HEADER_BYTES + ((this.#bytes[1]! & 0x0f) << 8 | this.#bytes[2]!);
    if (total > MAX_TS_SECTION_BYTES) {
      this.#isOpen = false;
      this.#length = 0;
      this.#sink.dropSection();
      return bytes.length;
    }
    used += this.#fill(bytes.subarray(used), total);
    if (this.#length === total) {
      this.#length = 0;
      this.#sink.takeSection(this.#bytes.subarray(0, total));
    }
    return used;
  }

  /** Copies up to a length of `total` bytes; returns how many. */
  #fill(bytes: Uint8Array, total: number): number {
    const count = Math.max(0, Math.min(total - this.#length, bytes.length));
    this.#bytes.set(bytes.subarray(0, count), this.#length);
    this.#length += count;
    return count;
  }
}
