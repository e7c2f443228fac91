import { concatBytes, MemorySource } from "#bytes";
import { ClosedError, FormatError, LimitError } from "#errors";
import fc from "fast-check";
import assert from "node:assert/strict";
import {
  audioEntry,
  box,
  briefOf,
  buildFile,
  type BuiltTrack,
  chars,
  expectedOf,
  filmTracks,
  fullBox,
  type Layout,
  openBytes,
  pictures,
  readAll,
  sounds,
  u32,
  u64,
  u8,
  zeros,
} from "./rig_test.ts";
import {
  MAX_MP4_EDITS,
  MAX_MP4_LEADING_BOXES,
  MAX_MP4_MOVIE_BYTES,
  MAX_MP4_SAMPLE_BYTES,
  MAX_MP4_TRACKS,
} from "./limits.ts";
import { Mp4Demuxer } from "./mp4_demuxer.ts";

const LAYOUTS: Readonly<Record<string, Layout>> = {
  "movie header first": {},
  "movie header last": { isMovieLast: true },
  "64-bit mdat": { mediaHead: "large" },
  "mdat to the end": { mediaHead: "toEnd" },
  "64-bit chunk offsets": { hasLargeOffsets: true },
  "chunks of five": { chunkSamples: 5 },
  "track after track": { isBySeparateTracks: true },
  "boxes between": { filler: [box("free", zeros(9)), box("wide"), box("uuid", zeros(20)), box("skip")] },
  "a QuickTime brand": { brand: "qt  " },
};

for (const [name, layout] of Object.entries(LAYOUTS)) {
  Deno.test(`Mp4Demuxer reads a file with ${name}, tracks merged by time`, async () => {
    const tracks = filmTracks();
    const demuxer = await openBytes(buildFile(tracks, layout));
    const packets = await readAll(demuxer);
    tracks.forEach((track, index) => {
      const own = packets.filter(({ trackIndex }) => trackIndex === index);
      assert.deepEqual(own.map(briefOf), expectedOf(track, index));
    });
    for (let i = 1; i < packets.length; i++) assert.ok(packets[i - 1]!.dtsUs <= packets[i]!.dtsUs);
    assert.deepEqual(demuxer.faults, []);
    assert.equal(demuxer.canSeek, true);
    assert.equal(demuxer.scan, undefined);
    assert.deepEqual(await demuxer.read(), []);
    demuxer.close();
    await assert.rejects(demuxer.read(), ClosedError);
    await assert.rejects(demuxer.seek(0), ClosedError);
  });
}

Deno.test("Mp4Demuxer numbers its tracks, and packets carry the same numbers", async () => {
  const tracks: BuiltTrack[] = [
    { trackId: 9, handler: "soun", timescale: 48_000, samples: sounds(2) },
    { trackId: 4, handler: "vide", timescale: 1000, samples: pictures(2) },
    { trackId: 7, handler: "soun", timescale: 48_000, samples: sounds(2) },
    { trackId: 2, handler: "text", timescale: 1000, samples: pictures(1) },
  ];
  const demuxer = await openBytes(buildFile(tracks));
  const told = demuxer.summary.tracks.map((
    track,
  ) => [track.index, track.kind, track.trackId, track.containerTrackId]);
  assert.deepEqual(told, [[0, "audio", 0, 9], [1, "video", 0, 4], [2, "audio", 1, 7], [3, "data", 0, 2]]);
  for (const { trackIndex, kind, trackId } of await readAll(demuxer)) {
    assert.deepEqual([trackIndex, kind, trackId], told[trackIndex]!.slice(0, 3));
  }
});

Deno.test("Mp4Demuxer seeks to the key frame at or before, other tracks to the same time", async () => {
  const tracks = filmTracks();
  const [video, audio] = tracks.map(expectedOf);
  for (const layout of [{}, { chunkSamples: 7 }, { isBySeparateTracks: true }] satisfies Layout[]) {
    const demuxer = await openBytes(buildFile(tracks, layout));
    for (const timeUs of [-1, 0, 39_999, 119_999, 120_000, 120_001, 500_000, 839_999, 840_000, 5_000_000]) {
      const picture = 3 * Math.min(7, Math.max(0, Math.floor(timeUs / 120_000)));
      assert.deepEqual(await demuxer.seek(timeUs), { timeUs: picture * 40_000 });
      const packets = await readAll(demuxer);
      const frame = Math.floor(picture * 40 * 48 / 1024);
      const of = (index: number) => packets.filter(({ trackIndex }) => trackIndex === index).map(briefOf);
      assert.deepEqual(of(0), video!.slice(picture));
      assert.deepEqual(of(1), audio!.slice(frame));
    }
  }
});

Deno.test("Mp4Demuxer reads each byte of an interleaved file once, in small pieces where asked to", async () => {
  const tracks: BuiltTrack[] = [
    { trackId: 1, handler: "vide", timescale: 1000, samples: pictures(2000) },
    { trackId: 2, handler: "soun", timescale: 48_000, samples: sounds(3000) },
  ];
  const bytes = buildFile(tracks, { chunkSamples: 30 });
  let read = 0, largest = 0;
  const source = new MemorySource(bytes);
  const counting = {
    sizeBytes: bytes.length,
    readAt(offset: number, into: Uint8Array) {
      read += into.length;
      largest = Math.max(largest, into.length);
      return source.readAt(offset, into);
    },
    close() {},
  };
  const demuxer = await Mp4Demuxer.open(counting, { blockBytes: 4096 });
  [read, largest] = [0, 0];
  const packets = await readAll(demuxer);
  const payload = packets.reduce((sum, packet) => sum + packet.payload.length, 0);
  assert.equal(packets.length, 5000);
  assert.ok(largest < 8192, `${largest} bytes at once`);
  assert.ok(read < payload * 2.5, `${read} bytes read of ${payload}`);
});

Deno.test("Mp4Demuxer tells which pictures no other one needs, as far as sdtp goes", async () => {
  const samples = pictures(6);
  // sample_is_depended_on is yes, no, unknown, no with other fields set; two samples are not told of
  const sdtp = fullBox("sdtp", 0, 0, u8(0b0000_0100, 0b0000_1000, 0, 0b0110_1010));
  const track: BuiltTrack = { trackId: 1, handler: "vide", timescale: 1000, samples, tables: { sdtp } };
  const packets = await readAll(await openBytes(buildFile([track])));
  assert.deepEqual(packets.map(({ isDisposable }) => isDisposable), [false, true, false, true, false, false]);
});

Deno.test("A file that grows is read on, and the fault is gone", async () => {
  const [track] = filmTracks();
  const bytes = buildFile([track!]);
  const half = bytes.length - 60;
  const source = new MemorySource(bytes.subarray(0, half));
  const demuxer = await Mp4Demuxer.open(source);
  const first = await readAll(demuxer);
  assert.ok(first.length < 24);
  assert.match(demuxer.faults[0]!.message, /Track 0 is cut off: its next sample has \d+ bytes at offset \d+/);
  source.append(bytes.subarray(half));
  const rest = await readAll(demuxer);
  assert.deepEqual([...first, ...rest].map(briefOf), expectedOf(track!, 0));
  assert.deepEqual(demuxer.faults, []);
});

Deno.test("A file cut at any byte plays up to the cut, or says at opening what is missing", async () => {
  for (const layout of [{}, { isMovieLast: true }, { isBySeparateTracks: true }] satisfies Layout[]) {
    const tracks = [
      { ...filmTracks()[0]!, samples: pictures(6) },
      { ...filmTracks()[1]!, samples: sounds(9) },
    ];
    const bytes = buildFile(tracks, layout);
    const whole = (await readAll(await openBytes(bytes))).map(briefOf);
    let opened = 0;
    for (let cut = 0; cut < bytes.length; cut++) {
      const demuxer = await openBytes(bytes.subarray(0, cut)).catch((error) => error);
      if (demuxer instanceof Error) {
        assert.ok(demuxer instanceof FormatError, demuxer.message);
        assert.match(demuxer.message, /^Cannot read .*(offset|"moov"|file has)/);
        assert.ok(demuxer.offset <= cut);
        continue;
      }
      opened++;
      const packets = (await readAll(demuxer)).map(briefOf);
      assert.ok(packets.every((packet) => whole.includes(packet)), `cut at ${cut}`);
      assert.ok(packets.length < whole.length || cut >= bytes.length - 1);
      assert.ok(demuxer.faults.length > 0 || packets.length === whole.length);
    }
    assert.ok(layout.isMovieLast ? opened === 0 : opened > 80, `${opened} opened`);
  }
});

/** A file of one track whose tables are replaced. */
function withTables(tables: Readonly<Record<string, Uint8Array>>, layout: Layout = {}): Uint8Array {
  return buildFile([{ ...filmTracks()[0]!, tables }], layout);
}

Deno.test("A sample of 4 GiB is cut off in a short file, and refused in a long one", async () => {
  const bytes = withTables({ stsz: fullBox("stsz", 0, 0, u32(0, 2, 5, 0xffff_ffff)) });
  const demuxer = await openBytes(bytes);
  assert.equal((await readAll(demuxer)).length, 1);
  assert.match(demuxer.faults.at(-1)!.message, /has 4294967295 bytes at offset/);
  const long = {
    sizeBytes: 2 ** 40,
    readAt: (offset: number, into: Uint8Array) =>
      new MemorySource(bytes).readAt(offset, into).then(() => into.length),
    close() {},
  };
  const patient = await Mp4Demuxer.open(long);
  assert.equal((await patient.read()).length, 1);
  await assert.rejects(
    patient.read(),
    (error: LimitError) =>
      error instanceof LimitError && error.limitName === "MAX_MP4_SAMPLE_BYTES" &&
      error.limit === MAX_MP4_SAMPLE_BYTES,
  );
});

Deno.test("2^32 declared samples cost nothing, and give what the file has room for", async () => {
  const listed = await openBytes(withTables({ stsz: fullBox("stsz", 0, 0, u32(0, 0xffff_ffff, 5, 6)) }));
  assert.equal((await readAll(listed)).length, 2);
  assert.match(listed.faults[0]!.message, /declares 4294967295 samples, its tables place 2/);
  const uniform = withTables({
    stsz: fullBox("stsz", 0, 0, u32(1, 0xffff_ffff)),
    stsc: fullBox("stsc", 0, 0, u32(1, 1, 0xffff_ffff, 1)),
    stts: fullBox("stts", 0, 0, u32(1, 0xffff_ffff, 0)),
  });
  const demuxer = await openBytes(uniform);
  assert.ok((await readAll(demuxer)).length <= uniform.length);
});

Deno.test("Samples that share bytes end at MAX_MP4_REREAD_FACTOR times the file", async () => {
  const count = 2000;
  const bytes = withTables({
    stsz: fullBox("stsz", 0, 0, u32(0, count, ...new Array<number>(count).fill(900))),
    stsc: fullBox("stsc", 0, 0, u32(1, 1, 1, 1)),
    stco: fullBox("stco", 0, 0, u32(count, ...new Array<number>(count).fill(0))),
    stts: fullBox("stts", 0, 0, u32(1, count, 1)),
  });
  const demuxer = await openBytes(bytes);
  await assert.rejects(readAll(demuxer), /MAX_MP4_REREAD_FACTOR: 17 exceeds the limit 16/);
});

Deno.test("Times too large, or negative, do not stop or mislead", async () => {
  const negative = await openBytes(withTables({ stts: fullBox("stts", 0, 0, u32(2, 1, 40, 23, -40)) }));
  const times = (await readAll(negative)).map(({ dtsTicks }) => dtsTicks);
  assert.deepEqual(times.slice(0, 4), [0, 40, 41, 42]);
  const huge = await openBytes(withTables({ stts: fullBox("stts", 0, 0, u32(1, 0x7fff_ffff, 0x7fff_ffff)) }));
  assert.equal((await readAll(huge)).length, 24);
  const wild = fullBox("ctts", 0, 0, u32(24, ...pictures(24).flatMap(() => [1, 0x7000_0000])));
  const ignored = await openBytes(withTables({ ctts: wild }));
  assert.ok((await readAll(ignored)).every(({ dtsTicks, ptsTicks }) => dtsTicks === ptsTicks));
});

Deno.test("Boxes nested 1,000 deep are not followed", async () => {
  let nest = zeros(0);
  for (let i = 0; i < 1000; i++) nest = box(["mdia", "minf", "stbl", "edts", "udta", "meta"][i % 6]!, nest);
  const [track] = filmTracks();
  const demuxer = await openBytes(buildFile([{ ...track!, extra: nest }], { extra: nest }));
  assert.deepEqual((await readAll(demuxer)).map(briefOf), expectedOf(track!, 0));
  let wave = zeros(0);
  for (let i = 0; i < 1000; i++) wave = box("wave", wave);
  const sound = { ...filmTracks()[1]!, entry: audioEntry("mp4a", wave) };
  assert.equal((await readAll(await openBytes(buildFile([sound])))).length, 46);
});

Deno.test("Every limit of a header is named", async () => {
  const limits: readonly (readonly [string, number, Uint8Array])[] = [
    [
      "MAX_MP4_TRACKS",
      MAX_MP4_TRACKS,
      buildFile(Array.from({ length: 257 }, (_, i) => ({
        ...filmTracks()[0]!,
        trackId: i + 1,
        samples: [],
      }))),
    ],
    [
      "MAX_MP4_EDITS",
      MAX_MP4_EDITS,
      buildFile([{ ...filmTracks()[0]!, extra: box("edts", fullBox("elst", 0, 0, u32(1025))) }]),
    ],
    [
      "MAX_MP4_LEADING_BOXES",
      MAX_MP4_LEADING_BOXES,
      concatBytes(Array.from({ length: 65_537 }, () => box("free"))),
    ],
  ];
  for (const [limitName, limit, bytes] of limits) {
    await assert.rejects(
      openBytes(bytes),
      (error: LimitError) =>
        error instanceof LimitError && error.limitName === limitName && error.limit === limit,
    );
  }
  const head = concatBytes([u32(1), chars("moov"), u64(2 ** 30)]);
  const source = new MemorySource(head);
  const long = { sizeBytes: 2 ** 31, readAt: source.readAt.bind(source), close() {} };
  await assert.rejects(
    Mp4Demuxer.open(long),
    (error: LimitError) => error.limitName === "MAX_MP4_MOVIE_BYTES" && error.limit === MAX_MP4_MOVIE_BYTES,
  );
});

Deno.test("What is no MP4, or has no header that can be read, is refused with the place", async () => {
  const cases: readonly (readonly [Uint8Array, RegExp])[] = [
    [zeros(0), /no movie header; the last box has 0 bytes at offset 0, the file has 0/],
    [box("ftyp", chars("isom"), u32(0)), /no movie header; the last box has 16 bytes at offset 0/],
    [concatBytes([box("ftyp", chars("isom"), u32(0)), u32(3), chars("free")]), /"free": size 3 at offset 16/],
    [box("moov", box("trak")), /no "mvhd" in "moov" at offset 8/],
    [box("moov", box("cmov", zeros(8))), /it is compressed/],
    [box("moov", fullBox("mvhd", 0, 0, u32(0))), /of "mvhd": need 4 bytes at offset 24, have 0/],
  ];
  for (const [bytes, message] of cases) await assert.rejects(openBytes(bytes), message);
});

Deno.test("Mutated files are read, or refused with an error of ours, within bounds", async () => {
  const tracks = filmTracks().map((track) => ({
    ...track,
    extra: box("edts", fullBox("elst", 0, 0, u32(1, 1000, 0, 65_536))),
  }));
  const bytes = buildFile(tracks, { chunkSamples: 4 });
  const movieBytes = bytes.length - 24 * 8 - 46 * 4;
  const mutation = fc.record({
    at: fc.nat(movieBytes),
    value: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff),
    width: fc.constantFrom(1, 2, 4),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
      const copy = bytes.slice();
      for (const { at, value, width } of mutations) copy.fill(value, at, at + width);
      try {
        const demuxer = await openBytes(copy);
        let given = 0;
        for (const packet of await readAll(demuxer, 20_000)) given += packet.payload.length;
        assert.ok(given <= 17 * copy.length);
        await demuxer.seek(500_000);
        await demuxer.read();
      } catch (error) {
        assert.ok(error instanceof FormatError || error instanceof LimitError, String(error));
      }
    }),
    { numRuns: 400 },
  );
});
