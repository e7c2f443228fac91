import { utf8Length } from "#bytes";
import { formatOfName } from "#mediaformats";
import { splitStreamName } from "#uri";

/** What a name is made of. */
export interface NamedRecording {
  readonly appName: string;
  readonly streamName: string;
  /** When the file starts, in ms since 1970. */
  readonly wallMs: number;
}

/** Parts of a date by their letters, as strftime has them; in the zone of this machine. */
const DATE_PARTS: Readonly<Record<string, (date: Date) => string>> = {
  Y: (date) => String(date.getFullYear()),
  y: (date) => two(date.getFullYear() % 100),
  m: (date) => two(date.getMonth() + 1),
  d: (date) => two(date.getDate()),
  H: (date) => two(date.getHours()),
  M: (date) => two(date.getMinutes()),
  S: (date) => two(date.getSeconds()),
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  F: (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`,
};

/** A template with what it may hold: date parts, names, and what may stand in a file name anyway. */
export const RECORDING_NAME_PATTERN: RegExp = new RegExp(
  `^(?:%[${Object.keys(DATE_PARTS).join("")}]|\\{app\\}|\\{stream\\}|[^%{}\\0])+$`,
);

/**
 * Makes the name of a file, without its extension.
 *
 * A stream's name is taken as `play` takes it: of `flv:a` and `a.flv` the file is `a`. What a file cannot be called
 * everywhere is escaped, so that two streams never have one file: see `portableName`.
 *
 * @param template `{app}` and `{stream}` are replaced by those names, `%Y %m %d %H %M %S %y %F %s` by parts of the
 * date, as strftime does. Matches `RECORDING_NAME_PATTERN`.
 */
export function formatRecordingName(template: string, recording: NamedRecording): string {
  const date = new Date(recording.wallMs);
  return template.replace(/%(.)|\{(app|stream)\}/g, (whole, letter: string | undefined, name: string) => {
    if (letter !== undefined) return DATE_PARTS[letter]?.(date) ?? whole;
    return portableName(name === "app" ? recording.appName : bareName(recording.streamName));
  });
}

function bareName(written: string): string {
  const { streamName } = splitStreamName(written);
  const bare = formatOfName(streamName) === undefined ? streamName : streamName.replace(/\.[^.]*$/, "");
  return bare === "" ? streamName : bare;
}

/** Longest part of a name, in bytes of UTF-8: a date, a number and an extension follow, and systems end at 240. */
const MAX_PART_BYTES = 180;
/** Names that mean a device to Windows whatever follows the dot. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])\s*(?:\.|$)/iu;
/** Colons, which Windows has for drives; a dot or space at the end of a part; what would be read as an escape. */
const ESCAPED = /:|[. ]$|~(?=[0-9A-F]{2}|$)/g;

/**
 * A name as files can be called on every system, one to one: `~` and two digits of hexadecimal stand for a character
 * (`~63on` is `con`), and a part that is too long goes on in the next one, behind a `~` at its end.
 */
function portableName(name: string): string {
  return name.split("/").map((part) => splitLong(escapePart(part)).join("~/")).join("/");
}

function escapePart(part: string): string {
  return escapeStart(part.replace(ESCAPED, escapeOf));
}

function escapeStart(part: string): string {
  return /^[. ]/.test(part) || DEVICE.test(part) ? escapeOf(part[0]!) + part.slice(1) : part;
}

function escapeOf(character: string): string {
  return `~${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

function splitLong(part: string): string[] {
  const pieces = [""];
  let bytes = 0;
  // an escape stays whole
  for (const [unit] of part.matchAll(/~[0-9A-F]{2}|./gsu)) {
    const length = utf8Length(unit);
    if (bytes + length > MAX_PART_BYTES) {
      pieces.push("");
      bytes = 0;
    }
    pieces[pieces.length - 1] += unit;
    bytes += length;
  }
  return pieces.map((piece, at) => at === 0 ? piece : escapeStart(piece));
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
