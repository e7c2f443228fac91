import assert from "node:assert/strict";
import { RtmptTunnel } from "#protocols/rtmpt";
import { latin1, ScriptedCarrier, textOf } from "../../../tests/helpers/scripted_carrier.ts";
import { concatBytes } from "#bytes";
import { ManualClock } from "#clock";
import { Logger, MemorySink } from "#log";
import { encodeFlvHeader, encodeFlvTag, FLV_TAG_TYPE } from "#mediaformats/flv";
import { TsMuxer } from "#mediaformats/mpegts";
import { HttpServerProtocol } from "#protocols/http";
import { STREAM_DEFAULTS, StreamRegistry } from "#streaming";
import type { Access, StreamRequest } from "#streaming";
import { isStreamPost } from "./post_route.ts";
import { WebRouter } from "./web_router.ts";

const KEY = Uint8Array.of(0x17, 1, 0, 0, 0, 0, 0, 0, 1, 0x65);

function rig(options: { allowOrigin?: string; publish?: (request: StreamRequest) => Access } = {}) {
  const clock = new ManualClock();
  const registry = new StreamRegistry(clock);
  const sink = new MemorySink();
  const asked: StreamRequest[] = [];
  const grant = ({ peer, streamName }: StreamRequest): Access => ({
    isGranted: true,
    path: { appName: peer.appName, streamName },
    options: { ...STREAM_DEFAULTS, mergeWriteMs: 0 },
  });
  const router = new WebRouter({
    registry,
    access: {
      play: grant,
      publish: (request) => {
        asked.push(request);
        return (options.publish ?? grant)(request);
      },
    },
    log: new Logger({ sinks: [sink] }),
    clock,
    waitForStreamMs: 0,
    decisionTimeoutMs: 5_000,
    allowOrigin: options.allowOrigin ?? "",
    tunnel: new RtmptTunnel({ clock, open: () => {} }),
    fetch: () => new Response("page"),
  });
  const post = async (target: string, fields = "Transfer-Encoding: chunked\r\n", method = "POST") => {
    const carrier = new ScriptedCarrier();
    const maxBodyBytes = (head: Parameters<typeof isStreamPost>[0]) => isStreamPost(head) ? Infinity : 100;
    new HttpServerProtocol({ clock, router, maxBodyBytes }).openOn(carrier);
    carrier.deliver(`${method} ${target} HTTP/1.1\r\nHost: x\r\n${fields}\r\n`);
    await settled();
    return carrier;
  };
  const lines = () => sink.lines().map((line) => line.replace(/^(\w+) +/, "$1 "));
  return { clock, registry, lines, asked, post };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

function chunk(bytes: Uint8Array): Uint8Array {
  return concatBytes([latin1(`${bytes.length.toString(16)}\r\n`), bytes, latin1("\r\n")]);
}

function video(timestampMs: number): Uint8Array {
  return encodeFlvTag({ tagType: FLV_TAG_TYPE.Video, timestampMs, body: KEY });
}

const FLV_HEADER = encodeFlvHeader({ hasAudio: false, hasVideo: true });
const LAST_CHUNK = latin1("0\r\n\r\n");

/** A second of MP3. */
function transportStream(): Uint8Array {
  const muxer = new TsMuxer([{ kind: "audio", trackId: 0, codec: ".mp3" }]);
  const payload = new Uint8Array(417);
  payload.set([0xff, 0xfb, 0x90, 0xc4]);
  const frame = {
    kind: "audio",
    trackId: 0,
    codec: ".mp3",
    role: "media",
    isKeyFrame: true,
    payload,
  } as const;
  const times = Array.from({ length: 40 }, (_, number) => number * 26_000);
  return concatBytes([
    muxer.begin(),
    ...times.map((dtsUs) => muxer.write({ ...frame, dtsUs, ptsUs: dtsUs })),
  ]);
}

Deno.test("PostRoute publishes a body as long as it goes on, and answers at its end", async () => {
  const { registry, post, asked, lines } = rig();
  const carrier = await post("/live/a%20b.flv?key=s3cret");
  carrier.deliver(chunk(concatBytes([FLV_HEADER, video(0)])));
  await settled();
  carrier.deliver(chunk(video(40)));
  const stream = registry.find({ appName: "live", streamName: "a b" })!;
  assert.deepEqual([stream.publisher?.origin, stream.publisher?.statistics.videoPackets], [
    "http-flv-post 192.0.2.7:50000",
    2,
  ]);
  assert.deepEqual([asked[0]?.streamName, asked[0]?.query, asked[0]?.peer.query], [
    "a b",
    "key=s3cret",
    "key=s3cret",
  ]);
  assert.equal(carrier.text, "");
  carrier.deliver(LAST_CHUNK);
  await settled();
  assert.match(carrier.text, /^HTTP\/1\.1 200 .*The stream has ended\.\n$/s);
  assert.equal(registry.size, 0);
  assert.ok(lines().every((line) => !line.includes("s3cret")));
  // the connection goes on
  carrier.take();
  carrier.deliver("GET /other HTTP/1.1\r\nHost: x\r\n\r\n");
  await settled();
  assert.match(carrier.text, /page$/);
  carrier.drop();
});

Deno.test("PostRoute publishes a whole body that comes before the decision, by PUT as well", async () => {
  const { registry, post, lines } = rig();
  const bytes = transportStream();
  const carrier = await post("/live/a.ts", `Content-Length: ${bytes.length}\r\n\r\n${textOf(bytes)}`, "PUT");
  await settled();
  assert.match(carrier.text, /^HTTP\/1\.1 200 /);
  assert.equal(registry.size, 0);
  assert.match(lines().at(-1)!, /live\/a: stopped publishing: 0 video and 40 audio packets, 16760 bytes$/);
  carrier.drop();
});

Deno.test("PostRoute leaves players in peace where the connection is lost, and times out what falls silent", async () => {
  const { registry, clock, post, lines } = rig();
  for (const end of ["drop", "silence"]) {
    const carrier = await post("/live/a.flv");
    carrier.deliver(chunk(concatBytes([FLV_HEADER, video(0)])));
    await settled();
    assert.equal(registry.size, 1);
    if (end === "drop") carrier.drop();
    else clock.advance(30_000);
    assert.equal(registry.size, 0, end);
    assert.match(lines().at(-1)!, /stopped publishing, connection lost: 1 video/);
    if (end === "silence") assert.match(carrier.text, /^HTTP\/1\.1 408 /);
  }
});

Deno.test("PostRoute refuses what may not publish, is being published, or is no stream", async (context) => {
  const refusing = { publish: (): Access => ({ isGranted: false, reason: "The key is wrong" }) };
  const cases: [what: string, options: Parameters<typeof rig>[0], body: Uint8Array, answer: RegExp][] = [
    ["refused", refusing, concatBytes([FLV_HEADER, video(0)]), /^HTTP\/1\.1 403 .*The key is wrong\.\n$/s],
    ["no stream", {}, new Uint8Array(1_100_000).fill(7), /^HTTP\/1\.1 400 .*\n$/s],
  ];
  for (const [what, options, body, answer] of cases) {
    await context.step(what, async () => {
      const { registry, post } = rig(options);
      const carrier = await post("/live/a.flv");
      for (let at = 0; at < body.length; at += 60_000) carrier.deliver(chunk(body.slice(at, at + 60_000)));
      await settled();
      assert.match(carrier.text, answer);
      assert.equal(registry.size, 0);
      carrier.drop();
    });
  }
  await context.step("being published", async () => {
    const { registry, post } = rig();
    const first = await post("/live/a.flv");
    const second = await post("/live/a.flv");
    for (const carrier of [first, second]) {
      carrier.deliver(chunk(concatBytes([FLV_HEADER, video(0)])));
      await settled();
    }
    assert.match(second.text, /^HTTP\/1\.1 403 .*is being published by http-flv-post 192/s);
    assert.equal(first.text, "");
    first.drop();
    second.drop();
    assert.equal(registry.size, 0);
  });
});

Deno.test("PostRoute lets no page of another server publish, unless it is allowed", async () => {
  const cases: [allowOrigin: string, origin: string, isTaken: boolean][] = [
    ["", "http://evil.example", false],
    ["", "null", false],
    ["", "http://x", true],
    ["", "https://x", true],
    ["http://page.example", "http://evil.example", false],
    ["http://page.example", "http://page.example", true],
    ["*", "http://evil.example", false],
  ];
  for (const [allowOrigin, origin, isTaken] of cases) {
    const { registry, post } = rig({ allowOrigin });
    const carrier = await post("/live/a.flv", `Origin: ${origin}\r\nTransfer-Encoding: chunked\r\n`);
    carrier.deliver(chunk(concatBytes([FLV_HEADER, video(0)])));
    await settled();
    assert.equal(registry.size, isTaken ? 1 : 0, `${allowOrigin} ${origin}`);
    if (!isTaken) {
      assert.match(carrier.text, /^HTTP\/1\.1 403 .*Pages of other servers may not publish here/s);
    }
    carrier.drop();
  }
});

Deno.test("isStreamPost tells bodies that may never end from others", () => {
  const is = (method: string, path: string) =>
    isStreamPost({ method, path } as Parameters<typeof isStreamPost>[0]);
  assert.ok(is("POST", "/live/a.ts") && is("PUT", "/live/folder/a.flv"));
  assert.ok(!is("GET", "/live/a.ts") && !is("POST", "/live/a.mp4") && !is("POST", "/a.ts"));
});
