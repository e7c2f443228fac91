import assert from "node:assert/strict";
import { STREAM_DEFAULTS } from "#streaming";
import type { RtmpStreamCommand } from "./live_rtmp_application.ts";
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

Deno.test("connect is refused with the reason, and the connection ended", async () => {
  await using rig = new LiveRig({
    connect: (appName) => appName === "live" ? undefined : `There is no ${appName}`,
  });
  await assert.rejects(rig.connect({ app: "dead?token=s3cret" }), {
    message: "Cannot call connect: NetConnection.Connect.Rejected: There is no dead",
  });
  assert.equal(rig.lines(/connect refused: There is no dead/).length, 1);
  assert.doesNotMatch(rig.lines().join("\n"), /s3cret/);
});

Deno.test("publish is refused with the application's reason, and nothing is left", async () => {
  const refusal = { isGranted: false as const, reason: "The key is wrong" };
  await using rig = new LiveRig({ publish: () => Promise.resolve(refusal), play: () => refusal });
  await assert.rejects(rig.publisher("a?key=s3cret"), {
    message: "Cannot publish: NetStream.Publish.BadName: The key is wrong",
  });
  await assert.rejects(rig.player("a?key=s3cret"), {
    message: "Cannot play: NetStream.Play.Failed: The key is wrong",
  });
  assert.equal(rig.registry.size, 0);
  assert.doesNotMatch(rig.lines().join("\n"), /s3cret/);
});

Deno.test("A stream is published under the name the application gives it", async () => {
  await using rig = new LiveRig({
    publish: ({ query }) => {
      const streamName = query === "key=7" ? "studio" : "lobby";
      return Promise.resolve({
        isGranted: true,
        path: { appName: "live", streamName },
        options: STREAM_DEFAULTS,
      });
    },
  });
  const { stream } = await rig.publisher("k7?key=7");
  const { client } = await rig.player("studio");
  stream.sendMedia(VIDEO, 0, AVC_KEY);
  await settled();
  assert.deepEqual(client.take(), [shown(VIDEO, 0, AVC_KEY)]);
  assert.equal(rig.registry.list()[0]?.path.streamName, "studio");
  assert.match(rig.lines(/publishing/)[0]!, / live\/studio: publishing/);
  assert.doesNotMatch(rig.lines().join(), /k7/, "the name asked for may be a key");
});

Deno.test("record and append are refused clearly", async () => {
  await using rig = new LiveRig();
  const client = await rig.connect();
  const stream = await client.protocol.createStream(client);
  for (const type of ["record", "append"] as const) {
    await assert.rejects(stream.publish("a", type), {
      message:
        `Cannot publish: NetStream.Record.NoAccess: Publish type ${type} is not available: this server does ` +
        "not record",
    });
  }
  await stream.publish("a");
  assert.equal(rig.registry.list()[0]?.publisher !== undefined, true, "the connection goes on");
});

Deno.test("play starts as its start argument says", async (context) => {
  const cases: [startMs: number, isLive: boolean, plays: boolean][] = [
    [-2000, true, true],
    [-2000, false, true],
    [-1000, true, true],
    [-1000, false, true],
    [0, true, true],
    [0, false, false],
    [5_000, true, false],
    [5_000, false, false],
  ];
  for (const [startMs, isLive, plays] of cases) {
    const name = `${startMs}, ${isLive ? "live" : "not live"}: ${
      plays ? "plays or waits" : "StreamNotFound"
    }`;
    await context.step(name, async () => {
      await using rig = new LiveRig();
      if (isLive) {
        const { stream } = await rig.publisher();
        stream.sendMedia(VIDEO, 0, AVC_KEY);
      }
      if (!plays) {
        await assert.rejects(rig.player("a", { startMs }), {
          message: "Cannot play: NetStream.Play.StreamNotFound: There is no recording called a.",
        });
        assert.equal(rig.registry.size, isLive ? 1 : 0);
        return;
      }
      const { client } = await rig.player("a", { startMs });
      assert.deepEqual(client.takeCodes(), ["Play.Reset", "Play.Start"]);
      assert.equal(client.take().length, isLive ? 1 : 0);
    });
  }
});

Deno.test("pause stops the media, and unpause goes on at the newest key frame", async () => {
  await using rig = new LiveRig();
  const { stream: publisher } = await rig.publisher();
  const { client, stream } = await rig.player();
  publisher.sendMedia(VIDEO, 0, AVC_CONFIG);
  publisher.sendMedia(VIDEO, 0, AVC_KEY);
  await settled();
  client.take();
  client.takeCodes();
  stream.command("pause", [true, 0]);
  await settled();
  assert.deepEqual(client.takeCodes(), ["Pause.Notify"]);
  publisher.sendMedia(VIDEO, 2_000, AVC_KEY);
  publisher.sendMedia(VIDEO, 2_040, AVC_INTER);
  await settled();
  assert.deepEqual(client.take(), []);
  stream.command("pauseRaw", [false, 0]);
  await settled();
  assert.deepEqual(client.takeCodes(), ["Unpause.Notify"]);
  assert.deepEqual(client.take(), [
    shown(VIDEO, 2_000, AVC_CONFIG),
    shown(VIDEO, 2_000, AVC_KEY),
    shown(VIDEO, 2_040, AVC_INTER),
  ]);
});

Deno.test("The application hears of pause, seek and closeStream, and what it refuses is told and not done", async () => {
  const commands: RtmpStreamCommand[] = [];
  let reason = "";
  await using rig = new LiveRig({ judge: (command) => (commands.push(command), reason || undefined) });
  const { stream: publisher } = await rig.publisher();
  const { client, stream } = await rig.player();
  client.takeCodes();
  stream.command("pause", [true, 40]);
  stream.command("pauseRaw", [false, 40]);
  await settled();
  assert.deepEqual(client.takeCodes(), ["Pause.Notify", "Unpause.Notify"]);
  reason = "Not during the match";
  stream.command("pause", [true, 80]);
  stream.command("seek", [5_000]);
  publisher.sendMedia(VIDEO, 0, AVC_KEY);
  await settled();
  assert.deepEqual(client.levels, ["error", "error"]);
  assert.deepEqual(client.takeCodes(), ["Failed", "Seek.Failed"]);
  assert.deepEqual(client.take(), [shown(VIDEO, 0, AVC_KEY)], "it plays on");
  assert.equal(rig.lines(/live\/a: (pause|seek) refused: Not during the match/).length, 2);
  stream.command("closeStream", []);
  await settled();
  publisher.command("closeStream", []);
  await settled();
  assert.deepEqual(client.takeCodes(), []);
  assert.equal(rig.registry.size, 0);
  assert.deepEqual(commands, [
    { name: "pause", isPaused: true, positionMs: 40, streamName: "a" },
    { name: "pauseRaw", isPaused: false, positionMs: 40, streamName: "a" },
    { name: "pause", isPaused: true, positionMs: 80, streamName: "a" },
    { name: "seek", positionMs: 5_000, streamName: "a" },
    { name: "closeStream", streamName: "a" },
    { name: "closeStream", streamName: "a" },
  ]);
});

Deno.test("A paused player pauses once, waits for nothing, and may leave", async () => {
  await using rig = new LiveRig();
  const { client, stream } = await rig.player();
  client.takeCodes();
  stream.command("pause", [true, 0]);
  stream.command("pause", [true, 0]);
  const { stream: publisher } = await rig.publisher();
  publisher.sendMedia(VIDEO, 0, AVC_KEY);
  await settled();
  assert.deepEqual(client.takeCodes(), ["Pause.Notify", "Pause.Notify", "Play.PublishNotify"]);
  assert.deepEqual(client.take(), []);
  stream.delete();
  await settled();
  assert.equal(rig.registry.list()[0]?.subscriberCount, 0);
});

Deno.test("receiveVideo and receiveAudio choose the tracks from their next start on, and choose back", async () => {
  await using rig = new LiveRig();
  const { stream: publisher } = await rig.publisher();
  publisher.sendMedia(VIDEO, 0, AVC_CONFIG);
  publisher.sendMedia(AUDIO, 0, AAC_CONFIG);
  publisher.sendMedia(VIDEO, 0, AVC_KEY);
  const { client, stream } = await rig.player();
  const next = async (ms: number) => {
    publisher.sendMedia(VIDEO, ms, AVC_KEY);
    publisher.sendMedia(AUDIO, ms + 5, AAC_FRAME);
    await settled();
    return client.take();
  };
  await next(1_000);

  stream.command("receiveVideo", [false]);
  await settled();
  assert.deepEqual(await next(2_000), [shown(AUDIO, 2_005, AAC_CONFIG), shown(AUDIO, 2_005, AAC_FRAME)]);

  stream.command("receiveAudio", [false]);
  await settled();
  assert.deepEqual(await next(3_000), []);

  stream.command("receiveVideo", [true]);
  await settled();
  assert.deepEqual(await next(4_000), [shown(VIDEO, 4_000, AVC_CONFIG), shown(VIDEO, 4_000, AVC_KEY)]);

  stream.command("receiveAudio", [true]);
  stream.command("receiveAudio", [true]);
  await settled();
  assert.deepEqual((await next(5_000)).slice(-2), [
    shown(VIDEO, 5_000, AVC_KEY),
    shown(AUDIO, 5_005, AAC_FRAME),
  ]);
  assert.equal(rig.registry.list()[0]?.logs.size, 1, "the logs it left are gone");
});

Deno.test("A player that waits alone may choose its tracks before anybody publishes", async () => {
  await using rig = new LiveRig();
  const { client, stream } = await rig.player();
  stream.command("receiveVideo", [false]);
  await settled();
  assert.equal(client.protocol.isClosed, false);
  const { stream: publisher } = await rig.publisher();
  publisher.sendMedia(VIDEO, 0, AVC_KEY);
  publisher.sendMedia(AUDIO, 0, AAC_FRAME);
  await settled();
  assert.deepEqual(client.take(), [shown(AUDIO, 0, AAC_FRAME)]);
});

Deno.test("A paused player that chooses its tracks stays paused", async () => {
  await using rig = new LiveRig();
  const { stream: publisher } = await rig.publisher();
  const { client, stream } = await rig.player();
  stream.command("pause", [true, 0]);
  stream.command("receiveAudio", [false]);
  publisher.sendMedia(VIDEO, 0, AVC_KEY);
  await settled();
  assert.deepEqual(client.take(), []);
  stream.command("pause", [false, 0]);
  await settled();
  assert.deepEqual(client.take(), [shown(VIDEO, 0, AVC_KEY)]);
});

Deno.test("A player that nobody publishes to is told and disconnected after waitForPublisherMs", async () => {
  await using rig = new LiveRig({ waitForPublisherMs: 3_000 });
  const { client } = await rig.player("a?key=s3cret");
  rig.clock.advance(2_999);
  await settled();
  assert.equal(client.protocol.isClosed, false);
  rig.clock.advance(1);
  await settled();
  assert.equal(client.takeCodes().at(-1), "Play.StreamNotFound");
  assert.equal(client.protocol.isClosed, true);
});

Deno.test("A player that waited is left in peace once a publisher has come, and waits anew when it leaves", async () => {
  await using rig = new LiveRig({ waitForPublisherMs: 3_000 });
  const { client } = await rig.player();
  rig.clock.advance(2_000);
  const { stream } = await rig.publisher();
  await settled();
  rig.clock.advance(10_000);
  await settled();
  assert.equal(client.protocol.isClosed, false);
  stream.delete();
  await settled();
  rig.clock.advance(2_999);
  assert.equal(client.protocol.isClosed, false);
  rig.clock.advance(1);
  await settled();
  assert.equal(client.protocol.isClosed, true);
});

Deno.test("A player that came while the publisher was lost is not disconnected once it is back", async () => {
  await using rig = new LiveRig({ waitForPublisherMs: 3_000, streamOptions: { publisherGraceMs: 5_000 } });
  const { client: before } = await rig.player();
  const first = await rig.publisher();
  await settled();
  first.client.carrier.abort(new Error("reset"));
  await settled();
  const { client: during } = await rig.player();
  rig.clock.advance(1_000);
  const second = await rig.publisher();
  second.stream.sendMedia(VIDEO, 0, AVC_KEY);
  await settled();
  rig.clock.advance(10_000);
  await settled();
  assert.deepEqual([before.protocol.isClosed, during.protocol.isClosed], [false, false]);
  assert.deepEqual([before.media_.length, during.media_.length], [1, 1]);
});

Deno.test("A NetStream that plays again leaves its first stream", async () => {
  await using rig = new LiveRig();
  const a = await rig.publisher("a");
  const b = await rig.publisher("b");
  for (const { stream } of [a, b]) stream.sendMedia(VIDEO, 0, AVC_KEY);
  const { client, stream } = await rig.player("a");
  await stream.play("b");
  a.stream.sendMedia(VIDEO, 40, AVC_INTER);
  b.stream.sendMedia(VIDEO, 80, AVC_INTER);
  await settled();
  assert.deepEqual(client.media_.map(({ timestamp }) => timestamp), [0, 0, 80]);
  assert.deepEqual(rig.registry.list().map((one) => one.subscriberCount), [0, 1]);
});

Deno.test("A connection may publish one stream and play another", async () => {
  await using rig = new LiveRig();
  const { client, stream: own } = await rig.publisher("mine");
  const { stream: other } = await rig.publisher("other");
  const playing = await client.protocol.createStream(client);
  await playing.play("other");
  own.sendMedia(VIDEO, 0, AVC_KEY);
  other.sendMedia(VIDEO, 7, AVC_KEY);
  await settled();
  assert.deepEqual(client.take(), [shown(VIDEO, 7, AVC_KEY)]);
  const { client: viewer } = await rig.player("mine");
  assert.deepEqual(viewer.take(), [shown(VIDEO, 0, AVC_KEY)]);
});

Deno.test("Nothing is left after 500 connections that publish, play and go in every way", async () => {
  await using rig = new LiveRig({ waitForPublisherMs: 3_000 });
  for (let round = 0; round < 125; round++) {
    const publisher = await rig.publisher(`s${round % 3}`);
    publisher.stream.sendMedia(VIDEO, 0, AVC_KEY);
    const player = await rig.player(`s${round % 3}`);
    const waiting = await rig.player("nobody");
    const idle = await rig.connect();
    player.client.carrier.abort(new Error("reset"));
    if (round % 2 === 0) publisher.client.carrier.abort(new Error("reset"));
    else publisher.client.protocol.close();
    waiting.stream.delete();
    await settled();
    waiting.client.protocol.close();
    idle.protocol.close();
    await settled();
  }
  assert.deepEqual([rig.registry.size, rig.registry.pool.live], [0, 0]);
});
