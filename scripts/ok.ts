/**
 * The gate: everything that must hold before a commit, but for the end-to-end tests.
 *
 * ```sh
 * deno task ok            # all steps
 * deno task ok lint size  # these steps only
 * deno task ok --untested # all but the tests, for a run that has them anyway
 * ```
 */
import { runCommand } from "./run/command.ts";
import { ROOT } from "./source_files.ts";
import { formatCounts, listUnitGroups, runTests, sumCounts, type TestCounts } from "./run/test_run.ts";

/** Steps that run at the same time: the gate is used on small machines. */
const PARALLEL_STEPS = 2;

/** Time for one step that runs no tests; the first on a machine fetches packages. */
const STEP_TIMEOUT_MS = 600_000;

interface Outcome {
  readonly isOk: boolean;
  readonly output: string;
  readonly seconds: number;
  readonly counts?: TestCounts;
}

interface Step {
  readonly name: string;
  run(): Promise<Outcome>;
}

/** Makes a step of a command that fails by its exit status. */
function step(name: string, ...command: string[]): Step {
  const run = async (): Promise<Outcome> => {
    const { code, output, seconds } = await runCommand(command, { cwd: ROOT, timeoutMs: STEP_TIMEOUT_MS });
    return { isOk: code === 0, output, seconds };
  };
  return { name, run };
}

/** Lists the steps, longest first, so that the processors are busy to the end. */
async function listSteps(args: readonly string[]): Promise<Step[]> {
  const script = (
    name: string,
  ): string[] => ["deno", "run", "--no-check", "--allow-all", `scripts/${name}.ts`];
  const groups = args.includes("--untested") ? [] : await listUnitGroups("--no-check");
  const names = args.filter((arg) => !arg.startsWith("--"));
  const steps = [
    step("check", "deno", "check"),
    ...groups.map((group): Step => ({
      name: group.name,
      run: async () => {
        const { output, seconds, ...counts } = await runTests(group);
        return { isOk: counts.failed === 0, output: withoutPassed(output), seconds, counts };
      },
    })),
    step("publish", "deno", "publish", "--dry-run", "--allow-dirty"),
    step("docs", ...script("check_docs")),
    step("lint", "deno", "lint"),
    step("layers", ...script("check_layers")),
    step("size", ...script("check_size")),
    step("fmt", "deno", "fmt", "--check"),
  ];
  return steps.filter(({ name }) => names.length === 0 || names.includes(name));
}

/** Drops the lines of tests that passed, so that those that failed are seen. */
function withoutPassed(output: string): string {
  return output.split("\n").filter((line) => !/ \.\.\. ok \([^()]+\)$/.test(line)).join("\n");
}

/** The lines of tests that were left out, for want of a program as a rule. */
function leftOut(output: string): string {
  return output.split("\n").filter((line) => / \.\.\. ignored \([^()]+\)$/.test(line)).join("\n");
}

async function runSteps(steps: readonly Step[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const queue = [...steps];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const outcome = await next.run();
      outcomes.push(outcome);
      report(next.name, outcome);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_STEPS }, work));
  return outcomes;
}

function report(name: string, { isOk, output, seconds, counts }: Outcome): void {
  const tests = counts === undefined ? "" : `  ${formatCounts(counts)}`;
  console.log(`${isOk ? "ok    " : "FAILED"} ${name.padEnd(10)} ${seconds.toFixed(1).padStart(5)} s${tests}`);
  const shown = isOk ? leftOut(output) : output.trimEnd();
  if (shown !== "") console.log(shown.replaceAll(/^/gm, "       | "));
}

if (import.meta.main) {
  const startedMs = performance.now();
  const install = await step("install", "deno", "install", "--quiet").run();
  if (!install.isOk) report("install", install);
  const wanted = await listSteps(Deno.args);
  const outcomes = await runSteps(wanted);
  const passed = outcomes.filter((outcome) => outcome.isOk).length;
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const counts = formatCounts(sumCounts(outcomes.flatMap((outcome) => outcome.counts ?? [])));
  console.log(`${passed} of ${wanted.length} steps passed in ${seconds} s; tests: ${counts}`);
  if (!install.isOk || passed < wanted.length) Deno.exit(1);
}
