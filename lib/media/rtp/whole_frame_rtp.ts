import {
  NO_PREFIX,
  type RtpDepacketizer,
  type RtpFragment,
  type RtpPacketizer,
  type RtpPayload,
  type RtpUnit,
} from "./rtp_payload.ts";

/** Takes each payload for one frame: Opus (RFC 7587), G.711 and G.722 (RFC 3551). */
export class WholeFrameRtpDepacketizer implements RtpDepacketizer {
  #malformed = 0;

  /** Payloads without bytes. */
  get malformedPayloads(): number {
    return this.#malformed;
  }

  /** Takes the next payload. */
  push({ payload, timestamp }: RtpPayload): RtpUnit[] {
    if (payload.length > 0) return [{ payload: new Uint8Array(payload), timestamp }];
    this.#malformed++;
    return [];
  }
}

/** Makes each frame one payload; one that is too large is left out. */
export class WholeFrameRtpPacketizer implements RtpPacketizer {
  /** One fragment, or none. */
  packetize(unit: Uint8Array, maxPayloadBytes: number): RtpFragment[] {
    if (unit.length === 0 || unit.length > maxPayloadBytes) return [];
    return [{ prefix: NO_PREFIX, start: 0, end: unit.length }];
  }
}
