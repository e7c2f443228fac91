/** Peers that break RTSP: they lose their own connection at most, and hear why where that can be said. */
import assert from "node:assert/strict";
import { concatBytes } from "#bytes";
import { encodeRtpPacket } from "#protocols/rtp";
import { Bystander } from "../helpers/bystander.ts";
import { RawConnection } from "../helpers/rtmp_client.ts";
import { RtspTestClient } from "../helpers/rtsp_client.ts";
import { freePort, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

const MOST_GROWTH_BYTES = 64 << 20;
/** Of ports for media over UDP. */
const MOST_PAIRS = 8;
const URL = "rtsp://127.0.0.1/live/bystander";
/** Of a stream that RTP carries. */
const SOUND = "rtsp://127.0.0.1/live/sound";
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
  request("SETUP", `Transport: ${transport}\r\n`).replace("bystander", "sound/trackID=0");

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

/** Publishes G.711 in the connection, 20 ms at a time. */
async function publishSound(port: number): Promise<AsyncDisposable> {
  const client = await RtspTestClient.connect(port);
  const sdp = "v=0\r\nm=audio 0 RTP/AVP 0\r\na=control:t0\r\n";
  await client.ask("ANNOUNCE", SOUND, { "Content-Type": "application/sdp" }, sdp);
  await client.ask("SETUP", `${SOUND}/t0`, { Transport: "RTP/AVP/TCP;interleaved=0-1;mode=record" });
  assert.equal((await client.ask("RECORD", SOUND)).status, 200);
  let sequenceNumber = 0;
  const timer = setInterval(() => {
    const payload = new Uint8Array(160).fill(0xd5);
    const timestamp = ++sequenceNumber * 160;
    const packet = encodeRtpPacket({
      ...{ payloadType: 0, isMarked: false, ssrc: 1, sequenceNumber, timestamp, payload },
    });
    client.send(concatBytes([Uint8Array.of(0x24, 0, 0, packet.length), packet])).catch(() => {});
  }, 20);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await client[Symbol.asyncDispose]();
    },
  };
}

e2e("hostile RTSP peers lose their own connection at most", {}, async (context) => {
  const firstPort = freePort() & ~1;
  const range = [`rtsp.rtpPortFirst=${firstPort}`, `rtsp.rtpPortLast=${firstPort + 2 * MOST_PAIRS - 1}`];
  await using server = await TestServer.start({ args: range.flatMap((option) => ["--set", option]) });
  await using bystander = await Bystander.start(server);
  await using _sound = await publishSound(server.rtspPort);
  await delay(100);
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
      assert.match(new TextDecoder("latin1").decode(peer.received()), /^RTSP\/1\.0 (200|453)/);
    }
    await assertBounded();
  });
  await context.step(
    "SETUPs take the ports there are, leave the connection to others, and give ports back",
    async () => {
      const udp = { Transport: "RTP/AVP;unicast;client_port=50000-50001" };
      const setUp = async (client: RtspTestClient, headers: Record<string, string>) =>
        (await client.ask("SETUP", `${SOUND}/trackID=0`, headers)).status;
      const storm = await Promise.all(
        Array.from({ length: 4 * MOST_PAIRS }, () => RtspTestClient.connect(server.rtspPort)),
      );
      const statuses = await Promise.all(storm.map((client) => setUp(client, udp)));
      const taken = statuses.filter((status) => status === 200).length;
      assert.ok(taken > 0 && taken <= MOST_PAIRS, `${taken} pairs of ports`);
      assert.deepEqual(new Set(statuses), new Set([200, 453]));
      await using late = await RtspTestClient.connect(server.rtspPort);
      assert.equal(await setUp(late, udp), 453);
      const either = { Transport: `${udp.Transport},RTP/AVP/TCP;unicast;interleaved=0-1` };
      assert.ok([200, 453].includes(await setUp(late, either)));
      for (const client of storm) await client[Symbol.asyncDispose]();
      await using next = await RtspTestClient.connect(server.rtspPort);
      await waitFor(async () => await setUp(next, udp) === 200, { what: "ports that were given back" });
      for (let count = 0; count < 100; count++) {
        assert.equal((await next.ask("TEARDOWN", SOUND)).status, 200);
        await waitFor(async () => await setUp(next, udp) === 200, { what: "ports again", pollMs: 1 });
      }
      await assertBounded();
    },
  );
});
