import { systemClock } from "#clock";
import { ConfigError, errorMessage } from "#errors";
import type { CommandContext } from "../command_context.ts";
import type { CommandLine } from "../command_line.ts";
import { DAEMON_FLAGS, LOG_FILE, PID_FILE, PROCESS_FLAGS } from "./flags.ts";
import { runningPid } from "./pid_file.ts";

/** Longest wait until a server listens, or has ended, in ms. */
const WAIT_MS = 30_000;
const POLL_MS = 50;
/** Lines of the log that are shown where a start fails. */
const SHOWN_LINES = 8;
/** Exit status of `--status` where nothing runs, as scripts of System V have it. */
const NOT_RUNNING = 3;

/** What a server may do; it may start no programs. */
const SERVER_PERMISSIONS = ["--allow-net", "--allow-read", "--allow-write", "--allow-env"];
const RUNTIME_FLAGS = ["--no-prompt", "--v8-flags=--max-semi-space-size=8"];

/** `crtmp daemon`: a server in the background; resolves once it listens. */
export async function run(line: CommandLine, context: CommandContext): Promise<number> {
  const pidFile = line.value("pid") ?? PID_FILE;
  if (line.has("status")) return status(pidFile, context);
  if (line.has("stop")) return await stop(pidFile, context);
  return await start(line, { pidFile, context });
}

function status(pidFile: string, { print }: CommandContext): number {
  const pid = runningPid(pidFile);
  print(
    pid === undefined
      ? `crtmp does not run (${pidFile})`
      : pid === 0
      ? "crtmp starts"
      : `crtmp runs, pid ${pid}`,
  );
  return pid === undefined ? NOT_RUNNING : 0;
}

async function stop(pidFile: string, { print }: CommandContext): Promise<number> {
  const pid = runningPid(pidFile);
  if (pid === undefined) {
    print(`crtmp does not run (${pidFile})`);
    return 0;
  }
  if (pid === 0) throw new ConfigError(`Cannot stop the server of ${pidFile}: it starts just now`);
  await requireRun("stop a process", `kill ${pid}`);
  Deno.kill(pid, "SIGTERM");
  const hasEnded = await until(() => runningPid(pidFile) !== pid);
  if (!hasEnded) {
    throw new ConfigError(`Cannot stop process ${pid}: it runs ${WAIT_MS / 1000} s after SIGTERM`);
  }
  print(`crtmp has stopped, pid ${pid}`);
  return 0;
}

async function start(
  line: CommandLine,
  { pidFile, context }: { pidFile: string; context: CommandContext },
): Promise<number> {
  const logFile = line.value("log-file") ?? LOG_FILE;
  const running = runningPid(pidFile);
  if (running !== undefined) {
    throw new ConfigError(`Cannot start: the process of ${pidFile} runs, ${running}`);
  }
  const args = [
    "serve",
    `--pid=${pidFile}`,
    `--log-file=${logFile}`,
    ...line.argsBut({ ...DAEMON_FLAGS, daemon: PROCESS_FLAGS["daemon"]! }),
  ];
  await requireRun(
    "start a process",
    `setsid crtmp ${args.map((arg) => JSON.stringify(arg)).join(" ")} </dev/null >>${logFile} 2>&1 &`,
  );
  if (Deno.build.os === "windows") {
    throw new ConfigError(
      "Cannot start in the background on Windows: docs/operations.md tells how to make a service",
    );
  }
  // the shell lends its output to the server, and becomes it
  const script = 'log=$1; shift; exec "$@" >>"$log" 2>&1';
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", script, "sh", logFile, ...programOf(line), ...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    detached: true,
  }).spawn();
  child.unref();
  let isOver = false;
  void child.status.then(() => isOver = true);
  const isReady = await until(() => isOver || runningPid(pidFile) === child.pid);
  if (isOver || !isReady) {
    context.printError(`crtmp: the server has ${isOver ? "ended" : "not begun to listen"}; ${logFile} says:`);
    for (const text of await lastLines(logFile)) context.printError(text);
    return 1;
  }
  context.print(`crtmp runs in the background, pid ${child.pid}, log ${logFile}`);
  return 0;
}

/** How this program is started again: it is one file, or a script of the runtime. */
function programOf(line: CommandLine): string[] {
  if (Deno.build.standalone) return [Deno.execPath()];
  // to become somebody else is the runtime's to permit
  const permissions = line.value("uid") === undefined
    ? SERVER_PERMISSIONS
    : [...SERVER_PERMISSIONS, "--allow-sys"];
  return [Deno.execPath(), "run", ...RUNTIME_FLAGS, ...permissions, Deno.mainModule];
}

/** Programs are started and stopped only where that was permitted; else it is said how it is done by hand. */
async function requireRun(what: string, instead: string): Promise<void> {
  const { state } = await Deno.permissions.query({ name: "run" });
  if (state === "granted") return;
  throw new ConfigError(`Cannot ${what}: this program has no permission to; the shell has: ${instead}`);
}

async function until(isTrue: () => boolean): Promise<boolean> {
  const endMs = systemClock.nowMs() + WAIT_MS;
  while (!isTrue()) {
    if (systemClock.nowMs() > endMs) return false;
    await new Promise<void>((resolve) => void systemClock.after(POLL_MS, resolve));
  }
  return true;
}

async function lastLines(path: string): Promise<string[]> {
  try {
    return (await Deno.readTextFile(path)).trimEnd().split("\n").slice(-SHOWN_LINES);
  } catch (error) {
    return [errorMessage(error)];
  }
}
