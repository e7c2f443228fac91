/**
 * WebSocket (RFC 6455) as a transport protocol above HTTP (layer 3).
 *
 * ```ts
 * import { webSocketFrameBytes, writeWebSocketHeaderInto } from "#protocols/websocket";
 *
 * const payload = new Uint8Array([1, 2, 3]);
 * const frame = new Uint8Array(webSocketFrameBytes(payload.length));
 * frame.set(payload, writeWebSocketHeaderInto(frame, 0, payload.length));
 * console.log(frame); // Uint8Array(5) [ 130, 3, 1, 2, 3 ]
 * ```
 *
 * @module
 */
export {
  CLOSE_CODE,
  OPCODE,
  webSocketFrameBytes,
  webSocketHeaderBytes,
  writeWebSocketHeaderInto,
} from "./frame.ts";
export type { CloseCode, Opcode } from "./frame.ts";
export { acceptKeyOf, isWebSocketRequest } from "./handshake.ts";
export type { HandshakePolicy } from "./handshake.ts";
export {
  CLOSE_TIMEOUT_MS,
  MAX_FRAME_BYTES,
  MAX_MESSAGE_BYTES,
  MAX_QUEUED_PONG_BYTES,
  PING_INTERVAL_MS,
  WebSocketProtocol,
} from "./websocket_protocol.ts";
export type { WebSocketOptions } from "./websocket_protocol.ts";
