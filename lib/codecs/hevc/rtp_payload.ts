import {
  type NalRtpForm,
  NalRtpPacketizer,
  ReorderedUnits,
  type RtpDepacketizer,
  type RtpPayload,
  type RtpUnit,
  UnitAssembler,
} from "#media";

/** Types of the payload format beside those of NAL units: RFC 7798 section 4.4. */
const PAYLOAD_TYPE = { Aggregation: 48, Fragmentation: 49, ContentInformation: 50 } as const;

const HEADER_BYTES = 2;
const SIZE_BYTES = 2;
const DON_BYTES = 2;
const DON_DIFFERENCE_BYTES = 1;
/** Fields of payload content information before its extension: RFC 7798 section 4.4.4. */
const PACI_BYTES = 2;
/** Of the length that `UnitAssembler` puts before a NAL unit. */
const UNIT_LENGTH_BYTES = 4;
const FU_START = 0x80;
const FU_END = 0x40;
const FU_TYPE_MASK = 0x3f;

/** How H.265 comes: RFC 7798 section 7.1. */
export interface HevcRtpOptions {
  /**
   * `sprop-depack-buf-nalus` where `sprop-max-don-diff` is above 0: then packets have decoding order numbers, and so
   * many NAL units are held back to put all in order. Without it there are no numbers.
   */
  readonly reorderedNalUnits?: number;
}

/**
 * Takes H.265 access units out of RTP packets: RFC 7798, with and without decoding order numbers. Payload content
 * information (PACI) is taken off.
 *
 * An access unit ends with the marker, or with the next timestamp; where there are numbers with the next timestamp in
 * decoding order. What was lost is left out of it.
 */
export class HevcRtpDepacketizer implements RtpDepacketizer {
  readonly #assembler = new UnitAssembler();
  readonly #reordered: ReorderedUnits | undefined;
  readonly #numberBytes: number;
  #timestamp = 0;
  /** Decoding order number of the unit whose fragments come. */
  #number = 0;
  #malformed = 0;
  #units: RtpUnit[] = [];

  constructor({ reorderedNalUnits }: HevcRtpOptions = {}) {
    this.#numberBytes = reorderedNalUnits === undefined ? 0 : DON_BYTES;
    if (reorderedNalUnits !== undefined) this.#reordered = new ReorderedUnits({ depth: reorderedNalUnits });
  }

  /** Payloads that were malformed and passed over, and NAL units too late for their place. */
  get malformedPayloads(): number {
    return this.#malformed + (this.#reordered?.lateNalUnits ?? 0);
  }

  /** Takes the next payload. */
  push({ payload, timestamp, isMarked, isAfterLoss }: RtpPayload): RtpUnit[] {
    const units: RtpUnit[] = this.#units = [];
    if (isAfterLoss) this.#assembler.drop();
    if (timestamp !== this.#timestamp) this.#finish();
    this.#timestamp = timestamp;
    if (!this.#take(payload)) this.#malformed++;
    if (isMarked && this.#reordered === undefined) this.#finish();
    return units;
  }

  #finish(): void {
    const payload = this.#assembler.take();
    if (payload.length > 0) this.#units.push({ payload, timestamp: this.#timestamp });
  }

  #take(payload: Uint8Array): boolean {
    if (payload.length <= HEADER_BYTES) return false;
    const type = typeOf(payload);
    if (type === PAYLOAD_TYPE.Aggregation) return this.#aggregate(payload);
    if (type === PAYLOAD_TYPE.Fragmentation) return this.#fragment(payload);
    if (type === PAYLOAD_TYPE.ContentInformation) return this.#unwrap(payload);
    if (type > PAYLOAD_TYPE.ContentInformation) return false;
    return this.#single(payload);
  }

  /** RFC 7798 section 4.4.1: the number stands between header and payload. */
  #single(payload: Uint8Array): boolean {
    const start = HEADER_BYTES + this.#numberBytes;
    if (payload.length <= start) return false;
    const nalUnit = this.#numberBytes === 0 ? payload : headed(payload, payload.subarray(start));
    this.#nalUnit(nalUnit, this.#numberAt(payload, HEADER_BYTES));
    return true;
  }

  #numberAt(payload: Uint8Array, at: number): number {
    return this.#numberBytes === 0 ? 0 : payload[at]! << 8 | payload[at + 1]!;
  }

  #nalUnit(nalUnit: Uint8Array, number: number): void {
    if (this.#reordered === undefined) return this.#assembler.nalUnit(nalUnit);
    this.#reordered.push({ number, timestamp: this.#timestamp, nalUnit }, this.#units);
  }

  /** RFC 7798 section 4.4.2; what stands before a size that lies is kept. */
  #aggregate(payload: Uint8Array): boolean {
    let at = HEADER_BYTES + this.#numberBytes;
    if (payload.length < at) return false;
    let number = this.#numberAt(payload, HEADER_BYTES);
    while (at + SIZE_BYTES <= payload.length) {
      const size = payload[at]! << 8 | payload[at + 1]!;
      at += SIZE_BYTES;
      if (at + size > payload.length) return false;
      if (size >= HEADER_BYTES) this.#nalUnit(payload.subarray(at, at + size), number);
      at += size;
      if (this.#numberBytes === 0 || at === payload.length) continue;
      number = number + payload[at]! + 1 & 0xffff;
      at += DON_DIFFERENCE_BYTES;
    }
    return at === payload.length;
  }

  /** RFC 7798 section 4.4.3. */
  #fragment(payload: Uint8Array): boolean {
    const flags = payload[HEADER_BYTES]!;
    let start = HEADER_BYTES + 1;
    if ((flags & FU_START) !== 0) {
      if (payload.length < start + this.#numberBytes) return false;
      this.#number = this.#numberAt(payload, start);
      start += this.#numberBytes;
      this.#assembler.begin();
      this.#assembler.append(headerOf(payload, flags & FU_TYPE_MASK));
    } else if (!this.#assembler.isOpen) {
      return false;
    }
    this.#assembler.append(payload.subarray(start));
    if ((flags & FU_END) === 0) return true;
    this.#assembler.end();
    if (this.#reordered !== undefined) {
      this.#nalUnit(this.#assembler.take().subarray(UNIT_LENGTH_BYTES), this.#number);
    }
    return true;
  }

  /** RFC 7798 section 4.4.4: A, cType, PHSsize and flags, then what they tell about, then the payload itself. */
  #unwrap(payload: Uint8Array): boolean {
    if (payload.length < HEADER_BYTES + PACI_BYTES) return false;
    const fields = payload[HEADER_BYTES]! << 8 | payload[HEADER_BYTES + 1]!;
    const type = fields >> 9 & FU_TYPE_MASK;
    const start = HEADER_BYTES + PACI_BYTES + (fields >> 4 & 0x1f);
    if (type === PAYLOAD_TYPE.ContentInformation || start >= payload.length) return false;
    const inner = headed(headerOf(payload, type), payload.subarray(start));
    inner[0] = inner[0]! & 0x7f | fields >> 8 & 0x80;
    return this.#take(inner);
  }
}

function typeOf(payload: Uint8Array): number {
  return payload[0]! >> 1 & FU_TYPE_MASK;
}

/** A NAL unit header of another type, layer and temporal id as in `payload`. */
function headerOf(payload: Uint8Array, type: number): Uint8Array {
  return Uint8Array.of(payload[0]! & 0x81 | type << 1, payload[1]!);
}

/** `body` behind the header of `payload`. */
function headed(payload: Uint8Array, body: Uint8Array): Uint8Array {
  const unit = new Uint8Array(HEADER_BYTES + body.length);
  unit.set(payload.subarray(0, HEADER_BYTES));
  unit.set(body, HEADER_BYTES);
  return unit;
}

/** RFC 7798 sections 4.4.2 and 4.4.3, without decoding order numbers. */
const RTP_FORM: NalRtpForm = {
  headerBytes: HEADER_BYTES,
  // its layer and temporal id are the lowest of its units
  aggregationHeader: (accessUnit, ranges) => {
    let layer = 0x1ff;
    for (let index = 0; index < ranges.length; index += 2) {
      const start = ranges[index]!;
      layer = Math.min(layer, (accessUnit[start]! & 1) << 8 | accessUnit[start + 1]!);
    }
    return Uint8Array.of(PAYLOAD_TYPE.Aggregation << 1 | layer >> 8, layer);
  },
  fragmentPrefix: ([first = 0, second = 0], flags) =>
    Uint8Array.of(first & 0x81 | PAYLOAD_TYPE.Fragmentation << 1, second, flags | first >> 1 & FU_TYPE_MASK),
};

/** Splits H.265 access units into RTP payloads: single units, aggregation packets and fragments of RFC 7798. */
export class HevcRtpPacketizer extends NalRtpPacketizer {
  /** @param options `nalLengthSize`: bytes of the length before each NAL unit, of the configuration. */
  constructor(options?: { readonly nalLengthSize: number }) {
    super(RTP_FORM, options);
  }
}
