/** Reads three bytes at `at`, which must be there; HOT. */
export function readU24(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 16 | bytes[at + 1]! << 8 | bytes[at + 2]!;
}

/** Reads four bytes at `at`, which must be there; HOT. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!) >>> 0;
}

/** Reads four bytes at `at`, the lowest first, which must be there; HOT. */
export function readU32Le(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24) >>> 0;
}

/** Whether what there is of four bytes at `at` agrees with `value`; no bytes agree with any value. */
// params: hot path
export function startsWithU32(bytes: Uint8Array, at: number, value: number): boolean {
  for (let i = 0; i < 4 && at + i < bytes.length; i++) {
    if (bytes[at + i] !== (value >>> (24 - 8 * i) & 0xff)) return false;
  }
  return true;
}
