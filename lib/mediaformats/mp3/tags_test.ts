import assert from "node:assert/strict";
import { concatBytes, encodeUtf8, MemorySource } from "#bytes";
import { FormatError } from "#errors";
import fc from "fast-check";
import { constantFrames, id3Frame, id3Tag, syncSafe } from "./_frames_test.ts";
import { TAG_CASES } from "./_tag_cases_test.ts";
import { MAX_ID3_FRAMES, MAX_ID3_PICTURES, MAX_ID3_TEXT_BYTES, Mp3Demuxer } from "./mod.ts";

const FRAMES = constantFrames(4);

async function open(...parts: readonly Uint8Array[]): Promise<Mp3Demuxer> {
  return await Mp3Demuxer.open(new MemorySource(concatBytes(parts)));
}

for (const { name, head, tags, pictures = 0 } of TAG_CASES) {
  Deno.test(`Mp3Demuxer reads tags: ${name}`, async () => {
    const demuxer = await open(head, FRAMES);
    assert.deepEqual(demuxer.summary.tags, tags);
    assert.equal(demuxer.pictures.length, pictures);
    assert.equal((await demuxer.read()).length, 4);
  });
}

Deno.test("Mp3Demuxer tells where pictures lie, also those of version 2.2", async () => {
  const png = encodeUtf8("\x89PNG");
  const old = id3Frame(2, "PIC", { content: [0, 0x50, 0x4e, 0x47, 4, 0x42, 0, ...png] });
  const demuxer = await open(id3Tag(2, [old]), FRAMES);
  assert.deepEqual(demuxer.pictures, [
    { mimeType: "image/png", pictureType: 4, description: "B", offset: 10 + 6 + 7, sizeBytes: png.length },
  ]);
  const source = concatBytes([id3Tag(2, [old]), FRAMES]);
  const [{ offset, sizeBytes }] = demuxer.pictures as [typeof demuxer.pictures[0]];
  assert.deepEqual(source.subarray(offset, offset + sizeBytes), png);
});

Deno.test("ID3v1 counts where there is no other tag", async () => {
  const tag = new Uint8Array(128);
  tag.set(encodeUtf8("TAG"));
  tag.set([...encodeUtf8("Title  ")], 3);
  tag.set([0x54, 0xef], 33);
  tag.set(encodeUtf8("Älbum"), 63);
  tag.set(encodeUtf8("1999"), 93);
  tag.set(encodeUtf8("A comment"), 97);
  tag.set([0, 7, 17], 125);
  assert.deepEqual((await open(FRAMES, tag)).summary.tags, {
    title: "Title",
    artist: "Tï",
    album: "Älbum",
    date: "1999",
    comment: "A comment",
    track: "7",
    genre: "Rock",
  });
  const other = id3Tag(3, [id3Frame(3, "TIT2", { content: "\u0000A" })]);
  assert.deepEqual((await open(other, FRAMES, tag)).summary.tags, { title: "A" });
});

Deno.test("Tags at the end are found by their footers, and do not count as sound", async () => {
  const id3v1 = concatBytes([encodeUtf8("TAG"), new Uint8Array(125)]);
  const lyrics = concatBytes([encodeUtf8("LYRICSBEGIN" + "x".repeat(300) + "000311LYRICS200")]);
  const frame = id3Frame(4, "TIT2", { content: "\u0000End" });
  const appended = concatBytes([
    id3Tag(4, [frame], { flags: 0x10 }),
    encodeUtf8("3DI"),
    new Uint8Array([4, 0, 0x10, ...syncSafe(frame.length)]),
  ]);
  const demuxer = await open(constantFrames(200), appended, lyrics, id3v1);
  assert.deepEqual(demuxer.summary.tags, { title: "End" });
  assert.equal(demuxer.summary.durationUs, Math.round(200 * 1152 / 44_100 * 1e6));
});

Deno.test("Texts, frames and pictures are bounded", async () => {
  const long = id3Frame(3, "TIT2", { content: new Array(MAX_ID3_TEXT_BYTES + 1).fill(0x41) });
  const artist = id3Frame(3, "TPE1", { content: "\u0000B" });
  assert.deepEqual((await open(id3Tag(3, [long, artist]), FRAMES)).summary.tags, { artist: "B" });
  const many = new Array(MAX_ID3_FRAMES).fill(id3Frame(3, "TXXX", { content: "\u0000a\u0000b" }));
  assert.deepEqual((await open(id3Tag(3, [...many, artist]), FRAMES)).summary.tags, { a: "b" });
  const picture = id3Frame(3, "APIC", { content: "\u0000image/png\u0000\u0003\u0000x" });
  const pictures = await open(id3Tag(3, new Array(MAX_ID3_PICTURES + 5).fill(picture)), FRAMES);
  assert.equal(pictures.pictures.length, MAX_ID3_PICTURES);
});

Deno.test("Tags of any bytes are read or passed over", async () => {
  const edits = fc.array(fc.record({ at: fc.nat(400), byte: fc.nat(255) }), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(fc.nat(TAG_CASES.length - 1), edits, async (index, changes) => {
      const bytes = concatBytes([TAG_CASES[index]!.head, FRAMES]);
      for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
      try {
        const { tags } = (await open(bytes)).summary;
        for (const value of Object.values(tags)) assert.equal(typeof value, "string");
      } catch (error) {
        assert.ok(error instanceof FormatError, String(error));
      }
    }),
    { numRuns: 600 },
  );
});

Deno.test("Mp3Demuxer gives pictures as attachments, of unsynchronised tags their first bytes", async () => {
  const head = encodeUtf8("\0image/jpeg\0\x03Sleeve\0");
  const picture = [0xff, 0xd8, 0xff, 0xe0];
  const plain = id3Frame(3, "APIC", { content: [...head, ...picture] });
  const [attachment, ...more] = await (await open(id3Tag(3, [plain]), FRAMES)).attachments();
  assert.deepEqual(more, []);
  assert.deepEqual(attachment, {
    mimeType: "image/jpeg",
    offset: 10 + 10 + head.length,
    sizeBytes: 4,
    tags: { title: "Sleeve", comment: "Cover (front)" },
  });
  const escaped = id3Frame(3, "APIC", {
    content: [...head, 0xff, 0xd8, 0xff, 0, 0xe0],
    size: head.length + picture.length,
  });
  const [other] = await (await open(id3Tag(3, [escaped], { flags: 0x80 }), FRAMES)).attachments();
  assert.deepEqual([other?.offset, other?.sizeBytes, [...other?.head ?? []]], [-1, 4, picture]);
});
