/** Connections and datagrams that are joined to others as they are. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { runToSuccess } from "../helpers/process.ts";
import { RawConnection } from "../helpers/rtmp_client.ts";
import { freePort, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

e2e("pass-through joins TCP to TCP and UDP to UDP", { tools: ["curl"] }, async (context) => {
  const [web, large, dead, udp] = [freePort(), freePort(), freePort(), freePort()];
  const echo = createSocket("udp4").bind(0, "127.0.0.1");
  await once(echo, "listening");
  echo.on("message", (bytes, from) => echo.send(`${bytes}!`, from.port, from.address));
  const body = crypto.getRandomValues(new Uint8Array(60_000));
  let taken = 0;
  const source = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const flood = (async () => {
    using connection = await source.accept();
    try {
      for (let i = 0; i < 2_000; i++) taken += await connection.write(body);
    } catch {
      // the viewer has left
    }
  })();
  await using server = await TestServer.start({
    config: (ports) => `
[web]
ip = "127.0.0.1"
port = ${ports.http}

[[applications]]
name = "flvplayback"
acceptors = [
  { ip = "127.0.0.1", port = ${ports.rtmp} },
  { ip = "127.0.0.1", port = ${web}, protocol = "tcpPassThrough", passThroughTo = "tcp://127.0.0.1:${ports.http}" },
  { ip = "127.0.0.1", port = ${large}, protocol = "tcpPassThrough", passThroughTo = "tcp://127.0.0.1:${source.addr.port}" },
  { ip = "127.0.0.1", port = ${dead}, protocol = "tcpPassThrough", passThroughTo = "tcp://127.0.0.1:1" },
  { ip = "127.0.0.1", port = ${udp}, protocol = "udpPassThrough", passThroughTo = "udp://localhost:${echo.address().port}" },
]
`,
  });
  await context.step("HTTP goes through, twice on one connection", async () => {
    const url = `http://127.0.0.1:${web}/healthz`;
    assert.equal(
      (await runToSuccess("curl", { args: ["-sS", url, url], timeoutMs: 10_000 })).trim(),
      "ok\nok",
    );
  });
  await context.step("datagrams stay datagrams, each sender's its own", async () => {
    const heard: string[][] = [[], []];
    const senders = heard.map((texts) => {
      const socket = createSocket("udp4");
      socket.on("message", (bytes) => texts.push(String(bytes)));
      return socket;
    });
    for (const [at, socket] of senders.entries()) {
      for (const text of ["a", "b"]) socket.send(`${text}${at}`, udp, "127.0.0.1");
    }
    await waitFor(() => heard.flat().length === 4, { what: "four answers" });
    assert.deepEqual(heard.map((texts) => texts.toSorted()), [["a0!", "b0!"], ["a1!", "b1!"]]);
    for (const socket of senders) socket.close();
  });
  await context.step("what cannot be reached ends the connection, and is told", async () => {
    await using peer = await RawConnection.open(dead);
    await peer.waitEnd();
    await waitFor(() => server.logLines("Cannot pass through").length === 1, { what: "a line" });
  });
  await context.step("a peer that does not read holds its source back, not memory", async () => {
    const before = server.residentBytes();
    const peer = await Deno.connect({ hostname: "127.0.0.1", port: large });
    await waitFor(() => taken > 0, { what: "the source" });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assert.ok(taken < 40 * 2 ** 20, `${taken} bytes were taken`);
    assert.ok(server.residentBytes() - before < 30 * 2 ** 20);
    peer.close();
    await flood;
  });
  source.close();
  echo.close();
});
