import {
  type RtpDepacketizer,
  type RtpFragment,
  type RtpPacketizer,
  type RtpPayload,
  type RtpUnit,
  UnitAssembler,
} from "#media";

/** First byte of the payload descriptor: RFC 7741 section 4.2. */
const DESCRIPTOR = { Extended: 0x80, Start: 0x10, PartitionMask: 0x07 } as const;
/** Second byte: which fields follow. */
const FIELDS = { PictureId: 0x80, Tl0PicIdx: 0x40, TemporalLayer: 0x20, KeyIndex: 0x10 } as const;
const LONG_PICTURE_ID = 0x80;

/** Takes VP8 frames out of RTP packets: RFC 7741. A frame with a hole, or without its start, is left out. */
export class Vp8RtpDepacketizer implements RtpDepacketizer {
  readonly #assembler = new UnitAssembler();
  #timestamp = 0;
  #hasStart = false;
  #malformed = 0;

  /** Payloads that were malformed and passed over. */
  get malformedPayloads(): number {
    return this.#malformed;
  }

  /** Takes the next payload; the marker ends a frame. */
  push({ payload, timestamp, isMarked, isAfterLoss }: RtpPayload): RtpUnit[] {
    const isNew = timestamp !== this.#timestamp;
    if (isNew || isAfterLoss) {
      this.#assembler.clear();
      this.#hasStart = false;
    }
    this.#timestamp = timestamp;
    const bytes = descriptorBytes(payload);
    const isStart = ((payload[0] ?? 0) & (DESCRIPTOR.Start | DESCRIPTOR.PartitionMask)) === DESCRIPTOR.Start;
    if (bytes >= payload.length || !(isStart || this.#hasStart)) {
      this.#malformed++;
      return [];
    }
    if (isStart) this.#assembler.clear();
    this.#hasStart = true;
    this.#assembler.append(payload.subarray(bytes));
    if (!isMarked) return [];
    this.#hasStart = false;
    return [{ payload: this.#assembler.take(), timestamp }];
  }
}

function descriptorBytes(payload: Uint8Array): number {
  if (((payload[0] ?? 0) & DESCRIPTOR.Extended) === 0) return 1;
  const fields = payload[1] ?? 0;
  let bytes = 2;
  if ((fields & FIELDS.PictureId) !== 0) bytes += ((payload[2] ?? 0) & LONG_PICTURE_ID) === 0 ? 1 : 2;
  if ((fields & FIELDS.Tl0PicIdx) !== 0) bytes++;
  if ((fields & (FIELDS.TemporalLayer | FIELDS.KeyIndex)) !== 0) bytes++;
  return bytes;
}

const FIRST = Uint8Array.of(DESCRIPTOR.Start);
const NEXT = Uint8Array.of(0);

/** Splits VP8 frames into RTP payloads with the shortest descriptor: RFC 7741. */
export class Vp8RtpPacketizer implements RtpPacketizer {
  /** Splits one frame. */
  packetize(unit: Uint8Array, maxPayloadBytes: number): RtpFragment[] {
    const fragments: RtpFragment[] = [];
    const step = maxPayloadBytes - 1;
    for (let start = 0; start < unit.length; start += step) {
      fragments.push({
        prefix: start === 0 ? FIRST : NEXT,
        start,
        end: Math.min(unit.length, start + step),
      });
    }
    return fragments;
  }
}
