import assert from "node:assert/strict";
import { latin1 } from "../../../tests/helpers/scripted_carrier.ts";
import { ManualClock } from "#clock";
import { ClosedError } from "#errors";
import type { Packet } from "#media";
import { TRACKS_SETTLE_MS } from "#bridges/http_flv";
import { FLV_TAG_TYPE, FlvTagReader, flvTagToPacket } from "#mediaformats/flv";
import { STREAM_DEFAULTS, StreamRegistry } from "#streaming";
import type { Access } from "#streaming";
import {
  bodyOf,
  close,
  fieldOf,
  KEY,
  rig,
  type RigOptions,
  settled,
  statusOf,
  WEB_SOCKET_FIELDS,
} from "./_rig_test.ts";
import { StreamStatusReader } from "./status.ts";
import { mediaTarget } from "./web_router.ts";

Deno.test("mediaTarget reads application and stream out of a path, whatever it is escaped with", () => {
  const cases: [path: string, target: [string, string] | undefined][] = [
    ["/live/a.flv", ["live", "a"]],
    ["/live/folder/a.flv", ["live", "folder/a"]],
    ["/live/a%20b.flv", ["live", "a b"]],
    ["/live/Stra%C3%9Fe.flv", ["live", "Straße"]],
    ["/live/a.flv.flv", ["live", "a.flv"]],
    ["/li%76e/a.flv", ["live", "a"]],
    ["/live/..%2Fetc.flv", ["live", "../etc"]],
    ["/live/../a.flv", ["live", "../a"]],
    ["/live//a.flv", ["live", "/a"]],
    ["/live/%ff.flv", undefined],
    ["/live/%.flv", undefined],
    ["/live/.flv", undefined],
    ["/a.flv", undefined],
    ["//a.flv", undefined],
    ["/live/a.ts", ["live", "a"]],
    ["/live/a.aac", ["live", "a"]],
    ["/live/a.mp3", ["live", "a"]],
    ["/live/a.m3u", undefined],
    ["/live/a.FLV", undefined],
    ["/", undefined],
    ["*", undefined],
  ];
  for (const [path, target] of cases) {
    const found = mediaTarget(path);
    assert.deepEqual(found && [found.appName, found.streamName], target, path);
  }
});

Deno.test("WebRouter sends the audio of a stream alone, where its codec is what was asked for", async () => {
  const { publish, request, sink } = rig();
  const audio = (publisher: { publish(packet: Packet): void }, ms: number, ...body: number[]) =>
    publisher.publish(
      flvTagToPacket({ tagType: FLV_TAG_TYPE.Audio, timestampMs: ms, body: Uint8Array.from(body) })!,
    );
  const { publisher: mp3 } = publish("radio ö");
  audio(mp3, 0, 0x2f, 0xff, 0xfb, 1);
  const player = await request("/live/radio%20%C3%B6.mp3");
  audio(mp3, 26, 0x2f, 0xff, 0xfb, 2);
  await settled();
  assert.equal(statusOf(player), 200);
  assert.equal(fieldOf(player, "content-type"), "audio/mpeg");
  assert.equal(fieldOf(player, "icy-name"), "radio ?");
  assert.equal(bodyOf(player), "\xff\xfb\x01\xff\xfb\x02");
  const other = await request("/live/radio%20%C3%B6.aac");
  assert.equal(statusOf(other), 406);
  assert.match(bodyOf(other), /audio in another codec, \.mp3/);
  publish("silent");
  const silent = await request("/live/silent.mp3");
  assert.equal(statusOf(silent), 406);
  assert.match(bodyOf(silent), /no audio/);
  assert.equal(statusOf(await request("/live/nobody.mp3")), 404);
  assert.equal(statusOf(await request("/live/a.mp3", { method: "POST" })), 405);
  audio(mp3, 52, 0xaf, 0, 0x12, 0x10);
  await settled();
  assert.ok(player.closedWith instanceof ClosedError, "it ends with its codec");
  assert.ok(!sink.entries.some(({ message }) => message.includes("without video")));
});

Deno.test("WebRouter plays a stream as FLV until it ends", async () => {
  const { publish, request, asked, registry, clock } = rig();
  const { publisher, send } = publish("a b");
  const carrier = await request("/live/a%20b.flv?key=s3cret", {
    fields: "User-Agent: test\r\nReferer: http://page/\r\n",
  });
  send(40);
  await settled();
  assert.equal(statusOf(carrier), 200);
  assert.deepEqual(
    ["content-type", "cache-control", "connection", "access-control-allow-origin"].map((name) =>
      fieldOf(carrier, name)
    ),
    ["video/x-flv", "no-store", "close", "*"],
  );
  publisher.end();
  await settled();
  const tags = new FlvTagReader().push(latin1(bodyOf(carrier)));
  assert.deepEqual(tags.map((tag) => [tag.timestampMs, tag.body]), [[0, KEY], [40, KEY]]);
  assert.ok(carrier.closedWith);
  assert.deepEqual(asked, [{
    peer: {
      protocol: "http-flv",
      address: "192.0.2.7",
      port: 50_000,
      appName: "live",
      instance: "",
      userAgent: "test",
      pageUrl: "http://page/",
      query: "key=s3cret",
    },
    streamName: "a b",
    query: "key=s3cret",
  }]);
  assert.deepEqual([registry.size, clock.pending], [0, 0]);
});

Deno.test("WebRouter plays a stream over WebSocket in whole frames", async () => {
  const { publish, request, asked } = rig();
  const { publisher, send } = publish("a");
  const carrier = await request("/live/a.flv", {
    fields: WEB_SOCKET_FIELDS,
  });
  send(40);
  await settled();
  assert.equal(statusOf(carrier), 101);
  const frames = bodyOf(carrier);
  assert.ok(frames.startsWith("\x82"));
  assert.equal(frames.slice(2, 5), "FLV");
  assert.equal(asked[0]?.peer.protocol, "ws-flv");
  publisher.end();
  await settled();
  assert.ok(carrier.text.includes("\x88"), "a Close frame");
  close(carrier);
});

Deno.test("WebRouter says in plain text why there is nothing to play", async (context) => {
  const refusal: Access = { isGranted: false, reason: "The key is wrong" };
  const missing: Access = { isGranted: false, reason: "There is no application dead", isMissing: true };
  const fails = () => {
    throw new Error("the database is gone");
  };
  const cases: [what: string, options: RigOptions, status: number, body: string][] = [
    ["nobody publishes it", {}, 404, "Nobody publishes live/a.\n"],
    ["the application refuses", { play: () => refusal }, 403, "The key is wrong.\n"],
    [
      "there is no such application",
      { play: () => Promise.resolve(missing) },
      404,
      "There is no application dead.\n",
    ],
    ["the application fails", { play: fails }, 500, "The server failed.\n"],
  ];
  for (const [what, options, status, body] of cases) {
    await context.step(what, async () => {
      const { request, registry, sink } = rig(options);
      const carrier = await request("/live/a.flv?key=s3cret");
      assert.deepEqual([statusOf(carrier), bodyOf(carrier)], [status, body]);
      assert.match(fieldOf(carrier, "content-type") ?? "text/plain", /^text\/plain/);
      assert.equal(registry.size, 0);
      assert.doesNotMatch(sink.lines().join("\n") + carrier.text, /s3cret/);
      close(carrier);
    });
  }
});

Deno.test("WebRouter answers 504 where the application takes too long, whatever it says later", async () => {
  for (const fields of ["", WEB_SOCKET_FIELDS]) {
    const decision = Promise.withResolvers<Access>();
    const { request, registry, clock, sink } = rig({ play: () => decision.promise });
    const carrier = await request("/live/a.flv?key=s3cret", { fields });
    clock.advance(4_999);
    await settled();
    assert.equal(carrier.text, "");
    clock.advance(1);
    await settled();
    assert.deepEqual([statusOf(carrier), bodyOf(carrier)], [504, "No decision after 5000 ms.\n"]);
    decision.reject(new Error("the database is gone"));
    await settled();
    const lines = sink.lines();
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /^WARNING .*live\/a: play refused: No decision after 5000 ms$/);
    close(carrier);
    assert.deepEqual([registry.size, clock.pending], [0, 0]);
  }
});

Deno.test("WebRouter answers HEAD without a body, and keeps the connection", async () => {
  const { publish, request, registry } = rig();
  const { publisher, stream } = publish("a");
  const carrier = await request("/live/a.flv", { method: "HEAD" });
  assert.deepEqual([statusOf(carrier), fieldOf(carrier, "content-type"), bodyOf(carrier)], [
    200,
    "video/x-flv",
    "",
  ]);
  assert.equal(stream.subscriberCount, 0);
  publisher.end();
  assert.equal(registry.size, 0);
  const absent = await request("/live/b.flv", { method: "HEAD" });
  assert.deepEqual([statusOf(absent), bodyOf(absent)], [404, ""]);
  close(carrier, absent);
});

Deno.test("WebRouter answers preflights and other methods", async () => {
  const { request } = rig();
  const preflight = await request("/live/a.flv", { method: "OPTIONS", fields: "Origin: http://page\r\n" });
  assert.deepEqual(
    [
      statusOf(preflight),
      fieldOf(preflight, "access-control-allow-origin"),
      fieldOf(preflight, "access-control-allow-methods"),
    ],
    [204, "*", "GET, HEAD, POST, PUT, OPTIONS"],
  );
  const patch = await request("/live/a.flv", { method: "PATCH", fields: "Content-Length: 0\r\n" });
  assert.deepEqual([statusOf(patch), fieldOf(patch, "allow")], [405, "GET, HEAD, POST, PUT, OPTIONS"]);
  assert.equal(bodyOf(patch), "Cannot PATCH a stream: GET plays it, POST publishes it.\n");
  close(preflight, patch);
});

Deno.test("WebRouter sends no CORS fields where no page may play", async () => {
  const { publish, request } = rig({ allowOrigin: "" });
  const { publisher } = publish("a");
  const carriers = [await request("/live/a.flv"), await request("/live/b.flv", { method: "OPTIONS" })];
  for (const carrier of carriers) assert.doesNotMatch(carrier.text, /access-control/i);
  publisher.end();
  close(...carriers);
});

Deno.test("WebRouter holds a request for waitForStreamMs, and plays when a publisher comes", async () => {
  const { publish, request, registry, clock } = rig({ waitForStreamMs: 5_000 });
  const [early, late] = [await request("/live/a.flv"), await request("/live/b.flv")];
  clock.advance(4_999);
  await settled();
  assert.deepEqual([early.text, late.text], ["", ""]);
  const { publisher } = publish("a");
  await settled();
  assert.equal(statusOf(early), 200);
  clock.advance(1);
  await settled();
  assert.equal(statusOf(late), 404);
  publisher.end();
  close(early, late);
  assert.deepEqual([registry.size, clock.pending], [0, 0]);
});

Deno.test("WebRouter forgets a held request at once when its client goes", async () => {
  const { request, registry, clock } = rig({ waitForStreamMs: 600_000 });
  for (let i = 0; i < 100; i++) {
    const carrier = await request("/live/a.flv");
    carrier.drop();
    await settled();
  }
  assert.deepEqual([registry.size, clock.pending], [0, 0]);
});

Deno.test("The pages answer /healthz, and name what they do not have without its query", async () => {
  const { request } = rig();
  const health = await request("/healthz");
  assert.deepEqual([statusOf(health), bodyOf(health)], [200, "ok\n"]);
  for (const path of ["/nothing", "/live/%ff.flv", "/live/a.m3u"]) {
    const carrier = await request(`${path}?key=s3cret`);
    assert.deepEqual([statusOf(carrier), bodyOf(carrier)], [404, `There is nothing at ${path}.\n`]);
    close(carrier);
  }
  close(health);
});

Deno.test("The status page shows streams, escaped, with bitrates and without queries", async () => {
  const { publish, request, clock } = rig();
  const hostile = publish(`"><script>alert(1)</script>&amp;`, "rtmp [::1]:4711");
  const plain = publish("plain");
  const first = await request("/?key=s3cret");
  assert.equal(statusOf(first), 200);
  assert.match(bodyOf(first), /&quot;&gt;&lt;script&gt;alert\(1\)&lt;\/script&gt;&amp;amp;/);
  assert.doesNotMatch(bodyOf(first), /<script|s3cret/);
  assert.match(bodyOf(first), /crtmp 1\.2\.3[\s\S]*2 streams[\s\S]*rtmp \[::1\]:4711/);
  clock.advance(2_000);
  for (let ms = 40; ms < 40_000; ms += 40) plain.send(ms);
  const second = await request("/");
  assert.match(bodyOf(second), /live\/plain[\s\S]*2 s[\s\S]*[1-9]\d* kbit\/s/);
  for (const { publisher } of [hostile, plain]) publisher.end();
  const third = await request("/");
  assert.match(bodyOf(third), /0 streams/);
  close(first, second, third);
});

Deno.test("The status page shows relays and applications with what their configuration says, escaped", async () => {
  const { request } = rig();
  const carrier = await request("/");
  const cells = [...bodyOf(carrier).matchAll(/<td>(.*?)<\/td>/g)].map((cell) => cell[1]);
  assert.deepEqual(cells, [
    ...["live/a", "from rtmp://&lt;far&gt;/live/a", "failed, waits to connect again"],
    ...["live", "tv, on-air", "For &lt;b&gt;you&lt;/b&gt; &amp; me"],
  ]);
  close(carrier);
});

Deno.test("The status page answers this machine only, unless it is public", async () => {
  const { request } = rig({ status: "loopback" });
  // the test's peer is 192.0.2.7
  const carrier = await request("/");
  assert.equal(statusOf(carrier), 403);
  assert.match(bodyOf(carrier), /loopback only; web\.status = "public" opens it/);
  const health = await request("/healthz");
  assert.equal(statusOf(health), 200, "which shows nothing");
  close(carrier, health);
});

Deno.test("The status page on loopback answers who names this machine, not who was led here by another name", async () => {
  const cases: [address: string, host: string, status: number][] = [
    ["127.0.0.1", "127.0.0.1:8080", 200],
    ["127.0.0.1", "localhost:8080", 200],
    ["::1", "[::1]:8080", 200],
    ["127.0.0.1", "rebound.example.com:8080", 403],
    ["192.0.2.7", "localhost:8080", 403],
    ["192.0.2.7", "127.0.0.1", 403],
  ];
  for (const [address, host, status] of cases) {
    const { request } = rig({ status: "loopback", address });
    const carrier = await request("/", { host });
    assert.equal(statusOf(carrier), status, `${address} asks for ${host}`);
    close(carrier);
  }
});

Deno.test("WebRouter logs the public name of a stream, where the one asked for is a key", async () => {
  const { publish, request, sink } = rig({
    play: () => ({
      isGranted: true,
      path: { appName: "live", streamName: "public" },
      options: { ...STREAM_DEFAULTS, mergeWriteMs: 0 },
    }),
  });
  const { publisher } = publish("public");
  const carrier = await request("/live/s3cret.flv");
  publisher.end();
  await settled();
  assert.match(sink.lines().join(), /live\/public: playing/);
  assert.doesNotMatch(sink.lines().join(), /s3cret/);
  close(carrier);
});

Deno.test("StreamStatusReader measures bitrates between samples of a second or more", () => {
  const clock = new ManualClock();
  const registry = new StreamRegistry(clock);
  const reader = new StreamStatusReader(registry, () => clock.nowMs());
  const stream = registry.open({ appName: "live", streamName: "a" }, STREAM_DEFAULTS);
  const publisher = stream.publish({ origin: "test", replaced() {} })!;
  const publishBytes = (bytes: number) => {
    publisher.publish(
      flvTagToPacket({
        tagType: FLV_TAG_TYPE.Video,
        timestampMs: 0,
        body: new Uint8Array([0x12, ...new Uint8Array(bytes)]),
      })!,
    );
  };
  const read = () => reader.read()[0]!.bitrateBps;
  assert.equal(read(), 0);
  clock.advance(2_000);
  publishBytes(125_000);
  assert.equal(read(), 500_000);
  clock.advance(500);
  publishBytes(125_000);
  assert.equal(read(), 500_000, "too soon");
  clock.advance(500);
  assert.equal(read(), 1_000_000);
  clock.advance(1_000);
  assert.deepEqual(reader.read(), [{
    application: "live",
    name: "a",
    isLive: true,
    publisher: "test",
    liveS: 4,
    bitrateBps: 0,
    viewers: 0,
    codecs: [],
  }]);
  publisher.end();
});

Deno.test("WebRouter says which codecs keep a stream from being sent, once no other tracks are awaited", async () => {
  const { registry, clock, request } = rig();
  const stream = registry.open({ appName: "live", streamName: "a" }, { ...STREAM_DEFAULTS, mergeWriteMs: 0 });
  const publisher = stream.publish({ origin: "test", replaced() {} })!;
  const packet = { trackId: 0, role: "media", dtsUs: 0, ptsUs: 0, isKeyFrame: true } as const;
  const payload = Uint8Array.of(1, 2, 3);
  publisher.publish({ ...packet, kind: "video", codec: "av01", payload });
  const statuses = async () => [
    statusOf(await request("/live/a.ts")),
    statusOf(await request("/live/a.ts", { fields: WEB_SOCKET_FIELDS })),
    statusOf(await request("/live/a.flv")),
  ];
  assert.deepEqual(await statuses(), [200, 101, 200], "its sound may come");
  clock.advance(TRACKS_SETTLE_MS);
  assert.deepEqual(await statuses(), [406, 406, 200]);
  assert.match(bodyOf(await request("/live/a.ts")), /^live\/a has nothing but av01\.\n/);
  publisher.publish({ ...packet, kind: "audio", codec: ".mp3", payload });
  assert.deepEqual(await statuses(), [200, 101, 200], "there is sound");
});
