import fc from "fast-check";
import assert from "node:assert/strict";
import { join, relative } from "node:path";
import {
  extensionOf,
  fileNameFault,
  MAX_FILE_NAME_CHARS,
  MAX_FILE_NAME_SEGMENTS,
  MAX_FILE_SEGMENT_BYTES,
  numberedName,
} from "./mod.ts";

const REFUSED: readonly [name: string, fault: RegExp][] = [
  ["", /empty/],
  ["..", /starts with a dot/],
  ["../x.flv", /part 1 of it starts with a dot/],
  ["a/../../x.flv", /part 2 of it starts with a dot/],
  ["a/./x.flv", /starts with a dot/],
  [".htaccess", /starts with a dot/],
  ["/etc/passwd", /part 1 of it is empty/],
  ["a//b.flv", /part 2 of it is empty/],
  ["a/", /part 2 of it is empty/],
  ["a\\..\\b.flv", /not allowed/],
  ["\\\\host\\share", /not allowed/],
  ["a\0.flv", /not allowed/],
  ["a\n.flv", /not allowed/],
  ["%2e%2e/x.flv", /not allowed/],
  ["a%00.flv", /not allowed/],
  ["a?.flv", /not allowed/],
  ["a*.flv", /not allowed/],
  ["a|b", /not allowed/],
  ["a<b>", /not allowed/],
  ['a"b', /not allowed/],
  ["a`b", /not allowed/],
  ["\u2025/x", /not allowed/],
  ["\uff0e\uff0e/x", /not allowed/],
  ["a\uff0fb", /not allowed/],
  ["a\u2215b", /not allowed/],
  ["a\u202egpj.flv", /not allowed/],
  ["a\ud800", /not allowed/],
  ["C:/x.flv", /drive letter/],
  ["c:x.flv", /drive letter/],
  ["CON", /device/],
  ["a/nul.mp4", /device/],
  ["com1.flv", /device/],
  ["Lpt\u00b9.flv", /device/],
  ["conin$", /device/],
  ["aux .flv", /device/],
  ["a.flv.", /ends with a dot/],
  ["a.flv ", /space/],
  [" a.flv", /space/],
  ["a".repeat(MAX_FILE_NAME_CHARS + 1), /characters, more than/],
  ["a/".repeat(MAX_FILE_NAME_SEGMENTS) + "a", /parts, more than/],
  ["\u00e9".repeat(MAX_FILE_SEGMENT_BYTES / 2 + 1), /bytes, more than/],
];

const ACCEPTED = [
  "a.flv",
  "films/2024/Film (1080p) [x264] - part 1, director's cut.mp4",
  "\u6620\u753b/\u0444\u0438\u043b\u044c\u043c.mkv",
  "cam_2024-05-01T12:00:00.flv",
  "a & b #1 {x}~^@=+;!$.ts",
  "console.flv",
  "com10.flv",
  "a..b",
];

for (const [name, fault] of REFUSED) {
  Deno.test(`fileNameFault refuses ${JSON.stringify(name.slice(0, 20))}`, () => {
    assert.match(fileNameFault(name) ?? "", fault);
  });
}

Deno.test("fileNameFault accepts names people give files", () => {
  for (const name of ACCEPTED) assert.equal(fileNameFault(name), undefined, name);
});

Deno.test("fileNameFault lets no name out of its folder", () => {
  const part = fc.oneof(
    fc.constantFrom("..", ".", "/", "\\", "a", "C:", "\0", "%2e"),
    fc.string({ unit: "grapheme" }),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const name = parts.join("");
      if (fileNameFault(name) !== undefined) return;
      const way = relative("/root", join("/root", name));
      assert.ok(way !== "" && !way.startsWith("..") && !/[\0\\%]/.test(way), name);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("extensionOf and numberedName look at the last dot of the last part", () => {
  assert.deepEqual(["a.FLV", "a.b/c", "a.tar.gz", "a."].map(extensionOf), ["flv", "", "gz", ""]);
  assert.deepEqual(["a.flv", "a.b/c"].map((name) => numberedName(name, 2)), ["a_2.flv", "a.b/c_2"]);
});
