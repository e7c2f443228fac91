import {
  type RtpDepacketizer,
  type RtpFragment,
  type RtpPacketizer,
  type RtpPayload,
  type RtpUnit,
  UnitAssembler,
} from "#media";
import { isVp9KeyFrame } from "./frame_header.ts";

/** Bits of the first byte of the payload descriptor: RFC 9628 section 4.2. */
const DESCRIPTOR = {
  PictureId: 0x80,
  Predicted: 0x40,
  Layers: 0x20,
  Flexible: 0x10,
  Start: 0x08,
  End: 0x04,
  Structure: 0x02,
} as const;
/** Pictures a picture may refer to in flexible mode. */
const MAX_REFERENCES = 3;

/**
 * Takes VP9 frames out of RTP packets: RFC 9628, flexible mode and scalability structures included. All spatial
 * layers of a picture are one unit. A picture with a hole, or without its start, is left out.
 */
export class Vp9RtpDepacketizer implements RtpDepacketizer {
  readonly #assembler = new UnitAssembler();
  #timestamp = 0;
  #hasStart = false;
  #malformed = 0;

  /** Payloads that were malformed and passed over. */
  get malformedPayloads(): number {
    return this.#malformed;
  }

  /** Takes the next payload; the marker ends a picture. */
  push({ payload, timestamp, isMarked, isAfterLoss }: RtpPayload): RtpUnit[] {
    if (timestamp !== this.#timestamp || isAfterLoss) {
      this.#assembler.clear();
      this.#hasStart = false;
    }
    this.#timestamp = timestamp;
    const bytes = descriptorBytes(payload);
    this.#hasStart ||= ((payload[0] ?? 0) & DESCRIPTOR.Start) !== 0;
    if (bytes >= payload.length || !this.#hasStart) {
      this.#malformed++;
      return [];
    }
    this.#assembler.append(payload.subarray(bytes));
    if (!isMarked) return [];
    this.#hasStart = false;
    return [{ payload: this.#assembler.take(), timestamp }];
  }
}

function descriptorBytes(payload: Uint8Array): number {
  const first = payload[0] ?? 0;
  let at = 1;
  if ((first & DESCRIPTOR.PictureId) !== 0) at += ((payload[at] ?? 0) & 0x80) === 0 ? 1 : 2;
  if ((first & DESCRIPTOR.Layers) !== 0) at += (first & DESCRIPTOR.Flexible) === 0 ? 2 : 1;
  if ((first & DESCRIPTOR.Flexible) !== 0 && (first & DESCRIPTOR.Predicted) !== 0) {
    for (let count = 0; count < MAX_REFERENCES; count++) if (((payload[at++] ?? 0) & 1) === 0) break;
  }
  return (first & DESCRIPTOR.Structure) === 0 ? at : structureEnd(payload, at);
}

/** Scalability structure: RFC 9628 section 4.2.1. */
function structureEnd(payload: Uint8Array, start: number): number {
  const first = payload[start] ?? 0;
  let at = start + 1;
  const layers = (first >> 5) + 1;
  if ((first & 0x10) !== 0) at += layers * 4;
  if ((first & 0x08) === 0) return at;
  const pictures = payload[at++] ?? 0;
  for (let index = 0; index < pictures; index++) at += 1 + ((payload[at] ?? 0) >> 2 & 3);
  return at;
}

/** Splits VP9 frames into RTP payloads with the shortest descriptor: RFC 9628, without picture ids and layers. */
export class Vp9RtpPacketizer implements RtpPacketizer {
  /** Splits one frame or superframe. */
  packetize(unit: Uint8Array, maxPayloadBytes: number): RtpFragment[] {
    const fragments: RtpFragment[] = [];
    const step = maxPayloadBytes - 1;
    const predicted = isVp9KeyFrame(unit) ? 0 : DESCRIPTOR.Predicted;
    for (let start = 0; start < unit.length; start += step) {
      const end = Math.min(unit.length, start + step);
      const flags = (start === 0 ? DESCRIPTOR.Start : 0) | (end === unit.length ? DESCRIPTOR.End : 0);
      fragments.push({ prefix: Uint8Array.of(predicted | flags), start, end });
    }
    return fragments;
  }
}
