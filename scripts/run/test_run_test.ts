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

Deno.test("listFailures reads the list at the end: tests, steps and files that failed as a whole", () => {
  const output = [
    "a => ./lib/a_test.ts:1:6",
    "error: Error: x",
    "",
    " FAILURES ",
    "",
    "a => ./lib/a_test.ts:1:6",
    "b => c ... step => ./tests/e2e/b_test.ts:12:46",
    "./top_test.ts (uncaught error)",
    "",
    "FAILED | 0 passed | 3 failed (105ms)",
  ];
  deepEqual(listFailures(output.join("\n")).map(({ file }) => file), [
    "lib/a_test.ts",
    "tests/e2e/b_test.ts",
    "top_test.ts",
  ]);
  deepEqual(listFailures("ok | 1 passed | 0 failed (5ms)\n"), []);
});
