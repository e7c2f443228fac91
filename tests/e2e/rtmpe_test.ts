/** RTMPE, in and out of the server, with programs that did not learn it from us. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
import { hasFfmpeg8, playWithFfmpeg8, publishWithFfmpeg8, sentByFfmpeg8 } from "../helpers/ffmpeg8.ts";
import { makeClip } from "../helpers/media.ts";
import { sentPackets } from "../helpers/packets.ts";
import { publishClip, recordWithRtmpdump } from "../helpers/publishers.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

e2e("rtmpdump plays over RTMPE what is published in plain", {
  tools: ["ffmpeg", "ffprobe", "rtmpdump"],
}, async () => {
  const sent = await sentPackets("film");
  await using server = await TestServer.start();
  const address = `127.0.0.1:${server.rtmpPort}/live/film`;
  // each draws keys of its own
  const players = Array.from({ length: 6 }, () => recordWithRtmpdump(`rtmpe://${address}`));
  const plain = recordWithRtmpdump(`rtmp://${address}`);
  await delay(700);
  await using _publisher = await publishClip("film", server.rtmpUrl("live/film"));
  for (const player of [...players, plain]) assertSamePackets(sent, await player, { viewer: "rtmpdump" });
});

e2e("FFmpeg 8 publishes over RTMPE, and plays over RTMPE and RTMPTE", {
  tools: ["ffmpeg"],
  needs: { "FFmpeg 8 (npm:node-av)": await hasFfmpeg8() },
}, async () => {
  await using server = await TestServer.start();
  const file = await makeClip("film");
  const sent = await sentByFfmpeg8(file);
  const url = `rtmpe://127.0.0.1:${server.rtmpPort}/live/film`;
  await using first = playWithFfmpeg8(url, { isEnhanced: false });
  const tunnel = `rtmpte://127.0.0.1:${server.httpPort}/live/film`;
  await using tunnelled = playWithFfmpeg8(tunnel, { isEnhanced: false });
  await delay(700);
  await using publisher = publishWithFfmpeg8(file, url);
  for (const player of [first, tunnelled]) {
    await waitFor(() => player.packets.length > 40, { what: "packets at the players", timeoutMs: 20_000 });
  }
  const published = await publisher.result;
  assert.equal(published.code, 0, published.stderr);
  assertSamePackets(sent, await first.ended(), { viewer: "FFmpeg 8 over RTMPE" });
  assertSamePackets(sent, await tunnelled.ended(), { viewer: "FFmpeg 8 over RTMPTE" });
});
