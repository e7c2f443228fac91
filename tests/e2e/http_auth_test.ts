/** Users and passwords by path on acceptors over HTTP, as curl and the server's own client give them. */
import assert from "node:assert/strict";
import { plainOf, variantOf } from "#variant";
import { VARIANT_FORMATS } from "#protocols/variant";
import { runToSuccess } from "../helpers/process.ts";
import { freePort, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";

e2e(
  "acceptors ask for user and password by path, with Basic and Digest",
  { tools: ["curl"] },
  async (context) => {
    const [variant, web] = [freePort(), freePort()];
    await using server = await TestServer.start({
      config: (ports) => `
[web]
ip = "127.0.0.1"
port = ${ports.http}

[[applications]]
name = "live"
library = "flvplayback"
acceptors = [
  { ip = "127.0.0.1", port = ${ports.rtmp} },
  { ip = "127.0.0.1", port = ${web}, protocol = "inboundHttp", auth = { realms = [
    { name = "viewers", users = [{ name = "anna", password = "secret" }] },
    { name = "safe", method = "Digest", users = [{ name = "ben", password = "hidden" }] },
  ], uris = [{ uri = "/live", realm = "viewers" }, { uri = "/live/safe", realm = "safe" }] } },
]

[[applications]]
name = "vptests"
acceptors = [
  { ip = "127.0.0.1", port = ${variant}, protocol = "inboundHttpJsonVariant", auth = { realms = [
    { name = "programs", users = [{ name = "anna", password = "secret" }] },
  ], uris = [{ uri = "/", realm = "programs" }] } },
]
targets = [
  { name = "known", url = "http://anna:secret@127.0.0.1:${variant}/", format = "json" },
  { name = "wrong", url = "http://anna:wrong@127.0.0.1:${variant}/", format = "json" },
]
`,
    });
    const curl = async (url: string, ...args: string[]) => {
      const all = ["-s", "-w", "\n%{http_code}", ...args, url];
      const text = await runToSuccess("curl", { args: all, timeoutMs: 10_000 });
      const [, body = "", status = ""] = /^(.*)\n(\d+)$/s.exec(text) ?? [];
      return { body, status };
    };
    const statusOf = async (path: string, ...args: string[]) =>
      (await curl(`http://127.0.0.1:${web}${path}`, ...args)).status;
    await context.step("paths that nobody named are open, others are not", async () => {
      assert.equal(await statusOf("/healthz"), "200");
      for (const path of ["/live/a.flv", "/live", "//live/a.flv", "/l%69ve/a.flv"]) {
        assert.equal(await statusOf(path, "--path-as-is"), "401", path);
      }
    });
    await context.step("Basic and Digest let in, to what is not there", async () => {
      assert.equal(await statusOf("/live/a.flv?x=1", "--basic", "-u", "anna:secret"), "404");
      assert.equal(await statusOf("/live/a.flv?x=1", "--digest", "-u", "anna:secret"), "404");
      assert.equal(await statusOf("/live/safe/a.flv", "--digest", "-u", "ben:hidden"), "404");
      assert.equal(await statusOf("/live/safe/a.flv", "--basic", "-u", "ben:hidden"), "401");
      assert.equal(await statusOf("/live/safe/a.flv", "--digest", "-u", "anna:secret"), "401");
      assert.equal(await statusOf("/live/a.flv", "--basic", "-u", "anna:wrong"), "401");
    });
    await context.step("a message needs them too, at the root, in Digest with a body", async () => {
      const url = `http://127.0.0.1:${variant}/`;
      assert.equal((await curl(url, "-d", "[1]")).status, "401");
      assert.deepEqual(await curl(url, "-d", "[1]", "--digest", "-u", "anna:secret"), {
        body: "[1]",
        status: "200",
      });
    });
    await context.step("an application gives them where its address has them", async () => {
      const ask = async (to: string) => {
        const body = new TextDecoder().decode(VARIANT_FORMATS.json.encode(variantOf({ to, value: [1] })));
        const answer = await curl(`http://127.0.0.1:${variant}/`, "-d", body, "-u", "anna:secret");
        return plainOf(await VARIANT_FORMATS.json.decode(new TextEncoder().encode(answer.body)));
      };
      assert.deepEqual(await ask("known"), [1]);
      assert.deepEqual(await ask("wrong"), { error: "wrong cannot be reached, or did not answer" });
    });
    assert.deepEqual(server.logLines("secret"), []);
  },
);
