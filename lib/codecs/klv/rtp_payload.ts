import {
  NO_PREFIX,
  type RtpDepacketizer,
  type RtpFragment,
  type RtpPacketizer,
  type RtpPayload,
  type RtpUnit,
  UnitAssembler,
} from "#media";

/** Takes KLV units out of RTP packets: RFC 6597 section 4.2. What was damaged by a loss is left out. */
export class KlvRtpDepacketizer implements RtpDepacketizer {
  readonly #assembler = new UnitAssembler();
  #timestamp = 0;
  #isBroken = false;
  #malformed = 0;

  /** Units without bytes, without end, or with a hole. */
  get malformedPayloads(): number {
    return this.#malformed;
  }

  /** Takes the next payload; the marker ends a unit, all of which has one timestamp. */
  push({ payload, timestamp, isMarked, isAfterLoss }: RtpPayload): RtpUnit[] {
    if (timestamp !== this.#timestamp) {
      if (this.#assembler.length > 0) this.#malformed++;
      this.#assembler.clear();
      this.#isBroken = false;
    }
    this.#timestamp = timestamp;
    // whether what was lost began this unit, or ended the one before, nobody can tell
    this.#isBroken ||= isAfterLoss;
    this.#assembler.append(payload);
    if (!isMarked) return [];
    const unit = this.#assembler.take();
    const isWhole = unit.length > 0 && !this.#isBroken;
    this.#isBroken = false;
    if (isWhole) return [{ payload: unit, timestamp }];
    this.#malformed++;
    return [];
  }
}

/** Splits KLV units over as many packets as they need: RFC 6597 section 4.2. */
export class KlvRtpPacketizer implements RtpPacketizer {
  /** Splits one unit. */
  packetize(unit: Uint8Array, maxPayloadBytes: number): RtpFragment[] {
    const fragments: RtpFragment[] = [];
    for (let start = 0; start < unit.length; start += maxPayloadBytes) {
      const end = Math.min(unit.length, start + maxPayloadBytes);
      fragments.push({ prefix: NO_PREFIX, start, end });
    }
    return fragments;
  }
}
