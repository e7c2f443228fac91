/**
 * Logging (layer 1): the seven levels of the original server, loggers that add a prefix of their own, and
 * sinks that each have a level: console, coloured console, JSON lines, file with rotation.
 *
 * ```ts
 * import { Logger, MemorySink } from "#log";
 *
 * const sink = new MemorySink();
 * const log = new Logger({ sinks: [sink] });
 * const connection = log.child("rtmp").child("192.0.2.7:50123").about("live/x");
 * connection.info("publishes video avc 1280x720, audio aac");
 * console.log(sink.lines()); // [ "INFO    [rtmp] [192.0.2.7:50123] live/x: publishes video avc ..." ]
 * ```
 *
 * A logger takes a string, or a function for text that costs something to make; below its level neither is
 * looked at. Line ends and control characters from peers are escaped in every sink. What may be logged at
 * all is the caller's duty: names go through `redactUrl` of `#uri` first.
 *
 * @module
 */
export { escapeControls, formatJson, formatText } from "./format.ts";
export type { LogEntry, TextFormat } from "./format.ts";
export { LOG_LEVEL, logLevelName, parseLogLevel } from "./levels.ts";
export type { LogLevel } from "./levels.ts";
export { Logger } from "./logger.ts";
export type { LogMessage, LogPrefix } from "./logger.ts";
export { LogOutlet } from "./outlet.ts";
export type { LogOutletOptions } from "./outlet.ts";
export { RepeatedLog } from "./repeated_log.ts";
export type { RepeatedLogOptions } from "./repeated_log.ts";
export { LOG_SINK_TYPES, MemorySink, openSink } from "./sinks.ts";
export type { LogSink, LogSinkOptions, LogSinkType } from "./sinks.ts";
