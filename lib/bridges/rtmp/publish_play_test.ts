import assert from "node:assert/strict";
import { encodeAmf0Values } from "#amf";
import {
  AAC_CONFIG,
  AAC_FRAME,
  AUDIO,
  AVC_CONFIG,
  AVC_INTER,
  AVC_KEY,
  LiveRig,
  settled,
  shown,
  VIDEO,
} from "./_rig_test.ts";

Deno.test("A player gets what is published, payloads and timestamps as they were", async () => {
  await using rig = new LiveRig();
  const { client: viewer } = await rig.player();
  const { stream } = await rig.publisher();
  const messages: [number, number, Uint8Array][] = [
    [VIDEO, 0, AVC_CONFIG],
    [AUDIO, 0, AAC_CONFIG],
    [VIDEO, 0, AVC_KEY],
    [AUDIO, 5, AAC_FRAME],
    [VIDEO, 40, AVC_INTER],
    [AUDIO, 28, AAC_FRAME],
    [VIDEO, 80, new Uint8Array(200_000).fill(0x27, 0, 1).fill(1, 1, 2)],
  ];
  for (const message of messages) stream.sendMedia(...message);
  await settled();
  const shownAll = messages.map((message) => shown(...message));
  // a viewer that waited gets the configurations at its start, once
  assert.deepEqual(viewer.take(), shownAll);
  const { client: late } = await rig.player();
  assert.deepEqual(late.take(), shownAll);
});

Deno.test("Timestamps go on beyond 24 bits, and over the wrap at 2^32", async (context) => {
  for (const start of [0xfffffe, 0xffffff, 0x1000000, 0x7ffffff0, 0xffffffd0, 0xffffffff]) {
    await context.step(`from ${start}`, async () => {
      await using rig = new LiveRig();
      const { client: viewer } = await rig.player();
      const { stream } = await rig.publisher();
      const times = Array.from({ length: 8 }, (_, index) => (start + index * 20) % 2 ** 32);
      stream.sendMedia(VIDEO, start, AVC_KEY);
      for (const time of times.slice(1)) stream.sendMedia(VIDEO, time, AVC_INTER);
      await settled();
      assert.deepEqual(viewer.media_.map(({ timestamp }) => timestamp), times);
    });
  }
});

Deno.test("Audio that starts before the video it came after keeps its time, before zero too", async () => {
  await using rig = new LiveRig();
  const { client: viewer } = await rig.player();
  const { stream } = await rig.publisher();
  const beforeZero = 2 ** 32 - 12;
  stream.sendMedia(VIDEO, 3, AVC_KEY);
  stream.sendMedia(AUDIO, beforeZero, AAC_FRAME);
  stream.sendMedia(AUDIO, 11, AAC_FRAME);
  await settled();
  assert.deepEqual(viewer.media_.map(({ timestamp }) => timestamp), [3, beforeZero, 11]);
});

Deno.test("A late joiner starts at the newest key frame, behind metadata and configurations", async () => {
  await using rig = new LiveRig();
  const { stream } = await rig.publisher();
  stream.sendData(0, encodeAmf0Values(["@setDataFrame", "onMetaData", { width: 1280 }]));
  stream.sendMedia(VIDEO, 0, AVC_CONFIG);
  stream.sendMedia(AUDIO, 0, AAC_CONFIG);
  stream.sendMedia(VIDEO, 0, AVC_KEY);
  stream.sendMedia(VIDEO, 40, AVC_INTER);
  stream.sendMedia(VIDEO, 2_000, AVC_KEY);
  stream.sendMedia(AUDIO, 2_010, AAC_FRAME);
  await settled();
  const { client } = await rig.player();
  assert.deepEqual(client.dataNames, ["|RtmpSampleAccess", "onMetaData"]);
  assert.deepEqual(client.take(), [
    shown(VIDEO, 2_000, AVC_CONFIG),
    shown(AUDIO, 2_000, AAC_CONFIG),
    shown(VIDEO, 2_000, AVC_KEY),
    shown(AUDIO, 2_010, AAC_FRAME),
  ]);
  stream.sendData(2_020, encodeAmf0Values(["onCuePoint", { name: "x" }]));
  await settled();
  assert.equal(client.dataNames.at(-1), "onCuePoint");
});

Deno.test("Metadata that was taken back is not told to late joiners", async () => {
  await using rig = new LiveRig();
  const { stream } = await rig.publisher();
  stream.sendData(0, encodeAmf0Values(["@setDataFrame", "onMetaData", { width: 1280 }]));
  stream.sendMedia(VIDEO, 0, AVC_KEY);
  stream.sendData(0, encodeAmf0Values(["@clearDataFrame", "onMetaData"]));
  stream.sendMedia(VIDEO, 40, AVC_KEY);
  await settled();
  const { client } = await rig.player();
  assert.deepEqual(client.dataNames, ["|RtmpSampleAccess"]);
});

Deno.test("An audio-only stream is played from the newest frame, one without configurations as it is", async () => {
  await using rig = new LiveRig();
  const { stream } = await rig.publisher();
  const mp3 = Uint8Array.of(0x2f, 0xff, 0xfb);
  stream.sendMedia(AUDIO, 0, mp3);
  stream.sendMedia(AUDIO, 600, mp3);
  await settled();
  const { client } = await rig.player();
  assert.deepEqual(client.take(), [shown(AUDIO, 600, mp3)]);
  stream.sendMedia(AUDIO, 626, mp3);
  await settled();
  assert.deepEqual(client.take(), [shown(AUDIO, 626, mp3)]);
});

Deno.test("A name that is live is refused to a second publisher, and the first goes on", async () => {
  await using rig = new LiveRig();
  const { stream } = await rig.publisher();
  const { client: viewer } = await rig.player();
  stream.sendMedia(VIDEO, 0, AVC_KEY);
  await assert.rejects(rig.publisher("a?key=secret"), {
    message: "Cannot publish: NetStream.Publish.BadName: a is already published.",
  });
  stream.sendMedia(VIDEO, 40, AVC_INTER);
  await settled();
  assert.equal(viewer.media_.length, 2);
  assert.match(rig.lines(/publish refused/)[0]!, /live\/a: publish refused: .* published by rtmp memory:1$/);
});

Deno.test("A silent publisher is replaced; viewers stay, and timestamps go on rising", async () => {
  await using rig = new LiveRig({ streamOptions: { publisherSilentMs: 5_000 } });
  const { client: viewer } = await rig.player();
  const first = await rig.publisher();
  first.stream.sendMedia(VIDEO, 90_000, AVC_KEY);
  await settled();
  rig.clock.advance(4_999);
  await assert.rejects(rig.publisher(), /BadName/);
  rig.clock.advance(1);
  viewer.takeCodes();
  const second = await rig.publisher();
  await settled();
  assert.equal(first.client.protocol.isClosed, true);
  second.stream.sendMedia(VIDEO, 0, AVC_KEY);
  second.stream.sendMedia(VIDEO, 40, AVC_INTER);
  await settled();
  assert.deepEqual(viewer.media_.map(({ timestamp }) => timestamp), [90_000, 90_040, 90_080]);
  assert.deepEqual(viewer.takeCodes(), [], "nobody left, for all that viewers know");
  assert.equal(rig.lines(/replaced by another publisher/).length >= 1, true);
});

Deno.test("Viewers hear of a publisher that leaves and one that comes, after its last bytes", async () => {
  await using rig = new LiveRig();
  const { client: viewer } = await rig.player();
  assert.deepEqual(viewer.takeCodes(), ["Play.Reset", "Play.Start"]);
  const { stream } = await rig.publisher();
  stream.sendMedia(VIDEO, 0, AVC_KEY);
  await settled();
  assert.deepEqual(viewer.takeCodes(), ["Play.PublishNotify"]);
  stream.command("closeStream", []);
  await settled();
  assert.deepEqual([viewer.takeCodes(), viewer.media_.length], [["Play.UnpublishNotify"], 1]);
  await rig.publisher();
  await settled();
  assert.deepEqual(viewer.takeCodes(), ["Play.PublishNotify"]);
});

Deno.test("Viewers are left in peace when a publisher's connection is lost, and told after the grace", async () => {
  await using rig = new LiveRig({ streamOptions: { publisherGraceMs: 5_000 } });
  const { client: viewer } = await rig.player();
  const first = await rig.publisher();
  await settled();
  viewer.takeCodes();
  first.client.carrier.abort(new Error("reset"));
  await settled();
  rig.clock.advance(4_999);
  const second = await rig.publisher();
  await settled();
  assert.deepEqual(viewer.takeCodes(), []);
  second.client.carrier.abort(new Error("reset"));
  await settled();
  rig.clock.advance(5_000);
  await settled();
  assert.deepEqual(viewer.takeCodes(), ["Play.UnpublishNotify"]);
});

Deno.test("A message that cannot be read is dropped, with one line for the first; the encoder goes on", async () => {
  await using rig = new LiveRig();
  const { client: viewer } = await rig.player();
  const { stream } = await rig.publisher();
  stream.sendMedia(VIDEO, 0, AVC_KEY);
  for (let i = 0; i < 5; i++) {
    stream.sendMedia(VIDEO, 20, Uint8Array.of(0x27, 1));
    stream.sendMedia(AUDIO, 20, Uint8Array.of(0xaf));
    stream.sendMedia(AUDIO, 20, new Uint8Array(0));
  }
  stream.sendMedia(VIDEO, 40, AVC_INTER);
  await settled();
  assert.deepEqual(viewer.take(), [shown(VIDEO, 0, AVC_KEY), shown(VIDEO, 40, AVC_INTER)]);
  assert.deepEqual(rig.lines(/drops messages/), [
    "WARNING [rtmp] [memory:1] live/a: drops messages it cannot read, this first: Cannot read video tag body: " +
    "need 5 bytes at offset 0, have 2",
  ]);
});

Deno.test("Two players on one connection both get their streams", async () => {
  await using rig = new LiveRig();
  const { client, stream: first } = await rig.player("a");
  const media: string[][] = [[], []];
  const second = await client.protocol.createStream({
    media: (type, timestamp, payload) => void media[1]!.push(shown(type, timestamp, payload)),
  });
  await second.play("b");
  assert.notEqual(first.id, second.id);
  const publishers = [await rig.publisher("a"), await rig.publisher("b")];
  for (let ms = 0; ms < 100; ms += 20) {
    for (const { stream } of publishers) stream.sendMedia(VIDEO, ms, ms === 0 ? AVC_KEY : AVC_INTER);
    await settled();
  }
  assert.deepEqual([client.media_.length, media[1]!.length], [5, 5]);
  second.delete();
  await settled();
  for (const { stream } of publishers) stream.sendMedia(VIDEO, 100, AVC_INTER);
  await settled();
  assert.deepEqual([client.media_.length, media[1]!.length], [6, 5]);
});

Deno.test("Log lines carry the address and the stream, and never a query", async () => {
  await using rig = new LiveRig();
  const client = await rig.connect({ app: "live?token=s3cret" });
  const stream = await client.protocol.createStream(client);
  await stream.publish("a?key=s3cret");
  stream.sendMedia(VIDEO, 0, AVC_KEY);
  const viewer = await rig.player("a?ticket=s3cret");
  await assert.rejects(viewer.stream.play("b?ticket=s3cret", { startMs: 10 }), /StreamNotFound/);
  viewer.client.protocol.close();
  stream.delete();
  await settled();
  client.protocol.close();
  await settled();
  const lines = rig.lines();
  assert.doesNotMatch(lines.join("\n"), /s3cret|key=|token|ticket/);
  for (const said of ["publishing", "playing", "stopped publishing", "stopped playing", "play refused"]) {
    const line = lines.find((one) => one.includes(`: ${said}`));
    assert.match(line ?? said, /^(INFO|WARNING) +\[rtmp\] \[memory:1\] live\/[ab]: /);
  }
});
