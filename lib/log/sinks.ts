import { ConfigError, errorMessage } from "#errors";
import { type BaseHandler, ConsoleHandler, FileHandler, LogRecord, RotatingFileHandler } from "@std/log";
import { formatJson, formatText, type LogEntry } from "./format.ts";
import { LOG_LEVEL, type LogLevel, stdLevelOf } from "./levels.ts";

/** Where entries go. */
export interface LogSink {
  /** For messages about the sink itself. */
  readonly name: string;
  /** Takes entries of this level and below. */
  readonly level: LogLevel;
  /** Writes one entry; may throw, which costs this entry only. */
  write(entry: LogEntry): void;
  /** Writes out what is held back. */
  flush(): void;
  /** Opens its file again, where it has one, which may have been renamed. */
  reopen?(): void;
  /** Flushes, and frees what the sink holds. */
  close(): void;
}

/** The kinds of sink a configuration may name. */
export const LOG_SINK_TYPES = ["console", "coloredConsole", "json", "file"] as const;

/** One of LOG_SINK_TYPES. */
export type LogSinkType = typeof LOG_SINK_TYPES[number];

/** What one sink is made from: an entry of `logAppenders`. */
export interface LogSinkOptions {
  /** For messages about the sink. */
  readonly name: string;
  /** Where its lines go. */
  readonly type: LogSinkType;
  /** Takes entries of this level and below. */
  readonly level: LogLevel;
  /** Whether stacks are folded into their line. @default {false} */
  readonly singleLine?: boolean;
  /** Path of the file; needed by type `file` only. */
  readonly fileName?: string;
  /** Bytes at which a file is rotated; 0 never. @default {0} */
  readonly fileLength?: number;
  /** How many rotated files are kept, 1 or more: `fileName.1` is the newest. @default {1} */
  readonly fileHistorySize?: number;
}

/**
 * Opens the sink that `options` describe.
 *
 * @param options Its kind, level and, for a file, its path.
 * @throws {ConfigError} If the file cannot be opened, or type `file` has no name.
 */
export function openSink(options: LogSinkOptions): LogSink {
  const handler = options.type === "file" ? openFile(options) : consoleHandler();
  const format = options.type === "json" ? formatJson : (entry: LogEntry) =>
    formatText(entry, {
      isColored: options.type === "coloredConsole",
      isSingleLine: options.singleLine ?? false,
    });
  return new HandlerSink(handler, { ...options, format });
}

/** Keeps entries in memory, newest last; for tests and for a page that shows the last lines. */
export class MemorySink implements LogSink {
  readonly name = "memory";
  readonly level: LogLevel;
  /** What was logged, oldest first. */
  readonly entries: LogEntry[] = [];
  readonly #maxEntries: number;

  /** @param options `level` to take, FINEST if absent; `maxEntries` to keep, 1000 if absent. */
  constructor(options: { level?: LogLevel; maxEntries?: number } = {}) {
    this.level = options.level ?? LOG_LEVEL.Finest;
    this.#maxEntries = options.maxEntries ?? 1000;
  }

  write(entry: LogEntry): void {
    this.entries.push(entry);
    if (this.entries.length > this.#maxEntries) this.entries.shift();
  }

  /** The entries as text without time. */
  lines(): string[] {
    return this.entries.map((entry) => formatText(entry, { hasTime: false, isSingleLine: true }));
  }

  flush(): void {}
  close(): void {}
}

/** Most lines held for the console until the next flush. */
const MAX_HELD_LINES = 256;

/** A handler of `@std/log` behind our levels and forms. */
class HandlerSink implements LogSink {
  readonly name: string;
  readonly level: LogLevel;
  readonly #handler: BaseHandler;
  readonly #format: (entry: LogEntry) => string;
  /** Lines that wait for the console, and the gravest level among them. */
  #lines: string[] = [];
  #level: LogLevel = LOG_LEVEL.Finest;

  constructor(
    handler: BaseHandler,
    options: { name: string; level: LogLevel; format: (entry: LogEntry) => string },
  ) {
    this.name = options.name;
    this.level = options.level;
    this.#handler = handler;
    this.#format = options.format;
  }

  write(entry: LogEntry): void {
    const msg = this.#format(entry);
    if (!(this.#handler instanceof ConsoleHandler)) return this.#handle(msg, entry.level);
    // lines that come within a tenth of a second are one write: a thousand players that join are not a thousand
    this.#lines.push(msg);
    this.#level = Math.min(this.#level, entry.level) as LogLevel;
    if (this.#lines.length >= MAX_HELD_LINES) this.#print();
  }

  #print(): void {
    if (this.#lines.length === 0) return;
    const text = this.#lines.join("\n");
    const level = this.#level;
    this.#lines = [];
    this.#level = LOG_LEVEL.Finest;
    this.#handle(text, level);
  }

  #handle(msg: string, level: LogLevel): void {
    this.#handler.handle(new LogRecord({ msg, args: [], level: stdLevelOf(level), loggerName: this.name }));
  }

  flush(): void {
    this.#print();
    if (this.#handler instanceof FileHandler) this.#handler.flush();
  }

  reopen(): void {
    if (!(this.#handler instanceof FileHandler)) return;
    this.#handler.destroy();
    this.#handler.setup();
  }

  close(): void {
    this.#print();
    this.#handler.destroy();
  }
}

const messageOnly = (record: LogRecord): string => record.msg;

function consoleHandler(): BaseHandler {
  return new ConsoleHandler("NOTSET", { useColors: false, formatter: messageOnly });
}

function openFile(options: LogSinkOptions): BaseHandler {
  const { name, fileName = "", fileLength = 0, fileHistorySize = 1 } = options;
  if (fileName === "") throw new ConfigError(`Cannot open log appender ${name}: a file needs a fileName`);
  const named = { filename: fileName, formatter: messageOnly };
  const handler = fileLength > 0
    ? new RotatingFileHandler("NOTSET", { ...named, maxBytes: fileLength, maxBackupCount: fileHistorySize })
    : new FileHandler("NOTSET", named);
  try {
    handler.setup();
  } catch (cause) {
    // The runtime appends the operation and the path: `...: open 'logs/crtmp.log'`.
    const reason = errorMessage(cause).replace(/: \w+ '.*'$/s, "");
    throw new ConfigError(`Cannot open log file ${fileName}: ${reason}`, { cause });
  }
  return handler;
}
