import { BaseHandler, type BaseHandlerOptions } from "./base_handler.ts";
import { type LevelName, LogLevels } from "./levels.ts";
import type { LogRecord } from "./logger.ts";

export interface ConsoleHandlerOptions extends BaseHandlerOptions {
  /** Whether the whole message takes the colour of its level; true when absent. */
  useColors?: boolean;
}

const COLORS: Readonly<Record<number, readonly [on: string, off: string]>> = {
  [LogLevels.INFO]: ["\x1b[34m", "\x1b[39m"],
  [LogLevels.WARN]: ["\x1b[33m", "\x1b[39m"],
  [LogLevels.ERROR]: ["\x1b[31m", "\x1b[39m"],
  [LogLevels.CRITICAL]: ["\x1b[1m\x1b[31m", "\x1b[39m\x1b[22m"],
};

/** Prints each record as a line on standard output. */
export class ConsoleHandler extends BaseHandler {
  readonly #useColors: boolean;

  constructor(levelName: LevelName, options: ConsoleHandlerOptions = {}) {
    super(levelName, options);
    this.#useColors = options.useColors ?? true;
  }

  override format(logRecord: LogRecord): string {
    const text = super.format(logRecord);
    return this.#useColors ? this.applyColors(text, logRecord.level) : text;
  }

  applyColors(msg: string, level: number): string {
    const [on, off] = COLORS[level] ?? ["", ""];
    return on + msg + off;
  }

  override log(msg: string): void {
    console.log(msg);
  }
}
