import type { ByteSource } from "#bytes";
import { FormatError } from "#errors";

/** File header and the PreviousTagSize after it: FLV 10.1 section E.2. */
export const FLV_FILE_HEADER_BYTES = 13;

const HEADER_BYTES = 9;

/**
 * Refuses a source that does not begin as an FLV file.
 *
 * @throws {FormatError} If the signature is another, or the header is cut off.
 */
export async function checkSignature(source: ByteSource): Promise<void> {
  const head = new Uint8Array(HEADER_BYTES);
  const have = await source.readAt(0, head);
  const isFlv = head[0] === 0x46 && head[1] === 0x4c && head[2] === 0x56;
  if (have >= 3 && !isFlv) {
    throw new FormatError(
      `Cannot read FLV: the file begins with ${head.subarray(0, 3).toHex()}, not 464c56`,
      {
        offset: 0,
      },
    );
  }
  if (have < HEADER_BYTES) {
    throw new FormatError(`Cannot read FLV header: need ${HEADER_BYTES} bytes at offset 0, have ${have}`, {
      offset: have,
    });
  }
}
