import { type AmfValue, decodeAmf0Values, encodeAmf0Values } from "#amf";
import { ProtocolError } from "#errors";
import { MESSAGE_TYPE } from "./message_type.ts";

/** A command message: RTMP 1.0, section 7.1.1. */
export interface RtmpCommand {
  readonly name: string;
  /** Joins a call and its `_result` or `_error`; 0 where no answer is wanted. */
  readonly transactionId: number;
  /** Properties of `connect` and of results; `null` in most other commands. */
  readonly commandObject: AmfValue;
  /** Values after the command object. */
  readonly args: readonly AmfValue[];
}

/** First byte of an AMF0 string: what an AMF3 command starts with if its format byte is missing. */
const AMF0_STRING_MARKER = 0x02;

/**
 * Decodes a command message of type 20 (AMF0) or 17 (AMF3: a format byte, then AMF0 values that may switch).
 *
 * A missing transaction ID counts as 0, because some encoders leave it out of commands that need no answer.
 *
 * @param messageTypeId 20 or 17.
 * @param payload Borrowed during the call; values are copied.
 * @throws {ProtocolError} If it does not start with a name, or the format byte is not 0.
 * @throws {FormatError} If a value is malformed.
 * @throws {LimitError} If it exceeds the budget of AMF.
 */
export function decodeCommand(messageTypeId: number, payload: Uint8Array): RtmpCommand {
  const body = messageTypeId === MESSAGE_TYPE.CommandAmf3 ? withoutFormatByte(payload) : payload;
  const [name, transactionId, commandObject, ...args] = decodeAmf0Values(body);
  if (typeof name !== "string" || name === "") {
    throw new ProtocolError(`Cannot read command: its name must be a text, is ${typeof name}`);
  }
  return {
    name,
    transactionId: typeof transactionId === "number" ? transactionId : 0,
    commandObject,
    args,
  };
}

/**
 * Encodes the payload of an AMF0 command message, type 20.
 *
 * @returns A new array, owned by the caller.
 */
export function encodeCommand(command: RtmpCommand): Uint8Array<ArrayBuffer> {
  return encodeAmf0Values([command.name, command.transactionId, command.commandObject, ...command.args]);
}

/**
 * Takes the format byte off the payload of an AMF3 message, type 15 or 17.
 *
 * @throws {ProtocolError} If the format is not 0: Enhanced RTMP v2, "AMF3 clarifications".
 */
export function withoutFormatByte(payload: Uint8Array): Uint8Array {
  const format = payload[0];
  if (format === 0) return payload.subarray(1);
  if (format === undefined || format === AMF0_STRING_MARKER) return payload;
  throw new ProtocolError(`Cannot read AMF3 message: format byte must be 0, is ${format}`);
}
