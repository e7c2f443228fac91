/** Frames for the tests of this folder. */
import { concatBytes } from "#bytes";
import { OPCODE, writeWebSocketHeaderInto } from "./mod.ts";

/** A frame as a client sends it; `isMasked: false` for one as a server sends it. */
export function frameOf(
  opcode: number,
  payload: ArrayLike<number>,
  options: { isFinal?: boolean; isMasked?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const { isFinal = true, isMasked = true } = options;
  const header = new Uint8Array(14);
  const length = writeWebSocketHeaderInto(header, 0, payload.length, OPCODE.Binary);
  header[0] = (isFinal ? 0x80 : 0) | opcode;
  const key = [0x37, 0xfa, 0x21, 0x3d];
  if (!isMasked) return concatBytes([header.subarray(0, length), Uint8Array.from(payload)]);
  header[1] = header[1]! | 0x80;
  const masked = Uint8Array.from(payload, (byte, i) => byte ^ key[i & 3]!);
  return concatBytes([header.subarray(0, length), Uint8Array.from(key), masked]);
}
