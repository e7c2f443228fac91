import {
  ConsoleHandler,
  FileHandler,
  getLevelByName,
  getLevelName,
  type LogLevel,
  LogLevels,
  LogRecord,
  RotatingFileHandler,
} from "@std/log";
import assert from "node:assert/strict";

const record = (msg: string, level: LogLevel = LogLevels.INFO) =>
  new LogRecord({ msg, args: [1], level, loggerName: "x" });

async function inFolder(body: (folder: string) => void): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("levels have the names and numbers of the real package", () => {
  assert.deepEqual(LogLevels, { NOTSET: 0, DEBUG: 10, INFO: 20, WARN: 30, ERROR: 40, CRITICAL: 50 });
  assert.equal(getLevelName(LogLevels.WARN), "WARN");
  assert.equal(getLevelByName("CRITICAL"), 50);
});

Deno.test("LogRecord keeps what it was made of and when", () => {
  const before = Date.now();
  const { msg, level, levelName, loggerName, args, datetime } = record("m", LogLevels.ERROR);
  assert.deepEqual([msg, level, levelName, loggerName, args], ["m", 40, "ERROR", "x", [1]]);
  assert.ok(datetime.getTime() >= before && datetime.getTime() <= Date.now());
});

Deno.test("ConsoleHandler filters by level and colours the line unless told not to", () => {
  assert.equal(new ConsoleHandler("INFO").format(record("m")), "\x1b[34mINFO m\x1b[39m");
  const plain = new ConsoleHandler("WARN", { useColors: false, formatter: ({ msg }) => `<${msg}>` });
  assert.equal(plain.format(record("m")), "<m>");
  const printed: string[] = [];
  plain.log = (msg) => void printed.push(msg);
  plain.handle(record("quiet"));
  plain.handle(record("loud", LogLevels.CRITICAL));
  assert.deepEqual(printed, ["<loud>"]);
});

Deno.test("FileHandler holds lines back until flush, a critical record or its end", () =>
  inFolder((folder) => {
    const filename = `${folder}/a`;
    const handler = new FileHandler("INFO", { filename, formatter: ({ msg }) => msg });
    handler.setup();
    handler.handle(record("one"));
    assert.equal(Deno.readTextFileSync(filename), "");
    handler.flush();
    assert.equal(Deno.readTextFileSync(filename), "one\n");
    handler.handle(record("two", LogLevels.CRITICAL));
    assert.equal(Deno.readTextFileSync(filename), "one\ntwo\n");
    handler.handle(record("y".repeat(5000)));
    handler.handle(record("three"));
    handler.destroy();
    assert.equal(Deno.readTextFileSync(filename), `one\ntwo\n${"y".repeat(5000)}\nthree\n`);
  }));

Deno.test("FileHandler appends, starts anew, or insists on a new file", () =>
  inFolder((folder) => {
    const filename = `${folder}/a`;
    Deno.writeTextFileSync(filename, "old\n");
    const write = (mode: "a" | "w" | "x") => {
      using handler = new FileHandler("INFO", { filename, mode, formatter: ({ msg }) => msg });
      handler.setup();
      handler.handle(record(mode));
    };
    write("a");
    assert.equal(Deno.readTextFileSync(filename), "old\na\n");
    write("w");
    assert.equal(Deno.readTextFileSync(filename), "w\n");
    assert.throws(() => write("x"), Deno.errors.AlreadyExists);
  }));

Deno.test("RotatingFileHandler renames full files and keeps so many", () =>
  inFolder((folder) => {
    const filename = `${folder}/a`;
    const options = { filename, maxBytes: 10, maxBackupCount: 2, formatter: ({ msg }: LogRecord) => msg };
    {
      using handler = new RotatingFileHandler("INFO", options);
      handler.setup();
      for (const msg of ["1111", "2222", "3333", "4444", "5555", "6666", "7777"]) handler.handle(record(msg));
    }
    const read = (end: string) => Deno.readTextFileSync(filename + end);
    assert.deepEqual([read(".2"), read(".1"), read("")], ["3333\n4444\n", "5555\n6666\n", "7777\n"]);
    assert.equal([...Deno.readDirSync(folder)].length, 3);
    using handler = new RotatingFileHandler("INFO", options);
    handler.setup();
    handler.handle(record("8888"));
    handler.handle(record("9999"));
    handler.flush();
    assert.deepEqual([read(".1"), read("")], ["7777\n8888\n", "9999\n"]);
    assert.throws(() => new RotatingFileHandler("INFO", { ...options, maxBytes: 0 }).setup(), /maxBytes/);
    assert.throws(
      () => new RotatingFileHandler("INFO", { ...options, maxBackupCount: 0 }).setup(),
      /maxBackup/,
    );
  }));
