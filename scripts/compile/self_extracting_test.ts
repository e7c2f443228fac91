/** The head of the self-extracting file, with a shell script in the place of Deno: what it runs tells all. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { buildSelfExtracting } from "./self_extracting.ts";

/** Prints how it was started, then its standard input, and ends with status 5; reads ahead in silence. */
const RUNTIME = `#!/bin/sh
[ "$1" != cache ] || exit 0
printf '%s\\n' "pid $$" "umask $(umask)" "folder \${0%/*}" "cache $DENO_DIR" "update $DENO_NO_UPDATE_CHECK"
for word; do printf 'word <%s>\\n' "$word"; done
cat
exit 5
`;
const FLAGS = ["--allow-net", "--allow-read"];

interface Run {
  readonly pid: number;
  readonly code: number;
  readonly lines: string[];
  readonly stderr: string;
}

interface Start {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string;
}

/** A built file in a folder of its own, with a cache folder beside it. */
class Built implements AsyncDisposable {
  readonly folder: string;
  readonly file: string;
  readonly cache: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.file = join(folder, "crtmp");
    this.cache = join(folder, "cache");
  }

  static async make(version = "1.2.3"): Promise<Built> {
    const built = new Built(await Deno.realPath(await Deno.makeTempDir()));
    await built.build(built.file, version);
    await Deno.mkdir(built.cache);
    return built;
  }

  async build(output: string, version: string): Promise<void> {
    const stage = await Deno.makeTempDir();
    try {
      const runtime = join(stage, "runtime");
      await Deno.writeTextFile(runtime, RUNTIME);
      await Deno.mkdir(join(stage, "program"));
      await Deno.writeTextFile(join(stage, "program/main.js"), `"main";\n`);
      await Deno.writeTextFile(join(stage, "program/empty.ts"), "");
      const config = { name: "@x/x", version };
      const tree = { config, files: ["empty.ts", "main.js"], sizeBytes: 8, remote: [] };
      await buildSelfExtracting({ stage, tree, flags: FLAGS, runtime, output });
    } finally {
      await Deno.remove(stage, { recursive: true });
    }
  }

  /** Starts `command`, this file by default, with no variables but PATH, those of `start` and the cache folder. */
  async run(start: Start = {}, command: readonly string[] = [this.file]): Promise<Run> {
    const [program = "", ...first] = command;
    const child = new Deno.Command(program, {
      args: [...first, ...start.args ?? []],
      clearEnv: true,
      env: { PATH: Deno.env.get("PATH") ?? "", ...start.env ?? { XDG_CACHE_HOME: this.cache } },
      ...(start.cwd === undefined ? {} : { cwd: start.cwd }),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    // A file that refuses to start does not read its input.
    const fed = new Blob([start.stdin ?? ""]).stream().pipeTo(child.stdin).catch(() => {});
    const { code, stdout, stderr } = await child.output();
    await fed;
    const lines = new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
    return { pid: child.pid, code, lines, stderr: new TextDecoder().decode(stderr) };
  }

  /** Folder of the unpacked program; asserts that it is the only thing in the cache folder. */
  async unpacked(): Promise<string> {
    const entries = await Array.fromAsync(Deno.readDir(join(this.cache, "crtmp")), ({ name }) => name);
    assert.equal(entries.length, 1, `only the unpacked program is left, not ${entries}`);
    assert.match(entries[0]!, /^1\.2\.3-[0-9a-f]{16}$/);
    return join(this.cache, "crtmp", entries[0]!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

function assertRuns(run: Run): void {
  assert.equal(run.stderr, "");
  assert.equal(run.code, 5);
}

/** Asserts the one line that a start ends with that does not reach the program. */
function assertFails(run: Run, message: RegExp): void {
  assert.match(run.stderr, message);
  assert.match(run.stderr, /^crtmp: [^\n]+\n$/);
  assert.deepEqual([run.code, run.lines], [1, []]);
}

function test(name: string, body: (built: Built) => Promise<void>): void {
  Deno.test({
    name: `self-extracting file ${name}`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      await using built = await Built.make();
      await body(built);
    },
  });
}

test("hands over process id, arguments, input, umask and exit status", async (built) => {
  const args = ["a b", "", `"q'`, "--", "$(id)", "*", "line\nbreak"];
  const command = ["sh", "-c", `umask 027; exec "$0" "$@"`, built.file];
  for (const start of ["first", "second"]) {
    const run = await built.run({ args, stdin: `${start}\n` }, command);
    assertRuns(run);
    const folder = await built.unpacked();
    assert.deepEqual(run.lines, [
      `pid ${run.pid}`,
      "umask 0027",
      `folder ${folder}`,
      `cache ${folder}/cache`,
      "update 1",
      ...["run", ...FLAGS, "--cached-only", "--no-remote"].map((word) => `word <${word}>`),
      "word <--config>",
      `word <${folder}/program/deno.json>`,
      `word <${folder}/program/main.js>`,
      ...args.flatMap((word) => `word <${word}>`.split("\n")),
      start,
    ]);
  }
});

test("unpacks once, for its user only, with modes that do not hang on the umask", async (built) => {
  assertRuns(await built.run());
  const folder = await built.unpacked();
  const first = await Deno.stat(join(folder, "crtmp"));
  assertRuns(await built.run());
  assert.equal((await Deno.stat(join(folder, "crtmp"))).ino, first.ino);
  assert.equal((await Deno.stat(dirname(folder))).mode! & 0o777, 0o700);
  assert.equal((await Deno.stat(join(folder, "program/main.js"))).mode! & 0o022, 0);
});

test("starts by PATH, by a symbolic link, by a relative path and with either shell", async (built) => {
  await Deno.mkdir(join(built.folder, "other place"));
  await Deno.symlink("../crtmp", join(built.folder, "other place/alias"));
  const PATH = `${built.folder}:${Deno.env.get("PATH")}`;
  const env = { PATH, XDG_CACHE_HOME: built.cache };
  const starts: [Start, string[]][] = [
    [{ env }, ["sh", "-c", "exec crtmp"]],
    [{}, [join(built.folder, "other place/alias")]],
    [{ cwd: join(built.folder, "other place") }, ["sh", "-c", "exec ../crtmp"]],
    [{ cwd: built.folder }, ["sh", "crtmp"]],
    [{}, ["bash", built.file]],
  ];
  for (const [start, command] of starts) {
    await Deno.remove(built.cache, { recursive: true });
    assertRuns(await built.run(start, command));
  }
});

test("unpacks once whole when eight start at the same time", async (built) => {
  const runs = await Promise.all(Array.from({ length: 8 }, () => built.run()));
  for (const run of runs) assertRuns(run);
  await built.unpacked();
});

test("unpacks anew when a file was taken away or emptied", async (built) => {
  await built.run();
  const folder = await built.unpacked();
  await Deno.remove(join(folder, "program/main.js"));
  const runs = await Promise.all(Array.from({ length: 4 }, () => built.run()));
  for (const run of runs) assertRuns(run);
  await Deno.truncate(join(folder, "crtmp"));
  assertRuns(await built.run());
  assert.equal(await Deno.readTextFile(join(folder, "program/main.js")), `"main";\n`);
  await Deno.remove(join(folder, "files"));
  assertRuns(await built.run());
  await built.unpacked();
});

test("does not use what a killed start left behind", async (built) => {
  await Deno.mkdir(join(built.cache, "crtmp/new.77.0"), { recursive: true });
  await Deno.chmod(join(built.cache, "crtmp"), 0o700);
  await Deno.utime(join(built.cache, "crtmp/new.77.0"), 0, 0);
  assertRuns(await built.run());
  await built.unpacked();
});

test("refuses a folder that others can enter, own or redirect", async (built) => {
  const place = join(built.cache, "crtmp");
  assertRuns(await built.run());
  for (const mode of [0o770, 0o707, 0o755]) {
    await Deno.chmod(place, mode);
    assertFails(
      await built.run(),
      /refuses .*\/cache\/crtmp: it must be a folder of user \d+ that only it can enter/,
    );
  }
  await Deno.chmod(place, 0o700);
  await Deno.rename(place, join(built.folder, "elsewhere"));
  await Deno.symlink(join(built.folder, "elsewhere"), place);
  assertFails(await built.run(), /refuses .*, not lrwxrwxrwx/);
  await Deno.remove(place);
  await Deno.symlink("/nowhere", place);
  assertFails(await built.run(), /refuses .*, not lrwxrwxrwx/);
  await Deno.remove(place);
  await Deno.writeTextFile(place, "a file");
  assertFails(await built.run(), /refuses .*, not -rw/);
});

test("refuses a folder of another user", async (built) => {
  const place = join(built.cache, "crtmp");
  await Deno.mkdir(place, { mode: 0o700 });
  if (Deno.uid() === 0) {
    await Deno.chown(place, 12_345, 12_345);
    assertFails(await built.run(), /not drwx------ of user 12345/);
  } else {
    // Without the right to give a folder away: one of root's stands for it.
    await Deno.mkdir(join(built.folder, "bin"));
    await Deno.writeTextFile(join(built.folder, "bin/id"), "#!/bin/sh\necho 12345\n", { mode: 0o755 });
    const PATH = `${built.folder}/bin:${Deno.env.get("PATH")}`;
    assertFails(
      await built.run({ env: { PATH, XDG_CACHE_HOME: built.cache } }),
      /must be a folder of user 12345/,
    );
  }
});

test("refuses a place that anyone can replace", async (built) => {
  await Deno.chmod(built.cache, 0o777);
  assertFails(await built.run(), /refuses .*\/cache\/crtmp: anyone can replace it/);
  await Deno.chmod(built.cache, 0o1777);
  assertRuns(await built.run());
});

test("takes the next place where a variable is unset, relative or names no folder", async (built) => {
  const { folder, cache } = built;
  const user = Deno.uid();
  const places: [Record<string, string>, string][] = [
    [{ XDG_CACHE_HOME: "relative", HOME: `${folder}/home` }, `${folder}/home/.cache/crtmp`],
    [{ XDG_CACHE_HOME: "", HOME: `${folder}/home` }, `${folder}/home/.cache/crtmp`],
    [{ XDG_CACHE_HOME: "/dev/null", HOME: `${folder}/home` }, `${folder}/home/.cache/crtmp`],
    [{ HOME: "/dev/null", TMPDIR: cache }, `${cache}/crtmp-${user}`],
    [{ TMPDIR: `${folder}/with space` }, `${folder}/with space/crtmp-${user}`],
  ];
  for (const [env, place] of places) {
    const run = await built.run({ env });
    assertRuns(run);
    assert.equal(dirname(run.lines.find((line) => line.startsWith("folder "))!.slice(7)), place);
  }
  assertFails(
    await built.run({ env: { TMPDIR: "/dev/null" } }),
    /no folder to unpack into: set XDG_CACHE_HOME/,
  );
});

test("says in one line that it is damaged, and leaves nothing behind", async (built) => {
  const whole = await Deno.readFile(built.file);
  await Deno.writeFile(built.file, whole.subarray(0, -1));
  assertFails(await built.run(), new RegExp(`crtmp is damaged: it should have ${whole.length} bytes`));
  const flipped = whole.slice();
  flipped[flipped.length - 20]! ^= 0xff;
  await Deno.writeFile(built.file, flipped);
  assertFails(await built.run(), /cannot unpack 1 MB into .*\/cache\/crtmp \(\d+ MB free there\): /);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(join(built.cache, "crtmp"))), []);
});

test("says in one line that the place is full, and leaves nothing behind", async (built) => {
  // A limit on the size of a file makes every write fail, as a full disk does.
  const run = await built.run({}, ["sh", "-c", `trap '' XFSZ; ulimit -f 0; exec "$0"`, built.file]);
  assertFails(run, /cannot unpack 1 MB into .*\/cache\/crtmp \(\d+ MB free there\): /);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(join(built.cache, "crtmp"))), []);
});

test("says in one line that programs may not run there", async (built) => {
  await built.run();
  await Deno.chmod(join(await built.unpacked(), "crtmp"), 0o600);
  assertFails(await built.run(), /cannot run from .*\/cache\/crtmp: it is mounted noexec/);
});

test("removes versions not started for 30 days, but not one that runs", async (built) => {
  const place = join(built.cache, "crtmp");
  const monthAgo = new Date(Date.now() - 31 * 86_400_000);
  for (const name of ["0.9.0-old", "0.9.1-runs", "0.9.2-young"]) {
    await Deno.mkdir(join(place, name), { recursive: true });
    await Deno.writeTextFile(join(place, name, "started"), "");
    if (name !== "0.9.2-young") await Deno.utime(join(place, name, "started"), monthAgo, monthAgo);
  }
  await Deno.chmod(place, 0o700);
  const running = join(place, "0.9.1-runs/crtmp");
  await Deno.copyFile("/bin/sleep", running);
  const child = new Deno.Command(running, { args: ["60"] }).spawn();
  try {
    assertRuns(await built.run());
    const left = await Array.fromAsync(Deno.readDir(place), ({ name }) => name);
    assert.deepEqual(left.filter((name) => name.startsWith("0.")).sort(), ["0.9.1-runs", "0.9.2-young"]);
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
});

test("is the same, byte for byte, when it is made again", async (built) => {
  const again = join(built.folder, "again");
  await built.build(again, "1.2.3");
  assert.deepEqual(await Deno.readFile(again), await Deno.readFile(built.file));
});

Deno.test("buildSelfExtracting refuses a program that loads a module from the network", async () => {
  const config = { name: "@x/x", version: "1.0.0" };
  const tree = { config, files: [], sizeBytes: 0, remote: ["https://example.test/mod.ts"] };
  const options = { stage: "/nowhere", tree, flags: [], output: "/nowhere/x" };
  await assert.rejects(buildSelfExtracting(options), /Cannot pack https:\/\/example\.test\/mod\.ts: /);
});
