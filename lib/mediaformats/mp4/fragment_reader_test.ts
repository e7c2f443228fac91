import { concatBytes } from "#bytes";
import { FormatError, LimitError } from "#errors";
import type { MediaPacket } from "#media";
import assert from "node:assert/strict";
import {
  box,
  briefOf,
  buildFile,
  buildFragment,
  buildFragmentedFilm,
  buildInit,
  chars,
  expectedOf,
  filmTracks,
  fullBox,
  u32,
} from "./rig_test.ts";
import { Mp4FragmentReader } from "./fragment_reader.ts";

const EXPECTED = filmTracks().map(expectedOf);

function pushAll(
  bytes: Uint8Array,
  pieceBytes: number,
): { reader: Mp4FragmentReader; packets: MediaPacket[] } {
  const reader = new Mp4FragmentReader();
  const packets: MediaPacket[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    // what is lent is overwritten once the call has returned
    const piece = bytes.slice(at, at + pieceBytes);
    packets.push(...reader.push(piece));
    piece.fill(0xee);
  }
  return { reader, packets };
}

Deno.test("Mp4FragmentReader gives the same packets in any split", () => {
  for (const options of [{}, { layout: { isLarge: true } }, { runs: 2, hasTimes: false }]) {
    const { bytes } = buildFragmentedFilm(options);
    for (const pieceBytes of [1, 2, 3, 7, 64, 1000, bytes.length]) {
      const { reader, packets } = pushAll(bytes, pieceBytes);
      for (const index of [0, 1]) {
        const own = packets.filter(({ trackIndex }) => trackIndex === index);
        assert.deepEqual(own.map(briefOf), EXPECTED[index]);
      }
      assert.deepEqual(reader.statistics, { fragments: 4, packets: 70, lostSamples: 0 });
      assert.equal(reader.pendingBytes, 0);
    }
  }
});

Deno.test("Mp4FragmentReader gives the same packets cut in two anywhere", () => {
  const { bytes } = buildFragmentedFilm();
  const inTwo = (cut: number): string => {
    const reader = new Mp4FragmentReader();
    return [...reader.push(bytes.slice(0, cut)), ...reader.push(bytes.slice(cut))].map(briefOf).join();
  };
  const whole = inTwo(0);
  for (let cut = 1; cut < bytes.length; cut++) assert.equal(inTwo(cut), whole, `cut at ${cut}`);
});

Deno.test("Mp4FragmentReader merges the tracks of a fragment by time", () => {
  const { bytes, offsets } = buildFragmentedFilm();
  const packets = new Mp4FragmentReader().push(bytes.subarray(0, offsets[1]));
  assert.equal(packets.length, 18);
  for (let i = 1; i < packets.length; i++) assert.ok(packets[i - 1]!.dtsUs <= packets[i]!.dtsUs);
});

function kindsOf(reader: Mp4FragmentReader): string[] | undefined {
  return reader.summary?.tracks.map(({ kind }) => kind);
}

Deno.test("Mp4FragmentReader tells the tracks with the header, and takes a new one", () => {
  const reader = new Mp4FragmentReader();
  const { bytes, offsets } = buildFragmentedFilm();
  reader.push(bytes.subarray(0, offsets[0]! - 1));
  assert.equal(kindsOf(reader), undefined);
  reader.push(bytes.subarray(offsets[0]! - 1, offsets[0]));
  assert.deepEqual(kindsOf(reader), ["video", "audio"]);
  reader.push(buildInit(filmTracks().slice(0, 1)));
  assert.deepEqual(kindsOf(reader), ["video"]);
});

Deno.test("Mp4FragmentReader passes over what it does not read, however long", () => {
  const { bytes, offsets } = buildFragmentedFilm();
  const extra = concatBytes([box("styp", chars("msdh")), box("free", new Uint8Array(100_000)), box("sidx")]);
  const reader = new Mp4FragmentReader({ maxFragmentBytes: 4096 });
  const packets = [
    ...reader.push(extra),
    ...reader.push(bytes.subarray(0, offsets[1])),
    ...reader.push(box("mdat", new Uint8Array(9000))),
  ];
  assert.equal(packets.length, 18);
});

Deno.test("Mp4FragmentReader counts samples whose bytes never come", () => {
  const [video] = filmTracks();
  const init = buildInit([video!]);
  const samples = video!.samples.slice(0, 3);
  const fragment = buildFragment([{ trackId: 1, samples, decodeTime: 0 }], { offset: init.length });
  const moof = fragment.subarray(
    0,
    fragment.length - 8 - samples.reduce((sum, { bytes }) => sum + bytes.length, 0),
  );
  const reader = new Mp4FragmentReader();
  const filler = box("free", new Uint8Array(500));
  assert.equal(reader.push(concatBytes([init, moof, filler, box("mdat", new Uint8Array(30))])).length, 0);
  assert.equal(reader.statistics.lostSamples, 3);
});

Deno.test("Mp4FragmentReader gives out what came before a fault, then throws for good", () => {
  const { bytes, offsets } = buildFragmentedFilm();
  const head = bytes.subarray(0, offsets[1]);
  const faults: readonly (readonly [Uint8Array, typeof FormatError | typeof LimitError, RegExp])[] = [
    [concatBytes([u32(3), chars("moof")]), FormatError, /Cannot read box "moof": size 3 at offset/],
    [concatBytes([u32(0x7fff_ffff), chars("moof")]), LimitError, /MAX_MP4_MOOF_BYTES/],
    [concatBytes([u32(0x7fff_ffff), chars("moov")]), LimitError, /MAX_MP4_MOVIE_BYTES/],
    [buildFile(filmTracks()), FormatError, /is not fragmented/],
    [
      box("moof", box("traf", fullBox("tfhd", 0, 0x2_0000, u32(1)), fullBox("trun", 0, 0x200, u32(5)))),
      FormatError,
      /5 samples need 20 bytes, have 0/,
    ],
  ];
  for (const [fault, kind, message] of faults) {
    const reader = new Mp4FragmentReader();
    assert.equal(reader.push(concatBytes([head, fault])).length, 18);
    for (let i = 0; i < 2; i++) {
      assert.throws(
        () => reader.push(new Uint8Array(1)),
        (error: Error) => error instanceof kind && message.test(error.message),
      );
    }
    assert.equal(reader.fault instanceof kind, true);
  }
});

Deno.test("Mp4FragmentReader refuses a fragment that is too long before it is gathered", () => {
  const { bytes } = buildFragmentedFilm();
  const reader = new Mp4FragmentReader({ maxFragmentBytes: 64 });
  assert.throws(() => reader.push(bytes), /MAX_MP4_FRAGMENT_BYTES: \d+ exceeds the limit 64/);
});
