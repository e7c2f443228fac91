import {
  type RtpDepacketizer,
  type RtpFragment,
  type RtpPacketizer,
  type RtpPayload,
  type RtpUnit,
  UnitAssembler,
} from "#media";
import { MP3_TICKS_PER_SECOND, mp3FrameBytes, mp3FrameTicks } from "./frame_layout.ts";

/** Zeros, and the offset of the payload in its frame: RFC 2250 section 3.5. */
const HEADER_BYTES = 4;
/** Rate of the clock of MPEG audio, whatever the sampling rate is: RFC 2250 section 2. */
const CLOCK_RATE = 90_000;
const TICKS = MP3_TICKS_PER_SECOND / CLOCK_RATE;
const FRAME_HEADER_BYTES = 4;

/** Takes frames of MPEG audio out of RTP packets (payload type 14): RFC 2250 section 3.5. */
export class Mp3RtpDepacketizer implements RtpDepacketizer {
  readonly #assembler = new UnitAssembler();
  #timestamp = 0;
  #malformed = 0;

  /** Payloads that were malformed and passed over. */
  get malformedPayloads(): number {
    return this.#malformed;
  }

  /** Takes the next payload. */
  push({ payload, timestamp, isAfterLoss }: RtpPayload): RtpUnit[] {
    if (isAfterLoss) this.#assembler.clear();
    if (payload.length <= HEADER_BYTES) return this.#refuse();
    const offset = payload[2]! << 8 | payload[3]!;
    const body = payload.subarray(HEADER_BYTES);
    if (offset > 0) return this.#fragment(body, offset);
    this.#assembler.clear();
    this.#timestamp = timestamp;
    const units: RtpUnit[] = [];
    let ticks = 0;
    let at = 0;
    while (at + FRAME_HEADER_BYTES <= body.length) {
      const size = mp3FrameBytes(body, at);
      if (size === 0) {
        this.#malformed++;
        return units;
      }
      if (at + size > body.length) break;
      units.push({
        payload: new Uint8Array(body.subarray(at, at + size)),
        timestamp: timestamp + Math.round(ticks / TICKS),
      });
      ticks += mp3FrameTicks(body, at);
      at += size;
    }
    if (at < body.length) this.#assembler.append(body.subarray(at));
    return units;
  }

  #fragment(body: Uint8Array, offset: number): RtpUnit[] {
    if (offset !== this.#assembler.length) {
      this.#assembler.clear();
      return this.#refuse();
    }
    this.#assembler.append(body);
    const frame = this.#assembler.take();
    const size = mp3FrameBytes(frame, 0);
    if (size > frame.length) {
      this.#assembler.append(frame);
      return [];
    }
    if (size === 0 || size < frame.length) return this.#refuse();
    return [{ payload: frame, timestamp: this.#timestamp }];
  }

  #refuse(): RtpUnit[] {
    this.#malformed++;
    return [];
  }
}

/** Puts each frame of MPEG audio into a packet of its own, or several where it is large: RFC 2250 section 3.5. */
export class Mp3RtpPacketizer implements RtpPacketizer {
  /** Splits one frame. */
  packetize(unit: Uint8Array, maxPayloadBytes: number): RtpFragment[] {
    const fragments: RtpFragment[] = [];
    const step = maxPayloadBytes - HEADER_BYTES;
    for (let start = 0; start < unit.length; start += step) {
      const prefix = Uint8Array.of(0, 0, start >> 8, start);
      fragments.push({ prefix, start, end: Math.min(unit.length, start + step) });
    }
    return fragments;
  }
}
