import { concatBytes, MemorySource } from "#bytes";
import type { MediaPacket } from "#media";
import assert from "node:assert/strict";
import { CONFIG_TAGS, fileOf, mediaTags, metadataTag } from "../_film_test.ts";
import { encodeFlvStart, FlvDemuxer } from "../mod.ts";

const FILE = fileOf([metadataTag({ duration: 4, encoder: "test" }), ...CONFIG_TAGS, ...mediaTags(4)]);

async function readMedia(demuxer: FlvDemuxer): Promise<string[]> {
  const packets: MediaPacket[] = [];
  for (let batch = await demuxer.read(); batch.length > 0; batch = await demuxer.read()) {
    packets.push(...batch);
  }
  return packets.filter(({ role }) => role !== "metadata").map(({ kind, role, dtsUs, ptsUs, payload }) =>
    [kind, role, dtsUs, ptsUs, payload.toHex()].join(" ")
  );
}

Deno.test("encodeFlvStart makes a part of a file a file: what a reader gets after a seek", async () => {
  for (const timeUs of [0, 1_100_000, 2_500_000, 99_000_000]) {
    const whole = await FlvDemuxer.open(new MemorySource(FILE));
    const start = await whole.startAt(timeUs);
    const head = encodeFlvStart(whole.summary, start);
    const part = await FlvDemuxer.open(new MemorySource(concatBytes([head, FILE.subarray(start.offset)])));
    assert.equal(start.timeUs, (await whole.seek(timeUs)).timeUs);
    assert.deepEqual(await readMedia(part), await readMedia(whole));
    assert.equal(part.summary.tags.encoder, "test");
    assert.equal(part.summary.durationUs, 4_000_000 - (start.timeUs - whole.summary.startUs));
    assert.deepEqual(part.summary.tracks, whole.summary.tracks);
  }
});

Deno.test("FlvDemuxer.startAt does not move what is read", async () => {
  const demuxer = await FlvDemuxer.open(new MemorySource(FILE));
  await demuxer.startAt(2_000_000);
  const other = await FlvDemuxer.open(new MemorySource(FILE));
  assert.deepEqual(await readMedia(demuxer), await readMedia(other));
});
