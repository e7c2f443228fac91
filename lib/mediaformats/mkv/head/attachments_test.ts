import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes, MemorySource } from "#bytes";
import { AUDIO, element, file, filmClusters, HEADER, text, track, uint } from "../_film_test.ts";
import { ELEMENT_ID as ID } from "../element_id.ts";
import { MAX_MKV_ATTACHMENT_TEXT_BYTES, MAX_MKV_ATTACHMENTS, MkvDemuxer } from "../mod.ts";

const TRACKS = [track(AUDIO)];
const CONTENT = Uint8Array.fromHex("ffd8ffe0");
const COVER = attached("cover.jpg", "image/jpeg", text(ID.FileDescription, "Sleeve"));
const EXPECTED = { filename: "cover.jpg", mimetype: "image/jpeg", title: "Sleeve" };

function attached(name: string, mimeType: string, ...more: readonly Uint8Array[]): Uint8Array {
  return element(
    ID.AttachedFile,
    ...more,
    text(ID.FileName, name),
    text(ID.FileMediaType, mimeType),
    element(ID.FileData, CONTENT),
  );
}

async function attachmentsOf(bytes: Uint8Array) {
  const demuxer = await MkvDemuxer.open(new MemorySource(bytes));
  return await demuxer.attachments();
}

Deno.test("Attached files are found before the clusters, with name, kind and place", async () => {
  const bytes = file(
    TRACKS,
    element(ID.Attachments, COVER, attached("a.ttf", "font/ttf")),
    ...filmClusters(1),
  );
  const [cover, font, ...more] = await attachmentsOf(bytes);
  assert.deepEqual(more, []);
  assert.deepEqual([cover?.mimeType, cover?.sizeBytes, cover?.tags], ["image/jpeg", 4, EXPECTED]);
  assert.deepEqual(bytes.subarray(cover!.offset, cover!.offset + 4), CONTENT);
  assert.equal(font?.tags["filename"], "a.ttf");
});

Deno.test("Attached files are found behind the clusters, where a SeekHead points", async () => {
  const behind = (position: number): Uint8Array =>
    element(
      ID.SeekHead,
      element(
        ID.Seek,
        uint(ID.SeekId, ID.Attachments),
        element(ID.SeekPosition, Uint8Array.of(position >> 8, position & 255)),
      ),
    );
  const rest = concatBytes([element(ID.Tracks, ...TRACKS), ...filmClusters(2)]);
  const attachments = element(ID.Attachments, COVER);
  const segment = [behind(behind(0).length + rest.length), rest, attachments];
  const bytes = concatBytes([HEADER, element(ID.Segment, ...segment)]);
  assert.deepEqual((await attachmentsOf(bytes)).map(({ tags }) => tags), [EXPECTED]);
  const elsewhere = concatBytes([HEADER, element(ID.Segment, behind(3), rest, attachments)]);
  assert.deepEqual(await attachmentsOf(elsewhere), []);
});

Deno.test("Attached files without name, kind or bytes are none; names and numbers are bounded", async () => {
  const files = [
    attached("", "image/png"),
    attached("a", ""),
    element(ID.AttachedFile, text(ID.FileName, "a"), text(ID.FileMediaType, "b"), element(ID.FileData)),
    attached("x".repeat(5000), "image/png"),
    ...Array.from({ length: MAX_MKV_ATTACHMENTS }, () => COVER),
  ];
  const found = await attachmentsOf(file(TRACKS, element(ID.Attachments, ...files), ...filmClusters(1)));
  assert.equal(found.length, MAX_MKV_ATTACHMENTS);
  assert.equal(found[0]?.tags["filename"]?.length, MAX_MKV_ATTACHMENT_TEXT_BYTES);
});

Deno.test("Attached files of any bytes, cut anywhere, are found or not", async () => {
  const bytes = file(TRACKS, element(ID.Attachments, COVER, COVER), ...filmClusters(1));
  const from = bytes.length - concatBytes(filmClusters(1)).length - 150;
  await fc.assert(
    fc.asyncProperty(fc.nat(150), fc.nat(255), fc.nat(150), async (at, byte, cut) => {
      const changed = bytes.slice(0, bytes.length - cut);
      changed[Math.min(from + at, changed.length - 1)] = byte;
      const demuxer = await MkvDemuxer.open(new MemorySource(changed)).catch(() => undefined);
      for (const { offset, sizeBytes } of await demuxer?.attachments() ?? []) {
        assert.ok(offset + sizeBytes <= changed.length);
      }
    }),
    { numRuns: 300 },
  );
});
