/** `crtmp init`: what it writes passes its own test, is checked, and serves. */
import assert from "node:assert/strict";
import manifest from "../../deno.json" with { type: "json" };
import { runProcess, startProcess } from "../helpers/process.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { freePort, serverCommand } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { isListening, waitFor } from "../helpers/wait.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Has a project use this checkout in place of the published package. */
async function linkToCheckout(folder: string): Promise<void> {
  const path = `${folder}/deno.json`;
  const config = JSON.parse(await Deno.readTextFile(path));
  const links = [ROOT, ...manifest.links.map((link) => `${ROOT}${link}`)];
  const { compilerOptions } = manifest;
  await Deno.writeTextFile(path, JSON.stringify({ ...config, links, compilerOptions, lock: false }));
}

async function init(...args: readonly string[]) {
  const [program, ...rest] = serverCommand();
  return await runProcess(program!, { args: [...rest, "init", ...args] });
}

async function deno(folder: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProcess(Deno.execPath(), {
    args,
    cwd: folder,
    timeoutMs: 120_000,
    env: { NO_COLOR: "1" },
  });
  assert.equal(code, 0, `deno ${args.join(" ")}:\n${stdout}${stderr}`);
  return stdout + stderr;
}

for (
  const [language, flags, files] of [
    ["TypeScript", [], ["app.ts", "app_test.ts", "crtmp.toml", "deno.json", "main.ts"]],
    ["Lua", ["--lua"], ["app.lua", "app_test.ts", "crtmp.toml", "deno.json", "main.ts"]],
  ] as const
) {
  e2e(`init writes an application in ${language} whose test passes, and that serves`, {}, async () => {
    const parent = await Deno.makeTempDir({ prefix: "crtmp-init-" });
    const folder = `${parent}/studio`;
    const { code, stdout } = await init(folder, ...flags);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /cd .*studio\n/);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), files);
    await deno(folder, "fmt", "--check", ...files.filter((file) => file.endsWith(".ts")));
    await linkToCheckout(folder);
    await deno(folder, "check", ...files.filter((file) => file.endsWith(".ts")));
    assert.match(await deno(folder, "task", "test", "--no-check"), /\b[23] passed \| 0 failed/);
    assert.match(await deno(folder, "task", "check"), /inboundRtmp +studio/);
    const port = freePort();
    const toml = await Deno.readTextFile(`${folder}/crtmp.toml`);
    const moved = toml.replace("port = 1935", `port = ${port}`).replace(
      "port = 8080",
      `port = ${freePort()}`,
    );
    await Deno.writeTextFile(`${folder}/crtmp.toml`, moved);
    await using server = startProcess(Deno.execPath(), {
      args: ["run", "--no-check", "-A", "main.ts", "serve", "crtmp.toml"],
      cwd: folder,
      timeoutMs: 60_000,
    });
    await waitFor(() => isListening(port), { what: "the server", timeoutMs: 20_000 });
    await using client = await RtmpClient.publish(port, "live", "Cam?key=change-me");
    assert.equal((await client.call("echo", [null, "back"]))[3], "back");
    server.kill("SIGTERM");
    assert.equal((await server.result).code, 0);
    await Deno.remove(parent, { recursive: true });
  });
}

e2e("init replaces nothing, and says what is in its way", {}, async () => {
  const folder = await Deno.makeTempDir({ prefix: "crtmp-init-" });
  await Deno.writeTextFile(`${folder}/crtmp.toml`, "mine");
  const { code, stderr } = await init(folder);
  assert.equal(code, 1);
  assert.match(stderr, /^crtmp: Cannot write .*\/crtmp\.toml: it exists; another folder is needed\n$/);
  assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["crtmp.toml"]);
  assert.equal(await Deno.readTextFile(`${folder}/crtmp.toml`), "mine");
  await Deno.remove(folder, { recursive: true });
});
