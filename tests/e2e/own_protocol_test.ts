/** An application that brings its own protocol and chains, in a server inside this process. */
import assert from "node:assert/strict";
import type { ApplicationDefinition } from "#application";
import { Logger } from "#log";
import { startServer } from "#server";
import type { RunningServer } from "#server";
import { ConfigSchema } from "#server/config";
import { Protocol } from "#stack";
import { assertSamePackets } from "../helpers/compare.ts";
import { capturePackets, sentPackets } from "../helpers/packets.ts";
import { publishClip } from "../helpers/publishers.ts";
import { RawConnection } from "../helpers/rtmp_client.ts";
import { e2e } from "../helpers/tools.ts";
import { delay } from "../helpers/wait.ts";

const KEYS = new URL("../fixtures/tls/", import.meta.url).pathname;

/** Sends back what it gets. */
class EchoProtocol extends Protocol {
  readonly tag = "echo";
  readonly kind = "endpoint";
  protected override onReceive(bytes: Uint8Array): void {
    this.send(bytes.slice());
  }
}

const SAMPLE: ApplicationDefinition = {
  name: "sample",
  about: "an echo over TCP, over HTTP and over TLS, and RTMP over TLS",
  chains: [
    { name: "echoProtocol", tags: ["tcp", "echo"], about: "echo" },
    { name: "httpEchoProtocol", tags: ["tcp", "http", "echo"], about: "echo of a request's body" },
    { name: "tlsEchoProtocol", tags: ["tcp", "tls", "echo"], about: "echo" },
    { name: "sampleRtmps", tags: ["tcp", "tls", "rtmp"], about: "RTMP over TLS" },
  ],
  create: () => ({ protocols: { echo: () => new EchoProtocol() } }),
};

e2e("an application's own protocol is spoken over TCP, HTTP and TLS", {}, async (context) => {
  const server = await start();
  try {
    await context.step("TCP", async () => {
      await using peer = await RawConnection.open(portOf(server, "echoProtocol"));
      const bytes = crypto.getRandomValues(new Uint8Array(50_000));
      await peer.send(bytes);
      await peer.waitBytes(bytes.length);
      assert.deepEqual(peer.received(), bytes);
    });
    await context.step("HTTP, twice on one connection", async () => {
      const url = `http://127.0.0.1:${portOf(server, "httpEchoProtocol")}/`;
      for (const body of ["hello", "x".repeat(100_000)]) {
        const response = await fetch(url, { method: "POST", body });
        assert.equal(response.status, 200);
        assert.equal(await response.text(), body);
      }
    });
    await context.step("TLS", async () => {
      const caCerts = [await Deno.readTextFile(`${KEYS}authority.pem`)];
      const port = portOf(server, "tlsEchoProtocol");
      using peer = await Deno.connectTls({ hostname: "localhost", port, caCerts });
      await peer.write(new TextEncoder().encode("hello"));
      const buffer = new Uint8Array(16);
      assert.equal(await peer.read(buffer), 5);
    });
  } finally {
    await server.close("the test is over");
  }
});

e2e("RTMP over TLS carries a stream to a viewer over TLS", { tools: ["ffmpeg", "ffprobe"] }, async () => {
  const server = await start();
  try {
    const url = `rtmps://127.0.0.1:${portOf(server, "sampleRtmps")}/sample/a`;
    await using viewer = capturePackets(url);
    await delay(1_000);
    await using publisher = await publishClip("videoOnly", url);
    const published = await publisher.result;
    assert.equal(published.code, 0, published.stderr);
    await delay(300);
    assertSamePackets(await sentPackets("videoOnly"), await viewer.stop(), {
      fromStart: true,
      toleranceMs: 1,
    });
  } finally {
    await server.close("the test is over");
  }
});

async function start(): Promise<RunningServer> {
  const keys = { sslCert: `${KEYS}server.pem`, sslKey: `${KEYS}server.key` };
  const acceptors = SAMPLE.chains!.map(({ name, tags }) => ({
    ip: "127.0.0.1",
    port: 0,
    protocol: name,
    ...(tags.includes("tls") ? keys : {}),
  }));
  const schema = new ConfigSchema({ applications: [SAMPLE] });
  const config = schema.parse(
    { applications: [{ name: "sample", acceptors }], web: { enabled: false } },
    { name: "test" },
  );
  return await startServer(config, { log: Logger.silent(), applications: [SAMPLE] });
}

function portOf(server: RunningServer, protocol: string): number {
  return server.services.find((service) => service.protocol === protocol)!.port;
}
