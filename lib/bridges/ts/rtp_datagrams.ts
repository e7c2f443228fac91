import type { Clock, RandomBytes } from "#clock";
import { ProtocolError } from "#errors";
import { decodeRtpPacket, encodeRtpPacket, JitterBuffer, type RtpPacket } from "#protocols/rtp";

/** Payload type of MPEG-TS: RFC 3551 section 6. */
export const RTP_PAYLOAD_TYPE_MP2T = 33;
/** Longest time a datagram is held back for one that is late, in ms. */
export const MAX_TS_REORDER_MS = 200;
const SYNC_BYTE = 0x47;
/** Of the timestamps of MPEG-TS in RTP, a ms: RFC 2250 section 2. */
const TICKS_A_MS = 90;

/** Takes MPEG-TS out of datagrams, bare or in RTP (RFC 2250); those of RTP are put in order. */
export class RtpDatagramReader {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #buffer = new JitterBuffer({ maxDelayMs: MAX_TS_REORDER_MS });
  #ssrc: number | undefined;

  /** @param clock Time of what waits. */
  constructor(clock: Pick<Clock, "nowMs">) {
    this.#clock = clock;
  }

  /**
   * Takes a datagram.
   *
   * @param bytes Borrowed until the call returns.
   * @returns Bytes of the transport stream that are in order now; some may be views of the datagram.
   */
  push(bytes: Uint8Array): Uint8Array[] {
    const packet = rtpOf(bytes);
    if (packet === undefined) return [bytes];
    if (packet.ssrc !== this.#ssrc) this.#buffer.reset();
    this.#ssrc = packet.ssrc;
    const nowMs = this.#clock.nowMs();
    const ordered = [...this.#buffer.push(packet, nowMs), ...this.#buffer.expire(nowMs)];
    return ordered.map(({ packet: { payload } }) => payload);
  }

  /** The source has ended: what still waits for datagrams before it. */
  flush(): Uint8Array[] {
    return this.#buffer.expire(Number.MAX_VALUE).map(({ packet: { payload } }) => payload);
  }
}

/** The RTP packet that a datagram is, if it is one that holds MPEG-TS. */
function rtpOf(bytes: Uint8Array): RtpPacket | undefined {
  if (bytes[0] === SYNC_BYTE) return undefined;
  try {
    const packet = decodeRtpPacket(bytes);
    const holdsTs = packet.payloadType === RTP_PAYLOAD_TYPE_MP2T && packet.payload[0] === SYNC_BYTE;
    return holdsTs ? packet : undefined;
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

/** Puts datagrams of MPEG-TS into RTP packets, stamped with the time they are sent at: RFC 2250 section 2. */
export class RtpDatagramWriter {
  readonly #clock: Pick<Clock, "nowMs">;
  readonly #ssrc: number;
  #sequenceNumber: number;

  /** @param randomBytes Where source and first number come from: RFC 3550 section 5.1. */
  constructor(clock: Pick<Clock, "nowMs">, randomBytes: RandomBytes) {
    const view = new DataView(randomBytes(6).slice().buffer);
    this.#clock = clock;
    this.#ssrc = view.getUint32(0);
    this.#sequenceNumber = view.getUint16(4);
  }

  /** The next packet; owned by the caller. */
  write(payload: Uint8Array): Uint8Array<ArrayBuffer> {
    const sequenceNumber = this.#sequenceNumber;
    this.#sequenceNumber = sequenceNumber + 1 & 0xffff;
    return encodeRtpPacket({
      payloadType: RTP_PAYLOAD_TYPE_MP2T,
      isMarked: false,
      sequenceNumber,
      timestamp: Math.round(this.#clock.nowMs() * TICKS_A_MS) >>> 0,
      ssrc: this.#ssrc,
      payload,
    });
  }
}
