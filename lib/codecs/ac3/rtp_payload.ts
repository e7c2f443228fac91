import {
  type RtpDepacketizer,
  type RtpFragment,
  type RtpPacketizer,
  type RtpPayload,
  type RtpUnit,
  UnitAssembler,
} from "#media";
import { readAc3SyncFrame } from "./sync_frame.ts";

/** Frame type and number of frames: RFC 4184 section 4.1.1. */
const HEADER_BYTES = 2;
/** What the packet holds: RFC 4184 section 4.1.1. */
const FRAME_TYPE = { Whole: 0, LongStart: 1, ShortStart: 2, Continued: 3 } as const;

/** Takes AC-3 and E-AC-3 frames out of RTP packets: RFC 4184, RFC 4598. */
export class Ac3RtpDepacketizer implements RtpDepacketizer {
  readonly #assembler = new UnitAssembler();
  #timestamp = 0;
  #malformed = 0;

  /** Payloads that were malformed and passed over. */
  get malformedPayloads(): number {
    return this.#malformed;
  }

  /** Takes the next payload; the marker ends a frame that was split. */
  push({ payload, timestamp, isMarked, isAfterLoss }: RtpPayload): RtpUnit[] {
    if (isAfterLoss || timestamp !== this.#timestamp) this.#assembler.clear();
    this.#timestamp = timestamp;
    if (payload.length <= HEADER_BYTES) return this.#refuse([]);
    const type = payload[0]! & 3;
    const body = payload.subarray(HEADER_BYTES);
    if (type === FRAME_TYPE.Whole) return this.#frames(body);
    if (type !== FRAME_TYPE.Continued) this.#assembler.clear();
    else if (this.#assembler.length === 0) return this.#refuse([]);
    this.#assembler.append(body);
    return isMarked ? this.#frames(this.#assembler.take()) : [];
  }

  #frames(body: Uint8Array): RtpUnit[] {
    this.#assembler.clear();
    const units: RtpUnit[] = [];
    let timestamp = this.#timestamp;
    for (let at = 0; at < body.length;) {
      const header = readAc3SyncFrame(body, at);
      if (header === undefined || at + header.frameBytes > body.length) return this.#refuse(units);
      const end = at + header.frameBytes;
      units.push({ payload: new Uint8Array(body.subarray(at, end)), timestamp });
      timestamp += header.frameSamples;
      at = end;
    }
    return units;
  }

  #refuse(units: RtpUnit[]): RtpUnit[] {
    this.#malformed++;
    return units;
  }
}

/** Puts each AC-3 frame into a packet of its own, or several where it is large: RFC 4184. */
export class Ac3RtpPacketizer implements RtpPacketizer {
  /** Splits one frame. */
  packetize(unit: Uint8Array, maxPayloadBytes: number): RtpFragment[] {
    const step = maxPayloadBytes - HEADER_BYTES;
    const count = Math.ceil(unit.length / step);
    // the first fragment of at least 5/8 of a frame can be played alone
    const isLong = step * 8 >= unit.length * 5;
    const fragments: RtpFragment[] = [];
    for (let index = 0; index < count; index++) {
      const type = count === 1
        ? FRAME_TYPE.Whole
        : index > 0
        ? FRAME_TYPE.Continued
        : isLong
        ? FRAME_TYPE.LongStart
        : FRAME_TYPE.ShortStart;
      const start = index * step;
      fragments.push({ prefix: Uint8Array.of(type, count), start, end: Math.min(unit.length, start + step) });
    }
    return fragments;
  }
}
