import assert from "node:assert/strict";
import { concatBytes } from "#bytes";
import { MAX_MP4_COVERS } from "../limits.ts";
import {
  box,
  buildFile,
  chars,
  editBox,
  filmTracks,
  fullBox,
  openBytes,
  type Part,
  u16,
  u32,
  u8,
  utf8,
  zeros,
} from "../rig_test.ts";
import { languageOf } from "./language.ts";

/** An item of `ilst` with a value of a well-known type. */
function item(name: string, type: number, ...value: readonly Part[]): Uint8Array {
  return box(name, box("data", u32(type, 0), ...value));
}

async function tagsOf(extra: Part): Promise<Record<string, string>> {
  const { summary } = await openBytes(buildFile(filmTracks(), { extra }));
  const { major_brand: _, minor_version: _m, compatible_brands: _c, ...tags } = summary.tags;
  return tags;
}

const HANDLER = fullBox("hdlr", 0, 0, u32(0), chars("mdir"), zeros(13));

Deno.test("Tags of iTunes are read by the names ffprobe has", async () => {
  const items = [
    item("\xa9nam", 1, utf8("Grüße")),
    item("\xa9ART", 1, utf8("A")),
    item("aART", 1, utf8("B")),
    item("trkn", 0, u16(0, 3, 9, 0)),
    item("disk", 0, u16(0, 1, 0)),
    item("cpil", 21, u8(1)),
    item("covr", 13, zeros(100)),
    item("????", 1, utf8("unknown")),
    box(
      "----",
      fullBox("mean", 0, 0, chars("com.x")),
      fullBox("name", 0, 0, chars("MOOD")),
      box("data", u32(1, 0), utf8("calm")),
    ),
  ];
  const expected = {
    title: "Grüße",
    artist: "A",
    album_artist: "B",
    track: "3/9",
    disc: "1",
    compilation: "1",
    MOOD: "calm",
  };
  // `meta` is a full box in ISO, a plain one in QuickTime
  assert.deepEqual(await tagsOf(box("udta", fullBox("meta", 0, 0, HANDLER, box("ilst", items)))), expected);
  assert.deepEqual(await tagsOf(box("udta", box("meta", HANDLER, box("ilst", items)))), expected);
});

Deno.test("Tags with keys are read by their keys", async () => {
  const keys = fullBox(
    "keys",
    0,
    0,
    u32(3),
    ...["com.apple.quicktime.make", "n", "f"].map((key) => box("mdta", chars(key))),
  );
  const indexed = (index: number, type: number, ...value: Part[]) =>
    box(String.fromCharCode(0, 0, 0, index), box("data", u32(type, 0), ...value));
  const float = new Uint8Array(4);
  new DataView(float.buffer).setFloat32(0, 1.5);
  const items = [
    indexed(1, 1, utf8("Acme")),
    indexed(2, 21, u16(0xfffe)),
    indexed(3, 23, float),
    indexed(9, 1, utf8("x")),
  ];
  assert.deepEqual(await tagsOf(box("meta", HANDLER, keys, box("ilst", items))), {
    "com.apple.quicktime.make": "Acme",
    n: "-2",
    f: "1.500000",
  });
});

Deno.test("Texts of QuickTime are read with their language", async () => {
  const text = (name: string, code: number, bytes: Uint8Array) => box(name, u16(bytes.length, code), bytes);
  assert.deepEqual(
    await tagsOf(box("udta", text("\xa9nam", 0, u8(0x47, 0x9f)), text("\xa9cmt", 0x15c7, utf8("ü")), u32(0))),
    { title: "Gü", "title-eng": "Gü", comment: "ü", "comment-eng": "ü" },
  );
});

Deno.test("Broken tags are refused with their place, or left out, and no count is trusted", async () => {
  assert.deepEqual(await tagsOf(box("udta", box("\xa9nam", u16(0xffff, 0), zeros(4)))), {});
  assert.deepEqual(
    await tagsOf(box("udta", box("meta", HANDLER, box("ilst", box("\xa9nam"), item("trkn", 0, u8(1)))))),
    {},
  );
  const many = Array.from(
    { length: 3000 },
    (_, index) => box("----", fullBox("name", 0, 0, chars(`k${index}`)), box("data", u32(1, 0), utf8("v"))),
  );
  const tags = await tagsOf(box("udta", box("meta", HANDLER, box("ilst", many))));
  assert.equal(Object.keys(tags).length, 1024);
  const long = await tagsOf(
    box("udta", box("meta", HANDLER, box("ilst", item("\xa9lyr", 1, new Uint8Array(100_000).fill(65))))),
  );
  assert.equal(long.lyrics?.length, 65_536);
});

Deno.test("Brands, language, handler and time are tags too", async () => {
  const { summary } = await openBytes(buildFile(filmTracks()));
  assert.deepEqual(summary.tags, { major_brand: "isom", minor_version: "512", compatible_brands: "isom" });
  assert.deepEqual(summary.tracks.map(({ tags, language }) => [tags, language]), [
    [{ handler_name: "vide handler", language: "und", vendor_id: "[0][0][0][0]" }, "und"],
    [{ handler_name: "soun handler", language: "und", vendor_id: "[0][0][0][0]" }, "und"],
  ]);
});

Deno.test("Languages are read from letters and from Macintosh codes", () => {
  const cases: readonly (readonly [number, string | undefined])[] = [
    [0x15c7, "eng"],
    [0x1cb2, "ger"],
    [0x55c4, "und"],
    [0x7fff, undefined],
    [0, "eng"],
    [1, "fra"],
    [11, "jpn"],
    [18, "hr"],
    [32, "rus"],
    [1000, undefined],
  ];
  for (const [code, language] of cases) assert.equal(languageOf(code), language, String(code));
});

Deno.test("Rotation is that of the matrix, clockwise", async () => {
  const one = 0x1_0000;
  const matrices: readonly (readonly [number[], number | undefined])[] = [
    [[one, 0, 0, 0, one, 0], undefined],
    [[0, one, 0, -one, 0, 0], 90],
    [[-one, 0, 0, 0, -one, 0], 180],
    [[0, -one, 0, one, 0, 0], 270],
  ];
  for (const [matrix, degrees] of matrices) {
    const header = fullBox(
      "tkhd",
      0,
      1,
      u32(0, 0, 1, 0, 0),
      zeros(16),
      u32(...matrix, 0, 0, 0x4000_0000),
      zeros(8),
    );
    const { summary } = await openBytes(buildFile([{ ...filmTracks()[0]!, extra: header }]));
    assert.equal(summary.tracks[0]!.rotationDegrees, degrees);
  }
});

Deno.test("Durations are those of the edits, the movie, the tables", async () => {
  const track = { ...filmTracks()[0]!, extra: editBox([500, 0]) };
  const { summary } = await openBytes(buildFile([track]));
  assert.deepEqual([summary.durationUs, summary.tracks[0]!.durationTicks], [960_000, 500]);
});

Deno.test("Covers are attachments, each value of theirs; what is no picture is left out", async () => {
  const covers = box(
    "covr",
    box("data", u32(13, 0), zeros(5)),
    box("data", u32(14, 0), zeros(7)),
    box("data", u32(1, 0), utf8("http://elsewhere")),
    box("data", u32(13, 0)),
  );
  const many = box("covr", Array.from({ length: MAX_MP4_COVERS }, () => box("data", u32(27, 0), zeros(1))));
  for (
    const meta of [
      fullBox("meta", 0, 0, HANDLER, box("ilst", covers, many)),
      box("meta", HANDLER, box("ilst", covers)),
    ]
  ) {
    const bytes = buildFile(filmTracks(), { extra: box("udta", meta) });
    const demuxer = await openBytes(bytes);
    const found = await demuxer.attachments();
    assert.deepEqual(found.slice(0, 2).map(({ mimeType, sizeBytes }) => [mimeType, sizeBytes]), [
      ["image/jpeg", 5],
      ["image/png", 7],
    ]);
    const [{ offset } = { offset: 0 }] = found;
    assert.deepEqual(bytes.subarray(offset - 16, offset - 8), concatBytes([u32(8 + 8 + 5), chars("data")]));
    assert.equal(found.length, meta.includes(0x1b) ? MAX_MP4_COVERS : 2);
    demuxer.close();
  }
});
