import assert from "node:assert/strict";
import { redirectedEndpoint, shownTarget, streamEndpoint, targetEndpoint } from "./mod.ts";

const STREAMS: readonly [uri: string, app: string, tcUrl: string, streamKey: string, shown: string][] = [
  ["rtmp://h/live/a", "live", "rtmp://h/live", "a", "rtmp://h/live/a"],
  ["rtmps://h:1/live/i/a?k=1", "live/i", "rtmps://h:1/live/i", "a?k=1", "rtmps://h:1/live/i/a"],
  [
    "rtmp://u:hush@[::1]/vod/mp4:x/y.mp4",
    "vod",
    "rtmp://[::1]/vod",
    "mp4:x/y.mp4",
    "rtmp://[::1]/vod/mp4:x/y.mp4",
  ],
];

for (const [uri, app, tcUrl, streamKey, shown] of STREAMS) {
  Deno.test(`streamEndpoint of ${uri}`, () => {
    const endpoint = streamEndpoint(uri);
    assert.deepEqual([endpoint.app, endpoint.tcUrl, endpoint.streamKey, endpoint.shown], [
      app,
      tcUrl,
      streamKey,
      shown,
    ]);
  });
}

const TARGETS: readonly [
  uri: string,
  target: string | undefined,
  app: string,
  tcUrl: string,
  streamKey: string,
][] = [
  ["rtmp://h/live", undefined, "live", "rtmp://h/live", "local"],
  ["rtmp://h/live?k=1", undefined, "live?k=1", "rtmp://h/live?k=1", "local"],
  ["rtmp://h/live/key?k=1", undefined, "live", "rtmp://h/live", "key?k=1"],
  ["rtmp://h/live/inst", "name?k=1", "live/inst", "rtmp://h/live/inst", "name?k=1"],
  ["rtmp://h/live/inst?k=1", "name", "live/inst?k=1", "rtmp://h/live/inst?k=1", "name"],
];

for (const [uri, target, app, tcUrl, streamKey] of TARGETS) {
  Deno.test(`targetEndpoint of ${uri}, ${target}`, () => {
    const endpoint = targetEndpoint(uri, { target, local: "local" });
    assert.deepEqual([endpoint.app, endpoint.tcUrl, endpoint.streamKey], [app, tcUrl, streamKey]);
  });
}

Deno.test("redirectedEndpoint keeps the stream, and the user but from a verified server to another", () => {
  const endpoint = streamEndpoint("rtmps://u:p@h/live/a?k=1");
  const there = redirectedEndpoint(endpoint, "rtmps://other:99/edge/inst?t=2");
  assert.deepEqual([there.host, there.port, there.app, there.streamKey, there.user, there.password], [
    ...["other", 99, "edge/inst?t=2", "a?k=1", "u", "p"],
  ]);
  const plain = redirectedEndpoint(endpoint, "rtmp://other");
  assert.deepEqual([plain.app, plain.user, plain.password], ["live", "", ""]);
  assert.throws(() => redirectedEndpoint(endpoint, "http://other/live"), /scheme must be one of/);
});

Deno.test("addresses without a stream or application are refused without their secrets", () => {
  for (const uri of ["rtmp://u:hush@h/live?hush", "rtmp://h", "ftp://u:hush@h/live/a"]) {
    assert.throws(() => streamEndpoint(uri), (error: Error) => !error.message.includes("hush"));
  }
  assert.throws(() => targetEndpoint("rtmp://u:hush@h", { target: "x", local: "y" }), /names no application/);
});

Deno.test("shownTarget tells no key: a name at the target that is not the stream's own", () => {
  const cases: readonly [uri: string, shown: string][] = [
    ["rtmp://u:hush@h/live/cam?token=hush", "rtmp://u@h/live/cam"],
    ["rtmp://h/live2/hush-hush", "rtmp://h/live2/*"],
    ["rtmp://h/app/instance/hush", "rtmp://h/app/instance/*"],
    ["rtsp://h:8554/live/hush", "rtsp://h:8554/live/*"],
    ["rtmp://h/live", "rtmp://h/live"],
    ["rtmp://h/live/*", "rtmp://h/live/*"],
  ];
  for (const [uri, shown] of cases) assert.equal(shownTarget(uri, "cam"), shown, uri);
  assert.equal(shownTarget("rtmp://h/live/cam1/hd", "cam1/hd"), "rtmp://h/live/cam1/hd");
});
