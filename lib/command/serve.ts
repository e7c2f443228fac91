import { systemClock } from "#clock";
import { ConfigError } from "#errors";
import { type Logger, parseLogLevel } from "#log";
import type { RunningServer } from "#server";
import {
  formatServices,
  type LogAppenderConfig,
  type ServerConfig,
  withCliAddress,
  withMediaFolder,
  withRtmpAddress,
  withRtspAddress,
  withWebAddress,
} from "#server/config";
import { parseHostPort } from "#uri";
import type { CommandContext } from "./command_context.ts";
import type { CommandLine } from "./command_line.ts";
import { folderFault, parseConfig, prepareConfig } from "./prepared_config.ts";
import { openLog, reportStrayErrors } from "./program_log.ts";
import { PidFile } from "./daemon/pid_file.ts";
import { become, wantedIdentity } from "./daemon/privileges.ts";
import { processAppenders, refuseInstead } from "./daemon/process_options.ts";
import { reopenOnSignals } from "./daemon/reopen_signals.ts";
import { StopSignals } from "./stop_signals.ts";

const ANY_ADDRESS = { host: "0.0.0.0" };
const THIS_MACHINE = { host: "127.0.0.1" };

/** `crtmp serve`: resolves when the server has stopped. */
export function run(line: CommandLine, context: CommandContext): Promise<number> {
  return serveConfig(line, { context, path: line.positional[0], change: (config) => config });
}

/** What is served, beside what the flags of `serve` say. */
export interface ServeConfigOptions {
  readonly context: CommandContext;
  /** The configuration file; `undefined` for the embedded default. */
  readonly path: string | undefined;
  /** What the command makes of it. */
  readonly change: (config: ServerConfig) => ServerConfig;
}

/** Serves a configuration until a signal stops it; resolves to the exit status. */
export async function serveConfig(line: CommandLine, options: ServeConfigOptions): Promise<number> {
  const { context, path, change } = options;
  const startedMs = systemClock.nowMs();
  using signals = new StopSignals();
  refuseInstead(line);
  const identity = wantedIdentity(line.value("uid"), line.value("gid"));
  const pidPath = line.value("pid");
  using pidFile = pidPath === undefined ? undefined : PidFile.open(pidPath);
  const prepared = await prepareConfig(path, { context, settings: line.values("set") });
  await checkMediaFolder(line.value("media"));
  const config = change(overridden(parseConfig(prepared), line));
  const log = openLog(config.logAppenders);
  using _reporter = reportStrayErrors(log);
  using _reopener = reopenOnSignals(log);
  for (const text of prepared.converted?.warnings ?? []) log.warning(`${prepared.source.name}: ${text}`);
  try {
    const asked = Promise.withResolvers<string>();
    const server = await prepared.server.startServer(config, {
      log,
      applications: prepared.applications,
      version: context.version,
      shutDown: (why) => asked.resolve(why),
    });
    if (identity !== undefined) become(identity);
    pidFile?.write();
    const isJson = config.logAppenders.some(({ type }) => type === "json");
    announce(server, isJson ? (text) => text === "" || log.info(text) : context.print);
    log.info(
      `crtmp ${context.version} is ready, ${Math.round(systemClock.nowMs() - startedMs)} ms, pid ${Deno.pid}`,
    );
    return await untilStopped(server, { signals, asked: asked.promise, log, config });
  } finally {
    log.close();
  }
}

/**
 * A folder that is named on the command line is there: one that is not is a slip of the pen.
 *
 * @throws {ConfigError} Otherwise.
 */
async function checkMediaFolder(folder: string | undefined): Promise<void> {
  const fault = folder === undefined ? undefined : await folderFault(folder);
  if (fault !== undefined) throw new ConfigError(`Cannot play files of --media ${folder}: ${fault}`);
}

/** `config` as the flags change it. */
function overridden(config: ServerConfig, line: CommandLine): ServerConfig {
  const [rtmp, rtsp, http, cli, media] = ["rtmp", "rtsp", "http", "cli", "media"].map((flag) =>
    line.value(flag)
  );
  let result = config;
  if (rtmp !== undefined) result = withRtmpAddress(result, parseHostPort(rtmp, ANY_ADDRESS));
  if (rtsp !== undefined) result = withRtspAddress(result, parseHostPort(rtsp, ANY_ADDRESS));
  if (http !== undefined) result = withWebAddress(result, parseHostPort(http, ANY_ADDRESS));
  if (cli !== undefined) result = withCliAddress(result, parseHostPort(cli, THIS_MACHINE));
  if (media !== undefined) result = withMediaFolder(result, media);
  const appenders = processAppenders(overriddenAppenders(result.logAppenders, line), line);
  return { ...result, logAppenders: appenders };
}

function overriddenAppenders(
  appenders: readonly LogAppenderConfig[],
  line: CommandLine,
): readonly LogAppenderConfig[] {
  const levelName = line.value("log-level");
  const level = levelName === undefined ? undefined : parseLogLevel(levelName);
  return appenders.map((appender) => ({
    ...appender,
    type: line.has("log-json") && appender.type !== "file" ? "json" : appender.type,
    level: level ?? appender.level,
  }));
}

/** What somebody at the terminal wants to know first. */
function announce(server: RunningServer, print: (text: string) => void): void {
  formatServices(server.services).forEach(print);
  print("");
  for (const url of server.urls.publish) print(`Publish to  ${url}`);
  for (const url of server.urls.play) print(`Play        ${url}`);
  const open = server.openApplications;
  if (open.length > 0) {
    print("");
    print(`Warning: anybody who can reach this server may publish to ${open.join(", ")}. To limit that:`);
    for (const name of open) print(`  --set applications.${name}.publishFrom="loopback"`);
  }
  print("");
}

async function untilStopped(
  server: RunningServer,
  { signals, asked, log, config }: {
    signals: StopSignals;
    /** A command wants it to end. */
    asked: Promise<string>;
    log: Logger;
    config: ServerConfig;
  },
): Promise<number> {
  const reason = await Promise.race([signals.first, asked, server.closed]);
  if (reason === undefined) {
    log.error("The server closed by itself");
    return 1;
  }
  const [why, hint] = reason.startsWith("SIG")
    ? [`stops on ${reason}`, "; again to stop at once"]
    : ["stops", ""];
  log.info(`${why}${hint === "" ? `, ${reason}` : hint}`);
  const timedOut = Promise.withResolvers<"timedOut">();
  using _timer = systemClock.after(config.shutdownTimeoutMs, () => timedOut.resolve("timedOut"));
  const outcome = await Promise.race([server.close(why), timedOut.promise]);
  if (outcome === "timedOut") {
    log.warning(`Connections did not close within ${config.shutdownTimeoutMs} ms and are cut`);
  }
  log.info("stopped");
  return 0;
}
