import { getLevelByName, type LevelName, type LogLevel } from "./levels.ts";
import type { LogRecord } from "./logger.ts";

/** Makes the text of a record. */
export type FormatterFunction = (logRecord: LogRecord) => string;

export interface BaseHandlerOptions {
  formatter?: FormatterFunction;
}

/** Filters records by level, formats them and gives the text to `log`. */
export abstract class BaseHandler {
  formatter: FormatterFunction;
  readonly #level: LogLevel;

  constructor(levelName: LevelName, options: BaseHandlerOptions = {}) {
    this.#level = getLevelByName(levelName);
    this.formatter = options.formatter ?? ((record) => `${record.levelName} ${record.msg}`);
  }

  get level(): LogLevel {
    return this.#level;
  }

  handle(logRecord: LogRecord): void {
    if (logRecord.level >= this.#level) this.log(this.format(logRecord));
  }

  format(logRecord: LogRecord): string {
    return this.formatter(logRecord);
  }

  abstract log(msg: string): void;
  setup(): void {}
  destroy(): void {}

  [Symbol.dispose](): void {
    this.destroy();
  }
}
