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

/** Types of the payload format beside those of NAL units: RFC 7798 section 4.4. */
const PAYLOAD_TYPE = { Aggregation: 48, Fragmentation: 49 } as const;
/** Payload content information, and what is reserved, begin here. */
const FIRST_UNKNOWN_TYPE = 50;

const HEADER_BYTES = 2;
const SIZE_BYTES = 2;
const FU_START = 0x80;
const FU_END = 0x40;
const FU_TYPE_MASK = 0x3f;

/**
 * Takes H.265 access units out of RTP packets: RFC 7798 without decoding order numbers (`sprop-max-don-diff` 0).
 * An access unit ends with the marker, or with the next timestamp. What was lost is left out of it.
 */
export class HevcRtpDepacketizer implements RtpDepacketizer {
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
    if (!this.#take(payload)) this.#malformed++;
    if (isMarked) this.#finish(units);
    return units;
  }

  #finish(units: RtpUnit[]): void {
    const payload = this.#assembler.take();
    if (payload.length > 0) units.push({ payload, timestamp: this.#timestamp });
  }

  #take(payload: Uint8Array): boolean {
    if (payload.length <= HEADER_BYTES) return false;
    const type = payload[0]! >> 1 & FU_TYPE_MASK;
    if (type === PAYLOAD_TYPE.Aggregation) return this.#aggregate(payload);
    if (type === PAYLOAD_TYPE.Fragmentation) return this.#fragment(payload);
    if (type >= FIRST_UNKNOWN_TYPE) return false;
    this.#assembler.nalUnit(payload);
    return true;
  }

  /** RFC 7798 section 4.4.2; what stands before a size that lies is kept. */
  #aggregate(payload: Uint8Array): boolean {
    let at = HEADER_BYTES;
    while (at + SIZE_BYTES <= payload.length) {
      const size = payload[at]! << 8 | payload[at + 1]!;
      at += SIZE_BYTES;
      if (at + size > payload.length) return false;
      if (size >= HEADER_BYTES) this.#assembler.nalUnit(payload.subarray(at, at + size));
      at += size;
    }
    return at === payload.length;
  }

  /** RFC 7798 section 4.4.3. */
  #fragment(payload: Uint8Array): boolean {
    const flags = payload[HEADER_BYTES]!;
    if ((flags & FU_START) !== 0) {
      this.#assembler.begin();
      const first = payload[0]! & 0x81 | (flags & FU_TYPE_MASK) << 1;
      this.#assembler.append(Uint8Array.of(first, payload[1]!));
    } else if (!this.#assembler.isOpen) {
      return false;
    }
    this.#assembler.append(payload.subarray(HEADER_BYTES + 1));
    if ((flags & FU_END) !== 0) this.#assembler.end();
    return true;
  }
}

/** Small NAL units in front of a picture are sent together up to so many bytes. */
const MAX_AGGREGATED_BYTES = 1024;

/** Splits H.265 access units into RTP payloads: single units, aggregation packets and fragments of RFC 7798. */
export class HevcRtpPacketizer implements RtpPacketizer {
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
        const prefix = aggregateOf(unit, ranges.slice(index, index + joined * 2));
        fragments.push({ prefix, start: 0, end: 0 });
        index += joined * 2;
        continue;
      }
      const start = ranges[index]!;
      const end = ranges[index + 1]!;
      if (end - start <= maxPayloadBytes) fragments.push({ prefix: NO_PREFIX, start, end });
      else fragmentNalUnit(unit, { start, end, maxPayloadBytes, fragments });
      index += 2;
    }
    return fragments;
  }
}

/** How many units from `index` on fit into one aggregation packet. */
function countJoined(ranges: readonly number[], from: { index: number; maxBytes: number }): number {
  let bytes = HEADER_BYTES;
  let count = 0;
  for (let index = from.index; index < ranges.length; index += 2) {
    bytes += SIZE_BYTES + ranges[index + 1]! - ranges[index]!;
    if (bytes > from.maxBytes) break;
    count++;
  }
  return count;
}

/** Its layer and temporal id are the lowest of its units: RFC 7798 section 4.4.2. */
function aggregateOf(unit: Uint8Array, ranges: readonly number[]): Uint8Array {
  let bytes = HEADER_BYTES;
  let layer = 0x1ff;
  for (let index = 0; index < ranges.length; index += 2) {
    const start = ranges[index]!;
    bytes += SIZE_BYTES + ranges[index + 1]! - start;
    layer = Math.min(layer, (unit[start]! & 1) << 8 | unit[start + 1]!);
  }
  const aggregate = new Uint8Array(bytes);
  aggregate[0] = PAYLOAD_TYPE.Aggregation << 1 | layer >> 8;
  aggregate[1] = layer;
  let at = HEADER_BYTES;
  for (let index = 0; index < ranges.length; index += 2) {
    const nalUnit = unit.subarray(ranges[index]!, ranges[index + 1]!);
    aggregate[at] = nalUnit.length >> 8;
    aggregate[at + 1] = nalUnit.length;
    aggregate.set(nalUnit, at + SIZE_BYTES);
    at += SIZE_BYTES + nalUnit.length;
  }
  return aggregate;
}

function fragmentNalUnit(
  unit: Uint8Array,
  { start: first, end: last, maxPayloadBytes, fragments }: {
    start: number;
    end: number;
    maxPayloadBytes: number;
    fragments: RtpFragment[];
  },
): void {
  const header = unit[first]! & 0x81 | PAYLOAD_TYPE.Fragmentation << 1;
  const type = unit[first]! >> 1 & FU_TYPE_MASK;
  const step = maxPayloadBytes - HEADER_BYTES - 1;
  const begin = first + HEADER_BYTES;
  for (let start = begin; start < last; start += step) {
    const end = Math.min(last, start + step);
    const flags = (start === begin ? FU_START : 0) | (end === last ? FU_END : 0);
    fragments.push({ prefix: Uint8Array.of(header, unit[first + 1]!, flags | type), start, end });
  }
}
