/** Peers that break RTMP: each loses its own connection at most. */
import assert from "node:assert/strict";
import { concatBytes } from "#bytes";
import { Bystander } from "../helpers/bystander.ts";
import { command, encodeMessage, TYPE } from "../helpers/rtmp_chunks.ts";
import { clientHello, RawConnection, RtmpClient } from "../helpers/rtmp_client.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";
import { control, HANDSHAKE_CASES, HOSTILE_CASES } from "./hostile_rtmp_cases.ts";
import type { HostileCase } from "./hostile_rtmp_cases.ts";

const MEGABYTE = 1 << 20;
/** What all hostile peers of this file together may cost, above the server's size before. */
const MOST_GROWTH_BYTES = 96 * MEGABYTE;
/**
 * What 200,000 commands a second may cost: small arrays that the collector has not taken yet. What is held
 * for the peer is bounded by `MAX_QUEUED_OUTPUT_BYTES`.
 */
const MOST_FLOOD_BYTES = 384 * MEGABYTE;

e2e("hostile RTMP peers lose their own connection at most", {}, async (context) => {
  await using server = await TestServer.start();
  await using bystander = await Bystander.start(server);
  const before = server.residentBytes();
  const check = async (
    peer: RawConnection,
    { outcome, mostLines = 1 }: Pick<HostileCase, "outcome" | "mostLines">,
  ): Promise<void> => {
    if (outcome === "ends") {
      await peer.waitEnd();
      await waitFor(() => warningsAbout(server, peer) > 0, { what: `a log line about ${peer.address}` });
      assert.equal(warningsAbout(server, peer), 1, server.logLines(peer.address).join("\n"));
    } else await delay(60);
    if (outcome === "stays") assert.equal(peer.hasEnded, false, "the connection stays");
    assert.ok(warningsAbout(server, peer) <= mostLines, server.logLines(peer.address).slice(0, 5).join("\n"));
    await bystander.assertGoesOn();
    const growth = server.residentBytes() - before;
    assert.ok(growth < MOST_GROWTH_BYTES, `resident memory grew by ${growth} bytes`);
  };
  for (const { name, bytes } of HANDSHAKE_CASES) {
    await context.step(name, async () => {
      await using peer = await RawConnection.open(server.rtmpPort);
      await peer.send(bytes);
      await check(peer, { outcome: "ends" });
    });
  }
  for (const { name, send, ...expected } of HOSTILE_CASES) {
    await context.step(name, async () => {
      await using client = await RtmpClient.open(server.rtmpPort);
      await client.connect("live");
      const bytes = send instanceof Uint8Array
        ? send
        : concatBytes(send.map((parts) => encodeMessage(parts, client.chunkSize)));
      await client.raw.send(bytes);
      await check(client.raw, expected);
    });
  }
  await server.assertLives();
  bystander.assertComplete();
});

e2e("random bytes after the handshake end that connection only", {}, async () => {
  await using server = await TestServer.start();
  await using bystander = await Bystander.start(server);
  const before = server.residentBytes();
  for (let seed = 1; seed <= 60; seed++) {
    await using client = await RtmpClient.open(server.rtmpPort);
    if (seed % 2 === 0) await client.connect("live");
    await client.raw.send(randomBytes(seed, 20_000));
  }
  await bystander.assertGoesOn();
  await server.assertLives();
  assert.ok(server.residentBytes() - before < MOST_GROWTH_BYTES);
});

e2e("a peer that sends one byte at a time is served", {}, async () => {
  await using server = await TestServer.start();
  await using peer = await RawConnection.open(server.rtmpPort);
  const bytes = concatBytes([
    clientHello(),
    new Uint8Array(1536),
    encodeMessage(command("connect", 1, [{ app: "live", tcUrl: "rtmp://127.0.0.1/live" }]), 128),
    encodeMessage(command("createStream", 2, [null]), 128),
    encodeMessage(command("publish", 0, [null, "slow", "live"], 1), 128),
  ]);
  for (const byte of bytes) await peer.send(new Uint8Array([byte]));
  await waitFor(() => includesText(peer.received(), "NetStream.Publish.Start"), { what: "Publish.Start" });
  assert.equal(peer.hasEnded, false);
});

e2e("half a handshake is ended after its time, with one line", {}, async () => {
  await using server = await TestServer.start();
  await using silent = await RawConnection.open(server.rtmpPort);
  await using half = await RawConnection.open(server.rtmpPort);
  await using shaken = await RtmpClient.open(server.rtmpPort);
  await half.send(clientHello().subarray(0, 700));
  for (const peer of [silent, half, shaken.raw]) {
    await peer.waitEnd(15_000);
    await waitFor(() => server.logLines(peer.address).length > 0, { what: `a line about ${peer.address}` });
    assert.ok(warningsAbout(server, peer) <= 1, server.logLines(peer.address).join("\n"));
  }
});

e2e("floods of commands are bounded in memory, whether the answers are read or not", {}, async () => {
  await using server = await TestServer.start();
  await using bystander = await Bystander.start(server);
  const before = server.residentBytes();
  const ping = encodeMessage(control(TYPE.UserControl, [0, 6, 0, 0, 0, 1])[0]!, 128);
  const call = encodeMessage(command("x".repeat(90), 2, [null]), 128);
  const burst = concatBytes(Array.from({ length: 2_000 }, () => concatBytes([ping, call])));
  for (let round = 0; round < 6; round++) {
    await using client = await RtmpClient.open(server.rtmpPort);
    await client.connect("live");
    client.raw.pause(round % 2 === 0);
    for (let sent = 0; sent < 40 && !client.raw.hasEnded; sent++) {
      const isTaken = await Promise.race([client.raw.send(burst), delay(1_000).then(() => false)]);
      if (!isTaken) break;
    }
    await bystander.assertGoesOn();
  }
  const growth = server.residentBytes() - before;
  assert.ok(growth < MOST_FLOOD_BYTES, `resident memory grew by ${growth} bytes`);
  bystander.assertComplete();
});

function warningsAbout(server: TestServer, peer: RawConnection): number {
  return server.logLines(peer.address).filter((line) => /\bWARN(ING)?\b/i.test(line)).length;
}

function randomBytes(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed * 2_654_435_761 >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

function includesText(bytes: Uint8Array, value: string): boolean {
  return new TextDecoder("latin1").decode(bytes).includes(value);
}
