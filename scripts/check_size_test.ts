import { deepEqual, equal } from "node:assert/strict";
import { checkSizes, MAX_FILE_LINES, MAX_FOLDER_FILES, TARGET_FILE_LINES } from "./check_size.ts";

const lines = (count: number): string => "x\n".repeat(count);

Deno.test("checkSizes accepts the limit and refuses one line more", () => {
  deepEqual(checkSizes([{ path: "lib/a/b.ts", text: lines(TARGET_FILE_LINES) }]), {
    faults: [],
    warnings: [],
  });
  const atLimit = checkSizes([{ path: "lib/a/b.ts", text: lines(MAX_FILE_LINES) }]);
  deepEqual(atLimit, { faults: [], warnings: ["lib/a/b.ts 500"] });
  const over = checkSizes([{ path: "lib/a/b.ts", text: lines(MAX_FILE_LINES + 1) }]);
  deepEqual(over.faults, ["lib/a/b.ts has 501 lines, at most 500"]);
});

Deno.test("checkSizes frees a pure table, and only a pure one", () => {
  const table = `// size: table\nexport const A = {\n${"  a: 1,\n".repeat(600)}};\n`;
  deepEqual(checkSizes([{ path: "lib/a/b.ts", text: table }]).faults, []);
  const code = `${table}export function f(): void {}\n`;
  deepEqual(checkSizes([{ path: "lib/a/b.ts", text: code }]).faults, [
    "lib/a/b.ts is marked as a table and has code",
  ]);
});

Deno.test("checkSizes counts source files per folder, without tests, benches and mod.ts", () => {
  const names = Array.from({ length: MAX_FOLDER_FILES }, (_, index) => `lib/a/f${index}.ts`);
  const free = ["lib/a/mod.ts", "lib/a/f_test.ts", "lib/a/f_bench.ts", "lib/a/b/c.ts"];
  const files = [...names, ...free].map((path) => ({ path, text: "" }));
  equal(checkSizes(files).faults.length, 0);
  deepEqual(checkSizes([...files, { path: "lib/a/more.ts", text: "" }]).faults, [
    "lib/a/ has 13 source files, at most 12: split it",
  ]);
});
