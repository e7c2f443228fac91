import { ManualClock } from "#clock";
import {
  escapeControls,
  formatJson,
  formatText,
  LOG_LEVEL,
  type LogEntry,
  Logger,
  type LogLevel,
  logLevelName,
  type LogSink,
  MemorySink,
  openSink,
  parseLogLevel,
  RepeatedLog,
} from "#log";
import assert from "node:assert/strict";

const LEVELS: readonly [name: string, level: LogLevel][] = [
  ["FATAL", 0],
  ["ERROR", 1],
  ["WARNING", 2],
  ["INFO", 3],
  ["DEBUG", 4],
  ["FINE", 5],
  ["FINEST", 6],
];

Deno.test("levels keep the original's names and numbers, and read both", () => {
  for (const [name, level] of LEVELS) {
    assert.equal(logLevelName(level), name);
    assert.equal(parseLogLevel(name), level);
    assert.equal(parseLogLevel(name.toLowerCase()), level);
    assert.equal(parseLogLevel(level), level);
  }
  assert.throws(() => parseLogLevel("loud"), /"loud": must be one of fatal, error, .* or 0-6/);
  assert.throws(() => parseLogLevel(7), /"7"/);
});

Deno.test("Logger derives prefixes without changing its parent", () => {
  const sink = new MemorySink();
  const root = new Logger({ sinks: [sink], clock: new ManualClock() });
  const connection = root.child("rtmp").child("192.0.2.7:5");
  const publisher = connection.about("live/x");
  root.info("starts");
  connection.info("connects");
  publisher.warning("sends no media");
  publisher.about("live/y").child("pull").error("fails");
  assert.deepEqual(sink.lines(), [
    "INFO    starts",
    "INFO    [rtmp] [192.0.2.7:5] connects",
    "WARNING [rtmp] [192.0.2.7:5] live/x: sends no media",
    "ERROR   [rtmp] [192.0.2.7:5] [pull] live/y: fails",
  ]);
  root.close();
});

Deno.test("Logger changes the level of one sink, or of all, while it runs", () => {
  const [terse, wordy] = [LOG_LEVEL.Error, LOG_LEVEL.Info].map((level) => new MemorySink({ level }));
  const log = new Logger({ sinks: [terse!, wordy!], clock: new ManualClock() });
  const connection = log.child("rtmp");
  connection.debug("unheard");
  assert.equal(log.setLevel(LOG_LEVEL.Debug), 2);
  connection.debug("heard by both");
  assert.equal(log.setLevel(LOG_LEVEL.Fatal, "none"), 0);
  log.setLevel(LOG_LEVEL.Warning);
  assert.equal(connection.isEnabled(LOG_LEVEL.Info), false);
  assert.deepEqual(log.levels, [{ name: "memory", level: 2 }, { name: "memory", level: 2 }]);
  assert.deepEqual(terse!.lines(), wordy!.lines());
  assert.deepEqual(terse!.lines(), ["DEBUG   [rtmp] heard by both"]);
  log.close();
});

Deno.test("Logger never makes a message that no sink takes", () => {
  const quiet = new MemorySink({ level: LOG_LEVEL.Warning });
  const log = new Logger({ sinks: [quiet], clock: new ManualClock() });
  let made = 0;
  const message = () => `message ${++made}`;
  log.info(message);
  log.finest(message);
  assert.equal(made, 0);
  assert.equal(log.isEnabled(LOG_LEVEL.Warning), true);
  assert.equal(log.isEnabled(LOG_LEVEL.Info), false);
  log.warning(message);
  log.fatal(message);
  assert.deepEqual(quiet.lines(), ["WARNING message 1", "FATAL   message 2"]);
  Logger.silent().fatal(message);
  assert.equal(made, 2);
  log.close();
  log.fatal(message);
  assert.equal(made, 2);
});

Deno.test("Logger gives each sink only its levels", () => {
  const sinks = LEVELS.map(([, level]) => new MemorySink({ level }));
  const log = new Logger({ sinks, clock: new ManualClock() });
  for (const [name, level] of LEVELS) log.log(level, name);
  for (const [at, sink] of sinks.entries()) {
    assert.deepEqual(sink.entries.map((entry) => entry.level), [0, 1, 2, 3, 4, 5, 6].slice(0, at + 1));
  }
  log.close();
});

/** A sink that fails while `isFull`. */
class FullDisk extends MemorySink {
  isFull = true;
  flushes = 0;
  override write(entry: LogEntry): void {
    if (this.isFull) throw new Error("No space left on device");
    super.write(entry);
  }
  override flush(): void {
    this.flushes++;
  }
}

Deno.test("Logger survives a sink that fails, tells the others once, and says what was lost", () => {
  const disk = new FullDisk();
  const other = new MemorySink();
  const log = new Logger({ sinks: [disk, other], clock: new ManualClock() });
  log.info("one");
  log.info("two");
  disk.isFull = false;
  log.info("three");
  assert.deepEqual(disk.lines().map((line) => line.slice(8)), [
    "three",
    "[log] Writes to log appender memory succeed again, 2 entries lost",
  ]);
  assert.deepEqual(other.lines().map((line) => line.slice(8)), [
    "[log] Cannot write to log appender memory: No space left on device",
    "one",
    "two",
    "[log] Writes to log appender memory succeed again, 2 entries lost",
    "three",
  ]);
  log.close();
});

Deno.test("Logger flushes errors at once and the rest within a tenth of a second", () => {
  const clock = new ManualClock();
  const sink = new FullDisk();
  sink.isFull = false;
  const log = new Logger({ sinks: [sink], clock });
  log.info("a");
  log.info("b");
  clock.advance(99);
  assert.equal(sink.flushes, 0);
  clock.advance(1);
  assert.equal(sink.flushes, 1);
  log.error("c");
  assert.equal(sink.flushes, 2);
  log.info("d");
  log.close();
  assert.equal(sink.flushes, 3);
  assert.equal(clock.pending, 0);
});

const ENTRY: LogEntry = {
  timeMs: Date.UTC(2026, 0, 31, 12),
  level: LOG_LEVEL.Info,
  scopes: ["rtmp", "192.0.2.7:5"],
  subject: "live/x",
  message: "publishes",
  stack: "",
};
const EVIL = 'x\r\n2026 FATAL \x1b[2J\u2028\u202e\x85\x7f\t"';

Deno.test("formatText writes one line, whatever a peer sent", () => {
  assert.equal(formatText(ENTRY), "2026-01-31T12:00:00.000Z INFO    [rtmp] [192.0.2.7:5] live/x: publishes");
  const line = formatText({ ...ENTRY, scopes: [EVIL], subject: EVIL, message: EVIL });
  assert.doesNotMatch(line, /[\p{Cc}\u2028\u202e]/u);
  assert.match(line, /x\\r\\n2026 FATAL \\u001b\[2J\\u2028\\u202e\\u0085\\u007f\\t"/);
});

Deno.test("formatText indents a stack, or folds it", () => {
  const entry = { ...ENTRY, stack: `Error: ${"bad\x07"}\n    at file.ts:1` };
  assert.deepEqual(formatText(entry, { hasTime: false }).split("\n").slice(1), [
    "    Error: bad\\u0007",
    "    at file.ts:1",
  ]);
  assert.match(
    formatText(entry, { isSingleLine: true }),
    /publishes \| Error: bad\\u0007\\n {4}at file.ts:1$/,
  );
});

Deno.test("formatText colours the level and keeps the text", () => {
  for (const [name, level] of LEVELS) {
    const line = formatText({ ...ENTRY, level }, { isColored: true });
    const plain = line.split("\x1b[").map((part, at) => at === 0 ? part : part.replace(/^[\d;]+m/, "")).join(
      "",
    );
    assert.notEqual(line, plain);
    assert.equal(plain, `2026-01-31T12:00:00.000Z ${name.padEnd(7)} [rtmp] [192.0.2.7:5] live/x: publishes`);
  }
});

Deno.test("formatText bounds a message", () => {
  const line = formatText({ ...ENTRY, message: "y".repeat(100_000) });
  assert.ok(line.length < 4300);
  assert.match(line, /y\.\.\. \(100000 characters\)$/);
});

Deno.test("formatJson writes one object a line that parses back", () => {
  const line = formatJson({ ...ENTRY, message: EVIL, stack: "a\nb" });
  assert.doesNotMatch(line, /[\p{Cc}\u2028\u202e]/u);
  const object = JSON.parse(line);
  assert.deepEqual(Object.keys(object), ["time", "level", "scope", "subject", "message", "stack"]);
  assert.deepEqual(object.scope, ENTRY.scopes);
  assert.equal(object.message, escapeControls(EVIL));
  const bare = JSON.parse(formatJson({ ...ENTRY, scopes: [], subject: "" }));
  assert.deepEqual(Object.keys(bare), ["time", "level", "message"]);
});

Deno.test("Logger logs the stack of an error and its causes", () => {
  const sink = new MemorySink();
  const log = new Logger({ sinks: [sink], clock: new ManualClock() });
  log.error("fails", new Error("outer", { cause: new TypeError("inner") }));
  log.error("fails", "a string");
  assert.match(sink.entries[0]?.stack ?? "", /^Error: outer\n +at .*\ncaused by TypeError: inner\n/s);
  assert.equal(sink.entries[1]?.stack, "a string");
  log.close();
});

Deno.test("openSink writes a file, rotates it by size and keeps the history", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const fileName = `${folder}/crtmp.txt`;
    const options = { name: "main", type: "file", level: LOG_LEVEL.Info, fileName } as const;
    const log = new Logger({ sinks: [openSink({ ...options, fileLength: 200, fileHistorySize: 2 })] });
    for (let line = 1; line <= 20; line++) log.info(`line ${line}`);
    log.debug("not for this sink");
    log.close();
    assert.deepEqual([...Deno.readDirSync(folder)].map((file) => file.name).sort(), [
      "crtmp.txt",
      "crtmp.txt.1",
      "crtmp.txt.2",
    ]);
    const text = [".2", ".1", ""].map((end) => Deno.readTextFileSync(fileName + end)).join("");
    const numbers = text.trimEnd().split("\n").map((line) => Number(/line (\d+)$/.exec(line)?.[1]));
    assert.deepEqual(numbers, Array.from({ length: numbers.length }, (_, at) => 21 - numbers.length + at));
    assert.ok(numbers.length >= 10);

    const again = new Logger({ sinks: [openSink(options)] });
    again.info("appended");
    again.close();
    assert.match(Deno.readTextFileSync(fileName), /line 20\n.*appended\n$/);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("openSink names a file that cannot be opened", () => {
  const options = { name: "main", type: "file", level: LOG_LEVEL.Info } as const;
  assert.throws(() => openSink({ ...options, fileName: "/nowhere/at/all.log" }), {
    name: "ConfigError",
    message: /^Cannot open log file \/nowhere\/at\/all\.log: \S/,
  });
  assert.throws(() => openSink(options), /Cannot open log appender main: a file needs a fileName/);
});

Deno.test("openSink prints to the console as text, in colour and as JSON", () => {
  const printed: string[] = [];
  const original = console.log;
  console.log = (line: string) => void printed.push(line);
  try {
    for (const type of ["console", "coloredConsole", "json"] as const) {
      const sink: LogSink = openSink({ name: type, type, level: LOG_LEVEL.Info });
      sink.write(ENTRY);
      sink.close();
    }
  } finally {
    console.log = original;
  }
  assert.deepEqual(printed, [formatText(ENTRY), formatText(ENTRY, { isColored: true }), formatJson(ENTRY)]);
});

Deno.test("RepeatedLog logs the first at once and the others as a count", () => {
  const clock = new ManualClock();
  const sink = new MemorySink();
  const refused = new RepeatedLog(new Logger({ sinks: [sink], clock }), { clock });
  let made = 0;
  const event = (kind: string) => refused.add(kind, () => `${kind} ${++made}`);
  event("a");
  event("a");
  event("b");
  event("a");
  assert.deepEqual(sink.lines(), ["WARNING a 1", "WARNING b 2"]);
  clock.advance(1000);
  assert.deepEqual(sink.lines().slice(2), ["WARNING a 3 (2 more like it in 1 s)"]);
  event("a");
  clock.advance(1000);
  assert.deepEqual(sink.lines().slice(3), ["WARNING a 4 (1 more like it in 1 s)"]);
  clock.advance(2000);
  event("a");
  assert.deepEqual(sink.lines().slice(4), ["WARNING a 5"]);
  event("a");
  refused[Symbol.dispose]();
  assert.deepEqual(sink.lines().slice(5), ["WARNING a 6 (1 more like it in 1 s)"]);
});

Deno.test("RepeatedLog holds a bounded number of kinds and stops its timer when quiet", () => {
  const clock = new ManualClock();
  const sink = new MemorySink({ maxEntries: 10_000 });
  const log = new Logger({ sinks: [sink], clock });
  const refused = new RepeatedLog(log, { clock, level: LOG_LEVEL.Info });
  for (let at = 0; at < 5000; at++) refused.add(`kind ${at}`, "x");
  assert.equal(sink.entries.length, 65);
  clock.advance(3000);
  assert.equal(sink.entries.length, 66);
  assert.equal(clock.pending, 0);
  refused[Symbol.dispose]();
  log.close();
});
