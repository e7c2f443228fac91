import assert from "node:assert/strict";
import { audio, config, inter, key, LineWire, packet, settled, TestSink, testStreams } from "./_rig_test.ts";
import { MAX_STREAM_LOGS } from "./stream.ts";
import { MAX_HEADER_BYTES, MAX_KEPT_CONFIGS } from "./stream_header.ts";

const ORIGIN = { origin: "test", replaced() {} };

Deno.test("Stream gives a late joiner configs and the newest GOP, then what is published", async () => {
  const stream = testStreams().open();
  const publisher = stream.publish(ORIGIN)!;
  for (const each of [config("video", "sps"), config("audio", "asc"), key(0), inter(40), audio(50)]) {
    publisher.publish(each);
  }
  publisher.publish(key(80));
  publisher.publish(inter(120));
  const sink = new TestSink();
  stream.subscribe(sink, new LineWire());
  assert.equal(sink.received, "H:80:sps,asc\nv:media:80:K\nv:media:120:p\n");
  publisher.publish(audio(130));
  await settled();
  assert.equal(sink.received, "H:80:sps,asc\nv:media:80:K\nv:media:120:p\na:media:130:a\n");
});

Deno.test("Stream lets a player wait for the publisher and its first key frame", async () => {
  const stream = testStreams().open();
  const sink = new TestSink();
  const heard: boolean[] = [];
  stream.subscribe(sink, new LineWire(), { publisherChanged: (isLive) => heard.push(isLive) });
  const publisher = stream.publish(ORIGIN)!;
  publisher.publish(inter(0));
  publisher.publish(key(40));
  await settled();
  assert.equal(sink.received, "H:40:\nv:media:40:K\n");
  publisher.end();
  assert.deepEqual(heard, [true, false]);
});

Deno.test("Stream starts an audio-only player at the newest frame", async () => {
  const stream = testStreams().open();
  const publisher = stream.publish(ORIGIN)!;
  for (let ms = 0; ms < 1200; ms += 100) publisher.publish(audio(ms));
  const sink = new TestSink();
  stream.subscribe(sink, new LineWire());
  await settled();
  assert.equal(sink.received, "H:1100:\na:media:1100:a\n");
});

Deno.test("Stream keeps a live publisher, and replaces one that is silent", () => {
  const { clock, open } = testStreams();
  const stream = open();
  let replaced = 0;
  const first = stream.publish({ origin: "first", replaced: () => replaced++ })!;
  first.publish(key(1000));
  clock.advance(4_999);
  assert.equal(stream.publish(ORIGIN), undefined);
  clock.advance(1);
  const second = stream.publish({ origin: "second", replaced() {} })!;
  assert.equal(replaced, 1);
  assert.equal(stream.publisher, second);
  first.publish(key(2000));
  assert.equal(stream.newestDtsUs, 1_000_000, "the replaced publisher feeds nothing");
});

Deno.test("A publisher that is shut down is told why, once, and leaves the stream", () => {
  const { open } = testStreams();
  const why: string[] = [];
  const stream = open();
  const publisher = stream.publish({ origin: "first", replaced: (reason) => why.push(reason) })!;
  publisher.shutDown("by its operator");
  publisher.shutDown("again");
  assert.deepEqual([why, publisher.isEnded, stream.publisher], [["by its operator"], true, undefined]);
});

Deno.test("Stream keeps viewers over a takeover, and times rise", async () => {
  const { clock, open } = testStreams();
  const stream = open();
  const first = stream.publish(ORIGIN)!;
  const sink = new TestSink();
  const heard: boolean[] = [];
  stream.subscribe(sink, new LineWire(), { publisherChanged: (isLive) => heard.push(isLive) });
  first.publish(key(5000));
  await settled();
  clock.advance(5_000);
  const second = stream.publish(ORIGIN)!;
  second.publish(packet("data", 0, { role: "metadata", text: "meta" }));
  second.publish(inter(90, "before key"));
  second.publish(key(100));
  second.publish(inter(140));
  await settled();
  assert.equal(
    sink.received,
    "H:5000:\nv:media:5000:K\nd:metadata:5040:meta\nv:media:5040:K\nv:media:5080:p\n",
  );
  assert.deepEqual(heard, [], "viewers hear nothing of a takeover");
  assert.equal(second.statistics.droppedPackets, 1);
});

Deno.test("Stream tells viewers of a lost publisher only after the grace", () => {
  const { clock, open } = testStreams({ publisherGraceMs: 3_000 });
  const stream = open();
  const heard: boolean[] = [];
  stream.subscribe(new TestSink(), new LineWire(), { publisherChanged: (isLive) => heard.push(isLive) });
  stream.publish(ORIGIN)!.end({ isLost: true });
  clock.advance(2_999);
  const back = stream.publish(ORIGIN)!;
  clock.advance(10_000);
  assert.deepEqual(heard, [true], "it came back in time");
  back.end({ isLost: true });
  clock.advance(3_000);
  assert.deepEqual(heard, [true, false]);
});

Deno.test("Stream does not pass on each turn of a publisher that comes and goes all the time", () => {
  const { clock, open } = testStreams();
  const stream = open();
  const told: boolean[] = [];
  stream.subscribe(new TestSink(), new LineWire(), { publisherChanged: (isLive) => void told.push(isLive) });
  for (let i = 0; i < 1_000; i++) {
    stream.publish(ORIGIN)!.end();
    clock.advance(1);
  }
  assert.deepEqual(
    told.slice(0, 8),
    [true, false, true, false, true, false, true, false],
    "at once, at first",
  );
  assert.ok(told.length <= 10, `${told.length} times in a second`);
  clock.advance(1_000);
  assert.equal(told.at(-1), false, "how it ended");
  const before = told.length;
  clock.advance(5_000);
  stream.publish(ORIGIN)!.end();
  assert.deepEqual(told.slice(before), [true, false], "at once again");
});

Deno.test("Stream tells of the end only after the last bytes were taken", async () => {
  const stream = testStreams().open();
  const publisher = stream.publish(ORIGIN)!;
  const sink = new TestSink();
  sink.room = 5;
  let wasComplete: boolean | undefined;
  stream.subscribe(sink, new LineWire(), {
    publisherChanged: (isLive) => wasComplete = isLive ? undefined : sink.received.endsWith("v:media:0:K\n"),
  });
  publisher.publish(key(0));
  await settled();
  publisher.end();
  assert.equal(wasComplete, undefined);
  sink.drain();
  assert.equal(wasComplete, true);
});

Deno.test("Stream refuses to remember more metadata and configurations than it can give every viewer", () => {
  const stream = testStreams().open();
  const publisher = stream.publish(ORIGIN)!;
  const half = "c".repeat(MAX_HEADER_BYTES / 2);
  const track = (trackId: number) => packet("video", 0, { role: "config", text: half, trackId });
  publisher.publish(track(0));
  publisher.publish(track(1));
  publisher.publish(track(1));
  for (const last of [track(2), packet("data", 0, { role: "metadata", text: "m" })]) {
    assert.throws(() => publisher.publish(last), {
      name: "LimitError",
      message: /MAX_HEADER_BYTES \(262144\)$/,
    });
  }
  assert.equal(stream.header.configs.length, 2);
  publisher.publish(packet("data", 0, { role: "data", text: half + half }));
});

Deno.test("Stream keeps configuration and description of each track, the description behind", () => {
  const stream = testStreams().open();
  const publisher = stream.publish(ORIGIN)!;
  const of = (text: string, role: "config" | "description", trackId: number) =>
    publisher.publish(packet("video", 0, { text, role, trackId }));
  const texts = () => stream.header.configs.map(({ payload }) => new TextDecoder().decode(payload)).join();
  of("colours0", "description", 0);
  of("sps0", "config", 0);
  of("sps1", "config", 1);
  assert.equal(texts(), "sps0,colours0,sps1");
  publisher.publish(packet("audio", 0, { text: "channels", role: "description", trackId: 1 }));
  of("colours1", "description", 1);
  of("dark0", "description", 0);
  assert.equal(texts(), "channels,sps1,colours1,sps0,dark0");
  publisher.publish({ ...packet("video", 0, { text: "vps0", role: "config" }), codec: "hvc1" });
  assert.equal(texts(), "channels,sps1,colours1,vps0", "what described another codec is forgotten");
  assert.deepEqual([stream.header.videoTrackId, stream.header.audioTrackId], [0, 1]);
});

Deno.test("Stream bounds how many tracks it remembers", () => {
  const stream = testStreams().open();
  const publisher = stream.publish(ORIGIN)!;
  const track = (trackId: number) => packet("video", 0, { role: "config", text: "c", trackId });
  for (let trackId = 0; trackId < MAX_KEPT_CONFIGS; trackId++) publisher.publish(track(trackId));
  publisher.publish(track(0));
  assert.throws(() => publisher.publish(track(MAX_KEPT_CONFIGS)), {
    name: "LimitError",
    message: /MAX_KEPT_CONFIGS/,
  });
});

Deno.test("Stream lets players start at key frames of its lowest track of video only", async () => {
  const stream = testStreams().open();
  const publisher = stream.publish(ORIGIN)!;
  const frame = (trackId: number, ms: number, isKeyFrame: boolean) =>
    publisher.publish(packet("video", ms, { text: `${trackId}`, trackId, isKeyFrame }));
  const late = async () => {
    const sink = new TestSink();
    const subscriber = stream.subscribe(sink, new LineWire());
    await settled();
    stream.unsubscribe(subscriber);
    return sink.received.replaceAll("media:", "");
  };
  frame(2, 0, true);
  frame(1, 0, true);
  assert.equal(await late(), "H:0:\nv:0:1\n");
  frame(0, 0, true);
  frame(1, 0, true);
  frame(0, 40, false);
  frame(1, 40, true);
  assert.equal(await late(), "H:0:\nv:0:0\nv:0:1\nv:40:0\nv:40:1\n");
  frame(0, 80, true);
  assert.equal(await late(), "H:80:\nv:80:0\n");
});

Deno.test("Stream tells players of a default track they do not get, not of others", async () => {
  for (const lowest of [0, 1]) {
    const stream = testStreams().open();
    const publisher = stream.publish(ORIGIN)!;
    const missing: string[] = [];
    stream.subscribe(
      new TestSink(),
      new LineWire("single", ({ trackId, codec }) => trackId === 0 && codec !== "Opus"),
      {
        notCarried: ({ kind, trackId }) => missing.push(`${kind} ${trackId}`),
      },
    );
    const at = (kind: "audio" | "video", role: "config" | "media", trackId: number) =>
      publisher.publish(packet(kind, 0, { role, trackId, isKeyFrame: role === "media" }));
    at("video", "config", 1);
    if (lowest === 0) at("video", "config", 0);
    at("audio", "media", 0);
    at("audio", "media", 1);
    at("video", "media", 1);
    if (lowest === 0) at("video", "media", 0);
    await settled();
    assert.deepEqual(missing, lowest === 0 ? [] : ["video 1"]);
  }
});

Deno.test("StreamRegistry frees a stream with its last publisher and subscriber", () => {
  const { registry, open, clock } = testStreams();
  const stream = open();
  const publisher = stream.publish(ORIGIN)!;
  publisher.publish(key(0));
  const subscriber = stream.subscribe(new TestSink(), new LineWire());
  publisher.end();
  assert.equal(registry.size, 1);
  stream.unsubscribe(subscriber);
  assert.equal(registry.size, 0);
  assert.equal(registry.pool.live, 0, "all segments went back");
  assert.equal(clock.pending, 0, "no timer is left");
});

Deno.test("Stream shares one log among equal wires, and drops it with the last subscriber", () => {
  const stream = testStreams().open();
  stream.publish(ORIGIN)!.publish(key(0));
  const first = stream.subscribe(new TestSink(), new LineWire());
  const second = stream.subscribe(new TestSink(), new LineWire());
  const other = stream.subscribe(new TestSink(), new LineWire("other"));
  assert.deepEqual([...stream.logs.keys()], ["line", "other"]);
  for (const each of [first, second]) stream.unsubscribe(each);
  assert.deepEqual([...stream.logs.keys()], ["other"]);
  stream.unsubscribe(other);
  assert.equal(stream.logs.size, 0);
});

Deno.test("Stream has a log for each common wire, however many rare ones peers have chosen", () => {
  const stream = testStreams().open();
  const play = (key: string, isCommon: boolean) =>
    stream.subscribe(new TestSink(), Object.assign(new LineWire(key), { isCommon }));
  for (let i = 0; i < MAX_STREAM_LOGS; i++) play(`rare ${i}`, false);
  assert.throws(() => play("one more", false), {
    name: "LimitError",
    message: /one more: it is sent in 32 ways/,
  });
  play("common", true);
  play("rare 7", false);
  assert.equal(stream.logs.size, MAX_STREAM_LOGS + 1);
});

Deno.test("Stream tells a wire without video about it, and plays it the audio", async () => {
  const stream = testStreams().open();
  const publisher = stream.publish(ORIGIN)!;
  publisher.publish(key(0));
  const sink = new TestSink();
  const missing: string[] = [];
  stream.subscribe(sink, new LineWire("audio", (each) => each.kind !== "video"), {
    notCarried: (each) => missing.push(each.kind),
  });
  publisher.publish(audio(10));
  publisher.publish(key(20));
  publisher.publish(audio(30));
  await settled();
  assert.equal(sink.received, "H:10:\na:media:10:a\na:media:30:a\n");
  assert.deepEqual(missing, ["video"]);
});

Deno.test("Stream forgets a GOP that exceeds its bounds", async () => {
  const stream = testStreams({ gopCacheMs: 1_000 }).open();
  const publisher = stream.publish(ORIGIN)!;
  publisher.publish(key(0));
  const early = new TestSink();
  const kept = stream.subscribe(early, new LineWire());
  for (let ms = 100; ms <= 1_100; ms += 100) publisher.publish(inter(ms));
  const late = new TestSink();
  stream.subscribe(late, new LineWire());
  await settled();
  assert.equal(late.received, "", "it waits for the next key frame");
  publisher.publish(key(1_200));
  await settled();
  assert.equal(late.received, "H:1200:\nv:media:1200:K\n");
  assert.equal(stream.packets.end - stream.packets.first, 1);
  stream.unsubscribe(kept);
});

Deno.test("PacketCursor reads from the newest key frame and jumps when it is too slow", () => {
  const stream = testStreams({ gopCacheMs: 500 }).open();
  const publisher = stream.publish(ORIGIN)!;
  publisher.publish(key(0));
  publisher.publish(inter(100));
  using cursor = stream.readPackets();
  assert.equal(cursor.next()?.dtsUs, 0);
  for (let ms = 200; ms <= 900; ms += 100) publisher.publish(ms === 600 ? key(ms) : inter(ms));
  assert.equal(cursor.next()?.dtsUs, 600_000);
  assert.equal(cursor.missed, 5);
  assert.equal(cursor.next()?.dtsUs, 700_000);
});

Deno.test("StreamRegistry tells who waits for a publisher, and forgets who gave up", async () => {
  const { clock, registry, open } = testStreams();
  const path = { appName: "live", streamName: "a" };
  assert.equal(await registry.whenLive(path, 0), false);
  const early = registry.whenLive(path, 1_000);
  const late = registry.whenLive(path, 5_000);
  const gone = new AbortController();
  const left = registry.whenLive(path, 600_000, gone);
  gone.abort();
  assert.equal(await left, false);
  assert.equal(await registry.whenLive(path, 600_000, gone), false, "it has gone already");
  clock.advance(1_000);
  assert.equal(await early, false);
  const publisher = open().publish({ origin: "test", replaced() {} })!;
  assert.equal(await late, true);
  assert.equal(await registry.whenLive(path, 5_000), true);
  publisher.end();
  assert.deepEqual([clock.pending, registry.size], [0, 0]);
});
