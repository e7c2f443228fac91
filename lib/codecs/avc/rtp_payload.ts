import {
  findLengthPrefixed,
  NO_PREFIX,
  type RtpDepacketizer,
  type RtpFragment,
  type RtpPacketizer,
  type RtpPayload,
  type RtpUnit,
  UnitAssembler,
} from "#media";

/** Types of the payload format beside those of NAL units: RFC 6184 table 1. */
const PAYLOAD_TYPE = {
  StapA: 24,
  StapB: 25,
  Mtap16: 26,
  Mtap24: 27,
  FuA: 28,
  FuB: 29,
} as const;

const TYPE_MASK = 0x1f;
const FU_START = 0x80;
const FU_END = 0x40;
/** FU indicator and FU header. */
const FU_BYTES = 2;
const SIZE_BYTES = 2;
const DON_BYTES = 2;

/**
 * Takes H.264 access units out of RTP packets: RFC 6184, all packetization modes. NAL units are taken in the order
 * they come; decoding order numbers are skipped, so streams that really interleave (mode 2 with
 * `sprop-interleaving-depth`) need a sender that does not.
 *
 * An access unit ends with the marker, or with the next timestamp. What was lost is left out of it.
 */
export class AvcRtpDepacketizer implements RtpDepacketizer {
  readonly #assembler = new UnitAssembler();
  #timestamp = 0;
  #malformed = 0;

  /** Payloads that were malformed and passed over. */
  get malformedPayloads(): number {
    return this.#malformed;
  }

  /** Takes the next payload. */
  push({ payload, timestamp, isMarked, isAfterLoss }: RtpPayload): RtpUnit[] {
    const units: RtpUnit[] = [];
    if (isAfterLoss) this.#assembler.drop();
    if (timestamp !== this.#timestamp) this.#finish(units);
    this.#timestamp = timestamp;
    if (!this.#take(payload, units)) this.#malformed++;
    if (isMarked) this.#finish(units);
    return units;
  }

  #finish(units: RtpUnit[]): void {
    const payload = this.#assembler.take();
    if (payload.length > 0) units.push({ payload, timestamp: this.#timestamp });
  }

  #take(payload: Uint8Array, units: RtpUnit[]): boolean {
    const type = (payload[0] ?? 0) & TYPE_MASK;
    switch (type) {
      case PAYLOAD_TYPE.FuA:
        return this.#fragment(payload, FU_BYTES);
      case PAYLOAD_TYPE.FuB:
        return this.#fragment(payload, FU_BYTES + DON_BYTES);
      case PAYLOAD_TYPE.StapA:
        return this.#aggregate(payload, 1);
      case PAYLOAD_TYPE.StapB:
        return this.#aggregate(payload, 1 + DON_BYTES);
      case PAYLOAD_TYPE.Mtap16:
        return this.#multiTime(payload, { offsetBytes: 2, units });
      case PAYLOAD_TYPE.Mtap24:
        return this.#multiTime(payload, { offsetBytes: 3, units });
      default:
        if (type === 0 || type > PAYLOAD_TYPE.FuB) return false;
        this.#assembler.nalUnit(payload);
        return true;
    }
  }

  /** RFC 6184 section 5.8. */
  #fragment(payload: Uint8Array, headerBytes: number): boolean {
    if (payload.length < headerBytes) return false;
    const [indicator = 0, header = 0] = payload;
    if ((header & FU_START) !== 0) {
      this.#assembler.begin();
      this.#assembler.append(Uint8Array.of(indicator & ~TYPE_MASK | header & TYPE_MASK));
    } else if (!this.#assembler.isOpen) {
      return false;
    }
    this.#assembler.append(payload.subarray(headerBytes));
    if ((header & FU_END) !== 0) this.#assembler.end();
    return true;
  }

  /** RFC 6184 section 5.7.1; what stands before a size that lies is kept. */
  #aggregate(payload: Uint8Array, start: number): boolean {
    let at = start;
    while (at + SIZE_BYTES <= payload.length) {
      const size = payload[at]! << 8 | payload[at + 1]!;
      at += SIZE_BYTES;
      if (at + size > payload.length) return false;
      this.#assembler.nalUnit(payload.subarray(at, at + size));
      at += size;
    }
    return at === payload.length;
  }

  /** RFC 6184 section 5.7.2: NAL units of several times. */
  #multiTime(payload: Uint8Array, form: { offsetBytes: 2 | 3; units: RtpUnit[] }): boolean {
    const baseTimestamp = this.#timestamp;
    const headBytes = SIZE_BYTES + 1 + form.offsetBytes;
    let at = 1 + DON_BYTES;
    while (at + headBytes <= payload.length) {
      const size = payload[at]! << 8 | payload[at + 1]!;
      let offset = 0;
      for (let index = 0; index < form.offsetBytes; index++) offset = offset << 8 | payload[at + 3 + index]!;
      at += headBytes;
      if (at + size > payload.length) return false;
      if (baseTimestamp + offset !== this.#timestamp) this.#finish(form.units);
      this.#timestamp = baseTimestamp + offset;
      this.#assembler.nalUnit(payload.subarray(at, at + size));
      at += size;
    }
    return at === payload.length;
  }
}

/** Small NAL units in front of a picture are sent together up to so many bytes. */
const MAX_AGGREGATED_BYTES = 1024;

/**
 * Splits H.264 access units into RTP payloads: RFC 6184, packetization mode 1. Small units that follow each other go
 * as one STAP-A, large ones as FU-A, others alone.
 */
export class AvcRtpPacketizer implements RtpPacketizer {
  readonly #nalLengthSize: number;
  readonly #ranges: number[] = [];

  /** @param options `nalLengthSize`: bytes of the length before each NAL unit, of the configuration. */
  constructor(options: { nalLengthSize: number } = { nalLengthSize: 4 }) {
    this.#nalLengthSize = options.nalLengthSize;
  }

  /**
   * Splits one access unit.
   *
   * @throws {FormatError} If a length is cut off, or a unit is longer than what is there.
   */
  packetize(unit: Uint8Array, maxPayloadBytes: number): RtpFragment[] {
    const ranges = findLengthPrefixed(unit, { nalLengthSize: this.#nalLengthSize, into: this.#ranges });
    const fragments: RtpFragment[] = [];
    for (let index = 0; index < ranges.length;) {
      const joined = countJoined(ranges, {
        index,
        maxBytes: Math.min(maxPayloadBytes, MAX_AGGREGATED_BYTES),
      });
      if (joined > 1) {
        fragments.push({ prefix: stapOf(unit, ranges.slice(index, index + joined * 2)), start: 0, end: 0 });
        index += joined * 2;
        continue;
      }
      const start = ranges[index]!;
      const end = ranges[index + 1]!;
      if (end - start <= maxPayloadBytes) fragments.push({ prefix: NO_PREFIX, start, end });
      else fragmentNalUnit(unit[start]!, { start: start + 1, end, maxPayloadBytes, fragments });
      index += 2;
    }
    return fragments;
  }
}

/** How many units from `index` on fit into one aggregation packet. */
function countJoined(ranges: readonly number[], from: { index: number; maxBytes: number }): number {
  let bytes = 1;
  let count = 0;
  for (let index = from.index; index < ranges.length; index += 2) {
    bytes += SIZE_BYTES + ranges[index + 1]! - ranges[index]!;
    if (bytes > from.maxBytes) break;
    count++;
  }
  return count;
}

/** Its NRI is the highest of its units: RFC 6184 section 5.7. */
function stapOf(unit: Uint8Array, ranges: readonly number[]): Uint8Array {
  let bytes = 1;
  let importance = 0;
  for (let index = 0; index < ranges.length; index += 2) {
    bytes += SIZE_BYTES + ranges[index + 1]! - ranges[index]!;
    importance = Math.max(importance, unit[ranges[index]!]! & 0x60);
  }
  const stap = new Uint8Array(bytes);
  stap[0] = importance | PAYLOAD_TYPE.StapA;
  let at = 1;
  for (let index = 0; index < ranges.length; index += 2) {
    const nalUnit = unit.subarray(ranges[index]!, ranges[index + 1]!);
    stap[at] = nalUnit.length >> 8;
    stap[at + 1] = nalUnit.length;
    stap.set(nalUnit, at + SIZE_BYTES);
    at += SIZE_BYTES + nalUnit.length;
  }
  return stap;
}

function fragmentNalUnit(
  header: number,
  unit: { start: number; end: number; maxPayloadBytes: number; fragments: RtpFragment[] },
): void {
  const indicator = header & ~TYPE_MASK | PAYLOAD_TYPE.FuA;
  const type = header & TYPE_MASK;
  const step = unit.maxPayloadBytes - FU_BYTES;
  for (let start = unit.start; start < unit.end; start += step) {
    const end = Math.min(unit.end, start + step);
    const flags = (start === unit.start ? FU_START : 0) | (end === unit.end ? FU_END : 0);
    unit.fragments.push({ prefix: Uint8Array.of(indicator, flags | type), start, end });
  }
}
