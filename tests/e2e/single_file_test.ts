/**
 * The self-extracting file: a program with all that is hard to pack runs from it, and crtmp in one file passes
 * the tests that crtmp from its sources passes.
 */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { compile } from "../../scripts/compile.ts";
import { type RunOptions, runProcess, runToSuccess, startProcess } from "../helpers/process.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
/** The files whose tests crtmp in one file has to pass. */
const SAME_TESTS = [
  "commands_test.ts",
  "lifecycle_test.ts",
  "original_config_test.ts",
  "probe_test.ts",
  "publishers_test.ts",
  "shared_objects_test.ts",
  "variant_test.ts",
  "viewers_test.ts",
];

/** What the packed program tells of itself. */
interface Told {
  readonly pid: number;
  readonly args: readonly string[];
  readonly worker: string;
  readonly lua: string;
  readonly sqlite: number;
  readonly asset: string;
  readonly udp: string;
  readonly run: string;
}

/** A folder of its own for a file and its cache. */
class Bench implements AsyncDisposable {
  readonly file: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.file = join(folder, "crtmp");
  }

  /** Compiles the program in `program`, which `deno` may write `node_modules` to. */
  static async compile(program: string): Promise<Bench> {
    const bench = new Bench(await Deno.realPath(await Deno.makeTempDir({ prefix: "crtmp-one-file-" })));
    await compile({ folder: program, output: bench.file, mode: "sfx", report: () => {} });
    return bench;
  }

  /** Path of `name` in the folder. */
  path(name: string): string {
    return join(this.#folder, name);
  }

  /** How to start the file with a cache folder of its own. */
  options(...args: string[]): RunOptions {
    return { args, env: { XDG_CACHE_HOME: this.path("cache") } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#folder, { recursive: true });
  }
}

e2e(
  "one file runs a worker, Lua, SQLite and linked packages, whatever lies around it",
  {},
  async (context) => {
    const program = await Deno.makeTempDir({ prefix: "crtmp-fixture-" });
    await runToSuccess("cp", { args: ["-r", `${ROOT}tests/fixtures/one_file/.`, program] });
    await using bench = await Bench.compile(program);
    // Nothing is needed of where it was built.
    await Deno.remove(program, { recursive: true });
    await Deno.mkdir(bench.path("cache"));
    // Above the unpacked program: a workspace that it is no part of, and a package of the same name.
    for (
      const [path, text] of [
        ["deno.json", `{ "workspace": ["./member"], "imports": { "wasmoon": "./no.ts" } }`],
        ["member/deno.json", `{ "name": "@x/member", "version": "1.0.0", "exports": "./mod.ts" }`],
        ["package.json", `{ "dependencies": { "wasmoon": "^1.0.0" } }`],
        ["node_modules/wasmoon/package.json", `{ "name": "wasmoon", "version": "1.99.0", "main": "no.js" }`],
      ] as const
    ) {
      await Deno.mkdir(dirname(bench.path(path)), { recursive: true });
      await Deno.writeTextFile(bench.path(path), text);
    }

    const assertWorks = async (...args: string[]): Promise<void> => {
      const running = startProcess(bench.file, bench.options(...args));
      const { code, stdout, stderr } = await running.result;
      assert.deepEqual([code, stderr], [0, ""]);
      const { pid, worker, lua, sqlite, asset, udp, run, ...told } = JSON.parse(stdout) as Told;
      assert.deepEqual(
        { worker, lua, sqlite, asset, udp },
        { worker: "hello worker", lua: "xxxLua 5.4", sqlite: 42, asset: "an asset\n", udp: "function" },
      );
      assert.equal(pid, running.pid, "exec keeps the process id");
      assert.notEqual(run, "granted", "the right to start programs");
      assert.deepEqual(told.args, args);
    };

    await context.step("two first starts at once", async () => {
      await Promise.all([assertWorks("a b", "", `"`), assertWorks("--", "-x")]);
    });
    await context.step("a start after that", () => assertWorks());
    await context.step("SIGTERM reaches the program, whose exit status comes out", async () => {
      await using running = startProcess(bench.file, bench.options("wait"));
      await waitFor(() => running.stdoutText.includes("waiting"), { what: "the program to wait" });
      assert.match(await Deno.readTextFile(`/proc/${running.pid}/comm`), /^crtmp\n$/);
      running.kill("SIGTERM");
      assert.equal((await running.result).code, 7);
    });
    await context.step("a cache folder that was opened to others is refused", async () => {
      await Deno.chmod(bench.path("cache/crtmp"), 0o777);
      const { code, stdout, stderr } = await runProcess(bench.file, bench.options());
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, /^crtmp: refuses [^\n]+\n$/);
    });
  },
);

e2e("crtmp in one file passes what crtmp from its sources passes", { tools: ["ffmpeg"] }, async (context) => {
  await using bench = await Bench.compile(ROOT);
  await Deno.mkdir(bench.path("cache"));
  const version = (JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`)) as { version: string }).version;

  await context.step("version", async () => {
    const printed = await runToSuccess(bench.file, bench.options("version"));
    assert.ok(printed.includes(version), printed);
  });
  for (const file of SAME_TESTS) {
    await context.step(file, async () => {
      const { stdout, stderr, code } = await runProcess(Deno.execPath(), {
        args: ["test", "--allow-all", "--no-check", `${ROOT}tests/e2e/${file}`],
        env: { CRTMP_COMMAND: bench.file, XDG_CACHE_HOME: bench.path("cache"), NO_COLOR: "1" },
        cwd: ROOT,
        timeoutMs: 300_000,
      });
      assert.equal(code, 0, `${stdout.slice(-4_000)}\n${stderr.slice(-2_000)}`);
      assert.match(stdout, /\d+ passed .*\| 0 failed/);
    });
  }
});
