import { deepEqual, equal, match } from "node:assert/strict";
import { runCommand } from "./command.ts";

const evaluate = (code: string): string[] => ["deno", "eval", code];

Deno.test("runCommand keeps both outputs and the exit status", async () => {
  const { code, output, stdout } = await runCommand(
    evaluate("console.log('a'); console.error('b'); Deno.exit(3)"),
  );
  deepEqual([code, output.split("\n").sort(), stdout], [3, ["", "a", "b"], "a\n"]);
});

Deno.test("runCommand answers 127 for a program that does not exist", async () => {
  const { code, output } = await runCommand(["crtmp-no-such-program"]);
  deepEqual([code, output], [127, "Cannot run crtmp-no-such-program: no such program\n"]);
});

Deno.test("runCommand stops a program that hangs, and keeps what it printed", async () => {
  const hanging = evaluate("console.log('before'); setInterval(() => {}, 1000)");
  const { code, output } = await runCommand(hanging, { timeoutMs: 1500 });
  equal(code, 124);
  match(output, /^before\n\nStopped after \d+ s: its time was over\n$/);
});
