import assert from "node:assert/strict";
import { join, resolve } from "node:path";
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

Deno.test({
  name: "compile embeds the program with deno compile, or says why not and leaves no file",
  ignore: Deno.build.os !== "linux",
  fn: testEmbedding,
});

async function testEmbedding(): Promise<void> {
  const folder = await Deno.makeTempDir();
  const before = Deno.env.get("DENORT_BIN");
  try {
    const config = { name: "@x/x", version: "1.2.3", tasks: { serve: "deno run --allow-net main.ts serve" } };
    await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify(config));
    await Deno.writeTextFile(join(folder, "main.ts"), "console.log(1);");
    const lines: string[] = [];
    const options = { folder, mode: "deno", report: (line: string) => lines.push(line) } as const;
    // Any program of this system's format will do to embed in.
    Deno.env.set("DENORT_BIN", Deno.execPath());
    const output = join(folder, "dist/file");
    await compile({ ...options, output });
    assert.match(lines.join(), /dist[/\\]file: 1\.2\.3 for .*, [\d.]+ MB, 3 program files of \d+ KB, in /);
    Deno.env.set("DENORT_BIN", join(folder, "main.ts"));
    await assert.rejects(
      compile({ ...options, output: join(folder, "dist2/file") }),
      /Cannot run deno compile for /,
    );
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(folder, "dist2"))), []);
  } finally {
    if (before === undefined) Deno.env.delete("DENORT_BIN");
    else Deno.env.set("DENORT_BIN", before);
    await Deno.remove(folder, { recursive: true });
  }
}
