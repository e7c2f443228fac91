import { FormatError } from "#errors";

/** A date, a time, or both. */
interface VariantTime {
  readonly type: "timestamp" | "date" | "time";
  readonly seconds: number;
}

const FORM = {
  timestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z?$/,
  date: /^\d{4}-\d\d-\d\d$/,
  time: /^\d\d:\d\d:\d\d(\.\d{1,3})?$/,
} as const;

/** As the original writes it: `2026-11-25T10:30:00.000`, `2026-11-25` or `10:30:00.000`, UTC. */
export function timeText({ type, seconds }: VariantTime): string {
  const text = new Date(seconds * 1000).toISOString().replace("Z", "");
  if (type === "timestamp") return text;
  const [date = "", time = ""] = text.split("T");
  return type === "date" ? date : time;
}

/**
 * Reads what `timeText` writes; a part of a second is dropped.
 *
 * @throws {FormatError} If it is no such text.
 */
export function parseTimeText(type: VariantTime["type"], text: string): VariantTime {
  const trimmed = text.trim();
  const iso = type === "time" ? `1970-01-01T${trimmed}` : type === "date" ? `${trimmed}T00:00:00` : trimmed;
  const ms = FORM[type].test(trimmed) ? Date.parse(`${iso.replace(/Z$/, "")}Z`) : NaN;
  if (Number.isNaN(ms)) {
    throw new FormatError(`Cannot read Variant: ${JSON.stringify(trimmed.slice(0, 40))} is no ${type}`);
  }
  return { type, seconds: Math.floor(ms / 1000) };
}
