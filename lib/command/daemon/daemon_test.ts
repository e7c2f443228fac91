import assert from "node:assert/strict";
import { ConfigError } from "#errors";
import { LOG_LEVEL, Logger, openSink } from "#log";
import { ConfigSchema, type LogAppenderConfig } from "#server/config";
import { parseCommandLine } from "../command_line.ts";
import { COMMANDS } from "../commands.ts";
import { PidFile, runningPid } from "./pid_file.ts";
import { wantedIdentity } from "./privileges.ts";
import { processAppenders, refuseInstead } from "./process_options.ts";

const serve = COMMANDS.find(({ name }) => name === "serve")!;

function lineOf(...args: readonly string[]) {
  return parseCommandLine(serve, args)!;
}

Deno.test("PidFile is one process's at a time; what an ended one left is replaced", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/crtmp.pid`;
  assert.equal(runningPid(path), undefined);
  {
    using file = PidFile.open(path);
    assert.equal(runningPid(path), 0);
    file.write();
    assert.equal(await Deno.readTextFile(path), `${Deno.pid}\n`);
    assert.equal(runningPid(path), Deno.pid);
    assert.throws(() => PidFile.open(path), new RegExp(`the process of .*crtmp\\.pid runs, ${Deno.pid}$`));
  }
  assert.deepEqual([...Deno.readDirSync(folder)], []);
  // of a process that was killed; another one has its number now
  await Deno.writeTextFile(path, "1\n");
  assert.equal(runningPid(path), undefined);
  {
    using file = PidFile.open(path);
    file.write();
    assert.equal(runningPid(path), Deno.pid);
  }
  for (const text of ["[[applications]]\n", "1".repeat(100)]) {
    await Deno.writeTextFile(path, text);
    assert.throws(() => PidFile.open(path), /Cannot use .*crtmp\.pid as pid file: something else is in it$/);
    assert.equal(await Deno.readTextFile(path), text);
  }
  assert.throws(() => PidFile.open(`${folder}/no/crtmp.pid`), ConfigError);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("Logger.reopen goes on in a new file once the old one was renamed", async () => {
  const folder = await Deno.makeTempDir();
  const fileName = `${folder}/a.log`;
  for (const fileLength of [0, 1_000_000]) {
    const sink = openSink({ name: "file", type: "file", level: LOG_LEVEL.Info, fileName, fileLength });
    const log = new Logger({ sinks: [sink] });
    log.info("before");
    log.flush();
    await Deno.rename(fileName, `${folder}/a.log.1`);
    log.info("between");
    log.reopen();
    log.info("after");
    log.close();
    assert.match(await Deno.readTextFile(`${folder}/a.log.1`), /before\n.*between\n$/);
    assert.match(await Deno.readTextFile(fileName), /^[^\n]*after\n$/);
    await Deno.remove(fileName);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("flags of the original send the log to a file and to the console", () => {
  const appenders: readonly LogAppenderConfig[] = new ConfigSchema().defaults().logAppenders;
  const shown = (...args: string[]) =>
    processAppenders(appenders, lineOf(...args)).map(({ type, level, fileName }) => [type, level, fileName]);
  assert.deepEqual(shown(), [["coloredConsole", 3, undefined]]);
  assert.deepEqual(shown("--log-file", "x.log"), [["file", 3, "x.log"]]);
  assert.deepEqual(shown("--use-implicit-console-appender"), [
    ["coloredConsole", 3, undefined],
    ["console", 6, undefined],
  ]);
});

Deno.test("what the original's flags cannot have is answered with what to use", () => {
  assert.throws(() => refuseInstead(lineOf("--daemon")), /`crtmp daemon` takes the same arguments$/);
  assert.throws(() => refuseInstead(lineOf("--instances=4")), /one process serves; .*externalStreams/);
  refuseInstead(lineOf("--instances=1"));
  assert.equal(wantedIdentity(undefined, undefined), undefined);
  assert.throws(() => wantedIdentity("joe", undefined), /--uid and --gid go together$/);
  assert.throws(
    () => wantedIdentity("joe", "www"),
    /setpriv --reuid=joe --regid=www --clear-groups .* User= /,
  );
});

Deno.test("argsBut gives a command line back without what is left out", () => {
  const line = lineOf("--rtmp=:1", "--set", "a=1", "--set=b=2", "--log-json", "--pid", "x", "c.toml");
  assert.deepEqual(line.argsBut({ pid: { doc: "" } }).sort(), [
    "--log-json",
    "--rtmp=:1",
    "--set=a=1",
    "--set=b=2",
    "c.toml",
  ]);
});
