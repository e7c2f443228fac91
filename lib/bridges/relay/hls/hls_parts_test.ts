import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import { FormatError, LimitError, ProtocolError } from "#errors";
import type { Packet } from "#media";
import { Mp4FragmentMuxer } from "#mediaformats/mp4";
import type { HttpGet } from "../relay_dialer.ts";
import { HlsClient, HttpStatusError } from "./hls_client.ts";
import { hlsEndpoint } from "./hls_endpoint.ts";
import { HlsLoader } from "./hls_loader.ts";
import { PacedPackets } from "./paced_packets.ts";
import { SegmentFeed } from "./segment_feed.ts";
import { SegmentKeys } from "./segment_keys.ts";

const TLS = { isVerified: true, authorities: undefined };

/** A client of `uri` whose requests are answered by `answer`. */
function clientOf(uri: string, answer: (request: HttpGet) => Response | Promise<Response>) {
  const clock = new ManualClock();
  const stop = new AbortController();
  const requests: HttpGet[] = [];
  const client = new HlsClient(hlsEndpoint(uri), {
    dialer: {
      get: (request) => {
        requests.push(request);
        return Promise.resolve(answer(request));
      },
    },
    clock,
    tls: TLS,
    userAgent: "test",
    timeoutMs: 1_000,
    signal: stop.signal,
  });
  return { client, clock, stop, requests };
}

const limitOf = (bytes: number) => ({ name: "MAX_TEST_BYTES", bytes });

async function settled(): Promise<void> {
  for (let turns = 0; turns < 30; turns++) {
    await new Promise<void>((resolve) => queueMicrotask(() => resolve()));
  }
}

function packet(dtsUs: number, kind: "video" | "audio" = "video"): Packet {
  const role = "media";
  return {
    kind,
    trackId: 0,
    codec: "avc1",
    role,
    isKeyFrame: true,
    dtsUs,
    ptsUs: dtsUs,
    payload: new Uint8Array(9),
  };
}

Deno.test("packets are published at their times, lanes merged; late ones move all that follow", async () => {
  const clock = new ManualClock();
  const published: string[] = [];
  using paced = new PacedPackets({
    clock,
    publish: ({ kind, dtsUs }) => published.push(`${kind} ${dtsUs / 1000} at ${clock.nowMs()}`),
    failed: assert.fail,
  });
  const [pictures, sound] = [paced.lane(), paced.lane()];
  pictures.push([packet(5_000_000), packet(5_040_000), packet(5_100_000)]);
  clock.advance(20);
  assert.deepEqual(published, [], "the other lane may begin before");
  sound.push([packet(4_980_000, "audio"), packet(5_050_000, "audio")]);
  for (let ms = 0; ms < 160; ms += 20) clock.advance(20);
  assert.deepEqual(published, [
    "audio 0 at 40",
    "video 20 at 60",
    "video 60 at 100",
    "audio 70 at 120",
    "video 120 at 160",
  ]);
  assert.equal(paced.isEmpty, true);
  await paced.drained();
  published.length = 0;
  for (let ms = 0; ms < 3_000; ms += 20) clock.advance(20);
  pictures.push([packet(5_140_000), packet(5_180_000)]);
  const nowMs = clock.nowMs();
  let isDrained = false;
  void paced.drained().then(() => isDrained = true);
  await settled();
  assert.equal(isDrained, false);
  for (let ms = 0; ms < 100; ms += 20) clock.advance(20);
  await settled();
  assert.equal(isDrained, true);
  assert.deepEqual(published, [`video 160 at ${nowMs + 20}`, `video 200 at ${nowMs + 60}`]);
});

Deno.test("a lane does not wait for another that has nothing: not for ever, and not at the end", () => {
  for (const isEnd of [false, true]) {
    const clock = new ManualClock();
    const published: number[] = [];
    using paced = new PacedPackets({
      clock,
      publish: ({ dtsUs }) => published.push(dtsUs),
      failed: assert.fail,
    });
    const [pictures] = [paced.lane(), paced.lane()];
    pictures.push([packet(7_000_000), packet(17_000_000)]);
    clock.advance(100);
    assert.deepEqual(published, []);
    if (isEnd) void paced.drained();
    else pictures.push([packet(17_000_001)]);
    clock.advance(20);
    assert.deepEqual(published, [0]);
  }
});

Deno.test("a lane that has enough ahead makes its loader wait, and a fault of the publisher ends all", async () => {
  const clock = new ManualClock();
  const faults: Error[] = [];
  using paced = new PacedPackets({
    clock,
    publish: () => {
      throw new FormatError("Cannot publish");
    },
    failed: (error) => faults.push(error),
  });
  const lane = paced.lane();
  const { signal } = new AbortController();
  await lane.room(signal);
  lane.push([packet(0), packet(9_000_000), packet(16_000_000)]);
  let isRoom = false;
  void lane.room(signal).then(() => isRoom = true);
  await settled();
  assert.equal(isRoom, false);
  clock.advance(20);
  await settled();
  assert.deepEqual([isRoom, faults.map(({ message }) => message)], [true, ["Cannot publish"]]);
  clock.advance(100);
  assert.equal(faults.length, 1);
});

Deno.test("user and password go to the server of the address only, and ranges are cut out where it ignores them", async () => {
  const { client, requests } = clientOf("https://joe:p%C3%A4ss@media.example/a.m3u8?t=1", ({ url }) => {
    if (url.endsWith("/moved")) {
      return new Response(null, { status: 307, headers: { location: "https://cdn.example/x" } });
    }
    return new Response(Uint8Array.from({ length: 50 }, (_, at) => at));
  });
  const part = await client.get("https://media.example/x", {
    limit: limitOf(100),
    range: { offset: 10, length: 5 },
  });
  assert.deepEqual([...part.bytes], [10, 11, 12, 13, 14]);
  assert.equal(requests[0]?.headers["range"], "bytes=10-14");
  assert.match(requests[0]?.headers["authorization"] ?? "", /^Basic am9lOnDDpHNz$/);
  const moved = await client.get("https://media.example/moved", { limit: limitOf(100) });
  assert.equal(moved.url, "https://cdn.example/x");
  assert.deepEqual(requests.map(({ headers }) => headers["authorization"] !== undefined), [
    true,
    true,
    false,
  ]);
});

Deno.test("what servers answer that is too long, too slow, endless, or of this machine", async () => {
  const get = (answer: (request: HttpGet) => Response | Promise<Response>, url = "http://far.example/x") => {
    const rig = clientOf("http://far.example/a.m3u8", answer);
    return { ...rig, result: rig.client.get(url, { limit: limitOf(10) }) };
  };
  await assert.rejects(get(() => new Response(new Uint8Array(11))).result, (error) => {
    assert.ok(error instanceof LimitError && /MAX_TEST_BYTES/.test(error.message), String(error));
    return true;
  });
  await assert.rejects(get(() => new Response("no", { status: 503 })).result, (error) => {
    assert.ok(error instanceof HttpStatusError && error.status === 503);
    return true;
  });
  const round = get(() => new Response(null, { status: 302, headers: { location: "/x" } }));
  await assert.rejects(round.result, /sent on more than MAX_REDIRECTS/);
  assert.equal(round.requests.length, 6);
  for (
    const host of ["127.0.0.1:8080", "localhost", "[::1]", "169.254.169.254", "0.0.0.0", "api.localhost"]
  ) {
    const { result, requests } = get(() => new Response("secret"), `http://${host}/x`);
    await assert.rejects(result, /names an address of this machine/, host);
    assert.equal(requests.length, 0);
  }
  const sentThere = get(() =>
    new Response(null, { status: 302, headers: { location: "http://127.0.0.1/x" } })
  );
  await assert.rejects(sentThere.result, /names an address of this machine/);
  const file = get(() => new Response(null, { status: 302, headers: { location: "file:///etc/passwd" } }));
  await assert.rejects(file.result, /none of HTTP/);
  const slow = get(({ signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
  );
  const failure = assert.rejects(slow.result, ProtocolError);
  await settled();
  slow.clock.advance(1_000);
  await failure;
});

Deno.test("segments are opened with their keys, by the number where there is no vector", async () => {
  const secret = new Uint8Array(16).fill(7);
  const key = await crypto.subtle.importKey("raw", secret, "AES-CBC", false, ["encrypt"]);
  const iv = new Uint8Array(16);
  iv[15] = 42;
  const plain = new TextEncoder().encode("media");
  const closed = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-CBC", iv }, key, plain));
  let keyBytes = secret;
  const { client, requests } = clientOf("http://far.example/a.m3u8", () => new Response(keyBytes));
  const keys = new SegmentKeys(client);
  const segment = { sequence: 42, key: { method: "AES-128", uri: "http://far.example/key" } };
  assert.deepEqual(await keys.open(closed, segment), plain);
  assert.deepEqual(await keys.open(closed, { sequence: 9, key: { ...segment.key, iv } }), plain);
  assert.equal(requests.length, 1, "a key is got once");
  await assert.rejects(keys.open(closed.slice(1), segment), /Cannot open segment 42: the key does not fit/);
  const sample = { sequence: 1, key: { method: "SAMPLE-AES", uri: "http://far.example/key" } };
  await assert.rejects(keys.open(closed, sample), /encrypted by SAMPLE-AES, AES-128 is known/);
  keyBytes = secret.slice(1);
  const other = { sequence: 1, key: { method: "AES-128", uri: "http://far.example/short" } };
  await assert.rejects(keys.open(closed, other), /Cannot read key: need 16 bytes, have 15/);
  assert.equal(await keys.open(closed, { sequence: 1 }), closed);
});

/** Segments of one packet each, `index` s from the start, all with their header. */
function segmentBytes(index: number): Uint8Array<ArrayBuffer> {
  const muxer = new Mp4FragmentMuxer([{ kind: "audio", trackId: 0, codec: "Opus", channels: 2 }]);
  muxer.write({
    ...{ kind: "audio", trackId: 0, codec: "Opus", role: "media", isKeyFrame: true },
    ...{ dtsUs: index * 1_000_000, ptsUs: index * 1_000_000, payload: Uint8Array.of(0xfc, index) },
  });
  return Uint8Array.from(muxer.end().append);
}

/** A server of one live playlist, whose segments are named by numbers. */
function liveRig(options: { readonly missing?: ReadonlySet<number> } = {}) {
  const state = { first: 10, last: 15, isEnded: false, url: "http://far.example/low.m3u8" };
  const got: string[] = [];
  const { client, clock, stop } = clientOf("http://far.example/a.m3u8", ({ url }) => {
    const name = url.replace(/^.*\//, "");
    got.push(name);
    if (!name.endsWith(".m3u8")) {
      const index = parseInt(name);
      return options.missing?.has(index) === true
        ? new Response(null, { status: 404 })
        : new Response(segmentBytes(index));
    }
    const lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:1", `#EXT-X-MEDIA-SEQUENCE:${state.first}`];
    for (let index = state.first; index <= state.last; index++) {
      lines.push("#EXTINF:1,", `${index}${name[0]}`);
    }
    if (state.isEnded) lines.push("#EXT-X-ENDLIST");
    return new Response(lines.join("\n"));
  });
  const published: number[] = [];
  const warnings: string[] = [];
  const paced = new PacedPackets({
    clock,
    publish: ({ payload, role }) => role === "media" && published.push(payload[1]!),
    failed: assert.fail,
  });
  const loader = new HlsLoader({
    ...{ client, clock, signal: stop.signal, lane: paced.lane(), begun() {}, measured() {} },
    feed: new SegmentFeed(["audio"], () => {}),
    playlistUrl: () => state.url,
    warn: (text) => warnings.push(text),
  });
  const run = loader.run();
  run.catch(() => {});
  /** Lets time pass until `isDone`. */
  const until = async (isDone: () => boolean): Promise<void> => {
    for (let steps = 0; steps < 1_000 && !isDone(); steps++) {
      clock.advance(20);
      // reading a body takes turns of its own
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    assert.ok(isDone(), JSON.stringify({ got, published, warnings }));
  };
  return { state, got, published, warnings, run, until, stop, paced };
}

Deno.test("a live presentation begins three segments before its end, and is followed to it", async () => {
  const rig = liveRig();
  await rig.until(() => rig.published.length === 3);
  assert.deepEqual(rig.published, [13, 14, 15]);
  rig.state.last = 17;
  rig.state.isEnded = true;
  await rig.until(() => rig.published.length === 5);
  await rig.run;
  assert.deepEqual(rig.published, [13, 14, 15, 16, 17]);
  rig.paced[Symbol.dispose]();
});

Deno.test("another variant goes on with the next segment", async () => {
  const rig = liveRig();
  await rig.until(() => rig.published.length === 3);
  rig.state.url = "http://far.example/high.m3u8";
  rig.state.last = 16;
  await rig.until(() => rig.published.length === 4);
  assert.deepEqual(rig.got.filter((name) => !name.endsWith(".m3u8")), ["13l", "14l", "15l", "16h"]);
  rig.stop.abort(new Error("Stopped"));
  await assert.rejects(rig.run, /Stopped/);
  rig.paced[Symbol.dispose]();
});

Deno.test("segments that are gone, lost, or of a server that began anew are told, and it goes on", async () => {
  const rig = liveRig({ missing: new Set([14]) });
  await rig.until(() => rig.published.length === 2);
  assert.deepEqual(rig.warnings.splice(0), ["segment 14 is lost: Cannot get: the server answered 404"]);
  Object.assign(rig.state, { first: 20, last: 21 });
  await rig.until(() => rig.published.length === 4);
  assert.deepEqual(rig.warnings.splice(0), ["goes on at segment 20: segment 16 is not there any more"]);
  Object.assign(rig.state, { first: 1, last: 2 });
  await rig.until(() => rig.published.length === 6);
  assert.deepEqual(rig.warnings, ["goes on at segment 1: segment 22 is not there any more"]);
  assert.deepEqual(rig.published, [13, 15, 20, 21, 1, 2]);
  rig.stop.abort(new Error("Stopped"));
  rig.paced[Symbol.dispose]();
});

Deno.test("a presentation whose segments are all missing fails", async () => {
  const rig = liveRig({ missing: new Set([13, 14, 15, 16]) });
  rig.state.last = 16;
  await assert.rejects(Promise.race([rig.run, rig.until(() => false)]), /the server answered 404/);
  rig.paced[Symbol.dispose]();
});

Deno.test("segments that are nothing known are refused with what they are not", () => {
  const feed = new SegmentFeed(["video", "audio"], () => {});
  assert.deepEqual(feed.segment(new Uint8Array(0)), []);
  assert.throws(() => feed.segment(new TextEncoder().encode("<html>")), /neither MPEG-TS nor fragmented MP4/);
  const bare = Uint8Array.of(0, 0, 0, 8, ...new TextEncoder().encode("moof"));
  assert.throws(() => feed.segment(bare), FormatError);
});

Deno.test("an address of HTTP is shown without its password and query", () => {
  const { shown, url, user, password } = hlsEndpoint("http://joe:secret@far.example:81/a/b.m3u8?key=1#x");
  assert.deepEqual([shown, url], ["http://far.example:81/a/b.m3u8", "http://far.example:81/a/b.m3u8?key=1"]);
  assert.deepEqual([user, password], ["joe", "secret"]);
  assert.throws(() => hlsEndpoint("ftp://joe:secret@far/a"), (error) => {
    assert.ok(error instanceof FormatError && !error.message.includes("secret"), String(error));
    return true;
  });
});
