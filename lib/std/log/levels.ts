/** Numbers of the levels; a record is handled when its number is not below the handler's. */
export const LogLevels = {
  NOTSET: 0,
  DEBUG: 10,
  INFO: 20,
  WARN: 30,
  ERROR: 40,
  CRITICAL: 50,
} as const;

/** Name of a level. */
export type LevelName = keyof typeof LogLevels;

/** Number of a level. */
export type LogLevel = typeof LogLevels[LevelName];

/**
 * The number of the level called `name`.
 *
 * @throws {Error} If there is none.
 */
export function getLevelByName(name: LevelName): LogLevel {
  const level = LogLevels[name];
  if (level === undefined) throw new Error(`Cannot get log level: no level named ${name}`);
  return level;
}

/**
 * The name of level `level`.
 *
 * @throws {Error} If there is none.
 */
export function getLevelName(level: LogLevel): LevelName {
  for (const [name, number] of Object.entries(LogLevels)) {
    if (number === level) return name as LevelName;
  }
  throw new Error(`Cannot get log level: no name for level: ${level}`);
}
