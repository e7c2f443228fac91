/**
 * RTMP (layer 3): handshakes, chunks, messages and the NetConnection, with no sockets and no streams.
 *
 * An application from above decides about connects, publishes and plays; media payloads pass unread.
 *
 * ```ts
 * import { ChunkReader, decodeCommand, encodeCommand, encodeMessage, MESSAGE_TYPE } from "#protocols/rtmp";
 *
 * const createStream = { name: "createStream", transactionId: 2, commandObject: null, args: [] };
 * const header = { chunkStreamId: 3, messageTypeId: 20, timestamp: 0, messageStreamId: 0, outboundChunkSize: 128 };
 * const wire = encodeMessage(header, encodeCommand(createStream));
 *
 * const reader = new ChunkReader({
 *   onMessage: (messageTypeId, _timestamp, _messageStreamId, payload) => {
 *     if (messageTypeId === MESSAGE_TYPE.CommandAmf0) console.log(decodeCommand(messageTypeId, payload).name);
 *   },
 * });
 * reader.push(wire); // createStream
 * ```
 *
 * @module
 */
export { RtmpProtocol } from "./rtmp_protocol.ts";
export type { RtmpProtocolOptions } from "./rtmp_protocol.ts";
export type { ConnectReplyOptions } from "./session/connect_reply.ts";
export { RtmpClientProtocol } from "./client_protocol.ts";
export type { ClientConnectOptions, ClientConnectResult, RtmpClientOptions } from "./client_protocol.ts";
export { ClientStream } from "./client/client_stream.ts";
export type { ClientStreamClient, ClientStreamOwner } from "./client/client_stream.ts";
export type { SwfFacts } from "./client/swf_verification.ts";
export { RtmpRefusalError } from "./session/refusal.ts";
export { ChunkProtocol } from "./chunk_protocol.ts";
export type { ChunkProtocolOptions, Handshake, OutboundMessage } from "./chunk_protocol.ts";
export { ServerHandshake } from "./handshake/server_handshake.ts";
export type {
  HandshakeKind,
  ServerHandshakeOptions,
  ServerHandshakeState,
} from "./handshake/server_handshake.ts";
export {
  DIGEST_BYTES,
  digestOffset,
  findDigest,
  HANDSHAKE_BYTES,
  isAnswerValid,
  signAnswer,
  signHello,
} from "./handshake/digest.ts";
export type { AnswerSigner, DigestScheme, FoundDigest, HandshakeSide } from "./handshake/digest.ts";
export { PacketCollector } from "./handshake/packet_collector.ts";
export { ClientHandshake } from "./handshake/client_handshake.ts";
export type { ClientHandshakeOptions } from "./handshake/client_handshake.ts";
export {
  CHUNK_STREAM_ID,
  MESSAGE_TYPE,
  PEER_BANDWIDTH_LIMIT,
  USER_CONTROL_EVENT,
} from "./message/message_type.ts";
export type { MessageType, PeerBandwidthLimit, UserControlEvent } from "./message/message_type.ts";
export { ChunkReader } from "./chunk/chunk_reader.ts";
export type { ChunkConsumer, ChunkReaderOptions } from "./chunk/chunk_reader.ts";
export { encodedMessageBytes, encodeMessage, encodeMessageInto } from "./chunk/chunk_writer.ts";
export type { MessageHeader } from "./chunk/chunk_writer.ts";
export { STATUS_CODE, statusObject } from "./message/status.ts";
export type { AmfProperties, NetStatus, StatusCode, StatusLevel } from "./message/status.ts";
export {
  decodePeerBandwidth,
  decodeU32Payload,
  decodeUserControl,
  encodePeerBandwidth,
  encodeU32Payload,
  encodeUserControl,
} from "./message/control_message.ts";
export type { PeerBandwidth, UserControlMessage } from "./message/control_message.ts";
export { splitAggregate } from "./message/aggregate.ts";
export type { AggregatePart } from "./message/aggregate.ts";
export { decodeCommand, encodeCommand, withoutFormatByte } from "./message/command.ts";
export type { RtmpCommand } from "./message/command.ts";
export { unwrapDataMessage, wrapDataFrame } from "./message/data_message.ts";
export type { DataAction, DataMessage } from "./message/data_message.ts";
export { SILENT_LOG } from "./session/application.ts";
export type {
  CallAnswer,
  ConnectAnswer,
  NetStream,
  NetStreamClient,
  NetStreamCommand,
  NetStreamState,
  RtmpApplication,
  RtmpLog,
  RtmpSession,
} from "./session/application.ts";
export { CAPS_EX_FLAG, FOUR_CC_FLAG, parseCapabilities, parseConnect } from "./session/connect_request.ts";
export type { ConnectRequest, EnhancedCapabilities } from "./session/connect_request.ts";
export { parsePlay, parsePublish, parseStreamName } from "./session/stream_request.ts";
export type {
  PlayRequest,
  PlayStart,
  PublishRequest,
  PublishType,
  StreamName,
} from "./session/stream_request.ts";
export {
  CONNECT_TIMEOUT_MS,
  DECISION_TIMEOUT_MS,
  HANDSHAKE_TIMEOUT_MS,
  INITIAL_CHUNK_BYTES,
  MAX_CHUNK_STREAMS,
  MAX_HELD_INPUT_BYTES,
  MAX_MESSAGE_BYTES,
  MAX_MESSAGE_STREAMS,
  MAX_NAME_LENGTH,
  MAX_PARTIAL_BYTES,
  MAX_PENDING_CALLS,
  MAX_QUEUED_OUTPUT_BYTES,
  MAX_SESSION_WARNINGS,
  MIN_WINDOW_ACK_BYTES,
  OUTBOUND_CHUNK_BYTES,
  PING_INTERVAL_MS,
  PING_TIMEOUT_MS,
  REFUSED_MEDIA_MS,
  WINDOW_ACK_BYTES,
} from "./limits.ts";
export {
  decodeSharedObject,
  encodeSharedObject,
  MAX_SHARED_OBJECT_EVENTS,
  MAX_SHARED_OBJECT_NAME_BYTES,
  SHARED_OBJECT_EVENT,
} from "./message/shared_object.ts";
export type { SharedObjectEvent, SharedObjectMessage } from "./message/shared_object.ts";
