import { getLevelName, type LevelName, type LogLevel } from "./levels.ts";

/** What a record is made of. */
export interface LogRecordOptions {
  msg: string;
  args: unknown[];
  level: LogLevel;
  loggerName: string;
}

/** One message on its way to the handlers, stamped with the time it was made. */
export class LogRecord {
  readonly msg: string;
  readonly level: LogLevel;
  readonly levelName: LevelName;
  readonly loggerName: string;
  readonly #args: readonly unknown[];
  readonly #timeMs = Date.now();

  constructor(options: LogRecordOptions) {
    this.msg = options.msg;
    this.level = options.level;
    this.levelName = getLevelName(options.level);
    this.loggerName = options.loggerName;
    this.#args = options.args.slice();
  }

  get args(): unknown[] {
    return this.#args.slice();
  }

  get datetime(): Date {
    return new Date(this.#timeMs);
  }
}
