import assert from "node:assert/strict";
import { MAX_STREAM_LOGS } from "#streaming";
import {
  AAC_CONFIG,
  AAC_FRAME,
  AUDIO,
  AVC_CONFIG,
  AVC_KEY,
  HEVC_CONFIG,
  HEVC_KEY,
  LiveRig,
  settled,
  shown,
  VIDEO,
} from "./_rig_test.ts";

const ENHANCED = { fourCcList: ["hvc1", "Opus"] };
const OPUS_FRAME = Uint8Array.of(0x91, 0x4f, 0x70, 0x75, 0x73, 1, 2, 3);

Deno.test("A player that announced Enhanced RTMP gets enhanced tracks unread", async () => {
  await using rig = new LiveRig();
  const { client: viewer } = await rig.player("a", { properties: ENHANCED });
  const { stream } = await rig.publisher();
  stream.sendMedia(VIDEO, 0, HEVC_CONFIG);
  stream.sendMedia(VIDEO, 0, HEVC_KEY);
  stream.sendMedia(AUDIO, 3, OPUS_FRAME);
  await settled();
  const all = [shown(VIDEO, 0, HEVC_CONFIG), shown(VIDEO, 0, HEVC_KEY), shown(AUDIO, 3, OPUS_FRAME)];
  assert.deepEqual(viewer.take(), all);
  const { client: late } = await rig.player("a", { properties: { videoFourCcInfoMap: { "*": 1 } } });
  assert.deepEqual(late.take(), all);
  assert.ok(!viewer.codes.includes("Play.NoSupportedTrackFound"));
});

/** First bytes of frames of each legacy codec: FLV 10.1, E.4.2.1 and E.4.3.1, and the codec ID of HEVC in the field. */
const LEGACY_FRAMES: readonly (readonly [name: string, type: number, frame: readonly number[]])[] = [
  ["Sorenson H.263", VIDEO, [0x12, 0, 0, 0x84]],
  ["Screen video", VIDEO, [0x13, 0x01, 0x40, 0x00]],
  ["VP6", VIDEO, [0x14, 0, 0xaa]],
  ["VP6 with alpha", VIDEO, [0x15, 0, 0, 0, 1, 0xaa]],
  ["Screen video 2", VIDEO, [0x16, 0, 0x01, 0x40]],
  ["HEVC by codec ID 12", VIDEO, [0x1c, 1, 0, 0, 40, 0, 0, 0, 1, 0x26]],
  ["linear PCM", AUDIO, [0x0f, 1, 2]],
  ["ADPCM", AUDIO, [0x1e, 1, 2]],
  ["MP3", AUDIO, [0x2f, 0xff, 0xfb]],
  ["linear PCM, little-endian", AUDIO, [0x3f, 1, 2]],
  ["Nellymoser at 16 kHz", AUDIO, [0x42, 1, 2]],
  ["Nellymoser at 8 kHz", AUDIO, [0x52, 1, 2]],
  ["Nellymoser", AUDIO, [0x6e, 1, 2]],
  ["G.711 A-law", AUDIO, [0x72, 0xd5]],
  ["G.711 mu-law", AUDIO, [0x82, 0xff]],
  ["Speex", AUDIO, [0xb2, 0x1e]],
  ["MP3 at 8 kHz", AUDIO, [0xe2, 0xff, 0xe3]],
  ["device sound", AUDIO, [0xf2, 1]],
];

for (const [name, type, bytes] of LEGACY_FRAMES) {
  Deno.test(`${name} passes untouched, to legacy players and to those of Enhanced RTMP`, async () => {
    await using rig = new LiveRig();
    const announced = [{}, { fourCcList: ["Opus", "av01"] }, { fourCcList: ["*"], capsEx: 15 }];
    // who reads hvc1 gets codec ID 12 as that
    const readers = name.startsWith("HEVC") ? announced.slice(0, 2) : announced;
    const viewers = await Promise.all(readers.map((properties) => rig.player("a", { properties })));
    const { stream } = await rig.publisher();
    const frame = Uint8Array.from(bytes);
    for (const time of [0, 40]) stream.sendMedia(type, time, frame);
    await settled();
    const sent = [shown(type, 0, frame), shown(type, 40, frame)];
    for (const { client } of viewers) assert.deepEqual(client.take(), sent);
  });
}

Deno.test("A legacy player is told of a track it cannot read, once, and plays the others", async (context) => {
  for (const isLate of [false, true]) {
    await context.step(isLate ? "it came late" : "it waited", async () => {
      await using rig = new LiveRig();
      const waited = isLate ? undefined : await rig.player();
      const { stream } = await rig.publisher();
      stream.sendMedia(VIDEO, 0, HEVC_CONFIG);
      stream.sendMedia(AUDIO, 0, AAC_CONFIG);
      stream.sendMedia(VIDEO, 0, HEVC_KEY);
      stream.sendMedia(AUDIO, 600, AAC_FRAME);
      await settled();
      const { client } = waited ?? await rig.player();
      stream.sendMedia(VIDEO, 640, HEVC_KEY);
      stream.sendMedia(AUDIO, 1_200, AAC_FRAME);
      await settled();
      assert.equal(client.codes.filter((code) => code === "Play.NoSupportedTrackFound").length, 1);
      assert.equal(client.levels[client.codes.indexOf("Play.NoSupportedTrackFound")], "warning");
      const media = client.take();
      assert.ok(media.every((one) => one.startsWith("a")), media.join());
      assert.deepEqual(media.at(-1), shown(AUDIO, 1_200, AAC_FRAME));
      assert.ok(media.some((one) => one.endsWith(AAC_CONFIG.toHex())));
      assert.equal(client.protocol.isClosed, false);
    });
  }
});

Deno.test("A legacy player of a stream it can read nothing of is told, and stays", async () => {
  await using rig = new LiveRig();
  const { client } = await rig.player();
  const { stream } = await rig.publisher();
  stream.sendMedia(VIDEO, 0, HEVC_KEY);
  stream.sendMedia(AUDIO, 0, OPUS_FRAME);
  await settled();
  const told = client.codes.filter((code) => code === "Play.NoSupportedTrackFound");
  assert.deepEqual([told.length, client.take(), client.protocol.isClosed], [2, [], false]);
});

Deno.test("A player is not told of a track that it does not want", async () => {
  await using rig = new LiveRig();
  const { client, stream: playing } = await rig.player();
  playing.command("receiveVideo", [false]);
  await settled();
  const { stream } = await rig.publisher();
  stream.sendMedia(VIDEO, 0, AVC_KEY);
  stream.sendMedia(AUDIO, 0, AAC_FRAME);
  await settled();
  assert.ok(!client.codes.includes("Play.NoSupportedTrackFound"));
});

Deno.test("A codec that changes in mid-stream reaches legacy players as far as they can read it", async () => {
  await using rig = new LiveRig();
  const { client } = await rig.player();
  const { client: enhanced } = await rig.player("a", { properties: ENHANCED });
  const { stream } = await rig.publisher();
  stream.sendMedia(VIDEO, 0, AVC_CONFIG);
  stream.sendMedia(VIDEO, 0, AVC_KEY);
  stream.sendMedia(VIDEO, 40, HEVC_CONFIG);
  stream.sendMedia(VIDEO, 40, HEVC_KEY);
  stream.sendMedia(VIDEO, 80, AVC_CONFIG);
  stream.sendMedia(VIDEO, 80, AVC_KEY);
  await settled();
  assert.equal(enhanced.media_.length, 6);
  assert.deepEqual(client.take(), [
    shown(VIDEO, 0, AVC_CONFIG),
    shown(VIDEO, 0, AVC_KEY),
    shown(VIDEO, 80, AVC_CONFIG),
    shown(VIDEO, 80, AVC_KEY),
  ]);
  assert.equal(client.codes.filter((code) => code === "Play.NoSupportedTrackFound").length, 1);
});

Deno.test("Peers cannot make a stream be encoded in any number of ways", async () => {
  await using rig = new LiveRig();
  const { stream: publisher } = await rig.publisher();
  publisher.sendMedia(VIDEO, 0, AVC_KEY);
  const client = await rig.connect();
  const plays: Promise<unknown>[] = [];
  for (let i = 0; i < MAX_STREAM_LOGS + 3; i++) {
    const stream = await client.protocol.createStream({});
    plays.push(stream.play("a").then(() => settled()));
  }
  await Promise.allSettled(plays);
  await settled();
  const stream = rig.registry.list()[0]!;
  assert.equal(stream.logs.size, MAX_STREAM_LOGS + 1);
  assert.match(
    rig.lines(/failed/)[0]!,
    /Cannot play a as rtmp\/34\/legacy\/av: it is sent in 32 ways already/,
  );
  const { client: ordinary } = await rig.player();
  assert.deepEqual(ordinary.take(), [shown(VIDEO, 0, AVC_KEY)]);
});
