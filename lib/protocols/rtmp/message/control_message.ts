import { ProtocolError } from "#errors";
import type { PeerBandwidthLimit, UserControlEvent } from "./message_type.ts";
import { USER_CONTROL_EVENT } from "./message_type.ts";

/**
 * Encodes the payload of Set Chunk Size, Abort, Acknowledgement or Window Acknowledgement Size: one unsigned
 * 32-bit number, RTMP 1.0, sections 5.4.1 to 5.4.4.
 */
export function encodeU32Payload(value: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/**
 * Decodes such a payload; more bytes than four are ignored.
 *
 * @param what Name of the message, for the error.
 * @throws {ProtocolError} If it is short.
 */
export function decodeU32Payload(payload: Uint8Array, what: string): number {
  return readU32(payload, { offset: 0, what });
}

/** Set Peer Bandwidth: RTMP 1.0, section 5.4.5. */
export interface PeerBandwidth {
  /** Bytes the sender of this message wants to be unacknowledged at most. */
  readonly windowBytes: number;
  readonly limitType: PeerBandwidthLimit;
}

/** Encodes the payload of Set Peer Bandwidth. */
export function encodePeerBandwidth(bandwidth: PeerBandwidth): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(...encodeU32Payload(bandwidth.windowBytes), bandwidth.limitType);
}

/**
 * Decodes the payload of Set Peer Bandwidth; a missing or unknown limit type counts as dynamic.
 *
 * @throws {ProtocolError} If it is shorter than 4 bytes.
 */
export function decodePeerBandwidth(payload: Uint8Array): PeerBandwidth {
  const limitType = payload[4];
  return {
    windowBytes: readU32(payload, { offset: 0, what: "Set Peer Bandwidth" }),
    limitType: limitType === 0 || limitType === 1 ? limitType : 2,
  };
}

/** A user control message: RTMP 1.0, section 7.1.7. */
export interface UserControlMessage {
  /** One of USER_CONTROL_EVENT, or a number unknown to us. */
  readonly event: number;
  /** Message stream ID; for pings a time in ms. */
  readonly value: number;
  /** SetBufferLength only: length of the player's buffer in ms, otherwise 0. */
  readonly bufferLengthMs: number;
}

/** Encodes a user control message of a known event; `bufferLengthMs` is for SetBufferLength. */
export function encodeUserControl(
  event: UserControlEvent,
  body: { readonly value: number; readonly bufferLengthMs?: number },
): Uint8Array<ArrayBuffer> {
  const head = Uint8Array.of(event >>> 8, event, ...encodeU32Payload(body.value));
  if (event !== USER_CONTROL_EVENT.SetBufferLength) return head;
  return Uint8Array.of(...head, ...encodeU32Payload(body.bufferLengthMs ?? 0));
}

/**
 * Decodes a user control message. The value of an unknown event may be missing, and is then 0.
 *
 * @throws {ProtocolError} If it is too short for its event.
 */
export function decodeUserControl(payload: Uint8Array): UserControlMessage {
  if (payload.length < 2) {
    throw new ProtocolError(`Cannot read user control event: need 2 bytes, have ${payload.length}`);
  }
  const event = payload[0]! << 8 | payload[1]!;
  const isKnown = event <= USER_CONTROL_EVENT.PingResponse;
  const value = isKnown || payload.length >= 6
    ? readU32(payload, { offset: 2, what: `user control event ${event}` })
    : 0;
  const bufferLengthMs = event === USER_CONTROL_EVENT.SetBufferLength
    ? readU32(payload, { offset: 6, what: "SetBufferLength" })
    : 0;
  return { event, value, bufferLengthMs };
}

function readU32(payload: Uint8Array, at: { offset: number; what: string }): number {
  const { offset, what } = at;
  if (payload.length < offset + 4) {
    throw new ProtocolError(
      `Cannot read ${what}: need 4 bytes at offset ${offset}, have ${Math.max(payload.length - offset, 0)}`,
    );
  }
  const [a = 0, b = 0, c = 0, d = 0] = payload.subarray(offset, offset + 4);
  return (a << 24 | b << 16 | c << 8 | d) >>> 0;
}
