import { ConfigError } from "#errors";
import { type LogLevel as StdLogLevel, LogLevels } from "@std/log";

/** The original's levels: a sink of level n takes every entry of level n or below. */
export const LOG_LEVEL = {
  /** The server cannot go on. */
  Fatal: 0,
  /** Something failed that should not have: a bug, or an operator's problem. */
  Error: 1,
  /** A peer or an option is wrong; the server goes on. */
  Warning: 2,
  /** What an operator wants to read: connections, streams, starts and ends. */
  Info: 3,
  /** How a protocol negotiated. */
  Debug: 4,
  /** Each command and control message. */
  Fine: 5,
  /** Each message; never each packet in a running server. */
  Finest: 6,
} as const;

/** 0 FATAL to 6 FINEST. */
export type LogLevel = typeof LOG_LEVEL[keyof typeof LOG_LEVEL];

const LEVELS = Object.entries(LOG_LEVEL);

/** The level's name as it stands in a log line: `WARNING`. */
export function logLevelName(level: LogLevel): string {
  return (LEVELS[level]?.[0] ?? "").toUpperCase();
}

/**
 * Parses a level's name, in any case, or its number.
 *
 * @throws {ConfigError} If it is neither; the message lists the names.
 */
export function parseLogLevel(text: string | number): LogLevel {
  const wanted = String(text).toLowerCase();
  const found = LEVELS.find(([name, level]) => name.toLowerCase() === wanted || String(level) === wanted);
  if (found !== undefined) return found[1];
  const names = LEVELS.map(([name]) => name.toLowerCase()).join(", ");
  throw new ConfigError(`Cannot read log level "${text}": must be one of ${names}, or 0-6`);
}

/** The level of `@std/log` that stands for ours; it has none below DEBUG. */
export function stdLevelOf(level: LogLevel): StdLogLevel {
  return STD_LEVELS[level];
}

const STD_LEVELS: Readonly<Record<LogLevel, StdLogLevel>> = {
  [LOG_LEVEL.Fatal]: LogLevels.CRITICAL,
  [LOG_LEVEL.Error]: LogLevels.ERROR,
  [LOG_LEVEL.Warning]: LogLevels.WARN,
  [LOG_LEVEL.Info]: LogLevels.INFO,
  [LOG_LEVEL.Debug]: LogLevels.DEBUG,
  [LOG_LEVEL.Fine]: LogLevels.DEBUG,
  [LOG_LEVEL.Finest]: LogLevels.DEBUG,
};
