/** One run of `deno test`, and the counts it ends with. */
import { runCommand } from "./command.ts";
import { listSourceFiles, ROOT } from "../source_files.ts";

/** What a run of tests counted. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A group of tests that run with the same flags. */
export interface TestGroup {
  /** Shown in the output. */
  readonly name: string;
  /** Arguments after `deno test`. */
  readonly args: readonly string[];
  /** Files to run; a group without any is not started. */
  readonly files: readonly string[];
  /** Time after which the group is stopped and counts as failed, in ms. */
  readonly timeoutMs: number;
  /** Variables added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A finished group. */
export interface TestOutcome extends TestCounts {
  readonly output: string;
  readonly seconds: number;
}

/** Documented code that `deno test --doc` finds. */
const HAS_EXAMPLE = /^(\s*\* )?```ts\s*$/m;

/** Pages whose examples run. */
const PAGES = ["README.md", "ARCHITECTURE.md", "docs/applications.md", "docs/operations.md"];

/** What a test of the library says that starts other programs. */
const RUNS_PROGRAMS = /\bDeno\.Command\b|\be2e\(/;

/** Time for the tests that wait for nothing outside this process. */
const UNIT_TIMEOUT_MS = 300_000;

/** Time for all end-to-end tests together. */
const END_TO_END_TIMEOUT_MS = 900_000;

/** The permissions that the server has; `run`, `ffi` and `sys` are not among them. */
const SERVER_PERMISSIONS = ["--allow-net", "--allow-read", "--allow-write", "--allow-env"];

/**
 * Lists the groups without the end-to-end tests.
 *
 * @param checkFlag `--no-check` where types have been checked by another step.
 */
export async function listUnitGroups(checkFlag?: "--no-check"): Promise<TestGroup[]> {
  const flags = ["--parallel", "--trace-leaks", ...(checkFlag === undefined ? [] : [checkFlag])];
  if (isCi()) flags.push("--preload=scripts/run/fixed_seed.ts");
  const library = await listSourceFiles(["mod.ts", "lib", "apps"]);
  const project = await listSourceFiles(["scripts", "tests/contract", "tests/fuzz", "tests/helpers"]);
  const isTest = (path: string): boolean => path.endsWith("_test.ts");
  const tests = library.filter(isTest);
  const withPrograms = await listWith(tests, RUNS_PROGRAMS);
  const documented = library.filter((path) => !isTest(path) && !path.startsWith("lib/std/"));
  return [
    {
      name: "units",
      args: [...flags, ...SERVER_PERMISSIONS],
      files: tests.filter((path) => !withPrograms.includes(path)),
      timeoutMs: UNIT_TIMEOUT_MS,
    },
    {
      name: "programs",
      args: [...flags, "--allow-all"],
      files: [...project.filter(isTest), ...withPrograms],
      timeoutMs: UNIT_TIMEOUT_MS,
    },
    {
      name: "doc tests",
      args: ["--doc", "--parallel", ...SERVER_PERMISSIONS],
      files: [
        ...await listWith(documented, HAS_EXAMPLE),
        ...await listWith(PAGES, HAS_EXAMPLE),
      ],
      timeoutMs: UNIT_TIMEOUT_MS,
    },
  ];
}

/**
 * End-to-end tests that have the machine to themselves, because they count time or memory, or run a program that needs
 * a whole processor. The others wait for streams to play most of their time: two files at a time halve it.
 */
const ALONE = new RegExp(
  "/(" + [
    ...["browser", "descriptors", "drain", "formats_mpegts", "hostile_\\w+", "index_kill", "lifecycle"],
    ...["matrix", "peers_(obs|vlc)", "rtsp_(loss|multicast|netns|peers|relay_peers)", "single_file"],
    ...["slow_readers", "stress", "ts_pace"],
  ].join("|") + ")_test\\.ts$",
);

/** Lists the end-to-end tests: those that may run side by side, then the others one after another. */
export async function listEndToEndGroups(): Promise<TestGroup[]> {
  const files = (await listSourceFiles(["tests/e2e"])).filter((path) => path.endsWith("_test.ts"));
  const args = ["--no-check", "--allow-all"];
  return [
    {
      name: "end to end, side by side",
      args: [...args, "--parallel"],
      env: { DENO_JOBS: "2" },
      files: files.filter((path) => !ALONE.test(path)),
      timeoutMs: END_TO_END_TIMEOUT_MS,
    },
    {
      name: "end to end",
      args,
      files: files.filter((path) => ALONE.test(path)),
      timeoutMs: END_TO_END_TIMEOUT_MS,
    },
  ];
}

/** Whether this is a run that judges a change: nobody is there to try again. */
export function isCi(): boolean {
  return (Deno.env.get("CI") ?? "") !== "";
}

/** Runs one group of tests. */
export async function runTests(
  group: TestGroup,
  options: { readonly isShown?: boolean; readonly env?: Record<string, string> } = {},
): Promise<TestOutcome> {
  if (group.files.length === 0) return { passed: 0, failed: 0, skipped: 0, output: "", seconds: 0 };
  const outcome = await runCommand(["deno", "test", ...group.args, ...group.files], {
    cwd: ROOT,
    timeoutMs: group.timeoutMs,
    ...options,
    env: { ...options.env, ...group.env },
  });
  const counts = readCounts(outcome.output) ?? { passed: 0, failed: 0, skipped: 0 };
  const failed = outcome.code !== 0 && counts.failed === 0 ? 1 : counts.failed;
  return { ...counts, failed, output: outcome.output, seconds: outcome.seconds };
}

/**
 * Reads the summary line that `deno test` prints last.
 *
 * @returns The counts, or `undefined` where it stopped before the summary.
 */
export function readCounts(output: string): TestCounts | undefined {
  const line = output.split("\n").findLast((text) => /^(ok|FAILED) \| /.test(text));
  if (line === undefined) return undefined;
  const count = (word: string): number => Number(new RegExp(`(\\d+) ${word}`).exec(line)?.[1] ?? 0);
  return { passed: count("passed"), failed: count("failed"), skipped: count("ignored") };
}

/** The line before the tests of a file, where one file runs at a time. */
const FILE_BEGINS = /^running \d+ tests? from \.\/(\S+)$/;

/** The line of a test that failed; where files run side by side, it begins with the file. Steps are indented. */
const TEST_FAILED = /^(?:\.\/(\S+) => )?(\S.*?)(?: \.\.\. .*)? \.\.\. FAILED(?: \(.*\))?$/;

/** The line of a file that failed outside of its tests. */
const FILE_FAILED = /^\.\/(\S+) \(uncaught error\)$/;

/**
 * Lists the tests that failed, from what `deno test` printed.
 *
 * @returns `FILE => TEST`, or `FILE` where it failed outside of its tests, under the file; each once. None where it
 *   stopped before its summary: the tests it did not come to have failed too, and nobody knows their names.
 */
export function listFailures(output: string): Map<string, Set<string>> {
  const failures = new Map<string, Set<string>>();
  if (readCounts(output) === undefined) return failures;
  let current = "";
  for (const line of output.split("\n")) {
    current = FILE_BEGINS.exec(line)?.[1] ?? current;
    const failed = TEST_FAILED.exec(line);
    const file = FILE_FAILED.exec(line)?.[1] ?? (failed === null ? undefined : failed[1] ?? current);
    if (file === undefined) continue;
    const tests = failures.get(file) ?? new Set();
    failures.set(file, tests.add(failed === null ? file : `${file} => ${failed[2]}`));
  }
  return failures;
}

/** Formats counts as the last line of a run, which is read by machines. */
export function formatCounts({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** Adds up counts. */
export function sumCounts(all: readonly TestCounts[]): TestCounts {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of all) {
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
  }
  return sum;
}

/** Keeps the files whose text matches. */
async function listWith(paths: readonly string[], pattern: RegExp): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const text = await Deno.readTextFile(ROOT + path).catch(() => "");
    if (pattern.test(text)) files.push(path);
  }
  return files;
}
