/** Enhanced RTMP with one track: relayed unread to players that announced it, never to the others. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
import { hasFfmpeg8, playWithFfmpeg8, publishWithFfmpeg8, sentByFfmpeg8 } from "../helpers/ffmpeg8.ts";
import { watchWithCurl } from "../helpers/flv_tags.ts";
import type { ReadTag } from "../helpers/flv_tags.ts";
import { makeClip } from "../helpers/media.ts";
import { mediaOf, sendTags } from "../helpers/replay.ts";
import { TYPE } from "../helpers/rtmp_chunks.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

e2e("HEVC, AV1, VP9, Opus, FLAC and AC-3 from FFmpeg 8 reach FFmpeg 8 unchanged", {
  tools: ["ffmpeg"],
  needs: { "FFmpeg 8 (npm:node-av)": await hasFfmpeg8() },
}, async () => {
  await using server = await TestServer.start();
  const checks = (["hevc", "av1", "vp9", "ac3"] as const).map(async (clip) => {
    const file = await makeClip(clip);
    const sent = await sentByFfmpeg8(file);
    const url = server.rtmpUrl(`live/${clip}`);
    await using first = playWithFfmpeg8(url, { isEnhanced: true });
    await delay(700);
    await using publisher = publishWithFfmpeg8(file, url);
    await waitFor(() => first.packets.length > 40, { what: `${clip} at the player`, timeoutMs: 20_000 });
    await using late = playWithFfmpeg8(url, { isEnhanced: true });
    const published = await publisher.result;
    assert.equal(published.code, 0, published.stderr);
    assertSamePackets(sent, await first.ended(), { viewer: `FFmpeg 8 on ${clip}` });
    assertSamePackets(sent, await late.ended(), { viewer: `late FFmpeg 8 on ${clip}` });
  });
  await Promise.all(checks);
});

/** HEVC with its configuration, and AAC: Enhanced RTMP v2, "Enhanced Video"; the payloads are made up. */
const HEVC = [0x68, 0x76, 0x63, 0x31];
const TAGS: readonly ReadTag[] = [
  tag(TYPE.Video, 0, [
    0x90,
    ...HEVC,
    1,
    1,
    0x60,
    0,
    0,
    0,
    0x90,
    0,
    0,
    0,
    0,
    0,
    0x5d,
    0xf0,
    0,
    0xfc,
    0xfd,
    0xf8,
    0xf8,
    0,
    0,
    0x0f,
    0,
  ]),
  tag(TYPE.Audio, 0, [0xaf, 0, 0x12, 0x10]),
  tag(TYPE.Video, 0, [0x91, ...HEVC, 0, 0, 40, 0, 0, 0, 2, 0x26, 1]),
  tag(TYPE.Audio, 20, [0xaf, 1, 1, 2, 3]),
  tag(TYPE.Video, 40, [0xa3, ...HEVC, 0, 0, 0, 2, 0x02, 1]),
  tag(TYPE.Audio, 43, [0xaf, 1, 4, 5, 6]),
  tag(TYPE.Video, 80, [0xa1, ...HEVC, 0xff, 0xff, 0xd8, 0, 0, 0, 2, 0x02, 2]),
  tag(TYPE.Video, 120, [0x93, ...HEVC, 0, 0, 0, 2, 0x26, 3]),
  tag(TYPE.Audio, 130, [0xaf, 1, 7, 8, 9]),
];

e2e(
  "an enhanced track goes to players that announced it; others get the tracks they can read",
  {},
  async () => {
    await using server = await TestServer.start();
    await using listed = await open(server, { fourCcList: ["hvc1"] });
    await using mapped = await open(server, { videoFourCcInfoMap: { "*": 1 } });
    await using legacy = await open(server, {});
    await using publisher = await RtmpClient.open(server.rtmpPort);
    await publisher.connect("live", { properties: { fourCcList: ["hvc1"], capsEx: 0 } });
    await publisher.sendCommand("publish", [null, "hevc", "live"], await publisher.createStream());
    await publisher.waitStatus("NetStream.Publish.Start");
    await sendTags(publisher, TAGS);
    for (const player of [listed, mapped]) {
      await player.waitUntil(() => player.media().length >= TAGS.length, "the enhanced stream");
      assert.deepEqual(
        player.media().map(({ messageTypeId, timestamp, payload }) => ({
          type: messageTypeId,
          timestamp,
          body: payload,
        })).sort(byTime),
        [...TAGS].sort(byTime),
      );
    }
    await legacy.waitUntil(() => legacy.media().length >= 3, "the audio of the enhanced stream");
    assert.ok(mediaOf(legacy.messages).every((message) => message.type === TYPE.Audio), "no enhanced bytes");
    assert.equal(legacy.raw.hasEnded, false, "the player is not dropped");
  },
);

e2e("HTTP-FLV carries an enhanced track as it came", { tools: ["curl"] }, async () => {
  await using server = await TestServer.start();
  await using publisher = await RtmpClient.publish(server.rtmpPort, "live", "hevc");
  await sendTags(publisher, TAGS.slice(0, 4));
  await using viewer = await watchWithCurl(server.httpUrl("live/hevc.flv"));
  await waitFor(async () => (await viewer.bytes()).length > 60, { what: "the first tags" });
  await sendTags(publisher, TAGS.slice(4));
  await delay(500);
  const flv = await viewer.stop();
  assert.deepEqual([flv.hasAudioFlag, flv.hasVideoFlag], [true, true]);
  const bodies = flv.tags.filter(({ type }) => type !== TYPE.Data).map(({ body }) => body.join());
  for (const { body } of TAGS) assert.ok(bodies.includes(body.join()), `tag ${body.slice(0, 6)}`);
});

async function open(server: TestServer, properties: Record<string, string[] | Record<string, number>>) {
  const client = await RtmpClient.open(server.rtmpPort);
  await client.connect("live", { properties });
  await client.sendCommand("play", [null, "hevc"], await client.createStream());
  await client.waitStatus("NetStream.Play.Start");
  return client;
}

function tag(type: number, timestamp: number, body: readonly number[]): ReadTag {
  return { type, timestamp, body: new Uint8Array(body) };
}

function byTime(a: ReadTag, b: ReadTag): number {
  return a.type - b.type || a.timestamp - b.timestamp || a.body[0]! - b.body[0]!;
}
