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
 * A stream's name is taken as `play` takes it: of `flv:a` and `a.flv` the file is `a`. A colon, which Windows has for
 * drives, becomes `_`.
 *
 * @param template `{app}` and `{stream}` are replaced by those names, `%Y %m %d %H %M %S %y %F %s` by parts of the
 * date, as strftime does. Matches `RECORDING_NAME_PATTERN`.
 */
export function formatRecordingName(template: string, recording: NamedRecording): string {
  const date = new Date(recording.wallMs);
  return template.replace(/%(.)|\{(app|stream)\}/g, (whole, letter: string | undefined, name: string) => {
    if (letter !== undefined) return DATE_PARTS[letter]?.(date) ?? whole;
    return name === "app" ? recording.appName : bareName(recording.streamName);
  });
}

function bareName(written: string): string {
  const { streamName } = splitStreamName(written);
  const bare = formatOfName(streamName) === undefined ? streamName : streamName.replace(/\.[^.]*$/, "");
  return (bare === "" ? streamName : bare).replaceAll(":", "_");
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
