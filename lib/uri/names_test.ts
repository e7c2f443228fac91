import { isSafeName, nameFault, playNameFault, splitAppName, splitStreamName } from "#uri";
import assert from "node:assert/strict";

const APPS: readonly [text: string, appName: string, instanceName: string, query: string][] = [
  ["live", "live", "", ""],
  ["live/", "live", "", ""],
  ["/live//", "live", "", ""],
  ["live/instance", "live", "instance", ""],
  ["live/a/b/", "live", "a/b", ""],
  ["live?token=abc", "live", "", "token=abc"],
  ["live?token=abc/", "live", "", "token=abc"],
  ["live/x?token=a/b", "live", "x", "token=a/b"],
  ["", "", "", ""],
];

for (const [text, appName, instanceName, query] of APPS) {
  Deno.test(`splitAppName of ${JSON.stringify(text)}`, () => {
    assert.deepEqual(splitAppName(text), { appName, instanceName, query });
  });
}

const STREAMS: readonly [text: string, streamName: string, fileType: string, query: string][] = [
  ["a", "a", "", ""],
  ["a/", "a", "", ""],
  ["/a", "a", "", ""],
  ["a?key=1&b=/x", "a", "", "key=1&b=/x"],
  ["mp4:folder/file.mp4", "folder/file.mp4", "mp4", ""],
  ["MP4:/file", "file", "mp4", ""],
  ["camera:1", "camera:1", "", ""],
  ["", "", "", ""],
];

for (const [text, streamName, fileType, query] of STREAMS) {
  Deno.test(`splitStreamName of ${JSON.stringify(text)}`, () => {
    assert.deepEqual(splitStreamName(text), { streamName, fileType, query });
  });
}

Deno.test("isSafeName accepts what encoders send", () => {
  const names = [
    "a",
    "live_123-x.y~z",
    "folder/file.mp4",
    "live_12345_AbC",
    "Straße 1",
    "カメラ",
    "a+b=c@d,e;f:1",
    "(1)",
  ];
  for (const name of names) assert.equal(nameFault(name), undefined, name);
});

Deno.test("isSafeName refuses what paths, logs and pages would take for something else", () => {
  const refused = [
    "",
    "a//b",
    "/a",
    "a/",
    ".",
    "..",
    "../a",
    "a/../b",
    ".hidden",
    " a",
    "a ",
    "a\\b",
    "a\0b",
    "a\nb",
    "a\x1b[31m",
    "a?b",
    "a#b",
    "a%2fb",
    "<script>",
    'a"b',
    "a'b",
    "a`b",
    "a|b",
    "a*b",
    "a\u202eb",
    "a\u2028b",
    "\ud800",
    "a".repeat(256),
  ];
  for (const name of refused) assert.equal(isSafeName(name), false, JSON.stringify(name));
});

Deno.test("playNameFault accepts what people call their files, and nothing that leads elsewhere", () => {
  for (const name of ["It's [1080p] #1.mp4", "Q&A/{a}^2.mkv", "a", "カメラ"]) {
    assert.equal(playNameFault(name), undefined, name);
  }
  for (
    const name of ["", "../a", "a//b", "[/.x", " a", "a\\b", "a\0b", "a\nb", "<b>", 'a"b', "a%2fb", "a?b"]
  ) {
    assert.notEqual(playNameFault(name), undefined, JSON.stringify(name));
  }
});
