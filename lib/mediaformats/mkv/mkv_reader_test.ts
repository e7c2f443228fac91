import assert from "node:assert/strict";
import { concatBytes, MemorySource } from "#bytes";
import { FormatError, LimitError } from "#errors";
import type { MediaPacket } from "#media";
import {
  AUDIO,
  cluster,
  element,
  elementOfSize,
  file,
  filmClusters,
  filmWithCues,
  frame,
  openCluster,
  simpleBlock,
  track,
  VIDEO,
} from "./_film_test.ts";
import { ELEMENT_ID as ID } from "./element_id.ts";
import { MkvDemuxer, MkvReader } from "./mod.ts";

const TRACKS = [track(VIDEO), track(AUDIO)];

/** Streams to be read at every split. */
const STREAMS: Readonly<Record<string, Uint8Array>> = {
  live: file(TRACKS, ...filmClusters(2, openCluster)),
  film: filmWithCues(),
  passed: file(TRACKS, element(ID.Attachments, new Uint8Array(3000)), ...filmClusters(1), new Uint8Array(99)),
  shortClusterAfterJunk: file(
    TRACKS,
    ...filmClusters(1),
    new Uint8Array(9).fill(0x1f),
    cluster(9, simpleBlock({ flags: 0x80 }, frame(1, 1))),
  ),
  damaged: file(TRACKS, ...filmClusters(1), new Uint8Array(99).fill(0x1f), ...filmClusters(1)),
};

async function readAsFile(bytes: Uint8Array): Promise<MediaPacket[]> {
  const demuxer = await MkvDemuxer.open(new MemorySource(bytes));
  const packets: MediaPacket[] = [];
  for (;;) {
    const batch = await demuxer.read();
    if (batch.length === 0) return packets;
    packets.push(...batch);
  }
}

for (const [name, bytes] of Object.entries(STREAMS)) {
  Deno.test(`MkvReader reads ${name} byte by byte and at every split, as the file is read`, async () => {
    const wanted = await readAsFile(bytes);
    const single = new MkvReader();
    const packets = [...bytes].flatMap((byte) => single.push(new Uint8Array([byte])));
    assert.deepEqual([...packets, ...single.end()], wanted);
    for (let split = 0; split <= bytes.length; split += 7) {
      const reader = new MkvReader();
      const parts = [bytes.slice(0, split), bytes.slice(split)];
      const read = parts.flatMap((part) => {
        const batch = reader.push(part);
        // pushed bytes are borrowed
        part.fill(0xee);
        return batch;
      });
      assert.deepEqual([...read, ...reader.end()], wanted, `split at ${split}`);
    }
  });
}

Deno.test("MkvReader tells tracks as soon as they are known, and more with the first frames", () => {
  const reader = new MkvReader();
  const shown = () => reader.summary?.tracks.map(({ codecName, width }) => [codecName, width]);
  const avc = { number: 1, type: 1, codecId: "V_MPEG4/ISO/AVC" };
  reader.push(file([track(avc)]));
  assert.equal(shown(), undefined);
  reader.push(openCluster(0));
  assert.deepEqual(shown(), [["h264", 0]]);
  const annexB = Uint8Array.fromHex(
    "000000016764000dacd941419f9f011000000300100000030320f14299600000000168efbcb0fdf8f80000016588840f",
  );
  reader.push(simpleBlock({ flags: 0x80 }, annexB));
  const [packet] = reader.end();
  assert.equal(packet?.payload.subarray(0, 5).toHex(), "0000001a67");
  reader.push(simpleBlock({ ticks: 40 }, annexB));
  assert.deepEqual(shown(), [["h264", 320]]);
});

Deno.test("MkvReader throws what ends the stream after the packets before it, and ever after", () => {
  const reader = new MkvReader();
  const block = simpleBlock({ flags: 0x80 }, frame(1));
  const huge = elementOfSize(ID.SimpleBlock, Uint8Array.fromHex("1ffffffe"));
  const packets = reader.push(concatBytes([file(TRACKS), openCluster(0, block, huge)]));
  assert.equal(packets.length, 1);
  assert.ok(reader.fault instanceof LimitError);
  assert.throws(() => reader.push(new Uint8Array(1)), LimitError);
  assert.throws(() => new MkvReader().push(new Uint8Array(8)), FormatError);
  assert.throws(() => new MkvReader().push(file([], cluster(0))), /no tracks/);
});

Deno.test("MkvReader ends with a segment of known size, and drops what follows", () => {
  const reader = new MkvReader();
  const segment = element(ID.Segment, element(ID.Tracks, ...TRACKS), ...filmClusters(1));
  const header = file(TRACKS).subarray(0, 16);
  assert.equal(reader.push(concatBytes([header, segment, new Uint8Array(10)])).length, 6);
  assert.equal(reader.isEnded, true);
  assert.deepEqual(reader.push(new Uint8Array(1000)), []);
});
