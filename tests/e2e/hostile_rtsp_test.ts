/** Peers that break RTSP: they lose their own connection at most, and hear why where that can be said. */
import assert from "node:assert/strict";
import { Bystander } from "../helpers/bystander.ts";
import { RawConnection } from "../helpers/rtmp_client.ts";
import { RtspTestClient } from "../helpers/rtsp_client.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

const MOST_GROWTH_BYTES = 64 << 20;
const URL = "rtsp://127.0.0.1/live/bystander";
const MEDIA = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n";

interface HostilePeer {
  readonly name: string;
  readonly bytes: string | Uint8Array;
  /** What its first answer begins with; absent where the connection may just end, or hear nothing. */
  readonly answer?: RegExp;
  /** Whether the connection goes on. @default false */
  readonly staysOpen?: boolean;
}

function request(method: string, headers: string, body = ""): string {
  const length = body === "" ? "" : `Content-Length: ${body.length}\r\n`;
  return `${method} ${URL} RTSP/1.0\r\nCSeq: 1\r\n${headers}${length}\r\n${body}`;
}

const announce = (sdp: string) => request("ANNOUNCE", "Content-Type: application/sdp\r\n", sdp);
const setup = (transport: string) =>
  request("SETUP", `Transport: ${transport}\r\n`).replace("bystander", "bystander/trackID=0");

const PEERS: readonly HostilePeer[] = [
  {
    name: "garbage",
    bytes: new Uint8Array(20_000).map((_, index) => index * 37 & 0x7f),
    answer: /RTSP\/1\.0 4\d\d/,
  },
  { name: "a request line of 100,000 letters", bytes: "A".repeat(100_000), answer: /RTSP\/1\.0 413/ },
  {
    name: "headers without end",
    bytes: `OPTIONS * RTSP/1.0\r\n${"a: b\r\n".repeat(20_000)}`,
    answer: /RTSP\/1\.0 413/,
  },
  { name: "200 headers", bytes: request("OPTIONS", "a: b\r\n".repeat(200)), answer: /RTSP\/1\.0 400/ },
  { name: "no CSeq", bytes: "OPTIONS * RTSP/1.0\r\n\r\n", answer: /RTSP\/1\.0 400/, staysOpen: true },
  {
    name: "a CSeq that is no number",
    bytes: "OPTIONS * RTSP/1.0\r\nCSeq: -1\r\n\r\n",
    answer: /RTSP\/1\.0 400/,
    staysOpen: true,
  },
  {
    name: "RTSP/9.9",
    bytes: `OPTIONS * RTSP/9.9\r\nCSeq: 1\r\n\r\n`,
    answer: /RTSP\/1\.0 505/,
    staysOpen: true,
  },
  {
    name: "a body of 10^9 bytes",
    bytes: request("ANNOUNCE", "Content-Length: 999999999\r\n"),
    answer: /RTSP\/1\.0 413/,
  },
  { name: "a negative body", bytes: request("ANNOUNCE", "Content-Length: -5\r\n"), answer: /RTSP\/1\.0 400/ },
  {
    name: "a description that is none",
    bytes: announce("\u0000\u0001"),
    answer: /RTSP\/1\.0 400/,
    staysOpen: true,
  },
  {
    name: "a description of 5,000 tracks",
    bytes: announce(`v=0\r\n${MEDIA.repeat(5_000)}`),
    answer: /RTSP\/1\.0 (200|4\d\d)/,
    staysOpen: true,
  },
  { name: "500 requests at once", bytes: request("OPTIONS", "").repeat(500) },
  { name: "500 SETUPs of one track", bytes: setup("RTP/AVP;unicast;client_port=50000-50001").repeat(500) },
  {
    name: "10,000 frames of channels that nobody set up",
    bytes: `$\x09\x00\x04abcd`.repeat(10_000),
    staysOpen: true,
  },
  {
    name: "the first half of a frame of 64 KiB",
    bytes: `$\x00\xff\xff${"x".repeat(30_000)}`,
    staysOpen: true,
  },
  {
    name: "a tunnel's POST that has no GET",
    bytes: "POST / HTTP/1.0\r\nx-sessioncookie: a\r\nContent-Length: 9\r\n\r\n",
    answer: /HTTP\/1\.1 404/,
    staysOpen: true,
  },
  {
    name: "a port of 70,000",
    bytes: setup("RTP/AVP;unicast;client_port=70000-70001"),
    answer: /RTSP\/1\.0 4\d\d/,
    staysOpen: true,
  },
  {
    name: "a transport of 1,000 alternatives",
    bytes: setup("RTP/SAVP;a=b,".repeat(1_000)),
    answer: /RTSP\/1\.0 4\d\d/,
    staysOpen: true,
  },
  {
    name: "a range that is none",
    bytes: request("PLAY", "Range: npt=9-1\r\n"),
    answer: /RTSP\/1\.0 457/,
    staysOpen: true,
  },
];

e2e("hostile RTSP peers lose their own connection at most", {}, async (context) => {
  await using server = await TestServer.start();
  await using bystander = await Bystander.start(server);
  const before = server.residentBytes();
  const assertBounded = async (): Promise<void> => {
    await bystander.assertGoesOn();
    const growth = server.residentBytes() - before;
    assert.ok(growth < MOST_GROWTH_BYTES, `resident memory grew by ${growth} bytes`);
  };
  for (const { name, bytes, answer, staysOpen = false } of PEERS) {
    await context.step(name, async () => {
      await using peer = await RawConnection.open(server.rtspPort);
      await peer.send(
        typeof bytes === "string" ? Uint8Array.from(bytes, (each) => each.charCodeAt(0)) : bytes,
      );
      if (answer !== undefined) {
        await waitFor(() => peer.receivedBytes > 0, { what: "an answer" });
        assert.match(new TextDecoder("latin1").decode(peer.received()), new RegExp(`^${answer.source}`));
      }
      if (staysOpen) {
        await delay(20);
        assert.equal(peer.hasEnded, false);
      } else await peer.waitEnd();
      await assertBounded();
    });
  }
  await context.step("datagrams of a stranger, and a flood of them, reach nobody", async () => {
    await using client = await RtspTestClient.connect(server.rtspPort);
    const url = server.rtspUrl("live/udp");
    const sdp = `v=0\r\n${MEDIA}a=control:t0\r\n`;
    await client.ask("ANNOUNCE", url, { "Content-Type": "application/sdp" }, sdp);
    const answer = await client.ask("SETUP", `${url}/t0`, {
      Transport: "RTP/AVP;unicast;client_port=50000-50001;mode=record",
    });
    const port = Number(/server_port=(\d+)/.exec(answer.headers.get("transport") ?? "")?.[1]);
    assert.equal((await client.ask("RECORD", url)).status, 200);
    const stranger = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.2", port: 0 });
    for (let count = 0; count < 5_000; count++) {
      await stranger.send(new Uint8Array(1_000).fill(0x80), {
        transport: "udp",
        hostname: "127.0.0.1",
        port,
      });
    }
    stranger.close();
    assert.equal((await client.ask("TEARDOWN", url)).status, 200);
    await waitFor(() => server.log.includes("live/udp: stopped publishing"), { what: "the end" });
    assert.match(
      server.log,
      /live\/udp: stopped publishing: 0 video and 0 audio packets, \d+ bytes; 0 RTP packets lost, 0 malformed/,
    );
    await assertBounded();
  });
  await context.step("100 sessions that set up ports and go", async () => {
    for (let count = 0; count < 100; count++) {
      await using peer = await RawConnection.open(server.rtspPort);
      await peer.send(new TextEncoder().encode(setup("RTP/AVP;unicast;client_port=50000-50001")));
      await waitFor(() => peer.receivedBytes > 0, { what: "an answer", pollMs: 1 });
    }
    await assertBounded();
  });
});
