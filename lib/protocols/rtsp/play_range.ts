/** What a Range header asks for: RFC 2326 section 12.29. */
export type PlayRange =
  /** Of media time, in microseconds from its start; `undefined` for where it stands, `now` for what is live. */
  | { readonly kind: "npt"; readonly startUs: number | "now" | undefined; readonly endUs: number | undefined }
  /** Of wall time, in ms since 1970. */
  | { readonly kind: "clock"; readonly startMs: number }
  /** Of frames. */
  | { readonly kind: "smpte" };

const NPT = /^(?:now|(?:(\d{1,6}):(\d{1,2}):)?(\d{1,9}(?:\.\d*)?))$/i;
const CLOCK = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d(?:\.\d{1,9})?)Z$/i;

/**
 * Parses a Range header; a time at which to begin with it is left out.
 *
 * @returns `undefined` if it is malformed, or of another unit.
 */
export function parsePlayRange(text: string): PlayRange | undefined {
  const match = /^([a-z][\w-]*)\s*=\s*([^-;]*)-([^-;]*)(?:;.*)?$/i.exec(text.trim());
  if (match === null) return undefined;
  const [, unit = "", start = "", end = ""] = match.map((part) => part.trim());
  if (/^smpte/i.test(unit)) return { kind: "smpte" };
  if (/^clock$/i.test(unit)) {
    const startMs = clockMs(start);
    return startMs === undefined ? undefined : { kind: "clock", startMs };
  }
  if (!/^npt$/i.test(unit) || start === "" && end === "") return undefined;
  const [startUs, endUs] = [start, end].map((time) => time === "" ? undefined : nptUs(time));
  const isWhole = (start === "" || startUs !== undefined) && (end === "" || typeof endUs === "number");
  if (!isWhole) return undefined;
  if (typeof startUs === "number" && typeof endUs === "number" && endUs < startUs) return undefined;
  return { kind: "npt", startUs, endUs: endUs as number | undefined };
}

function nptUs(time: string): number | "now" | undefined {
  const match = NPT.exec(time);
  if (match === null) return undefined;
  const [, hours = "0", minutes = "0", seconds] = match;
  if (seconds === undefined) return "now";
  return Math.round((Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1e6);
}

function clockMs(time: string): number | undefined {
  const match = CLOCK.exec(time);
  if (match === null) return undefined;
  const [year, month, day, hour, minute] = match.slice(1, 6).map(Number);
  return Date.UTC(year!, month! - 1, day, hour, minute) + Math.round(Number(match[6]) * 1000);
}

/** Formats media time, in microseconds, as `npt` has it: `12.345`. */
export function formatNpt(timeUs: number): string {
  return (Math.max(0, timeUs) / 1e6).toFixed(3);
}

/** Formats wall time, in ms since 1970, as `clock` has it: `20260131T235959.123Z`. */
export function formatClock(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/[-:]/g, "");
}
