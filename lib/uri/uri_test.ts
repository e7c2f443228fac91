import { FormatError, LimitError } from "#errors";
import {
  formatHostPort,
  formatRtmpUri,
  formatUri,
  parseHostPort,
  parseRtmpUri,
  parseUri,
  redactUrl,
  type Uri,
} from "#uri";
import assert from "node:assert/strict";

const NOTHING: Uri = {
  scheme: "rtmp",
  user: "",
  password: "",
  host: "host",
  port: 1935,
  path: "",
  query: "",
};

const URIS: readonly [text: string, uri: Partial<Uri>, written?: string][] = [
  ["rtmp://host", {}],
  ["RTMP://HOST/live/A", { path: "/live/A" }, "rtmp://host/live/A"],
  ["rtmp://host:1935/live", { path: "/live" }, "rtmp://host/live"],
  ["rtmp://host:80/live/a", { port: 80, path: "/live/a" }],
  ["rtmps://host/live", { scheme: "rtmps", port: 443, path: "/live" }],
  ["rtsp://host/live", { scheme: "rtsp", port: 554, path: "/live" }],
  ["http://host/live/a.flv?x=1", { scheme: "http", port: 80, path: "/live/a.flv", query: "x=1" }],
  ["http://host?x=/a", { scheme: "http", port: 80, query: "x=/a" }],
  ["http://host/a#part", { scheme: "http", port: 80, path: "/a" }, "http://host/a"],
  ["rtmp://joe:pass@host/live", { user: "joe", password: "pass", path: "/live" }],
  ["rtmp://joe@host", { user: "joe" }],
  ["rtmp://joe:p@ss@host", { user: "joe", password: "p@ss" }, "rtmp://joe:p%40ss@host"],
  ["rtmp://j%3Ae:p%2Fs@host", { user: "j:e", password: "p/s" }],
  ["rtmp://[::1]/live", { host: "::1", path: "/live" }],
  ["rtmp://[2001:DB8::1]:1936", { host: "2001:db8::1", port: 1936 }, "rtmp://[2001:db8::1]:1936"],
  ["rtmp://[fe80::1%eth0]/a", { host: "fe80::1%eth0", path: "/a" }],
  ["srt://host:9000?streamid=a", { scheme: "srt", port: 9000, query: "streamid=a" }],
];

for (const [text, expected, written] of URIS) {
  Deno.test(`parseUri and formatUri agree on ${text}`, () => {
    const uri = parseUri(text);
    assert.deepEqual(uri, { ...NOTHING, ...expected });
    assert.equal(formatUri(uri), written ?? text);
    assert.deepEqual(parseUri(formatUri(uri)), uri);
  });
}

const NONSENSE: readonly [text: string, message: RegExp][] = [
  ["", /must look like scheme/],
  ["live/a", /must look like scheme/],
  ["//host/live", /must look like scheme/],
  ["1rtmp://host", /must look like scheme/],
  ["rtmp://", /has no host/],
  ["rtmp:///live", /has no host/],
  ["rtmp://:1935/live", /has no host/],
  ["rtmp://host:0/live", /port must be/],
  ["rtmp://host:65536/live", /port must be/],
  ["rtmp://host:19a/live", /port must be/],
  ["rtmp://::1/live", /need brackets/],
  ["rtmp://[::1/live", /need brackets|IPv6/],
  ["rtmp://[nonsense]/live", /IPv6/],
  ["rtmp://ho st/live", /white space/],
  ["rtmp://host/li\nve", /white space or a control/],
  ["rtmp://ho<st/live", /host "ho<st"/],
  ["srt://host", /no default port/],
  ["constructor://host", /no default port/],
  ["rtmp://j%zz@host", /broken percent/],
];

for (const [text, message] of NONSENSE) {
  Deno.test(`parseUri refuses ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => parseUri(text),
      (error) => error instanceof FormatError && message.test(error.message),
    );
  });
}

Deno.test("parseUri refuses a URI over its limit", () => {
  assert.throws(() => parseUri("rtmp://host/" + "a".repeat(5000)), LimitError);
});

Deno.test("parseUri keeps password and query out of its messages", () => {
  for (
    const text of ["rtmp://joe:hush@[x]/live?key=hush", "rtmp://joe:hush@host:99999?hush", "joe:hush@host"]
  ) {
    assert.throws(() => parseUri(text), (error: Error) => !/key=hush|:hush@host:9/.test(error.message));
  }
});

const RTMP_URIS: readonly [
  text: string,
  parts: [app: string, instance: string, stream: string, tcUrl: string],
][] = [
  ["rtmp://h/live/a", ["live", "", "a", "rtmp://h/live"]],
  ["rtmp://h:1936/live/inst/a", ["live", "inst", "a", "rtmp://h:1936/live/inst"]],
  ["rtmp://h/live/i/j/a?k=1", ["live", "i/j", "a", "rtmp://h/live/i/j"]],
  ["rtmp://h/vod/mp4:a/b.mp4", ["vod", "", "mp4:a/b.mp4", "rtmp://h/vod"]],
  ["rtmp://h/vod/inst/mp4:a/b.mp4", ["vod", "inst", "mp4:a/b.mp4", "rtmp://h/vod/inst"]],
  ["rtmps://joe:pass@h/live/a", ["live", "", "a", "rtmps://h/live"]],
  ["rtmp://[::1]/live", ["live", "", "", "rtmp://[::1]/live"]],
  ["rtmp://h", ["", "", "", "rtmp://h/"]],
];

for (const [text, [appName, instanceName, streamName, tcUrl]] of RTMP_URIS) {
  Deno.test(`parseRtmpUri and formatRtmpUri agree on ${text}`, () => {
    const uri = parseRtmpUri(text);
    const { appName: app, instanceName: instance, streamName: stream, tcUrl: url } = uri;
    assert.deepEqual([app, instance, stream, url], [appName, instanceName, streamName, tcUrl]);
    assert.equal(formatRtmpUri(uri), text);
  });
}

Deno.test("parseRtmpUri undoes percent escapes, skips doubled slashes and refuses other schemes", () => {
  assert.equal(parseRtmpUri("rtmp://h//live//my%20cam/").streamName, "my cam");
  assert.equal(parseRtmpUri("rtmp://h/live/100%").streamName, "100%");
  assert.throws(() => parseRtmpUri("http://h/live/a"), /scheme must be one of rtmp/);
});

const REDACTED: readonly [text: string, shown: string][] = [
  ["rtmp://h/live/a", "rtmp://h/live/a"],
  ["rtmp://h/live/a?token=x", "rtmp://h/live/a"],
  ["rtmp://joe:pass@h/live", "rtmp://joe@h/live"],
  ["rtmp://joe:p@ss@h/live", "rtmp://joe@h/live"],
  ["rtmp://joe:pass@[::1]:1/live#f", "rtmp://joe@[::1]:1/live"],
  ["rtmp://h/live/me@home:1", "rtmp://h/live/me@home:1"],
  ["rtmp://joe:pa/ss@h/live", "rtmp://joe"],
  ["rtmp://h:1935", "rtmp://h:1935"],
  ["name?key=x", "name"],
  ["?only", ""],
  ["", ""],
];

for (const [text, shown] of REDACTED) {
  Deno.test(`redactUrl of ${JSON.stringify(text)}`, () => assert.equal(redactUrl(text), shown));
}

const ADDRESSES: readonly [text: string, host: string, port: number, written: string][] = [
  ["1935", "0.0.0.0", 1935, "0.0.0.0:1935"],
  [":0", "0.0.0.0", 0, "0.0.0.0:0"],
  ["localhost:8080", "localhost", 8080, "localhost:8080"],
  ["127.0.0.1:1", "127.0.0.1", 1, "127.0.0.1:1"],
  ["[::]:1935", "::", 1935, "[::]:1935"],
  ["host", "host", 7, "host:7"],
];

for (const [text, host, port, written] of ADDRESSES) {
  Deno.test(`parseHostPort reads ${text}`, () => {
    const address = parseHostPort(text, { host: "0.0.0.0", port: 7 });
    assert.deepEqual(address, { host, port });
    assert.equal(formatHostPort(address), written);
  });
}

Deno.test("parseHostPort refuses nonsense with what it read", () => {
  for (const text of ["a:b", "::1", "[x]:1", "a b:1", "host:65536", "host:-1", "[::1]x"]) {
    assert.throws(() => parseHostPort(text, { host: "0.0.0.0", port: 7 }), FormatError, text);
  }
  assert.throws(() => parseHostPort("host", { host: "0.0.0.0" }), /no port/);
});
