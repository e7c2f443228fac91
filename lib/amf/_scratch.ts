import { ByteWriter } from "#bytes";

/** Largest message whose memory is kept for the next one. */
const MAX_KEPT_BYTES = 65_536;

/** The writer between two messages; `undefined` while one is written. */
let idle: ByteWriter | undefined;

/**
 * Encodes one message in memory that the last one used: a command then allocates its result and nothing else.
 *
 * @param write Writes the message; may encode another one meanwhile.
 * @returns Bytes owned by the caller.
 */
export function encodeWith(write: (writer: ByteWriter) => void): Uint8Array<ArrayBuffer> {
  const writer = idle?.reset() ?? new ByteWriter();
  idle = undefined;
  write(writer);
  const bytes = writer.take();
  if (bytes.length <= MAX_KEPT_BYTES) idle = writer;
  return bytes;
}
