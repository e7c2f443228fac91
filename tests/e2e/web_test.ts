/** The web plane around streams: methods, CORS, what is missing, status, secrets. */
import assert from "node:assert/strict";
import { publishClip } from "../helpers/publishers.ts";
import { runProcess } from "../helpers/process.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

const SECRET = "hush-hush-77";

e2e(
  "the web plane answers for streams, status and health, and keeps secrets",
  { tools: ["ffmpeg", "curl"] },
  async (context) => {
    await using server = await TestServer.start();
    await using publisher = await publishClip("film", server.rtmpUrl(`live/shown?key=${SECRET}`), {
      inputArgs: ["-stream_loop", "-1"],
    });
    const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
      const response = await fetch(server.httpUrl(path), { ...init, signal: AbortSignal.timeout(5_000) });
      return response;
    };
    await waitFor(async () => {
      const response = await ask("live/shown.flv");
      await response.body?.cancel();
      return response.status === 200;
    }, { what: "the stream over HTTP" });

    await context.step("GET says what it is and may be read by any page", async () => {
      const response = await ask("live/shown.flv", { headers: { origin: "http://example.org" } });
      await response.body?.cancel();
      assert.equal(response.headers.get("content-type"), "video/x-flv");
      assert.equal(response.headers.get("access-control-allow-origin"), "*");
      assert.match(response.headers.get("cache-control") ?? "", /no-(cache|store)/);
    });
    await context.step("HEAD answers without a body, and at once", async () => {
      const response = await ask("live/shown.flv", { method: "HEAD" });
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("content-type"), "video/x-flv");
      assert.equal((await response.arrayBuffer()).byteLength, 0);
    });
    await context.step("OPTIONS answers a browser's preflight", async () => {
      const response = await ask("live/shown.flv", {
        method: "OPTIONS",
        headers: { origin: "http://example.org", "access-control-request-method": "GET" },
      });
      await response.body?.cancel();
      assert.ok(response.status === 200 || response.status === 204, String(response.status));
      assert.equal(response.headers.get("access-control-allow-origin"), "*");
    });
    await context.step(
      "a POST of what is no media, or from another site's page, publishes nothing",
      async () => {
        const garbage = await ask("live/other.flv", { method: "POST", body: "x" });
        await garbage.body?.cancel();
        const headers = { origin: "http://evil.example" };
        const page = await ask("live/other.flv", { method: "POST", body: "x", headers });
        await page.body?.cancel();
        assert.equal(page.status, 403);
        const patch = await ask("live/shown.flv", { method: "PATCH", body: "x" });
        await patch.body?.cancel();
        assert.equal(patch.status, 405);
        assert.equal(server.logLines("live/other: publishing").length, 0, server.log);
      },
    );
    await context.step("what is missing is named in the 404", async () => {
      for (const path of ["live/absent.flv", "nowhere/absent.flv"]) {
        const response = await ask(path);
        assert.equal(response.status, 404, path);
        assert.match(await response.text(), /absent|nowhere/);
      }
    });
    await context.step("GET /healthz", async () => {
      const response = await ask("healthz");
      await response.body?.cancel();
      assert.equal(response.status, 200);
    });
    await context.step("the status page names the stream and no key", async () => {
      const response = await ask("");
      const page = await response.text();
      assert.equal(response.status, 200);
      assert.match(page, /shown/);
      assert.ok(!page.includes(SECRET), "the key is not on the page");
    });
    await context.step("HTTP/1.0 and keep-alive clients are served", async () => {
      const old = await runProcess("curl", { args: ["-s", "--http1.0", "-i", server.httpUrl("healthz")] });
      assert.match(old.stdout, /^HTTP\/1\.[01] 200/);
      const twice = await runProcess("curl", {
        args: ["-s", "-w", "%{num_connects}\n", server.httpUrl("healthz"), server.httpUrl("healthz")],
      });
      assert.match(twice.stdout, /0\s*$/, "the second request used the first connection");
    });
    publisher.kill("SIGTERM");
    await publisher.result;
    await delay(200);
    assert.ok(!server.log.includes(SECRET), "no key in the log");
    assert.ok(server.logLines("live/shown").length > 0, "appName/publicName is in the log");
    assert.ok(server.logLines("127.0.0.1:").length > 0, "the peer's address is in the log");
  },
);
