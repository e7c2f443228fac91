/** MPEG-TS pushed over UDP, as a receiver with a small buffer measures it. */
import assert from "node:assert/strict";
import { publishClip } from "../helpers/publishers.ts";
import { freePort, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";

const BITRATE_BPS = 2_000_000;
const PACKET_BYTES = 188;
/** Of the arrivals of clock references, beside the newest of them: two ticks of the sender, and a busy machine. */
const MAX_JITTER_MS = 25;

interface Arrival {
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

/** Datagrams of one port until none comes for a second. */
async function receive(port: number): Promise<Arrival[]> {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port });
  const arrivals: Arrival[] = [];
  let silence: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      const [bytes] = await socket.receive(new Uint8Array(2_048));
      clearTimeout(silence);
      silence = setTimeout(() => socket.close(), 1_000);
      arrivals.push({ atMs: performance.now(), bytes: bytes.slice() });
    }
  } catch {
    return arrivals;
  }
}

/** When each program clock reference came, and its value, in ms. */
function clockReferences(arrivals: readonly Arrival[]): { atMs: number; clockMs: number }[] {
  return arrivals.flatMap(({ atMs, bytes }) => {
    const found = [];
    for (let at = 0; at < bytes.length; at += PACKET_BYTES) {
      const hasClock = (bytes[at + 3]! & 0x20) !== 0 && bytes[at + 4]! > 0 && (bytes[at + 5]! & 0x10) !== 0;
      if (!hasClock) continue;
      const view = new DataView(bytes.buffer, at + 6);
      found.push({ atMs, clockMs: (view.getUint32(0) * 2 + (view.getUint8(4) >> 7)) / 90 });
    }
    return found;
  });
}

e2e("pushed MPEG-TS keeps the pace of its clock, and the bitrate it is filled up to", {
  tools: ["ffmpeg"],
}, async (context) => {
  const ports = { plain: freePort(), filled: freePort() };
  const target = (port: number, rest: string) =>
    `[[applications.tsTargets]]\nlocalStreamName = "film"\naddress = "127.0.0.1"\nport = ${port}\n${rest}\n`;
  await using server = await TestServer.start({
    config: ({ rtmp, http }) =>
      `[[applications]]\nname = "flvplayback"\naliases = ["live"]\n` +
      `[[applications.acceptors]]\nip = "127.0.0.1"\nport = ${rtmp}\n` +
      target(ports.plain, "") + target(ports.filled, `bitrateBps = ${BITRATE_BPS}`) +
      `[web]\nip = "127.0.0.1"\nport = ${http}\n`,
  });
  const received = Promise.all([receive(ports.plain), receive(ports.filled)]);
  await using publisher = await publishClip("film", server.rtmpUrl("live/film"));
  assert.equal((await publisher.result).code, 0);
  for (const [at, arrivals] of (await received).entries()) {
    await context.step(Object.keys(ports)[at]!, () => {
      assert.ok(arrivals.every(({ bytes }) => bytes.length % PACKET_BYTES === 0 && bytes.length <= 1316));
      // the first second: a key frame, and what was kept of the stream, are there at once
      const startMs = arrivals[0]!.atMs + 1_000;
      const endMs = arrivals.at(-1)!.atMs - 200;
      const steady = arrivals.filter(({ atMs }) => atMs >= startMs && atMs < endMs);
      const references = clockReferences(steady);
      assert.ok(references.length >= 80, `${references.length} clock references`);
      const shifts = references.map(({ atMs, clockMs }) => atMs - clockMs).sort((a, b) => a - b);
      const middle = shifts[shifts.length >> 1]!;
      const off = shifts.map((shift) => Math.abs(shift - middle)).sort((a, b) => a - b);
      const jitterMs = off[Math.floor(off.length * 0.95)]!;
      assert.ok(jitterMs <= MAX_JITTER_MS, `95 % of the clock references come within ${jitterMs} ms`);
      if (at === 0) return;
      const bits = steady.reduce((sum, { bytes }) => sum + bytes.length * 8, 0);
      const rate = bits / (endMs - startMs) * 1_000;
      assert.ok(Math.abs(rate - BITRATE_BPS) <= BITRATE_BPS * 0.02, `${Math.round(rate)} bit/s`);
    });
  }
});
