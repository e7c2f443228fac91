/** Opcodes (RFC 6455 section 5.2). */
export const OPCODE = {
  Continuation: 0x0,
  Text: 0x1,
  Binary: 0x2,
  Close: 0x8,
  Ping: 0x9,
  Pong: 0xa,
} as const;
/** One of the opcodes. */
export type Opcode = (typeof OPCODE)[keyof typeof OPCODE];

/** Status codes of a Close frame (RFC 6455 section 7.4.1). */
export const CLOSE_CODE = {
  Normal: 1000,
  GoingAway: 1001,
  ProtocolError: 1002,
  UnsupportedPayload: 1003,
  InvalidText: 1007,
  PolicyViolation: 1008,
  TooBig: 1009,
  InternalError: 1011,
} as const;
/** One of the close codes this side sends. */
export type CloseCode = (typeof CLOSE_CODE)[keyof typeof CLOSE_CODE];

/** Most bytes of a frame header: 2, 8 of length, 4 of masking key. */
export const MAX_FRAME_HEADER_BYTES = 14;

/** Bytes of the header of an unmasked frame: 2, 4 or 10. */
export function webSocketHeaderBytes(payloadBytes: number): number {
  return payloadBytes < 126 ? 2 : payloadBytes < 65_536 ? 4 : 10;
}

/** Bytes of a whole unmasked frame, header and payload, for a payload of `payloadBytes`. */
export function webSocketFrameBytes(payloadBytes: number): number {
  return webSocketHeaderBytes(payloadBytes) + payloadBytes;
}

/**
 * Writes the header of an unmasked, unfragmented frame (RFC 6455 section 5.2); binary unless `opcode` says
 * otherwise.
 *
 * ```
 *  0                   1                   2                   3
 * |F|R|R|R| opcode|M| length 7  |  length 16 if 126, 64 if 127 ...
 * ```
 *
 * @param target Where to write; may be a view of shared memory.
 * @param offset Offset in `target` of the first header byte.
 * @param payloadBytes Length of the payload, 0 to 2^53 - 1.
 * @returns Bytes written: 2, 4 or 10.
 */
// params: hot path
export function writeWebSocketHeaderInto(
  target: Uint8Array,
  offset: number,
  payloadBytes: number,
  opcode: Opcode = OPCODE.Binary,
): number {
  target[offset] = 0x80 | opcode;
  if (payloadBytes < 126) {
    target[offset + 1] = payloadBytes;
    return 2;
  }
  if (payloadBytes < 65_536) {
    target[offset + 1] = 126;
    target[offset + 2] = payloadBytes >>> 8;
    target[offset + 3] = payloadBytes & 0xff;
    return 4;
  }
  target[offset + 1] = 127;
  const high = Math.floor(payloadBytes / 2 ** 32);
  for (let i = 0; i < 4; i++) {
    target[offset + 2 + i] = high >>> (24 - 8 * i) & 0xff;
    target[offset + 6 + i] = payloadBytes >>> (24 - 8 * i) & 0xff;
  }
  return 10;
}
