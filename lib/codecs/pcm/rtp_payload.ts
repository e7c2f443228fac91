import type { RtpDepacketizer, RtpPayload, RtpUnit } from "#media";

/** Most bytes of a unit: it goes into one packet wherever it is sent. */
const MAX_UNIT_BYTES = 1_200;

/**
 * Takes linear PCM out of RTP packets: L16 of RFC 3551 section 4.5.11, L24 of RFC 3190. What is no whole number of
 * samples of all channels is malformed, and large packets become several units, each with its time.
 */
export class LpcmRtpDepacketizer implements RtpDepacketizer {
  readonly #frameBytes: number;
  #malformed = 0;

  /** @param frameBytes Bytes of one sample of all channels. */
  constructor(frameBytes: number) {
    this.#frameBytes = frameBytes;
  }

  /** Payloads that were malformed and passed over. */
  get malformedPayloads(): number {
    return this.#malformed;
  }

  /** Takes the next payload. */
  push({ payload, timestamp }: RtpPayload): RtpUnit[] {
    const frameBytes = this.#frameBytes;
    if (payload.length === 0 || payload.length % frameBytes !== 0) {
      this.#malformed++;
      return [];
    }
    const step = Math.max(1, Math.floor(MAX_UNIT_BYTES / frameBytes)) * frameBytes;
    const units: RtpUnit[] = [];
    for (let at = 0; at < payload.length; at += step) {
      const piece = new Uint8Array(payload.subarray(at, at + step));
      units.push({ payload: piece, timestamp: timestamp + at / frameBytes });
    }
    return units;
  }
}
