/** What an outsider relies on: the library works without flags, and its parsers load nothing but themselves. */
import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);

interface Outcome {
  readonly isSuccess: boolean;
  readonly out: string;
  readonly err: string;
}

async function deno(...args: string[]): Promise<Outcome> {
  const command = new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(50_000),
  });
  const { success, stdout, stderr } = await command.output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { isSuccess: success, out: out!, err: err! };
}

/** Runs `program` as a user's own would: with the project's imports, but without `unstable` features. */
async function runWithoutUnstable(program: string): Promise<Outcome> {
  const folder = await Deno.makeTempDir({ prefix: "crtmp-library-" });
  try {
    const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
    const { imports, links, compilerOptions } = config as Record<string, Record<string, string>>;
    const absolute = (path: string) => path.startsWith("./") ? new URL(path, ROOT).href : path;
    const own = {
      imports: Object.fromEntries(Object.entries(imports!).map(([name, path]) => [name, absolute(path)])),
      links: Object.values(links!).map((path) => new URL(path, ROOT).pathname),
      nodeModulesDir: "auto",
      lock: false,
      compilerOptions,
    };
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(own));
    await Deno.symlink(new URL("node_modules", ROOT), `${folder}/node_modules`);
    await Deno.writeTextFile(`${folder}/main.ts`, program);
    return await deno(
      "run",
      "--no-check",
      "--allow-net",
      "--config",
      `${folder}/deno.json`,
      `${folder}/main.ts`,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("serve needs five lines and no --unstable-net", async () => {
  const { isSuccess, out, err } = await runWithoutUnstable(`
    import { serve } from "#crtmp";
    const server = await serve({ rtmp: "127.0.0.1:0", publish: ({ query }) => query === "key=studio" });
    console.log(server.urls.publish.length, "listenDatagram" in Deno);
    await server.close();
  `);
  assert.ok(isSuccess, err);
  assert.equal(out, "1 false\n");
});

Deno.test("What needs --unstable-net says so, and UDP does without", async () => {
  const { isSuccess, out, err } = await runWithoutUnstable(`
    import { Reactor } from "#netio";
    const reactor = new Reactor();
    try {
      reactor.listenTcp({ address: "127.0.0.1", port: 0, isShared: true }, () => {});
    } catch (error) {
      console.log(error.name + ": " + error.message);
    }
    const socket = await reactor.openUdp({ address: "127.0.0.1", port: 0 });
    const got = new Promise((resolve) =>
      socket.receiveWith({ receive: (bytes) => resolve(bytes.length), closed() {} })
    );
    socket.send(new Uint8Array(3), socket.local);
    console.log(await got);
    socket.close();
    await reactor.close();
  `);
  assert.ok(isSuccess, err);
  assert.equal(
    out,
    "ConfigError: Cannot share port 0 between workers: start the runtime with --unstable-net\n3\n",
  );
});

Deno.test("Each part of the library but the server loads no package and no server", async (context) => {
  const entries = [
    "lib/amf/mod.ts",
    "lib/mediaformats/flv/mod.ts",
    "lib/mediaformats/mp4/mod.ts",
    "lib/protocols/rtmp/mod.ts",
    "lib/stack/mod.ts",
    "lib/streaming/mod.ts",
  ];
  for (const entry of entries) {
    await context.step(entry, async () => {
      const { isSuccess, out, err } = await deno("info", "--json", entry);
      assert.ok(isSuccess, err);
      const { modules } = JSON.parse(out) as { modules: { kind: string; specifier: string }[] };
      const specifiers = modules.map(({ specifier }) => specifier);
      assert.ok(specifiers.length > 3, "it was read");
      const foreign = specifiers.filter((specifier) => !/^(file|node):/.test(specifier));
      assert.deepEqual(foreign, []);
      const towers = /\/lib\/(netio|server|command|bridges|application|storage|std)\//;
      assert.deepEqual(specifiers.filter((specifier) => towers.test(specifier)), []);
    });
  }
});
