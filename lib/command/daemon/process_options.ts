import { ConfigError } from "#errors";
import { LOG_LEVEL } from "#log";
import type { LogAppenderConfig } from "#server/config";
import type { CommandLine } from "../command_line.ts";

/**
 * Refuses what flags of the original ask for and cannot be had.
 *
 * @throws {ConfigError} Says what to use instead.
 */
export function refuseInstead(line: CommandLine): void {
  if (line.has("daemon")) {
    throw new ConfigError(
      "Cannot go into the background: a server may start no programs; `crtmp daemon` takes the same arguments",
    );
  }
  const instances = line.value("instances");
  if (instances !== undefined && instances !== "1" && instances !== "0") {
    throw new ConfigError(
      `Cannot start ${instances} instances: one process serves; to use more machines or cores, start further ` +
        "servers on ports of their own that pull streams from this one (externalStreams with onDemand)",
    );
  }
}

/** `appenders` as the flags change them. */
export function processAppenders(
  appenders: readonly LogAppenderConfig[],
  line: CommandLine,
): readonly LogAppenderConfig[] {
  const fileName = line.value("log-file");
  const consoles = appenders.filter(({ type }) => type !== "file");
  const result = fileName === undefined ? [...appenders] : [
    ...appenders.filter(({ type }) => type === "file"),
    ...toFile(consoles[0], fileName),
  ];
  if (line.has("use-implicit-console-appender")) {
    const template = appenders[0];
    if (template !== undefined) {
      result.push({ ...template, name: "implicit", type: "console", level: LOG_LEVEL.Finest });
    }
  }
  return result;
}

function toFile(from: LogAppenderConfig | undefined, fileName: string): LogAppenderConfig[] {
  return from === undefined ? [] : [{ ...from, name: "log-file", type: "file", fileName }];
}
