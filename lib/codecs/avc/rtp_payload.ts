import {
  type NalRtpForm,
  NalRtpPacketizer,
  ReorderedUnits,
  type RtpDepacketizer,
  type RtpPayload,
  type RtpUnit,
  UnitAssembler,
} from "#media";
import { avcNalUnitType } from "./nal_unit_type.ts";

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
/** Of the length that `UnitAssembler` puts before a NAL unit. */
const UNIT_LENGTH_BYTES = 4;

/** First and last type of NAL units that hold a part of a picture: H.264 table 7-1. */
const PICTURE_TYPES = { first: 1, last: 5 } as const;

/** How H.264 comes: RFC 6184 section 8.1. */
export interface AvcRtpOptions {
  /**
   * `sprop-interleaving-depth` where `packetization-mode` is 2: pictures' NAL units that are held back to put all in
   * decoding order. Without it units are taken in the order they come, and decoding order numbers are skipped.
   */
  readonly interleavingDepth?: number;
}

/** A NAL unit that stands whole in a packet. */
interface Placed {
  /** Decoding order number; 0 where there are none. */
  readonly number: number;
  readonly timestamp: number;
}

/**
 * Takes H.264 access units out of RTP packets: RFC 6184, all packetization modes.
 *
 * An access unit ends with the marker, or with the next timestamp; in mode 2 with the next timestamp in decoding
 * order. What was lost is left out of it.
 */
export class AvcRtpDepacketizer implements RtpDepacketizer {
  readonly #assembler = new UnitAssembler();
  readonly #reordered: ReorderedUnits | undefined;
  #timestamp = 0;
  /** Decoding order number of the unit whose fragments come. */
  #number = 0;
  #malformed = 0;
  #units: RtpUnit[] = [];

  constructor({ interleavingDepth }: AvcRtpOptions = {}) {
    if (interleavingDepth === undefined) return;
    this.#reordered = new ReorderedUnits({ depth: interleavingDepth, counts: isOfPicture });
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
    const type = (payload[0] ?? 0) & TYPE_MASK;
    switch (type) {
      case PAYLOAD_TYPE.FuA:
        return this.#fragment(payload, FU_BYTES);
      case PAYLOAD_TYPE.FuB:
        return this.#fragment(payload, FU_BYTES + DON_BYTES);
      case PAYLOAD_TYPE.StapA:
        return this.#reordered === undefined && this.#aggregate(payload, 1);
      case PAYLOAD_TYPE.StapB:
        return this.#aggregate(payload, 1 + DON_BYTES);
      case PAYLOAD_TYPE.Mtap16:
        return this.#multiTime(payload, 2);
      case PAYLOAD_TYPE.Mtap24:
        return this.#multiTime(payload, 3);
      default:
        // mode 2 has no single units, which have no number: RFC 6184 table 3
        if (type === 0 || type > PAYLOAD_TYPE.FuB || this.#reordered !== undefined) return false;
        this.#assembler.nalUnit(payload);
        return true;
    }
  }

  #nalUnit(nalUnit: Uint8Array, { number, timestamp }: Placed): void {
    if (this.#reordered !== undefined) {
      if (nalUnit.length > 0) this.#reordered.push({ number, timestamp, nalUnit }, this.#units);
      return;
    }
    if (timestamp !== this.#timestamp) this.#finish();
    this.#timestamp = timestamp;
    this.#assembler.nalUnit(nalUnit);
  }

  /** RFC 6184 section 5.8. */
  #fragment(payload: Uint8Array, headerBytes: number): boolean {
    if (payload.length < headerBytes) return false;
    const [indicator = 0, header = 0] = payload;
    if ((header & FU_START) !== 0) {
      // the first fragment of mode 2 tells the number
      if (this.#reordered !== undefined && headerBytes === FU_BYTES) return false;
      if (headerBytes > FU_BYTES) this.#number = u16At(payload, FU_BYTES);
      this.#assembler.begin();
      this.#assembler.append(Uint8Array.of(indicator & ~TYPE_MASK | header & TYPE_MASK));
    } else if (!this.#assembler.isOpen) {
      return false;
    }
    this.#assembler.append(payload.subarray(headerBytes));
    if ((header & FU_END) === 0) return true;
    this.#assembler.end();
    if (this.#reordered === undefined) return true;
    const nalUnit = this.#assembler.take().subarray(UNIT_LENGTH_BYTES);
    this.#nalUnit(nalUnit, { number: this.#number, timestamp: this.#timestamp });
    return true;
  }

  /** RFC 6184 section 5.7.1; what stands before a size that lies is kept. */
  #aggregate(payload: Uint8Array, start: number): boolean {
    const timestamp = this.#timestamp;
    let number = start > 1 && payload.length >= start ? u16At(payload, 1) : 0;
    let at = start;
    while (at + SIZE_BYTES <= payload.length) {
      const size = u16At(payload, at);
      at += SIZE_BYTES;
      if (at + size > payload.length) return false;
      this.#nalUnit(payload.subarray(at, at + size), { number, timestamp });
      number = number + 1 & 0xffff;
      at += size;
    }
    return at === payload.length;
  }

  /** RFC 6184 section 5.7.2: NAL units of several times. */
  #multiTime(payload: Uint8Array, offsetBytes: 2 | 3): boolean {
    const baseTimestamp = this.#timestamp;
    const headBytes = SIZE_BYTES + 1 + offsetBytes;
    let at = 1 + DON_BYTES;
    while (at + headBytes <= payload.length) {
      const size = u16At(payload, at);
      const number = u16At(payload, 1) + payload[at + 2]! & 0xffff;
      let offset = 0;
      for (let index = 0; index < offsetBytes; index++) offset = offset << 8 | payload[at + 3 + index]!;
      at += headBytes;
      if (at + size > payload.length) return false;
      this.#nalUnit(payload.subarray(at, at + size), { number, timestamp: baseTimestamp + offset });
      at += size;
    }
    return at === payload.length;
  }
}

/** Whether a NAL unit counts for the interleaving depth. */
function isOfPicture(nalUnit: Uint8Array): boolean {
  const type = avcNalUnitType(nalUnit[0]!);
  return type >= PICTURE_TYPES.first && type <= PICTURE_TYPES.last;
}

function u16At(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 8 | bytes[at + 1]!;
}

/** RFC 6184, packetization mode 1: STAP-A and FU-A. */
const RTP_FORM: NalRtpForm = {
  headerBytes: 1,
  // its NRI is the highest of its units: section 5.7
  aggregationHeader: (accessUnit, ranges) => {
    let importance = 0;
    for (let index = 0; index < ranges.length; index += 2) {
      importance = Math.max(importance, accessUnit[ranges[index]!]! & 0x60);
    }
    return Uint8Array.of(importance | PAYLOAD_TYPE.StapA);
  },
  fragmentPrefix: ([header = 0], flags) =>
    Uint8Array.of(header & ~TYPE_MASK | PAYLOAD_TYPE.FuA, flags | header & TYPE_MASK),
};

/** Splits H.264 access units into RTP payloads: single units, STAP-A and FU-A of RFC 6184, packetization mode 1. */
export class AvcRtpPacketizer extends NalRtpPacketizer {
  /** @param options `nalLengthSize`: bytes of the length before each NAL unit, of the configuration. */
  constructor(options?: { readonly nalLengthSize: number }) {
    super(RTP_FORM, options);
  }
}
