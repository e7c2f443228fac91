import { ProtocolError } from "#errors";

/** One message out of an aggregate. */
export interface AggregatePart {
  /** 8 audio, 9 video, 18 data, ... */
  readonly messageTypeId: number;
  /** Absolute, in ms, modulo 2^32. */
  readonly timestamp: number;
  /** A view of the aggregate's payload. */
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** Type, length, timestamp and stream ID before each part: the header of an FLV tag. */
const PART_HEADER_BYTES = 11;
/** Length of the part, repeated behind it. */
const BACK_POINTER_BYTES = 4;

/**
 * Splits an aggregate message, type 22: RTMP 1.0, section 7.1.6.
 *
 * The first part takes the time of the aggregate; the others keep their distance to it. A back pointer that
 * is missing behind the last part is forgiven.
 *
 * @param message `timestamp` in ms and `payload`; the parts are views of it.
 * @throws {ProtocolError} If a part is cut off.
 */
export function* splitAggregate(
  message: { readonly timestamp: number; readonly payload: Uint8Array<ArrayBuffer> },
): Generator<AggregatePart> {
  const { payload } = message;
  let shift: number | undefined;
  for (let at = 0; at < payload.length;) {
    const left = payload.length - at;
    if (left < PART_HEADER_BYTES) {
      throw new ProtocolError(`Cannot read aggregate part: need 11 bytes at offset ${at}, have ${left}`);
    }
    const [messageTypeId = 0, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, top = 0] = payload.subarray(
      at,
      at + 8,
    );
    const length = a << 16 | b << 8 | c;
    const time = (top << 24 | d << 16 | e << 8 | f) >>> 0;
    const bodyAt = at + PART_HEADER_BYTES;
    if (length > payload.length - bodyAt) {
      throw new ProtocolError(
        `Cannot read aggregate part: need ${length} bytes at offset ${bodyAt}, have ${
          payload.length - bodyAt
        }`,
      );
    }
    shift ??= message.timestamp - time;
    yield {
      messageTypeId,
      timestamp: (time + shift) >>> 0,
      payload: payload.subarray(bodyAt, bodyAt + length),
    };
    at = bodyAt + length + BACK_POINTER_BYTES;
  }
}
