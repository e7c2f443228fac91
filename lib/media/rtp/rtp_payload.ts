/** Payload of one RTP packet, as a depacketizer takes it; in order, without repetitions. */
export interface RtpPayload {
  /** Without RTP header and padding; borrowed. */
  readonly payload: Uint8Array;
  /** In ticks of the track's clock, unwrapped. */
  readonly timestamp: number;
  /** The marker bit: for video, the last packet of an access unit. */
  readonly isMarked: boolean;
  /** Whether packets before this one were lost. */
  readonly isAfterLoss: boolean;
}

/** One access unit or audio frame out of RTP packets. */
export interface RtpUnit {
  /** In the codec's own form: length-prefixed NAL units, raw AAC, ...; memory of its own. */
  readonly payload: Uint8Array<ArrayBuffer>;
  /** Presentation time in ticks of the track's clock. */
  readonly timestamp: number;
  /** Codec configuration that came with the unit, where the payload format carries one. */
  readonly config?: Uint8Array<ArrayBuffer>;
}

/** Makes access units of the payloads of RTP packets. */
export interface RtpDepacketizer {
  /** Payloads that were malformed and passed over. */
  readonly malformedPayloads: number;
  /**
   * Takes the next payload.
   *
   * @returns The units that are complete now.
   * @throws {LimitError} If a unit would be larger than `MAX_RTP_UNIT_BYTES`.
   */
  push(packet: RtpPayload): RtpUnit[];
}

/** One RTP payload to send: bytes of the payload format, then a piece of the access unit. */
export interface RtpFragment {
  /** What the payload format puts in front; may be the whole payload. */
  readonly prefix: Uint8Array;
  /** First byte of the piece of the access unit. */
  readonly start: number;
  /** End of the piece, exclusive; `start` for none. */
  readonly end: number;
}

/** Splits access units of one track into payloads of RTP packets. */
export interface RtpPacketizer {
  /**
   * Splits one access unit or audio frame.
   *
   * @param unit In the codec's own form; borrowed.
   * @param maxPayloadBytes Most bytes of a payload, at least 64.
   * @returns At least one fragment, unless there is nothing to send; the marker belongs to the last.
   */
  packetize(unit: Uint8Array, maxPayloadBytes: number): RtpFragment[];
}

/** Largest access unit that is put together of RTP packets. */
export const MAX_RTP_UNIT_BYTES = 8 * 1024 * 1024;

/** A prefix of no bytes. */
export const NO_PREFIX: Uint8Array = new Uint8Array(0);
