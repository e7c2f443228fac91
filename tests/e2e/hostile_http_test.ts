/** Peers that break HTTP and WebSocket on the web port. */
import assert from "node:assert/strict";
import { concatBytes } from "#bytes";
import { Bystander } from "../helpers/bystander.ts";
import { RawConnection } from "../helpers/rtmp_client.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

const MOST_GROWTH_BYTES = 64 << 20;

/** A request and what its answer must start with; no status where the connection may just end. */
interface HostileRequest {
  readonly name: string;
  readonly bytes: string | Uint8Array;
  readonly status?: RegExp;
}

const REQUESTS: readonly HostileRequest[] = [
  { name: "garbage", bytes: new Uint8Array(4_000).map((_, index) => index * 37 & 0xff) },
  { name: "an RTMP handshake on the web port", bytes: new Uint8Array(1_537).fill(3) },
  { name: "a method of 100,000 letters", bytes: "A".repeat(100_000) },
  {
    name: "a target of 100,000 letters",
    bytes: `GET /${"a".repeat(100_000)} HTTP/1.1\r\n`,
    status: /4(14|31|00)/,
  },
  {
    name: "endless header fields",
    bytes: head("GET / HTTP/1.1", "a: b\r\n".repeat(20_000)),
    status: /4(31|00)/,
  },
  {
    name: "a header field of 1 MiB",
    bytes: head("GET / HTTP/1.1", `a: ${"b".repeat(1 << 20)}`),
    status: /4(31|00)/,
  },
  {
    name: "both length and chunks",
    bytes: head("POST / HTTP/1.1", "Host: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked"),
    status: /400/,
  },
  {
    name: "two different lengths",
    bytes: head("POST / HTTP/1.1", "Host: a\r\nContent-Length: 4\r\nContent-Length: 5"),
    status: /400/,
  },
  {
    name: "a negative length",
    bytes: head("POST / HTTP/1.1", "Host: a\r\nContent-Length: -4"),
    status: /400/,
  },
  {
    name: "a length of 10^30",
    bytes: head("POST / HTTP/1.1", `Host: a\r\nContent-Length: 1${"0".repeat(30)}`),
    status: /4(00|13)/,
  },
  {
    name: "a chunk of 2^64 bytes",
    bytes: head("POST / HTTP/1.1", "Host: a\r\nTransfer-Encoding: chunked") + "ffffffffffffffff\r\n",
  },
  { name: "no Host", bytes: head("GET / HTTP/1.1", "a: b"), status: /400/ },
  { name: "a space before the colon", bytes: head("GET / HTTP/1.1", "Host : a"), status: /400/ },
  { name: "HTTP/9.9", bytes: head("GET / HTTP/9.9", "Host: a"), status: /505|400/ },
  {
    name: "a path that climbs",
    bytes: head("GET /../../../etc/passwd HTTP/1.1", "Host: a"),
    status: /4\d\d/,
  },
  {
    name: "an encoded path that climbs",
    bytes: head("GET /live/%2e%2e%2f%2e%2e/x.flv HTTP/1.1", "Host: a"),
    status: /4\d\d/,
  },
  { name: "a broken escape", bytes: head("GET /live/%zz.flv HTTP/1.1", "Host: a"), status: /4\d\d/ },
  { name: "a zero byte in the path", bytes: head("GET /live/%00.flv HTTP/1.1", "Host: a"), status: /4\d\d/ },
  {
    name: "an upgrade without a key",
    bytes: head(
      "GET /live/bystander.flv HTTP/1.1",
      "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13",
    ),
    status: /4\d\d/,
  },
  {
    name: "an upgrade of version 7",
    bytes: head("GET /live/bystander.flv HTTP/1.1", webSocketFields().replace("13", "7")),
    status: /426|400/,
  },
];

/** Frames sent by a WebSocket client after a good upgrade; all of them are against RFC 6455 or the limits. */
const FRAMES: readonly { name: string; bytes: Uint8Array }[] = [
  { name: "an unmasked frame", bytes: new Uint8Array([0x82, 3, 1, 2, 3]) },
  {
    name: "a frame of 2^63 bytes",
    bytes: new Uint8Array([0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0]),
  },
  { name: "a reserved bit", bytes: masked(0xc2, [1]) },
  { name: "an unknown opcode", bytes: masked(0x83, [1]) },
  {
    name: "a ping of 126 bytes",
    bytes: new Uint8Array([0x89, 0xfe, 0, 126, 0, 0, 0, 0, ...new Uint8Array(126)]),
  },
  { name: "a continuation of nothing", bytes: masked(0x80, [1]) },
  { name: "a fragmented ping", bytes: masked(0x09, [1]) },
];

e2e("hostile HTTP and WebSocket peers lose their own connection at most", {}, async (context) => {
  await using server = await TestServer.start();
  await using bystander = await Bystander.start(server);
  const before = server.residentBytes();
  const assertBounded = async (): Promise<void> => {
    await bystander.assertGoesOn();
    const growth = server.residentBytes() - before;
    assert.ok(growth < MOST_GROWTH_BYTES, `resident memory grew by ${growth} bytes`);
  };
  for (const { name, bytes, status } of REQUESTS) {
    await context.step(name, async () => {
      await using peer = await RawConnection.open(server.httpPort);
      await peer.send(typeof bytes === "string" ? latin1(bytes) : bytes);
      await waitFor(() => peer.hasEnded || peer.receivedBytes > 0, { what: "an answer or the end" });
      if (status !== undefined) {
        const answer = new TextDecoder("latin1").decode(peer.received()).split("\r\n")[0] ?? "";
        assert.match(answer, new RegExp(`^HTTP/1\\.1 (${status.source})`));
      }
      await assertBounded();
    });
  }
  for (const { name, bytes } of FRAMES) {
    await context.step(`WebSocket: ${name}`, async () => {
      await using peer = await openWebSocket(server);
      await peer.send(bytes);
      await peer.waitEnd();
      await assertBounded();
    });
  }
  await context.step("WebSocket: pings whose answers are never read", async () => {
    await using peer = await openWebSocket(server);
    peer.pause(true);
    const pings = concatBytes(Array.from({ length: 5_000 }, () => masked(0x89, new Array(100).fill(1))));
    for (let i = 0; i < 60; i++) {
      if (!await Promise.race([peer.send(pings), delay(1_000).then(() => false)])) break;
    }
    await assertBounded();
  });
  await server.assertLives();
  bystander.assertComplete();
});

e2e(
  "5,000 half-sent HTTP heads and 5,000 idle RTMP connections are bounded, and end by themselves",
  {},
  async () => {
    await using server = await TestServer.start();
    await using bystander = await Bystander.start(server);
    const before = server.residentBytes();
    const half = latin1("GET /live/bystander.flv HTTP/1.1\r\nHost: exam");
    const peers: Deno.TcpConn[] = [];
    try {
      for (let i = 0; i < 5_000; i++) {
        const web = await Deno.connect({ hostname: "127.0.0.1", port: server.httpPort });
        peers.push(web);
        await web.write(half);
        peers.push(await Deno.connect({ hostname: "127.0.0.1", port: server.rtmpPort }));
        if (i % 1_000 === 0) await bystander.assertGoesOn();
      }
      await bystander.assertGoesOn();
      const response = await fetch(server.httpUrl("healthz"));
      assert.equal(await response.text().then(() => response.status), 200);
      const growth = server.residentBytes() - before;
      assert.ok(growth < 10_000 * 20 * 1024, `10,000 connections cost ${growth} bytes`);
      const ended = peers.map((peer) => untilEnd(peer));
      let count = 0;
      for (const end of ended) void end.then(() => count++);
      await waitFor(() => count === peers.length, {
        what: "all idle connections to be ended by the server",
        timeoutMs: 25_000,
        pollMs: 100,
      });
      await bystander.assertGoesOn();
      bystander.assertComplete();
    } finally {
      for (const peer of peers) peer.close();
    }
    await server.assertLives();
  },
);

async function untilEnd(peer: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(1_024);
  try {
    while (await peer.read(buffer) !== null);
  } catch {
    // Reset: an end as well.
  }
}

async function openWebSocket(server: TestServer): Promise<RawConnection> {
  const peer = await RawConnection.open(server.httpPort);
  await peer.send(latin1(head("GET /live/bystander.flv HTTP/1.1", webSocketFields())));
  await waitFor(() => peer.receivedBytes > 12 || peer.hasEnded, { what: "the answer to the upgrade" });
  assert.match(new TextDecoder("latin1").decode(peer.received().subarray(0, 12)), /^HTTP\/1\.1 101/);
  return peer;
}

function webSocketFields(): string {
  return "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
}

function head(line: string, fields: string): string {
  return `${line}\r\n${fields}\r\n\r\n`;
}

function masked(firstByte: number, body: readonly number[]): Uint8Array {
  return new Uint8Array([firstByte, 0x80 | body.length, 0, 0, 0, 0, ...body]);
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
