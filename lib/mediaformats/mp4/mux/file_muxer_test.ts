import type { MediaPacket, MuxTrack, Packet } from "#media";
import assert from "node:assert/strict";
import { boxesAt, listBoxes, type ListedBox, muxAll, wordsOf } from "./rig_test.ts";
import { BoxWriter } from "../write/box_writer.ts";
import { mediaHeader, Mp4Muxer } from "./file_muxer.ts";
import { SampleColumns } from "../write/sample_columns.ts";

const HEVC = Uint8Array.fromHex(
  "01016000000090000000000078f000fcfdf8f800000f01a100010026" +
    "420101016000000300900000030000030078a003c08010e75596566924caf0168080000003008000000c84",
);
const VIDEO: MuxTrack = { kind: "video", trackId: 0, codec: "hvc1", codecConfig: HEVC, timescale: 12_800 };
const AUDIO: MuxTrack = { kind: "audio", trackId: 0, codec: ".mp3", sampleRate: 44_100, timescale: 44_100 };
const FRAME = Uint8Array.fromHex("fffb9064");

function sample(
  track: MuxTrack,
  times: { dts: number; pts?: number; key?: boolean; size?: number },
): MediaPacket {
  const { dts, pts = dts, key = track.kind === "audio", size = 4 } = times;
  const us = (ticks: number) => Math.round(ticks * 1e6 / track.timescale!);
  return {
    ...{ kind: track.kind, trackId: track.trackId, codec: track.codec, role: "media", trackIndex: 0 },
    ...{ dtsTicks: dts, ptsTicks: pts, dtsUs: us(dts), ptsUs: us(pts), durationTicks: 0 },
    ...{ isKeyFrame: key, isDiscarded: false },
    payload: track.kind === "audio" ? FRAME : new Uint8Array(size).fill(dts),
  };
}

/** Decode order I P B B: shown 2 frames of 512 ticks after they are decoded at first. */
function pictures(start: number): MediaPacket[] {
  const offsets = [1024, 2048, 512, 0];
  return Array.from({ length: 8 }, (_, index) => {
    const dts = start + 512 * index;
    return sample(VIDEO, { dts, pts: dts + offsets[index % 4]!, key: index % 4 === 0, size: index + 1 });
  });
}

function tablesOf(file: Uint8Array): (path: string) => number[][] {
  const traks = boxesAt(listBoxes(file), "moov/trak");
  return (path) =>
    traks.map((trak) => boxesAt(trak.children, path).flatMap((box: ListedBox) => wordsOf(box)));
}

Deno.test("Mp4Muxer writes the sample table of what it got", () => {
  const { file } = muxAll(new Mp4Muxer([VIDEO]), pictures(0));
  assert.deepEqual(listBoxes(file).map(({ type }) => type), ["ftyp", "free", "mdat", "moov"]);
  const mdatAt = listBoxes(file)[2]!.offset + 8;
  const table = tablesOf(file);
  const stbl = "mdia/minf/stbl";
  assert.deepEqual(table(`${stbl}/stts`), [[0, 1, 8, 512]]);
  assert.deepEqual(table(`${stbl}/ctts`)[0]!.slice(0, 6), [0, 8, 1, 1024, 1, 2048]);
  assert.deepEqual(table(`${stbl}/stss`), [[0, 2, 1, 5]]);
  assert.deepEqual(table(`${stbl}/stsz`), [[0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]]);
  assert.deepEqual(table(`${stbl}/stsc`), [[0, 1, 1, 8, 1]]);
  assert.deepEqual(table(`${stbl}/stco`), [[0, 1, mdatAt]]);
});

Deno.test("Mp4Muxer interleaves in chunks, by time and by size", () => {
  const chunks = (file: Uint8Array) => tablesOf(file)("mdia/minf/stbl/stsc").map((words) => words.slice(2));
  const audio = (count: number) =>
    Array.from({ length: count }, (_, index) => sample(AUDIO, { dts: 1152 * index }));
  assert.deepEqual(chunks(muxAll(new Mp4Muxer([AUDIO]), audio(50)).file), [[1, 20, 1, 3, 10, 1]]);
  const small = new Mp4Muxer([AUDIO], { interleaveBytes: 16 });
  assert.deepEqual(chunks(muxAll(small, audio(9)).file), [[1, 4, 1, 3, 1, 1]]);
  const both = [...audio(20), ...pictures(0)].sort((a, b) => a.dtsUs - b.dtsUs);
  assert.deepEqual(chunks(muxAll(new Mp4Muxer([VIDEO, AUDIO]), both).file), [[1, 8, 1], [1, 20, 1]]);
});

Deno.test("Mp4Muxer keeps presentation times by an edit list, to the tick", () => {
  const movieTicks = 128 * 44_100; // of 12,800 and 44,100
  const cases: [name: string, packets: Packet[], edits: number[][]][] = [
    ["decoded and shown from 0", [sample(VIDEO, { dts: 0 }), sample(VIDEO, { dts: 512 })], [[], []]],
    ["decoded before 0, shown from 0", pictures(-1024), [[0, 1, 4096 * 441, 1024, 0x1_0000], []]],
    ["decoded at 0, shown later", pictures(0), [
      [0, 2, 1024 * 441, 0xffff_ffff, 0x1_0000, 4096 * 441, 1024, 0x1_0000],
      [],
    ]],
    ["late", [sample(AUDIO, { dts: 4410 }), sample(AUDIO, { dts: 5562 })], [
      [],
      [0, 2, 4410 * 128, 0xffff_ffff, 0x1_0000, 2304 * 128, 0, 0x1_0000],
    ]],
    ["early", [sample(AUDIO, { dts: -1152 }), sample(AUDIO, { dts: 0 })], [
      [],
      [0, 1, 1152 * 128, 1152, 0x1_0000],
    ]],
  ];
  for (const [name, packets, edits] of cases) {
    const { file } = muxAll(new Mp4Muxer([VIDEO, AUDIO]), packets);
    const used = edits.filter((_, index) =>
      packets.some(({ kind }) => kind === (index === 0 ? "video" : "audio"))
    );
    assert.deepEqual(tablesOf(file)("edts/elst"), used, name);
    assert.equal(wordsOf(boxesAt(listBoxes(file), "moov/mvhd")[0]!)[3], 5_644_800, name);
  }
  assert.equal(movieTicks, 5_644_800);
});

Deno.test("Mp4Muxer leaves out tables that say nothing, and tracks without packets", () => {
  const { file } = muxAll(
    new Mp4Muxer([VIDEO, AUDIO]),
    [0, 1, 2].map((n) => sample(AUDIO, { dts: 1152 * n })),
  );
  const [stbl] = boxesAt(listBoxes(file), "moov/trak/mdia/minf/stbl");
  assert.deepEqual(stbl!.children.map(({ type }) => type), ["stsd", "stts", "stsc", "stsz", "stco"]);
  assert.deepEqual(tablesOf(file)("mdia/minf/stbl/stsz"), [[0, 4, 3]], "one size for all");
  assert.deepEqual(listBoxes(muxAll(new Mp4Muxer([VIDEO]), []).file).map(({ type }) => type).at(-1), "moov");
});

Deno.test("Mp4Muxer writes long durations in 64 bits", () => {
  const track = { ...VIDEO, timescale: 1_000_000 };
  const { file } = muxAll(
    new Mp4Muxer([track]),
    [0, 1, 2].map((n) => sample(track, { dts: n * 3e9, key: true })),
  );
  const mdhd = boxesAt(listBoxes(file), "moov/trak/mdia/mdhd")[0]!;
  assert.deepEqual([mdhd.content.getUint8(0), Number(mdhd.content.getBigUint64(24))], [1, 9e9]);
});

Deno.test("SampleColumns writes offsets in 64 bits once one needs them", () => {
  const columns = new SampleColumns();
  const writer = new BoxWriter();
  for (const offset of [48, 5e9]) {
    columns.addSample({
      dtsTicks: offset,
      ptsTicks: offset,
      durationTicks: 1,
      isKeyFrame: true,
      sizeBytes: 4,
    });
    columns.addChunk(offset, 1);
  }
  columns.finish(1);
  columns.write(writer);
  const co64 = listBoxes(writer.take()).at(-1)!;
  assert.equal(co64.type, "co64");
  assert.deepEqual([8, 16].map((at) => Number(co64.content.getBigUint64(at))), [48, 5e9]);
});

Deno.test("mediaHeader has one length, whatever the media", () => {
  const hex = (bytes?: number) => mediaHeader(bytes).toHex();
  assert.equal(hex(0), "0000000866726565" + "000000086d646174");
  assert.equal(hex(), "0000000866726565" + "000000006d646174");
  assert.equal(hex(100), "0000000866726565" + "0000006c6d646174");
  assert.equal(hex(2 ** 32), "000000016d646174" + "0000000100000010");
});
