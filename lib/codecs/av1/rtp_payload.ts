import {
  type RtpDepacketizer,
  type RtpFragment,
  type RtpPacketizer,
  type RtpPayload,
  type RtpUnit,
  UnitAssembler,
} from "#media";
import { AV1_UNIT_TYPE, findAv1Units, isAv1KeyFrame } from "./units.ts";

/** Bits of the aggregation header: RTP Payload Format For AV1, section 4.4. */
const AGGREGATION = { Continues: 0x80, GoesOn: 0x40, CountMask: 0x30, NewSequence: 0x08 } as const;
/** obu_has_size_field: AV1 section 5.3.2. */
const HAS_SIZE = 0x02;
const HAS_EXTENSION = 0x04;
const MAX_LEB128_BYTES = 8;

/**
 * Takes AV1 temporal units out of RTP packets: RTP Payload Format For AV1, version 1.0. Units get their sizes back;
 * a temporal unit with a hole is left out.
 */
export class Av1RtpDepacketizer implements RtpDepacketizer {
  readonly #whole = new UnitAssembler();
  /** The open bitstream unit that goes on in the next packet. */
  readonly #open = new UnitAssembler();
  #timestamp = 0;
  #isBroken = false;
  #malformed = 0;

  /** Payloads that were malformed and passed over. */
  get malformedPayloads(): number {
    return this.#malformed;
  }

  /** Takes the next payload; the marker ends a temporal unit. */
  push({ payload, timestamp, isMarked, isAfterLoss }: RtpPayload): RtpUnit[] {
    if (timestamp !== this.#timestamp) this.#reset();
    this.#timestamp = timestamp;
    // a loss before the first packet of a unit may have been another unit's
    const startsInside = ((payload[0] ?? 0) & AGGREGATION.Continues) !== 0;
    if (isAfterLoss && (startsInside || this.#whole.length + this.#open.length > 0)) this.#isBroken = true;
    if (!this.#isBroken && !this.#take(payload)) {
      this.#malformed++;
      this.#isBroken = true;
    }
    if (!isMarked) return [];
    const isWhole = !this.#isBroken && this.#open.length === 0 && this.#whole.length > 0;
    const units = isWhole ? [{ payload: this.#whole.take(), timestamp }] : [];
    this.#reset();
    return units;
  }

  #reset(): void {
    this.#whole.clear();
    this.#open.clear();
    this.#isBroken = false;
  }

  #take(payload: Uint8Array): boolean {
    if (payload.length < 2) return false;
    const header = payload[0]!;
    const count = (header & AGGREGATION.CountMask) >> 4;
    if (((header & AGGREGATION.Continues) !== 0) !== this.#open.length > 0) return false;
    let at = 1;
    for (let index = 1; at < payload.length; index++) {
      let size = payload.length - at;
      if (index !== count) {
        const read = readLeb128(payload, at);
        if (read === undefined || read.end + read.value > payload.length) return false;
        size = read.value;
        at = read.end;
      }
      const element = payload.subarray(at, at + size);
      at += size;
      this.#open.append(element);
      const goesOn = at === payload.length && (header & AGGREGATION.GoesOn) !== 0;
      if (!goesOn && !this.#close()) return false;
      if (index === count && at < payload.length) return false;
    }
    return true;
  }

  /** Writes the open unit with its size, but for temporal delimiters and tile lists. */
  #close(): boolean {
    const unit = this.#open.take();
    const [first] = unit;
    if (first === undefined) return true;
    const type = first >> 3 & 15;
    if (type === AV1_UNIT_TYPE.TemporalDelimiter) return true;
    if ((first & HAS_SIZE) !== 0) {
      this.#whole.append(unit);
      return true;
    }
    const headBytes = (first & HAS_EXTENSION) === 0 ? 1 : 2;
    if (unit.length < headBytes) return false;
    unit[0] = first | HAS_SIZE;
    this.#whole.append(unit.subarray(0, headBytes));
    this.#whole.append(leb128(unit.length - headBytes));
    this.#whole.append(unit.subarray(headBytes));
    return true;
  }
}

function readLeb128(bytes: Uint8Array, start: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let index = 0; index < MAX_LEB128_BYTES && start + index < bytes.length; index++) {
    const byte = bytes[start + index]!;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, end: start + index + 1 };
  }
  return undefined;
}

function leb128(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80; left >>>= 7) bytes.push(left & 0x7f | 0x80);
  bytes.push(left);
  return Uint8Array.from(bytes);
}

/**
 * Splits AV1 temporal units into RTP payloads, one element each but for fragments of large ones; sizes and temporal
 * delimiters are left out, as the format recommends.
 */
export class Av1RtpPacketizer implements RtpPacketizer {
  /**
   * Splits one temporal unit.
   *
   * @throws {FormatError} If a unit is cut off.
   */
  packetize(unit: Uint8Array, maxPayloadBytes: number): RtpFragment[] {
    const fragments: RtpFragment[] = [];
    let newSequence: number = isAv1KeyFrame(unit) ? AGGREGATION.NewSequence : 0;
    for (const { type, start, payloadStart, end } of findAv1Units(unit)) {
      if (type === AV1_UNIT_TYPE.TemporalDelimiter) continue;
      const first = unit[start]!;
      const head = (first & HAS_EXTENSION) === 0
        ? [first & ~HAS_SIZE]
        : [first & ~HAS_SIZE, unit[start + 1]!];
      let at = payloadStart;
      for (let isFirst = true; isFirst || at < end; isFirst = false) {
        const pieceHead = isFirst ? head : [];
        const pieceEnd = Math.min(end, at + maxPayloadBytes - 1 - pieceHead.length);
        const flags = (isFirst ? 0 : AGGREGATION.Continues) | (pieceEnd < end ? AGGREGATION.GoesOn : 0);
        fragments.push({
          prefix: Uint8Array.of(flags | 0x10 | newSequence, ...pieceHead),
          start: at,
          end: pieceEnd,
        });
        newSequence = 0;
        at = pieceEnd;
      }
    }
    return fragments;
  }
}
