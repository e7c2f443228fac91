/** Message type IDs: RTMP 1.0, sections 5.4, 6 and 7.1. */
export const MESSAGE_TYPE = {
  SetChunkSize: 1, // 5.4.1
  Abort: 2, // 5.4.2
  Acknowledgement: 3, // 5.4.3
  UserControl: 4, // 6.2
  WindowAckSize: 5, // 5.4.4
  SetPeerBandwidth: 6, // 5.4.5
  Audio: 8, // 7.1.4
  Video: 9, // 7.1.5
  DataAmf3: 15, // 7.1.2
  SharedObjectAmf3: 16, // 7.1.3
  CommandAmf3: 17, // 7.1.1
  DataAmf0: 18, // 7.1.2
  SharedObjectAmf0: 19, // 7.1.3
  CommandAmf0: 20, // 7.1.1
  Aggregate: 22, // 7.1.6
} as const;

/** One of the message type IDs that RTMP defines. */
export type MessageType = typeof MESSAGE_TYPE[keyof typeof MESSAGE_TYPE];

/** Event types of user control messages: RTMP 1.0, section 7.1.7; 26, 27, 31 and 32 are Flash Media Server's. */
export const USER_CONTROL_EVENT = {
  StreamBegin: 0,
  StreamEof: 1,
  StreamDry: 2,
  SetBufferLength: 3,
  StreamIsRecorded: 4,
  PingRequest: 6,
  PingResponse: 7,
  SwfVerifyRequest: 26,
  SwfVerifyResponse: 27,
  BufferEmpty: 31,
  BufferReady: 32,
} as const;

/** One of the known event types of user control messages. */
export type UserControlEvent = typeof USER_CONTROL_EVENT[keyof typeof USER_CONTROL_EVENT];

/** Limit types of Set Peer Bandwidth: RTMP 1.0, section 5.4.5. */
export const PEER_BANDWIDTH_LIMIT = { Hard: 0, Soft: 1, Dynamic: 2 } as const;

/** How a peer bandwidth is to be taken. */
export type PeerBandwidthLimit = typeof PEER_BANDWIDTH_LIMIT[keyof typeof PEER_BANDWIDTH_LIMIT];

/**
 * Chunk stream IDs this server and client send on. 2 is fixed by RTMP 1.0, section 5.3; the others are
 * convention.
 */
export const CHUNK_STREAM_ID = {
  Control: 2,
  Command: 3,
  Audio: 4,
  Data: 5,
  Video: 6,
  StreamCommand: 8,
} as const;
