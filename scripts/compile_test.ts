import assert from "node:assert/strict";
import { resolve } from "node:path";
import { compile, parseCompileArgs } from "./compile.ts";

Deno.test("parseCompileArgs fills in this machine and ./crtmp", () => {
  assert.deepEqual(parseCompileArgs([]), {
    mode: "auto",
    target: Deno.build.target,
    output: resolve("crtmp"),
  });
});

Deno.test("parseCompileArgs reads target, output and mode", () => {
  const args = ["--target", "aarch64-apple-darwin", "--output", "dist/x", "--mode", "deno"];
  assert.deepEqual(parseCompileArgs(args), {
    mode: "deno",
    target: "aarch64-apple-darwin",
    output: resolve("dist/x"),
  });
});

Deno.test("parseCompileArgs refuses what it does not know", () => {
  assert.throws(() => parseCompileArgs(["--mode", "zip"]), /--mode must be auto, deno or sfx, not "zip"/);
  assert.throws(
    () => parseCompileArgs(["--target", "riscv"]),
    /--target must be one of aarch64-apple-darwin, /,
  );
  assert.throws(() => parseCompileArgs(["--outptu", "x"]), /--outptu/);
});

Deno.test("compile refuses a self-extracting file for another system", async () => {
  const lines: string[] = [];
  const options = { output: "/nowhere/x", mode: "sfx", target: "aarch64-apple-darwin" } as const;
  await assert.rejects(
    compile({ ...options, report: (line) => lines.push(line) }),
    /for aarch64-apple-darwin: only/,
  );
  assert.deepEqual(lines, []);
});
