import { Amf0Reader, Amf0Writer, type AmfValue } from "#amf";
import { ByteReader, ByteWriter, utf8Length } from "#bytes";
import { LimitError, ProtocolError } from "#errors";
import { MESSAGE_TYPE } from "./message_type.ts";

/** Events of shared object messages: RTMP 1.0, section 7.1.3. */
export const SHARED_OBJECT_EVENT = {
  Use: 1,
  Release: 2,
  RequestChange: 3,
  Change: 4,
  Success: 5,
  SendMessage: 6,
  Status: 7,
  Clear: 8,
  Remove: 9,
  RequestRemove: 10,
  UseSuccess: 11,
} as const;

/** Events in one message; a client that sets many properties at once sends that many. */
export const MAX_SHARED_OBJECT_EVENTS = 4_096;
/** Longest name of an object or property, in bytes of UTF-8. */
export const MAX_SHARED_OBJECT_NAME_BYTES = 256;

/** One event of a shared object message. */
export type SharedObjectEvent =
  /** A client connects to the object, or leaves it; the object is emptied; a client is connected. */
  | { readonly type: "use" | "release" | "clear" | "useSuccess" }
  /** A client wants a property set; it was set. */
  | { readonly type: "requestChange" | "change"; readonly name: string; readonly value: AmfValue }
  /** What a client wanted was done; a property was deleted; a client wants it deleted. */
  | { readonly type: "success" | "remove" | "requestRemove"; readonly name: string }
  /** A message for all clients: name of a function, then its values. */
  | { readonly type: "sendMessage"; readonly values: readonly AmfValue[] }
  | { readonly type: "status"; readonly code: string; readonly level: string };

/** A shared object message. */
export interface SharedObjectMessage {
  readonly name: string;
  /** Rises with each batch of changes. */
  readonly version: number;
  /** Whether the object outlives its clients. */
  readonly isPersistent: boolean;
  readonly events: readonly SharedObjectEvent[];
}

const PERSISTENT_FLAG = 2;

/**
 * Decodes a shared object message: RTMP 1.0, section 7.1.3, which leaves the inside to Flash Media Server.
 *
 * @param messageTypeId 19 (AMF0) or 16 (AMF3: a format byte, then the same with values that may switch to AMF3).
 * @param payload Borrowed.
 * @throws {ProtocolError} If an event is unknown or does not fit its length.
 * @throws {LimitError} If there are too many events, or a name is too long.
 */
export function decodeSharedObject(messageTypeId: number, payload: Uint8Array): SharedObjectMessage {
  const reader = new ByteReader(payload);
  if (messageTypeId === MESSAGE_TYPE.SharedObjectAmf3) {
    const format = reader.u8("format byte of shared object");
    if (format !== 0) {
      throw new ProtocolError(`Cannot read shared object: format byte must be 0, is ${format}`);
    }
  }
  const name = readName(reader, "shared object");
  const version = reader.u32("version of shared object");
  const isPersistent = (reader.u32("flags of shared object") & PERSISTENT_FLAG) !== 0;
  reader.bytes(4, "reserved field of shared object");
  const events: SharedObjectEvent[] = [];
  while (reader.remaining > 0) {
    if (events.length === MAX_SHARED_OBJECT_EVENTS) {
      throw new LimitError("MAX_SHARED_OBJECT_EVENTS", {
        value: events.length + 1,
        limit: MAX_SHARED_OBJECT_EVENTS,
      });
    }
    const type = reader.u8("type of shared object event");
    const length = reader.u32("length of shared object event");
    readEvent(type, new ByteReader(reader.bytes(length, "shared object event")), events);
  }
  return { name, version, isPersistent, events };
}

const PLAIN_EVENTS: ReadonlyMap<number, "use" | "release" | "clear" | "useSuccess"> = new Map([
  [SHARED_OBJECT_EVENT.Use, "use"],
  [SHARED_OBJECT_EVENT.Release, "release"],
  [SHARED_OBJECT_EVENT.Clear, "clear"],
  [SHARED_OBJECT_EVENT.UseSuccess, "useSuccess"],
]);
const VALUE_EVENTS: ReadonlyMap<number, "requestChange" | "change"> = new Map([
  [SHARED_OBJECT_EVENT.RequestChange, "requestChange"],
  [SHARED_OBJECT_EVENT.Change, "change"],
]);
const NAME_EVENTS: ReadonlyMap<number, "success" | "remove" | "requestRemove"> = new Map([
  [SHARED_OBJECT_EVENT.Success, "success"],
  [SHARED_OBJECT_EVENT.Remove, "remove"],
  [SHARED_OBJECT_EVENT.RequestRemove, "requestRemove"],
]);

/** Adds the events that one entry holds: a change may name several properties. */
function readEvent(code: number, reader: ByteReader, events: SharedObjectEvent[]): void {
  const plain = PLAIN_EVENTS.get(code);
  const valued = VALUE_EVENTS.get(code);
  const named = NAME_EVENTS.get(code);
  if (plain !== undefined) {
    events.push({ type: plain });
  } else if (valued !== undefined) {
    do {
      const name = readName(reader, "property of shared object");
      events.push({ type: valued, name, value: new Amf0Reader(reader).read() });
    } while (reader.remaining > 0 && events.length < MAX_SHARED_OBJECT_EVENTS);
  } else if (named !== undefined) {
    events.push({ type: named, name: readName(reader, "property of shared object") });
  } else if (code === SHARED_OBJECT_EVENT.SendMessage) {
    const values: AmfValue[] = [];
    const message = new Amf0Reader(reader);
    while (reader.remaining > 0) values.push(message.read());
    events.push({ type: "sendMessage", values });
  } else if (code === SHARED_OBJECT_EVENT.Status) {
    const status = readName(reader, "code of shared object status");
    events.push({ type: "status", code: status, level: readName(reader, "level of shared object status") });
  } else {
    throw new ProtocolError(`Cannot read shared object: there is no event ${code}`);
  }
}

function readName(reader: ByteReader, what: string): string {
  const length = reader.u16(`length of ${what}`);
  if (length > MAX_SHARED_OBJECT_NAME_BYTES) {
    throw new LimitError("MAX_SHARED_OBJECT_NAME_BYTES", {
      value: length,
      limit: MAX_SHARED_OBJECT_NAME_BYTES,
    });
  }
  return reader.utf8(length, what);
}

/**
 * Encodes a shared object message.
 *
 * @param messageTypeId 19 or 16, as the client speaks.
 * @throws {LimitError} If a value exceeds the bounds of AMF.
 */
export function encodeSharedObject(
  messageTypeId: number,
  message: SharedObjectMessage,
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  const isAmf3 = messageTypeId === MESSAGE_TYPE.SharedObjectAmf3;
  if (isAmf3) writer.u8(0);
  writeName(writer, message.name);
  writer.u32(message.version).u32(message.isPersistent ? PERSISTENT_FLAG : 0).u32(0);
  for (const event of message.events) {
    const body = new ByteWriter();
    writeEvent(body, event, isAmf3);
    const bytes = body.take();
    writer.u8(codeOf(event)).u32(bytes.length).bytes(bytes);
  }
  return writer.take();
}

function codeOf(event: SharedObjectEvent): number {
  const key = event.type[0]!.toUpperCase() + event.type.slice(1);
  return SHARED_OBJECT_EVENT[key as keyof typeof SHARED_OBJECT_EVENT];
}

function writeEvent(writer: ByteWriter, event: SharedObjectEvent, isAmf3: boolean): void {
  const values = new Amf0Writer(writer, { isAvmPlus: isAmf3 });
  switch (event.type) {
    case "requestChange":
    case "change":
      writeName(writer, event.name);
      values.write(event.value);
      return;
    case "success":
    case "remove":
    case "requestRemove":
      writeName(writer, event.name);
      return;
    case "sendMessage":
      for (const value of event.values) values.write(value);
      return;
    case "status":
      writeName(writer, event.code);
      writeName(writer, event.level);
  }
}

function writeName(writer: ByteWriter, name: string): void {
  writer.u16(utf8Length(name)).utf8(name);
}
