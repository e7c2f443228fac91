/** The example of an application's own protocols: an echo over TCP and HTTP, downloads over HTTP. */
import assert from "node:assert/strict";
import { runToSuccess } from "../helpers/process.ts";
import { RawConnection } from "../helpers/rtmp_client.ts";
import { freePort, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

e2e(
  "samplefactory echoes over TCP and HTTP, and downloads over HTTP",
  { tools: ["curl"] },
  async (context) => {
    const [tcp, http] = [freePort(), freePort()];
    const body = crypto.getRandomValues(new Uint8Array(60_000));
    const folder = await Deno.makeTempDir({ prefix: "crtmp-download-" });
    const source = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      if (!request.url.endsWith("/large?x=1")) return new Response("no", { status: 404 });
      let parts = 400;
      return new Response(
        new ReadableStream({
          pull: (controller) => parts-- > 0 ? controller.enqueue(body) : controller.close(),
        }),
      );
    });
    const address = `http://127.0.0.1:${source.addr.port}`;
    await using server = await TestServer.start({
      config: (ports) => `
[web]
ip = "127.0.0.1"
port = ${ports.http}

[[applications]]
name = "flvplayback"
acceptors = [{ ip = "127.0.0.1", port = ${ports.rtmp} }]

[[applications]]
name = "samplefactory"
acceptors = [
  { ip = "127.0.0.1", port = ${tcp}, protocol = "echoProtocol" },
  { ip = "127.0.0.1", port = ${http}, protocol = "httpEchoProtocol" },
]
downloadFolder = "${folder}"
downloads = [
  { url = "${address}/large?x=1", fileName = "large.bin" },
  { url = "${address}/missing", fileName = "missing.bin" },
]
`,
    });
    await context.step("echo over TCP", async () => {
      await using peer = await RawConnection.open(tcp);
      await peer.send(new TextEncoder().encode("hello"));
      await peer.waitBytes(10);
      assert.equal(new TextDecoder().decode(peer.received()), "ECHO hello");
    });
    await context.step("echo over HTTP", async () => {
      const args = ["-sS", "--fail", "-d", "hello", `http://127.0.0.1:${http}/`];
      assert.equal(await runToSuccess("curl", { args, timeoutMs: 10_000 }), "ECHO hello");
    });
    await context.step("downloads: 24 MB whole, what is not there told and not kept", async () => {
      await waitFor(() => server.logLines("missing.bin was not downloaded").length > 0, {
        what: "the downloads",
      });
      assert.equal(server.logLines("downloaded large.bin: 24000000 bytes").length, 1);
      const bytes = await Deno.readFile(`${folder}/large.bin`);
      assert.equal(bytes.length, 400 * body.length);
      for (let at = 0; at < bytes.length; at += body.length) {
        assert.ok(body.every((byte, index) => bytes[at + index] === byte), `part at ${at}`);
      }
      assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["large.bin"]);
    });
    await source.shutdown();
    await Deno.remove(folder, { recursive: true });
  },
);
