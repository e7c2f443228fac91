/** Most ranges of one request that are answered; with more the whole comes. */
export const MAX_RANGES = 16;
/** Digits of a byte position: up to 2^49. */
const MAX_DIGITS = 15;

/** Bytes from `start` to before `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** What a request wants of a body. */
export type RangeWish = "whole" | "unsatisfiable" | readonly ByteRange[];

/**
 * Reads a Range header: RFC 9110 section 14.1.2 and 14.2.
 *
 * @param header `null` where the request has none.
 * @param sizeBytes Of the whole.
 * @returns Ranges within the whole, in the order asked for, those that overlap joined; `whole` where the header is
 * not understood, names more than `MAX_RANGES`, or all of it.
 */
export function readRanges(header: string | null, sizeBytes: number): RangeWish {
  const list = /^bytes=(.+)$/i.exec(header?.trim() ?? "")?.[1];
  if (list === undefined) return "whole";
  const specs = list.split(",").map((spec) => spec.trim()).filter((spec) => spec !== "");
  if (specs.length === 0 || specs.length > MAX_RANGES) return "whole";
  const ranges: ByteRange[] = [];
  for (const spec of specs) {
    const range = readRange(spec, sizeBytes);
    if (range === undefined) return "whole";
    if (range.end > range.start) ranges.push(range);
  }
  if (ranges.length === 0) return "unsatisfiable";
  const joined = joinOverlapping(ranges);
  return joined.length === 1 && joined[0]!.end - joined[0]!.start === sizeBytes && specs.length > 1
    ? "whole"
    : joined;
}

/** One range; empty where it cannot be satisfied, `undefined` where it is malformed. */
function readRange(spec: string, sizeBytes: number): ByteRange | undefined {
  const match = /^(\d*)-(\d*)$/.exec(spec);
  if (match === null) return undefined;
  const [, first = "", last = ""] = match;
  if (first.length > MAX_DIGITS || last.length > MAX_DIGITS || first === "" && last === "") return undefined;
  if (first === "") return { start: Math.max(0, sizeBytes - Number(last)), end: sizeBytes };
  const start = Number(first);
  if (last !== "" && Number(last) < start) return undefined;
  const end = last === "" ? sizeBytes : Math.min(sizeBytes, Number(last) + 1);
  return { start, end: Math.max(start, end) };
}

/** As they are, if none overlaps another; otherwise in order of place. */
function joinOverlapping(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const sorted = ranges.toSorted((a, b) => a.start - b.start);
  const joined: ByteRange[] = [];
  for (const range of sorted) {
    const last = joined.at(-1);
    if (last === undefined || range.start >= last.end) joined.push(range);
    else joined[joined.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
  }
  return joined.length === ranges.length ? ranges : joined;
}
