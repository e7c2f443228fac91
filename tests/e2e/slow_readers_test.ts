/** Viewers that stop reading: bounded, reported, and ended, while the others get everything. */
import assert from "node:assert/strict";
import { Bystander } from "../helpers/bystander.ts";
import { RawConnection, RtmpClient } from "../helpers/rtmp_client.ts";
import { processorMs } from "../helpers/process.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

const MEGABYTE = 1 << 20;

e2e("viewers that stop reading cost bounded memory and disturb nobody", {}, async () => {
  await using server = await TestServer.start();
  // 20 Mbit/s, so that a stopped reader's kernel buffers are full after two seconds.
  await using bystander = await Bystander.start(server, { frameBytes: 100_000 });
  const rtmp: RtmpClient[] = [];
  const web: RawConnection[] = [];
  try {
    for (let i = 0; i < 8; i++) {
      const player = await RtmpClient.play(server.rtmpPort, "live", bystander.streamName);
      await player.waitUntil(() => player.media().length > 0, "the first frame");
      player.raw.pause(true);
      rtmp.push(player);
      const viewer = await RawConnection.open(server.httpPort);
      await viewer.send(
        new TextEncoder().encode(`GET /live/${bystander.streamName}.flv HTTP/1.1\r\nHost: a\r\n\r\n`),
      );
      await viewer.waitBytes(1_000);
      viewer.pause(true);
      web.push(viewer);
    }
    const before = server.residentBytes();
    await delay(12_000);
    const growth = server.residentBytes() - before;
    // A log for each of two wire formats, of at most 16 MiB (`maxLagBytes`) and the present group of pictures,
    // and the packets of that group; however many readers have stopped.
    assert.ok(growth < 96 * MEGABYTE, `16 stopped readers cost ${Math.round(growth / MEGABYTE)} MiB`);
    await bystander.assertGoesOn();
    bystander.assertComplete();

    const [first] = rtmp;
    first!.raw.pause(false);
    const newest = Math.max(...bystander.player.media().map((message) => message.timestamp));
    await waitFor(() => (first!.media().at(-1)?.timestamp ?? 0) >= newest, {
      what: "a reader that goes on to reach the present",
    });
    assert.equal(first!.decodeError, undefined, "what it got is whole messages");
    const times = first!.media().map((message) => message.timestamp);
    assert.deepEqual(times, [...times].sort((a, b) => a - b), "its times never go back");
    const jump = times.findIndex((time, index) => index > 0 && time - times[index - 1]! > 40);
    if (jump > 0) {
      const landed = first!.media()[jump]!;
      assert.equal(landed.payload[0], 0x17, "after a jump it starts at a key frame");
    }
  } finally {
    for (const player of rtmp) await player[Symbol.asyncDispose]();
    for (const viewer of web) await viewer[Symbol.asyncDispose]();
  }
  await server.assertLives();
});

e2e("connections that come and go leave nothing behind", {}, async () => {
  await using server = await TestServer.start();
  await using bystander = await Bystander.start(server);
  const cycle = async (count: number): Promise<void> => {
    for (let done = 0; done < count; done += 25) {
      await Promise.all(Array.from({ length: 25 }, async (_, index) => {
        const name = index % 2 === 0 ? bystander.streamName : `nobody-${done + index}`;
        await using _player = await RtmpClient.play(server.rtmpPort, "live", name);
      }));
    }
  };
  await cycle(1_000);
  const before = server.residentBytes();
  await cycle(1_000);
  const growth = server.residentBytes() - before;
  // The heap comes to its working size in the first thousands.
  assert.ok(growth < 16 * MEGABYTE, `1,000 players that left cost ${Math.round(growth / MEGABYTE)} MiB`);
  const page = await fetch(server.httpUrl("")).then((response) => response.text());
  assert.ok(
    page.includes(bystander.streamName) && !page.includes("nobody-"),
    "streams nobody is on are freed",
  );
  await bystander.assertGoesOn();
  await bystander[Symbol.asyncDispose]();
  const startMs = processorMs(server.pid);
  await delay(1_000);
  const usedMs = processorMs(server.pid) - startMs;
  assert.ok(usedMs < 200, `an idle server used ${usedMs} ms of the processor in a second`);
});
