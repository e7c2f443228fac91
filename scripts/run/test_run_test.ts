import { deepEqual, equal } from "node:assert/strict";
import { formatCounts, listFailures, readCounts, sumCounts } from "./test_run.ts";

Deno.test("readCounts reads the last summary, with steps and without", () => {
  deepEqual(readCounts("x\n\nok | 12 passed (3 steps) | 0 failed | 2 ignored (5ms)\n"), {
    passed: 12,
    failed: 0,
    skipped: 2,
  });
  deepEqual(
    readCounts("ok | 9 passed | 0 failed (1ms)\nFAILED | 1 passed | 2 failed (1 step) (5ms)\nerror: x\n"),
    {
      passed: 1,
      failed: 2,
      skipped: 0,
    },
  );
  equal(readCounts("error: Type checking failed.\n"), undefined);
});

Deno.test("formatCounts leaves out what is zero, but for passed and failed", () => {
  const counts = sumCounts([{ passed: 1, failed: 0, skipped: 0 }, { passed: 2, failed: 0, skipped: 0 }]);
  equal(formatCounts(counts), "3 passed, 0 failed");
  equal(formatCounts({ passed: 0, failed: 1, skipped: 4 }), "0 passed, 1 failed, 4 skipped");
});

Deno.test("listFailures finds tests by the file they are in, however many files run at a time", () => {
  const oneByOne = [
    "running 2 tests from ./lib/a_test.ts",
    "a ... ok (1ms)",
    "b ...",
    "  step ... FAILED (1ms)",
    "b ... FAILED (2s)",
    "",
    " ERRORS ",
    "",
    "b => ./tests/helpers/tools.ts:67:10",
    "error: Error: x",
    "",
    " FAILURES ",
    "",
    "b => ./tests/helpers/tools.ts:67:10",
    "./top_test.ts (uncaught error)",
    "",
    "FAILED | 1 passed | 2 failed (105ms)",
  ];
  deepEqual(
    listFailures(oneByOne.join("\n")),
    new Map([["lib/a_test.ts", new Set(["lib/a_test.ts => b"])], ["top_test.ts", new Set(["top_test.ts"])]]),
  );
  const sideBySide = [
    "./lib/a_test.ts => a ... ok (1ms)",
    "./lib/a_test.ts => b ... step ... FAILED (1ms)",
    "./lib/a_test.ts => b ... FAILED (due to 1 failed step) (2s)",
    "./lib/c_test.ts => c ... FAILED (2s)",
    "FAILED | 1 passed (1 step) | 2 failed (1 step) (3s)",
  ];
  deepEqual(
    listFailures(sideBySide.join("\n")),
    new Map([
      ["lib/a_test.ts", new Set(["lib/a_test.ts => b"])],
      ["lib/c_test.ts", new Set(["lib/c_test.ts => c"])],
    ]),
  );
  equal(listFailures("ok | 1 passed | 0 failed (5ms)\n").size, 0);
  equal(listFailures(sideBySide.slice(0, -1).join("\n")).size, 0, "the others did not run");
});
