import assert from "node:assert/strict";
import { encodeAmf0Values } from "#amf";
import type { DataMessage } from "#protocols/rtmp";
import {
  AAC_CONFIG,
  AAC_FRAME,
  AUDIO,
  AVC_CONFIG,
  AVC_INTER,
  AVC_KEY,
  RelayRig,
  settled,
  until,
  VIDEO,
} from "./_rig_test.ts";

/** A group of pictures that begins at `ms`. */
function sendGop(
  publisher: { sendMedia(type: number, ms: number, body: Uint8Array): void },
  ms: number,
): void {
  publisher.sendMedia(VIDEO, ms, AVC_KEY);
  publisher.sendMedia(AUDIO, ms + 3, AAC_FRAME);
  publisher.sendMedia(VIDEO, ms + 40, AVC_INTER);
}

Deno.test("a push brings metadata, configurations and all from the newest key frame, and says when it is over", async () => {
  await using rig = new RelayRig();
  rig.push({ rtmpAbsoluteTimestamps: true });
  const publisher = await rig.publisher("a", "here");
  publisher.sendData(0, encodeAmf0Values(["@setDataFrame", "onMetaData", { width: 640 }]));
  publisher.sendMedia(VIDEO, 0, AVC_CONFIG);
  publisher.sendMedia(AUDIO, 0, AAC_CONFIG);
  sendGop(publisher, 0);
  sendGop(publisher, 2000);
  await until(() => rig.packets("a", "far").length > 0, "the push");
  sendGop(publisher, 4000);
  await until(() => rig.packets("a", "far").at(-1) === "video 4040", "the last packet");
  assert.deepEqual(rig.packets("a", "far"), ["video! 4000", "audio 4003", "video 4040"]);
  const { metadata, configs } = rig.farStreams.list()[0]!.header;
  assert.deepEqual(metadata?.payload, encodeAmf0Values(["onMetaData", { width: 640 }]));
  assert.deepEqual(configs.map(({ payload }) => payload.toHex()), ["01640028ffe1", "1210"]);
  publisher.delete();
  await until(() => !rig.isLive("a", "far"), "the end");
  assert.equal(rig.lines(/\[push rtmp:\/\/far\/live\/a\] a: has ended: the stream has ended/).length, 1);
  assert.deepEqual(rig.relays.list(), []);
});

Deno.test("a push begins near time 0 with each connection, or with the times of the stream here", async () => {
  await using rig = new RelayRig();
  const publisher = await rig.publisher("a", "here");
  publisher.sendMedia(VIDEO, 0, AVC_CONFIG);
  sendGop(publisher, 90_000);
  await until(() => rig.packets("a", "here").length === 3, "the stream");
  rig.push({ targetStreamName: "near" });
  rig.push({ targetStreamName: "same", rtmpAbsoluteTimestamps: true });
  await until(() => rig.packets("near", "far").length + rig.packets("same", "far").length === 6, "both");
  assert.deepEqual(rig.packets("near", "far"), ["video! 500", "audio 503", "video 540"]);
  assert.deepEqual(rig.packets("same", "far"), ["video! 90000", "audio 90003", "video 90040"]);
});

Deno.test("targets of one stream share its bytes, and one that reads nothing holds no other", async () => {
  await using rig = new RelayRig();
  for (const name of ["one", "two", "three"]) rig.push({ targetStreamName: name });
  const publisher = await rig.publisher("a", "here");
  publisher.sendMedia(VIDEO, 0, AVC_CONFIG);
  sendGop(publisher, 0);
  await until(() => ["one", "two", "three"].every((name) => rig.packets(name, "far").length === 3), "all");
  const stream = rig.streams.find({ appName: "live", streamName: "a" })!;
  assert.deepEqual([...stream.logs.keys()], ["rtmp-publish/1/*,*,multitrack,modex/0"]);
  assert.equal(stream.subscriberCount, 3);
  assert.equal(stream.audienceCount, 0);
  // that of the publisher was the first
  const slow = rig.carriers[1]!;
  slow.pause(true);
  const big = new Uint8Array(400_000);
  for (let ms = 1000; ms < 8000; ms += 1000) {
    big.set(AVC_KEY);
    publisher.sendMedia(VIDEO, ms, big.slice());
    await settled();
  }
  const newest = ["one", "two", "three"].map((name) => rig.packets(name, "far").at(-1));
  assert.equal(newest.filter((packet) => packet === "video! 7000").length, 2, newest.join());
  slow.pause(false);
});

Deno.test("a push comes back to a target that was away, at the newest key frame", async () => {
  await using rig = new RelayRig();
  const publisher = await rig.publisher("a", "here");
  publisher.sendMedia(VIDEO, 0, AVC_CONFIG);
  sendGop(publisher, 0);
  rig.push({ targetStreamName: "b", rtmpAbsoluteTimestamps: true });
  await until(() => rig.packets("b", "far").length === 3, "the push");
  rig.isDown = true;
  rig.carriers.at(-1)!.abort(new Error("the target restarts"));
  await until(() => rig.lines(/has failed/).length === 1, "the loss");
  await settled();
  rig.clock.advance(1000);
  await settled();
  await settled();
  sendGop(publisher, 2000);
  await settled();
  rig.isDown = false;
  rig.clock.advance(2000);
  await until(() => rig.lines(/connected and publishing/).length === 2, "the next connection");
  await until(() => rig.packets("b", "far").length === 3, "the packets");
  // the far stream goes on rising: its publisher changed
  assert.match(rig.packets("b", "far")[0]!, /^video!/);
  assert.equal(rig.dials.length, 3);
});

Deno.test("a push ends with a stream that ends while it connects, and streams that do not fit are left", async () => {
  await using rig = new RelayRig();
  rig.isDown = true;
  rig.push({ localStreamName: "cam*/hd" });
  const other = await rig.publisher("cam1", "here");
  const publisher = await rig.publisher("cam1/hd", "here");
  for (const each of [other, publisher]) each.sendMedia(VIDEO, 0, AVC_KEY);
  await until(() => rig.dials.length === 1, "the attempt");
  assert.deepEqual(rig.relays.list().map(({ streamName, peer }) => [streamName, peer]), [
    ["cam1/hd", "rtmp://far/live/cam1/hd"],
  ]);
  publisher.delete();
  await until(() => rig.relays.list().length === 0, "the end");
  rig.clock.advance(60_000);
  await settled();
  assert.equal(rig.dials.length, 1);
});

Deno.test("a refused push is one line, and tried again", async () => {
  await using rig = new RelayRig({
    connect: () => ({ isAccepted: false, told: "no such application", reason: "" }),
  });
  rig.push({ targetUri: "rtmp://u:hush@far/live/key?token=hush" });
  const publisher = await rig.publisher("a", "here");
  publisher.sendMedia(VIDEO, 0, AVC_KEY);
  await until(() => rig.lines(/has failed/).length === 1, "the line");
  assert.match(
    rig.lines(/has failed/)[0]!,
    /\[push rtmp:\/\/far\/live\/\*\] a: has failed: .*NetConnection.Connect.Rejected: no such application/,
  );
  await settled();
  rig.clock.advance(1000);
  await until(() => rig.dials.length === 2, "the next attempt");
  assert.deepEqual(rig.lines(/hush/), []);
});

Deno.test("a push that is stopped says good-bye: the target waits for nobody", async () => {
  await using rig = new RelayRig();
  const publisher = await rig.publisher("a", "here");
  publisher.sendMedia(VIDEO, 0, AVC_CONFIG);
  sendGop(publisher, 0);
  const stop = rig.push();
  await until(() => rig.isLive("a", "far"), "the push");
  const codes: unknown[] = [];
  await rig.client("far", (stream) => stream.play("a"), { status: ({ code }) => void codes.push(code) });
  await stop();
  await until(() => codes.includes("NetStream.Play.UnpublishNotify"), "the player to be told at once");
});

Deno.test("a push keeps data messages", async () => {
  await using rig = new RelayRig();
  rig.push();
  const publisher = await rig.publisher("a", "here");
  publisher.sendMedia(VIDEO, 0, AVC_CONFIG);
  sendGop(publisher, 0);
  await until(() => rig.isLive("a", "far"), "the push");
  const data: DataMessage[] = [];
  await rig.client("far", (stream) => stream.play("a"), { data: (message) => void data.push(message) });
  publisher.sendData(50, encodeAmf0Values(["onCuePoint", { name: "x" }]));
  const cue = encodeAmf0Values(["onCuePoint", { name: "x" }]).toHex();
  await until(() => data.some(({ payload }) => payload.toHex() === cue), "the cue point");
});

Deno.test("a push and a pull carry Enhanced RTMP, several tracks too", async () => {
  await using rig = new RelayRig();
  rig.push({ localStreamName: "a", targetStreamName: "b" });
  rig.pull({ uri: "rtmp://far/live/b", localStreamName: "back" });
  const publisher = await rig.publisher("a", "here");
  const hevc = (hex: string) => Uint8Array.fromHex(hex.replaceAll(" ", ""));
  publisher.sendMedia(VIDEO, 0, hevc("90 68766331 01020304"));
  publisher.sendMedia(VIDEO, 0, hevc("93 68766331 00000001 26"));
  // one track, frames, track 1
  publisher.sendMedia(VIDEO, 0, hevc("96 00 68766331 01 05060708"));
  publisher.sendMedia(VIDEO, 0, hevc("96 03 68766331 01 00000001 27"));
  await until(() => rig.packets("back", "here").length === 3, "the tracks");
  for (const [name, where] of [["b", "far"], ["back", "here"]] as const) {
    const registry = where === "here" ? rig.streams : rig.farStreams;
    const { header } = registry.find({ appName: "live", streamName: name })!;
    assert.deepEqual(header.configs.map(({ codec, trackId, payload }) => [codec, trackId, payload.toHex()]), [
      ["hvc1", 0, "01020304"],
      ["hvc1", 1, "05060708"],
    ]);
  }
});
