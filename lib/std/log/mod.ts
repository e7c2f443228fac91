/**
 * Stand-in for `jsr:@std/log` 0.224.14, linked where JSR cannot be reached: levels, records and the three
 * handlers this project logs through.
 *
 * Source of the signatures: https://jsr.io/@std/log/0.224.14 (`levels.ts`, `logger.ts`, `base_handler.ts`,
 * `console_handler.ts`, `file_handler.ts`, `rotating_file_handler.ts`).
 *
 * ```ts
 * import { ConsoleHandler, LogLevels, LogRecord } from "@std/log";
 *
 * const handler = new ConsoleHandler("INFO", { useColors: false, formatter: (record) => record.msg });
 * handler.handle(new LogRecord({ msg: "ready", args: [], level: LogLevels.INFO, loggerName: "crtmp" }));
 * ```
 *
 * @module
 */
export { BaseHandler, type BaseHandlerOptions, type FormatterFunction } from "./base_handler.ts";
export { ConsoleHandler, type ConsoleHandlerOptions } from "./console_handler.ts";
export { FileHandler, type FileHandlerOptions, type LogMode } from "./file_handler.ts";
export { getLevelByName, getLevelName, type LevelName, type LogLevel, LogLevels } from "./levels.ts";
export { LogRecord, type LogRecordOptions } from "./logger.ts";
export { RotatingFileHandler } from "./rotating_file_handler.ts";
