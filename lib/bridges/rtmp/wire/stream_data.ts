import { type AmfValue, decodeAmf0Values, encodeAmf0Values } from "#amf";
import { FormatError, LimitError } from "#errors";
import type { Packet } from "#media";
import type { DataAction } from "#protocols/rtmp";
import type { Stream } from "#streaming";

/** A message of data on a stream: a function of those who get it, and its values. */
export interface StreamMessage {
  readonly name: string;
  readonly values: readonly AmfValue[];
}

/** `onMetaData` as an AMF0 string: marker, length, text. */
const ON_META_DATA = new TextEncoder().encode("\x02\x00\x0aonMetaData");

/**
 * Makes a packet of a data message.
 *
 * @param message `payload` is AMF0 values, the name first; copied.
 * @param dtsUs Time in the stream, in microseconds.
 */
export function dataPacket(
  { action, payload }: { readonly action: DataAction; readonly payload: Uint8Array },
  dtsUs: number,
): Packet {
  const isMetadata = action === "set" || startsWith(payload, ON_META_DATA);
  return {
    kind: "data",
    trackId: 0,
    codec: "script",
    role: action === "clear" ? "clear" : isMetadata ? "metadata" : "data",
    dtsUs,
    ptsUs: dtsUs,
    isKeyFrame: false,
    payload: payload.slice(),
  };
}

/**
 * Sends a message to everybody who plays `stream`, in order with its media; `onMetaData` to those who come later, too.
 *
 * @returns Whether somebody publishes it; otherwise nothing is sent.
 */
export function sendOnStream(stream: Stream, message: StreamMessage): boolean {
  if (stream.publisher === undefined) return false;
  stream.append(
    dataPacket({ action: "relay", payload: encodeStreamMessage(message) }, stream.newestDtsUs ?? 0),
  );
  return true;
}

/** AMF0 values, the name first. */
export function encodeStreamMessage({ name, values }: StreamMessage): Uint8Array {
  return encodeAmf0Values([name, ...values]);
}

/** Reads AMF0 values, the name first; `undefined` where they are cut short, too many, or do not begin with a name. */
export function decodeStreamMessage(payload: Uint8Array): StreamMessage | undefined {
  try {
    const [name, ...values] = decodeAmf0Values(payload);
    return typeof name === "string" ? { name, values } : undefined;
  } catch (error) {
    if (error instanceof FormatError || error instanceof LimitError) return undefined;
    throw error;
  }
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false;
  return true;
}
