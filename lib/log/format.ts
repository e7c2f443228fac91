import { LOG_LEVEL, type LogLevel, logLevelName } from "./levels.ts";

/** One thing that happened, before any sink gave it a form. */
export interface LogEntry {
  /** Milliseconds since 1970-01-01 UTC. */
  readonly timeMs: number;
  readonly level: LogLevel;
  /** From the outermost logger in: `["rtmp", "192.0.2.7:50123"]`. */
  readonly scopes: readonly string[];
  /** Whom the connection is about, `live/x`; empty where nobody yet. */
  readonly subject: string;
  readonly message: string;
  /** Stack of the error that was logged with the message; empty where there is none. */
  readonly stack: string;
}

/** How `formatText` writes an entry. */
export interface TextFormat {
  /** Whether the time comes first. @default {true} */
  readonly hasTime?: boolean;
  /** Whether ANSI colours mark the level. @default {false} */
  readonly isColored?: boolean;
  /** Whether a stack is folded into the line instead of following it, indented. @default {false} */
  readonly isSingleLine?: boolean;
}

/** The longest message that is written whole, in UTF-16 units: peers choose parts of it. */
const MAX_MESSAGE_CHARS = 4096;
const LEVEL_WIDTH = "WARNING".length;

const DIM = "\x1b[2m";
const RESET = "\x1b[0m";
const LEVEL_COLORS: Readonly<Record<LogLevel, string>> = {
  [LOG_LEVEL.Fatal]: "\x1b[1;37;41m",
  [LOG_LEVEL.Error]: "\x1b[1;31m",
  [LOG_LEVEL.Warning]: "\x1b[33m",
  [LOG_LEVEL.Info]: "\x1b[36m",
  [LOG_LEVEL.Debug]: "\x1b[32m",
  [LOG_LEVEL.Fine]: DIM,
  [LOG_LEVEL.Finest]: DIM,
};

/**
 * Writes `entry` for people: `2026-01-31T12:00:00.000Z INFO    [rtmp] [192.0.2.7:50123] live/x: message`.
 *
 * One line, except for the lines of a stack. Nothing in the entry can start a line or reach the terminal.
 */
export function formatText(entry: LogEntry, format: TextFormat = {}): string {
  const [on, off, dim] = format.isColored ? [LEVEL_COLORS[entry.level], RESET, DIM] : ["", "", ""];
  const time = format.hasTime === false ? "" : `${dim}${new Date(entry.timeMs).toISOString()}${off} `;
  const level = on + logLevelName(entry.level).padEnd(LEVEL_WIDTH) + off;
  const scopes = entry.scopes.map((scope) => `[${escapeControls(scope)}] `).join("");
  const subject = entry.subject === "" ? "" : `${escapeControls(entry.subject)}: `;
  const line = `${time}${level} ${scopes}${subject}${boundedMessage(entry.message)}`;
  if (entry.stack === "") return line;
  if (format.isSingleLine) return `${line} | ${escapeControls(entry.stack)}`;
  return [line, ...entry.stack.split("\n").map((frame) => "    " + escapeControls(frame.trim()))].join("\n");
}

/** Writes `entry` as one JSON object on one line; empty parts are left out. */
export function formatJson(entry: LogEntry): string {
  return escapeControls(JSON.stringify({
    time: new Date(entry.timeMs).toISOString(),
    level: logLevelName(entry.level),
    scope: entry.scopes.length === 0 ? undefined : entry.scopes,
    subject: entry.subject === "" ? undefined : entry.subject,
    message: boundedMessage(entry.message),
    stack: entry.stack === "" ? undefined : entry.stack,
  }));
}

// C0 and C1 controls, DEL, line and paragraph separators, and the marks that turn the direction of text.
const CONTROLS = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
const SHORT_ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Returns `text` with its control characters as visible escapes: `\n`, `\r`, `\t`, `\u001b`. */
export function escapeControls(text: string): string {
  return text.replace(
    CONTROLS,
    (char) => SHORT_ESCAPES[char] ?? "\\u" + char.charCodeAt(0).toString(16).padStart(4, "0"),
  );
}

function boundedMessage(message: string): string {
  if (message.length <= MAX_MESSAGE_CHARS) return escapeControls(message);
  return `${escapeControls(message.slice(0, MAX_MESSAGE_CHARS))}... (${message.length} characters)`;
}
