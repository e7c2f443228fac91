import { MESSAGE_TYPE } from "./message_type.ts";
import { withoutFormatByte } from "./command.ts";

/** What a data message asks of the server. */
export type DataAction =
  /** Keep it for late joiners and relay it: `@setDataFrame`. */
  | "set"
  /** Forget what was kept: `@clearDataFrame`; the payload names it. */
  | "clear"
  /** Only relay it. */
  | "relay";

/** A data message, RTMP 1.0 section 7.1.2, with the encoder's wrapping taken off. */
export interface DataMessage {
  readonly action: DataAction;
  /** Absolute, in ms, modulo 2^32. */
  readonly timestamp: number;
  /** AMF0 values, the name (`onMetaData`, ...) first; not validated. */
  readonly payload: Uint8Array;
}

const SET_DATA_FRAME = amf0String("@setDataFrame");
const CLEAR_DATA_FRAME = amf0String("@clearDataFrame");

/**
 * Unwraps a data message without decoding its values.
 *
 * @param messageTypeId 18 (AMF0) or 15 (AMF3: a format byte, then AMF0 values).
 * @param message `timestamp` absolute, in ms; `payload` is kept: the result has a view of it.
 * @throws {ProtocolError} If the format byte is not 0.
 */
export function unwrapDataMessage(
  messageTypeId: number,
  message: { readonly timestamp: number; readonly payload: Uint8Array },
): DataMessage {
  const { timestamp, payload } = message;
  const body = messageTypeId === MESSAGE_TYPE.DataAmf3 ? withoutFormatByte(payload) : payload;
  if (startsWith(body, SET_DATA_FRAME)) {
    return { action: "set", timestamp, payload: body.subarray(SET_DATA_FRAME.length) };
  }
  if (startsWith(body, CLEAR_DATA_FRAME)) {
    return { action: "clear", timestamp, payload: body.subarray(CLEAR_DATA_FRAME.length) };
  }
  return { action: "relay", timestamp, payload: body };
}

/**
 * Wraps a data message for a publish to another server.
 *
 * @param payload AMF0 values, the name first.
 * @returns A new array: `@setDataFrame` and the payload.
 */
export function wrapDataFrame(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const wrapped = new Uint8Array(SET_DATA_FRAME.length + payload.length);
  wrapped.set(SET_DATA_FRAME);
  wrapped.set(payload, SET_DATA_FRAME.length);
  return wrapped;
}

/** Marker, length and bytes of an ASCII text as AMF0 has it. */
function amf0String(text: string): Uint8Array {
  return Uint8Array.of(0x02, text.length >> 8, text.length & 0xff, ...new TextEncoder().encode(text));
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false;
  return true;
}
