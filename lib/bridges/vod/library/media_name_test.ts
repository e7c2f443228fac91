import assert from "node:assert/strict";
import { fileNamesOf, hasMediaExtension } from "./media_name.ts";

const CASES: readonly [streamName: string, first: string, second: string | undefined][] = [
  ["mp4:a/b.mp4", "a/b.mp4", "a/b.mp4.mp4"],
  ["mp4:a/b", "a/b.mp4", "a/b.m4v"],
  ["MP4:a", "a.mp4", "a.m4v"],
  ["mp4:sample.f4v", "sample.f4v", "sample.f4v.mp4"],
  ["mp3:x", "x.mp3", "x.mp2"],
  ["id3:x", "x.mp3", "x.mp2"],
  ["flv:y", "y.flv", undefined],
  ["flv:y.v2", "y.v2.flv", undefined],
  ["mkv:z", "z.mkv", "z.webm"],
  ["ts:z", "z.ts", "z.m2ts"],
  ["films/a.MKV", "films/a.MKV", "films/a.MKV.flv"],
  ["a", "a.flv", "a.mp4"],
  ["../a", "../a.flv", "../a.mp4"],
];

for (const [streamName, first, second] of CASES) {
  Deno.test(`fileNamesOf takes ${streamName} for ${first}`, () => {
    const names = fileNamesOf(streamName);
    assert.deepEqual([names[0], names[1]], [first, second]);
  });
}

Deno.test("fileNamesOf looks in the folder first, and only for media files", () => {
  assert.deepEqual(fileNamesOf("flv:a", "films"), ["films/a.flv", "a.flv"]);
  assert.ok(fileNamesOf("a.seek").every(hasMediaExtension));
  assert.equal(hasMediaExtension("a.flv.seek"), false);
});
