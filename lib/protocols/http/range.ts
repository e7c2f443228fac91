/** A part of a representation, both ends included. */
export interface ByteRange {
  /** Offset of the first byte. */
  readonly first: number;
  /** Offset of the last byte. */
  readonly last: number;
}

/**
 * Parses a Range header for a representation of `sizeBytes` bytes (RFC 9110 section 14.2).
 *
 * Only one range of bytes is served; several ranges, another unit or bad syntax count as no header, which
 * the RFC allows.
 *
 * @param header Value of the Range header; `undefined` where there is none.
 * @param sizeBytes Size of the representation, 0 or more.
 * @returns The range, clipped to the size; `"unsatisfiable"` for status 416; `undefined` to send the whole.
 */
export function parseRange(
  header: string | undefined,
  sizeBytes: number,
): ByteRange | "unsatisfiable" | undefined {
  const match = header === undefined
    ? null
    : /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(header.replaceAll(" ", ""));
  if (match === null) return undefined;
  const first = match[1]!;
  const last = match[2]!;
  if (first === "") {
    if (last === "") return undefined;
    const suffixBytes = Number(last);
    if (suffixBytes === 0 || sizeBytes === 0) return "unsatisfiable";
    return { first: Math.max(0, sizeBytes - suffixBytes), last: sizeBytes - 1 };
  }
  if (last !== "" && Number(last) < Number(first)) return undefined;
  if (Number(first) >= sizeBytes) return "unsatisfiable";
  return { first: Number(first), last: last === "" ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1) };
}
