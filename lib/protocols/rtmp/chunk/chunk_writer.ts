/** What stands in the headers of a message; one object may serve many messages. */
export interface MessageHeader {
  /** 2 to 65599. */
  chunkStreamId: number;
  messageTypeId: number;
  /** Absolute, in ms, modulo 2^32. */
  timestamp: number;
  messageStreamId: number;
  /** Longest chunk payload in bytes, as announced to the peer. */
  outboundChunkSize: number;
}

/** Message header of type 0, without basic header and extended timestamp: RTMP 1.0, section 5.3.1.2.1. */
const FULL_HEADER_BYTES = 11;
/** Timestamp field that announces an extended timestamp: RTMP 1.0, section 5.3.1.3. */
const EXTENDED = 0xffffff;
const TYPE_0 = 0 << 6;
const TYPE_3 = 3 << 6;

/**
 * Returns the length in bytes that `encodeMessageInto` needs for a payload of `payloadBytes`. HOT.
 *
 * @param header Only chunk stream, timestamp and chunk size matter.
 */
export function encodedMessageBytes(header: MessageHeader, payloadBytes: number): number {
  const chunkSize = header.outboundChunkSize;
  const continuations = payloadBytes <= chunkSize ? 0 : Math.ceil(payloadBytes / chunkSize) - 1;
  const perChunk = basicHeaderBytes(header.chunkStreamId) + (header.timestamp >= EXTENDED ? 4 : 0);
  return FULL_HEADER_BYTES + payloadBytes + perChunk * (continuations + 1);
}

/**
 * Writes a message as a type 0 chunk and as many type 3 chunks as it needs, each with the extended timestamp
 * if there is one: RTMP 1.0, section 5.3.1. HOT.
 *
 * @param target May be a view on shared memory.
 * @param offset Where to start; `encodedMessageBytes` from there must fit.
 * @param header Read during the call.
 * @param payload Copied.
 * @returns The offset behind the message.
 * @throws {RangeError} If it does not fit.
 */
// params: hot path
export function encodeMessageInto(
  target: Uint8Array,
  offset: number,
  header: MessageHeader,
  payload: Uint8Array,
): number {
  if (offset + encodedMessageBytes(header, payload.length) > target.length) {
    throw new RangeError(
      `Cannot encode message: need ${
        encodedMessageBytes(header, payload.length)
      } bytes at offset ${offset}, ` +
        `have ${target.length - offset}`,
    );
  }
  const { timestamp, messageStreamId, outboundChunkSize: chunkSize } = header;
  const isExtended = timestamp >= EXTENDED;
  const field = isExtended ? EXTENDED : timestamp;
  const length = payload.length;
  let at = writeBasicHeader(target, offset, TYPE_0, header.chunkStreamId);
  target[at] = field >>> 16;
  target[at + 1] = field >>> 8;
  target[at + 2] = field;
  target[at + 3] = length >>> 16;
  target[at + 4] = length >>> 8;
  target[at + 5] = length;
  target[at + 6] = header.messageTypeId;
  target[at + 7] = messageStreamId;
  target[at + 8] = messageStreamId >>> 8;
  target[at + 9] = messageStreamId >>> 16;
  target[at + 10] = messageStreamId >>> 24;
  at += FULL_HEADER_BYTES;
  if (isExtended) at = writeU32(target, at, timestamp);
  if (length <= chunkSize) {
    target.set(payload, at);
    return at + length;
  }
  target.set(payload.subarray(0, chunkSize), at);
  at += chunkSize;
  for (let done = chunkSize; done < length; done += chunkSize) {
    at = writeBasicHeader(target, at, TYPE_3, header.chunkStreamId);
    if (isExtended) at = writeU32(target, at, timestamp);
    const piece = payload.subarray(done, Math.min(done + chunkSize, length));
    target.set(piece, at);
    at += piece.length;
  }
  return at;
}

/**
 * Encodes a message into an array of its own.
 *
 * @param payload Copied.
 * @returns A new array, owned by the caller.
 */
export function encodeMessage(header: MessageHeader, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const encoded = new Uint8Array(encodedMessageBytes(header, payload.length));
  encodeMessageInto(encoded, 0, header, payload);
  return encoded;
}

function basicHeaderBytes(chunkStreamId: number): number {
  return chunkStreamId < 64 ? 1 : chunkStreamId < 320 ? 2 : 3;
}

/** RTMP 1.0, section 5.3.1.1: 1 byte up to chunk stream 63, 2 up to 319, 3 up to 65599. */
// params: hot path
function writeBasicHeader(target: Uint8Array, at: number, chunkType: number, chunkStreamId: number): number {
  if (chunkStreamId < 64) {
    target[at] = chunkType | chunkStreamId;
    return at + 1;
  }
  const rest = chunkStreamId - 64;
  if (rest < 256) {
    target[at] = chunkType;
    target[at + 1] = rest;
    return at + 2;
  }
  target[at] = chunkType | 1;
  target[at + 1] = rest;
  target[at + 2] = rest >>> 8;
  return at + 3;
}

// params: hot path
function writeU32(target: Uint8Array, at: number, value: number): number {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
  return at + 4;
}
