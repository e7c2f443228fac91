import type { ChunkProtocol } from "../chunk_protocol.ts";
import { OUTBOUND_CHUNK_BYTES, WINDOW_ACK_BYTES } from "../limits.ts";
import type { RtmpCommand } from "../message/command.ts";
import { encodePeerBandwidth, encodeUserControl } from "../message/control_message.ts";
import { MESSAGE_TYPE, PEER_BANDWIDTH_LIMIT, USER_CONTROL_EVENT } from "../message/message_type.ts";
import { type AmfProperties, STATUS_CODE, statusObject } from "../message/status.ts";
import type { ConnectAnswer } from "./application.ts";

/** Sizes that the answer to `connect` announces. */
export interface ConnectReplyOptions {
  /** Chunk size of everything sent from then on, in bytes. @default {OUTBOUND_CHUNK_BYTES} */
  readonly outboundChunkBytes?: number;
  /** Window and peer bandwidth, in bytes. @default {WINDOW_ACK_BYTES} */
  readonly windowAckBytes?: number;
}

/** An answer and what it answers. */
interface ConnectReply<Answer> {
  readonly transactionId: number;
  readonly objectEncoding: number;
  readonly answer: Answer;
}

type Accepted = Extract<ConnectAnswer, { isAccepted: true }>;
type Rejected = Extract<ConnectAnswer, { isAccepted: false }>;

/** What `_result` of `connect` says of the server, as players know it. */
const SERVER_PROPERTIES: AmfProperties = { fmsVer: "FMS/3,0,1,123", capabilities: 31, mode: 1 };

/** Announces window, bandwidth and chunk size, and that message stream 0 begins. */
export function announceSizes(protocol: ChunkProtocol, options: ConnectReplyOptions): void {
  const windowBytes = options.windowAckBytes ?? WINDOW_ACK_BYTES;
  protocol.announceWindow(windowBytes);
  protocol.sendControl(
    MESSAGE_TYPE.SetPeerBandwidth,
    encodePeerBandwidth({ windowBytes, limitType: PEER_BANDWIDTH_LIMIT.Dynamic }),
  );
  // FFmpeg as an encrypted publisher answers SetChunkSize with the same packet, encrypts it in place, and then
  // takes its own chunk size from there: it is told nothing, since only a player needs it
  if (!protocol.isHandshakeBelow) announceChunkSize(protocol, options);
  const begin = encodeUserControl(USER_CONTROL_EVENT.StreamBegin, { value: 0 });
  protocol.sendControl(MESSAGE_TYPE.UserControl, begin);
}

/** Announces the chunk size, unless that was done. */
export function announceChunkSize(protocol: ChunkProtocol, options: ConnectReplyOptions): void {
  const sizeBytes = options.outboundChunkBytes ?? OUTBOUND_CHUNK_BYTES;
  if (protocol.outboundChunkSize !== sizeBytes) protocol.setOutboundChunkSize(sizeBytes);
}

/** The `_result` of an accepted `connect`: RTMP 1.0, section 7.2.1.1. */
export function acceptedReply(reply: ConnectReply<Accepted>): RtmpCommand {
  const { transactionId, objectEncoding, answer } = reply;
  const information = statusObject({
    code: STATUS_CODE.ConnectSuccess,
    description: "Connection succeeded.",
    properties: { objectEncoding, ...answer.information },
  });
  const commandObject = { ...SERVER_PROPERTIES, ...answer.properties };
  return { name: "_result", transactionId, commandObject, args: [information] };
}

/** The `_error` of a rejected `connect`. */
export function rejectedReply(reply: ConnectReply<Rejected>): RtmpCommand {
  const { transactionId, answer } = reply;
  const { code = STATUS_CODE.ConnectRejected, description, information = {} } = answer;
  const status = statusObject({ level: "error", code, description, properties: information });
  return { name: "_error", transactionId, commandObject: null, args: [status] };
}
