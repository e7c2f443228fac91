import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runCommand } from "../run/command.ts";
import { ROOT } from "../source_files.ts";
import { layOutProgram, type ProgramConfig, readConfig, runtimeFlags } from "./program_tree.ts";

const withTask = (serve: string): ProgramConfig => ({ name: "x", version: "1.0.0", tasks: { serve } });

Deno.test("runtimeFlags reads the flags of the task, as text or as an object", () => {
  assert.deepEqual(runtimeFlags(withTask("deno run --allow-net -R=/x main.ts serve")), [
    "--allow-net",
    "-R=/x",
  ]);
  assert.deepEqual(runtimeFlags(withTask("deno run main.ts")), []);
  assert.deepEqual(
    runtimeFlags({ name: "x", version: "1.0.0", tasks: { serve: { command: "deno run -N main.ts serve" } } }),
    ["-N"],
  );
});

Deno.test("runtimeFlags refuses what it cannot pass on", () => {
  assert.throws(() => runtimeFlags(withTask("deno task other")), /not "deno run FLAGS main.ts"/);
  assert.throws(() => runtimeFlags({ name: "x", version: "1.0.0" }), /not "deno run FLAGS main.ts"/);
  assert.throws(() => runtimeFlags(withTask("deno run --allow-net='$(id)' main.ts")), /needs quoting/);
});

Deno.test("runtimeFlags of this project grant no programs, no native code, nothing of the system", async () => {
  const flags = runtimeFlags(await readConfig(ROOT));
  for (const granted of ["--allow-net", "--allow-read", "--allow-write"]) {
    assert.ok(flags.includes(granted), granted);
  }
  assert.deepEqual(flags.filter((flag) => /-A\b|allow-(all|run|ffi|sys)/.test(flag)), []);
});

Deno.test("layOutProgram makes one module of the program, copies workers and assets, and a deno.json for running only", async () => {
  const folder = await Deno.makeTempDir();
  const tree = join(folder, "tree");
  try {
    await Deno.mkdir(tree);
    await Deno.mkdir(join(folder, "assets/icons"), { recursive: true });
    const written = {
      "deno.json": JSON.stringify({
        name: "@x/x",
        version: "1.2.3",
        exports: "./main.ts",
        lint: { plugins: ["./gone.ts"] },
        imports: { "#used": "./used.ts" },
        compile: { include: ["worker.ts", "assets"] },
      }),
      "main.ts": `import { used } from "#used"; import config from "./deno.json" with { type: "json" };
        console.log(used, config.version);`,
      "used.ts": `import type { T } from "./types.ts"; export const used: T = 1;`,
      "types.ts": "export type T = number;",
      "worker.ts": `import "./worker_part.ts";`,
      "worker_part.ts": "export {};",
      "unused.ts": "export {};",
      "assets/icons/a.svg": "<svg/>",
    };
    for (const [path, text] of Object.entries(written)) await Deno.writeTextFile(join(folder, path), text);
    const { files, sizeBytes, remote } = await layOutProgram(folder, tree);
    assert.deepEqual(
      files,
      [
        "assets/icons/a.svg",
        "deno.json",
        "main.js",
        "package.json",
        "worker.ts",
        "worker_part.ts",
      ],
    );
    assert.ok(sizeBytes > 0);
    const { stdout } = await runCommand(["deno", "run", "--quiet", "main.js"], { cwd: tree });
    assert.equal(stdout, "1 1.2.3\n");
    assert.deepEqual(remote, []);
    const config = JSON.parse(await Deno.readTextFile(join(tree, "deno.json")));
    assert.equal(config.version, "1.2.3");
    assert.equal(config.nodeModulesDir, "manual");
    assert.equal(config.lint, undefined);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("layOutProgram refuses a module outside of the program's folder", async () => {
  const outside = await Deno.makeTempFile({ suffix: ".ts" });
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(folder, "tree"));
    await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify({ name: "@x/x", version: "1.0.0" }));
    await Deno.writeTextFile(join(folder, "main.ts"), `import "${pathToFileURL(outside)}";`);
    await assert.rejects(layOutProgram(folder, join(folder, "tree")), /Cannot pack .*: it is outside/);
  } finally {
    await Deno.remove(folder, { recursive: true });
    await Deno.remove(outside);
  }
});
