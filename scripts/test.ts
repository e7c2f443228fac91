/**
 * Runs every test: units, documentation examples, end to end. Installs the programs the latter need.
 *
 * With `CI=true` a missing program is a failure; elsewhere the tests that need it are listed and counted as
 * skipped. The last line is `N passed, N failed` or `N passed, N failed, N skipped`.
 *
 * ```sh
 * deno task test               # everything
 * deno task test:unit          # without the end-to-end tests
 * deno task test:e2e [PATTERN] # only those, of files whose name contains PATTERN
 * ```
 */
import { LEFT_OUT_VARIABLE } from "../tests/helpers/tools.ts";
import { formatCounts, listEndToEndGroups, listUnitGroups, runTests, sumCounts } from "./run/test_run.ts";
import type { TestCounts, TestGroup } from "./run/test_run.ts";
import { installTools, listNeededTools } from "./run/tools.ts";

/** Where Debian puts nginx: not on the search path of every user. */
const SYSTEM_PROGRAMS = "/usr/local/sbin:/usr/sbin:/sbin";

/** Runs `groups` one after another, showing their output. */
async function runGroups(groups: readonly TestGroup[], env: Record<string, string>): Promise<TestCounts[]> {
  const counts: TestCounts[] = [];
  for (const group of groups) {
    if (group.files.length === 0) continue;
    console.log(`\n== ${group.name}: ${group.files.length} files`);
    counts.push(await runTests(group, { isShown: true, env }));
  }
  return counts;
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
  const counts = sumCounts(await runGroups(groups, { [LEFT_OUT_VARIABLE]: leftOutPath }));
  const leftOut = (await Deno.readTextFile(leftOutPath)).trimEnd();
  await Deno.remove(leftOutPath);
  if (leftOut !== "") console.log(`\nLeft out:\n${leftOut}`);
  const found = counts.passed + counts.failed + counts.skipped;
  if (found === 0) console.log("\nNo test was found");
  console.log(`\n${formatCounts(counts)}`);
  Deno.exit(counts.failed > 0 || found === 0 ? 1 : 0);
}
