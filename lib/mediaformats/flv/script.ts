import { Amf0Reader, type AmfLimits, type AmfValue, decodeAmf0Values, encodeAmf0Values } from "#amf";
import { ByteReader } from "#bytes";
import { FormatError } from "#errors";
import type { Packet, PacketRole } from "#media";

/** Script data: the name of a handler, and its arguments. FLV 10.1 section E.4.4, RTMP 1.0 section 7.1.2. */
export interface ScriptData {
  /** `onMetaData`, `onCuePoint`, `onTextData`, ... */
  readonly name: string;
  readonly values: AmfValue[];
}

/** What encoders put before the name to have the server keep the data for late joiners. */
const SET_DATA_FRAME = "@setDataFrame";
const CLEAR_DATA_FRAME = "@clearDataFrame";
const ON_META_DATA = "onMetaData";

/**
 * Decodes script data as it stands in an FLV tag or an RTMP data message.
 *
 * @param body AMF0 values; borrowed until the call returns.
 * @throws {FormatError} If the body is malformed, or does not begin with a name.
 * @throws {LimitError} If it exceeds `limits`.
 */
export function decodeScriptData(body: Uint8Array, limits?: AmfLimits): ScriptData {
  const [name, ...values] = decodeAmf0Values(body, limits);
  if (typeof name === "string") return { name, values };
  throw new FormatError(`Cannot read script data: the name at offset 0 is a ${typeof name}`, { offset: 0 });
}

/**
 * Encodes script data for an FLV tag or an RTMP data message.
 *
 * @returns Bytes owned by the caller.
 */
export function encodeScriptData(data: ScriptData): Uint8Array<ArrayBuffer> {
  return encodeAmf0Values([data.name, ...data.values]);
}

/**
 * Makes a packet of script data without decoding more than its name.
 *
 * `onMetaData` has role `metadata`; a leading `@setDataFrame` is taken off, because players expect the bare
 * name. `@clearDataFrame` has role `clear`; all else is `data`.
 *
 * @param body AMF0 values; kept, not copied: `payload` and `flvTagBody` are views of it.
 * @param dtsUs Time of the message, an integer.
 * @throws {FormatError} If the name after `@setDataFrame` is cut off.
 */
export function scriptTagToPacket(body: Uint8Array, dtsUs: number): Packet {
  let data = body;
  let name = readName(data);
  if (name?.text === SET_DATA_FRAME) {
    data = body.subarray(name.end);
    name = readName(data);
  }
  return {
    kind: "data",
    trackId: 0,
    codec: "script",
    role: roleOf(name?.text),
    dtsUs,
    ptsUs: dtsUs,
    isKeyFrame: false,
    payload: data,
    flvTagBody: data,
  };
}

function roleOf(name: string | undefined): PacketRole {
  if (name === ON_META_DATA) return "metadata";
  return name === CLEAR_DATA_FRAME ? "clear" : "data";
}

/** The string at the start of `body`, or `undefined` if there is another value or nothing. */
function readName(body: Uint8Array): { text: string; end: number } | undefined {
  if (body.length === 0) return undefined;
  const reader = new ByteReader(body);
  const isString = body[0] === 0x02;
  if (!isString) return undefined;
  const text = new Amf0Reader(reader).read();
  return typeof text === "string" ? { text, end: reader.offset } : undefined;
}
