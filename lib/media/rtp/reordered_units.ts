import { MAX_RTP_UNIT_BYTES, type RtpUnit } from "./rtp_payload.ts";
import { UnitAssembler } from "./unit_assembler.ts";

/** Most NAL units held back, whatever a description asks for. */
export const MAX_REORDERED_NAL_UNITS = 1_024;
/** Numbers further apart than this are of another run: the sender has started anew, or much was lost. */
export const MAX_DECODING_ORDER_STEP = 4_096;
const NUMBER_SPAN = 0x10000;

/** A NAL unit with its decoding order number. */
export interface NumberedNalUnit {
  /** DON, 0 to 65,535: RFC 6184 section 5.5, RFC 7798 section 4.4. */
  readonly number: number;
  /** Of the access unit, in ticks, unwrapped. */
  readonly timestamp: number;
  /** Borrowed. */
  readonly nalUnit: Uint8Array;
}

/** How far NAL units come from their places. */
export interface ReorderedUnitsOptions {
  /** Units that are held back before one goes out; at most `MAX_REORDERED_NAL_UNITS` of all kinds are. */
  readonly depth: number;
  /** Whether a unit counts for `depth`. @default {all do} */
  readonly counts?: (nalUnit: Uint8Array) => boolean;
}

/**
 * Puts NAL units that are sent out of decoding order into it, by their numbers, and makes access units of them: those
 * of one timestamp that follow each other. RFC 6184 section 7.2, RFC 7798 section 6.
 */
export class ReorderedUnits {
  readonly #depth: number;
  readonly #counts: (nalUnit: Uint8Array) => boolean;
  readonly #assembler = new UnitAssembler();
  /** By unwrapped number, rising. */
  readonly #held: NumberedNalUnit[] = [];
  #counted = 0;
  #heldBytes = 0;
  /** Unwrapped numbers: of the newest unit that came, and of the last that went out. */
  #newest: number | undefined;
  #last = -Infinity;
  #timestamp = 0;
  #late = 0;

  constructor(options: ReorderedUnitsOptions) {
    this.#depth = Math.min(options.depth, MAX_REORDERED_NAL_UNITS - 1);
    this.#counts = options.counts ?? (() => true);
  }

  /** Units that came twice, or after those behind them had gone out. */
  get lateNalUnits(): number {
    return this.#late;
  }

  /** Units that wait. */
  get heldNalUnits(): number {
    return this.#held.length;
  }

  /** Takes a NAL unit, copied; adds the access units that are complete now to `units`. */
  push(unit: NumberedNalUnit, units: RtpUnit[]): void {
    const number = this.#unwrap(unit.number, units);
    let at = this.#held.length;
    while (at > 0 && this.#held[at - 1]!.number > number) at--;
    if (number <= this.#last || at > 0 && this.#held[at - 1]!.number === number) {
      this.#late++;
      return;
    }
    this.#held.splice(at, 0, { ...unit, number, nalUnit: unit.nalUnit.slice() });
    this.#heldBytes += unit.nalUnit.length;
    if (this.#counts(unit.nalUnit)) this.#counted++;
    while (this.#isFull()) this.#release(units);
  }

  #isFull(): boolean {
    return this.#counted > this.#depth || this.#held.length >= MAX_REORDERED_NAL_UNITS ||
      this.#heldBytes > MAX_RTP_UNIT_BYTES;
  }

  /** Another run of numbers begins behind all that waits. */
  #unwrap(wrapped: number, units: RtpUnit[]): number {
    const newest = this.#newest ?? wrapped;
    const ahead = (wrapped - newest % NUMBER_SPAN + 1.5 * NUMBER_SPAN) % NUMBER_SPAN - NUMBER_SPAN / 2;
    if (Math.abs(ahead) > MAX_DECODING_ORDER_STEP) {
      while (this.#held.length > 0) this.#release(units);
      this.#last = -Infinity;
      return this.#newest = wrapped;
    }
    const number = newest + ahead;
    this.#newest = Math.max(newest, number);
    return number;
  }

  #release(units: RtpUnit[]): void {
    const { number, timestamp, nalUnit } = this.#held.shift()!;
    this.#last = number;
    this.#heldBytes -= nalUnit.length;
    if (this.#counts(nalUnit)) this.#counted--;
    if (timestamp !== this.#timestamp) {
      const payload = this.#assembler.take();
      if (payload.length > 0) units.push({ payload, timestamp: this.#timestamp });
    }
    this.#timestamp = timestamp;
    this.#assembler.nalUnit(nalUnit);
  }
}
