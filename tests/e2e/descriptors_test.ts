/** The limit of open files, reached on either port. */
import assert from "node:assert/strict";
import { Bystander } from "../helpers/bystander.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

const MAX_DESCRIPTORS = 160;

e2e(
  "at the limit of open files the running streams go on, and room is used again",
  { tools: ["bash"] },
  async () => {
    await using server = await TestServer.start({ maxDescriptors: MAX_DESCRIPTORS });
    await using bystander = await Bystander.start(server);
    for (const port of [server.rtmpPort, server.httpPort]) {
      const peers: Deno.TcpConn[] = [];
      try {
        for (let i = 0; i < 2 * MAX_DESCRIPTORS; i++) {
          peers.push(await Deno.connect({ hostname: "127.0.0.1", port }));
        }
        await bystander.assertGoesOn();
        await waitFor(() => server.logLines("annot accept").length > 0, { what: "a line about the limit" });
        await bystander.assertGoesOn();
      } finally {
        for (const peer of peers) peer.close();
      }
      await waitFor(async () => await isServed(server), { what: "the server to answer again" });
    }
    assert.ok(server.logLines("annot accept").length <= 6, server.logLines("annot accept").join("\n"));
    bystander.assertComplete();
  },
);

async function isServed(server: TestServer): Promise<boolean> {
  try {
    const response = await fetch(server.httpUrl("healthz"), { signal: AbortSignal.timeout(1_000) });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}
