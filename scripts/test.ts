/**
 * Runs every test: units, documentation examples, end to end. Installs the programs the latter need.
 *
 * With `CI=true` a missing program is a failure; elsewhere the tests that need it are listed and counted as
 * skipped. With `CI=true` files that failed are run once more, alone: on a busy machine other programs miss their
 * time. What passed at the second attempt only is listed by name. The last line is `N passed, N failed` or
 * `N passed, N failed, N skipped`.
 *
 * ```sh
 * deno task test               # everything
 * deno task test:unit          # without the end-to-end tests
 * deno task test:e2e [PATTERN] # only those, of files whose name contains PATTERN
 * ```
 */
import { LEFT_OUT_VARIABLE } from "../tests/helpers/tools.ts";
import {
  formatCounts,
  isCi,
  listEndToEndGroups,
  listFailures,
  listUnitGroups,
  runTests,
  sumCounts,
} from "./run/test_run.ts";
import type { TestCounts, TestGroup, TestOutcome } from "./run/test_run.ts";
import { installTools, listNeededTools } from "./run/tools.ts";

/** Where Debian puts nginx: not on the search path of every user. */
const SYSTEM_PROGRAMS = "/usr/local/sbin:/usr/sbin:/sbin";

/** What a run was, for the lines at its end. */
interface Run {
  readonly counts: TestCounts[];
  /** Tests that failed first and passed when they were run again. */
  readonly passedAgain: string[];
}

/** Runs `groups` one after another, showing their output. */
async function runGroups(groups: readonly TestGroup[], env: Record<string, string>): Promise<Run> {
  const run: Run = { counts: [], passedAgain: [] };
  for (const group of groups) {
    if (group.files.length === 0) continue;
    console.log(`\n== ${group.name}: ${group.files.length} files`);
    const outcome = await runTests(group, { isShown: true, env });
    if (outcome.failed > 0 && isCi()) await runAgain(group, { outcome, env, run });
    else run.counts.push(outcome);
  }
  return run;
}

interface Attempt {
  readonly outcome: TestOutcome;
  readonly env: Record<string, string>;
  readonly run: Run;
}

/** Runs the files that failed once more, one at a time. A failure stands unless its very file passes. */
async function runAgain(group: TestGroup, { outcome, env, run }: Attempt): Promise<void> {
  const failures = listFailures(outcome.output);
  const files = [...failures.keys()].filter((file) => group.files.includes(file));
  console.log(`\n== ${group.name}, once more: ${files.length} files with failures`);
  let { passed, failed } = outcome;
  for (const file of files) {
    const again = await runTests({ ...group, files: [file] }, { isShown: true, env });
    if (again.failed > 0 || again.passed === 0) continue;
    const tests = [...failures.get(file) ?? []];
    passed += tests.length;
    failed -= tests.length;
    run.passedAgain.push(...tests);
  }
  run.counts.push({ ...outcome, passed, failed });
}

async function selectGroups(args: readonly string[]): Promise<TestGroup[]> {
  const [pattern = ""] = args.filter((arg) => !arg.startsWith("--"));
  const endToEnd = await listEndToEndGroups();
  const groups = [
    ...args.includes("--e2e") ? [] : await listUnitGroups(),
    ...args.includes("--unit") ? [] : endToEnd,
  ];
  return groups.map((group) => ({ ...group, files: group.files.filter((file) => file.includes(pattern)) }));
}

if (import.meta.main) {
  Deno.env.set("PATH", `${Deno.env.get("PATH") ?? ""}:${SYSTEM_PROGRAMS}`);
  const groups = await selectGroups(Deno.args);
  const tests = groups.flatMap((group) => group.files).filter((file) => file.endsWith("_test.ts"));
  const missing = await installTools(await listNeededTools(tests));
  if (missing.length > 0) console.log(`Not installed: ${missing.join(", ")}`);
  const leftOutPath = await Deno.makeTempFile();
  const run = await runGroups(groups, { [LEFT_OUT_VARIABLE]: leftOutPath });
  const counts = sumCounts(run.counts);
  const leftOut = (await Deno.readTextFile(leftOutPath)).trimEnd();
  await Deno.remove(leftOutPath);
  if (leftOut !== "") console.log(`\nLeft out:\n${leftOut}`);
  if (run.passedAgain.length > 0) {
    console.log(`\nPassed at the second attempt only:\n${run.passedAgain.join("\n")}`);
  }
  const found = counts.passed + counts.failed + counts.skipped;
  if (found === 0) console.log("\nNo test was found");
  console.log(`\n${formatCounts(counts)}`);
  Deno.exit(counts.failed > 0 || found === 0 ? 1 : 0);
}
