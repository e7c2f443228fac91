import { concatBytes, MemorySource } from "#bytes";
import { FormatError, LimitError } from "#errors";
import fc from "fast-check";
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
  type FragmentLayout,
  fullBox,
  openBytes,
  pictures,
  readAll,
  u16,
  u32,
  u64,
} from "../rig_test.ts";
import { Mp4Demuxer } from "../mp4_demuxer.ts";

const TRACKS = filmTracks();
const EXPECTED = TRACKS.map(expectedOf);

const LAYOUTS: Readonly<Record<string, Parameters<typeof buildFragmentedFilm>[0]>> = {
  "offsets from moof": {},
  "absolute offsets": { layout: { base: "absolute" } },
  "offsets from the track before": { layout: { base: "implicit" } },
  "64-bit fields": { layout: { isLarge: true } },
  "three runs a track": { runs: 3 },
  "no decode times": { hasTimes: false },
};

for (const [name, options] of Object.entries(LAYOUTS)) {
  Deno.test(`Mp4Demuxer reads, scans and seeks fragments with ${name}`, async () => {
    const { bytes, offsets } = buildFragmentedFilm(options);
    const demuxer = await openBytes(bytes);
    const packets = await readAll(demuxer);
    for (const index of [0, 1]) {
      assert.deepEqual(packets.filter((packet) => packet.trackIndex === index).map(briefOf), EXPECTED[index]);
    }
    assert.equal(demuxer.canSeek, false);
    assert.equal(demuxer.summary.durationUs, undefined);
    const index = await demuxer.scan!();
    assert.deepEqual([...index.timesUs], [0, 120, 240, 360, 480, 600, 720, 840].map((ms) => ms * 1000));
    assert.deepEqual([...index.offsets], offsets.flatMap((offset) => [offset, offset]));
    assert.deepEqual(index.packetCounts, [24, 46]);
    assert.equal(index.scannedBytes, bytes.length);
    assert.equal(index.durationUs, Math.round(46 * 1024 / 48 * 1000));
    assert.deepEqual(demuxer.summary.tracks.map(({ durationTicks }) => durationTicks), [960, 46 * 1024]);
    const other = await openBytes(bytes);
    other.useIndex!(index);
    assert.equal(other.canSeek, true);
    assert.equal(other.summary.durationUs, index.durationUs);
    for (const timeUs of [-1, 0, 119_999, 120_000, 250_000, 700_000, 840_000, 9_999_999]) {
      const picture = 3 * Math.min(7, Math.max(0, Math.floor(timeUs / 120_000)));
      assert.deepEqual(await other.seek(timeUs), { timeUs: picture * 40_000 });
      const rest = await readAll(other);
      assert.deepEqual(
        rest.filter((packet) => packet.trackIndex === 0).map(briefOf),
        EXPECTED[0]!.slice(picture),
      );
      const sounds = rest.filter((packet) => packet.trackIndex === 1).map(briefOf);
      assert.deepEqual(sounds, EXPECTED[1]!.slice(EXPECTED[1]!.length - sounds.length));
      assert.ok(rest.find((packet) => packet.trackIndex === 1)!.ptsUs <= picture * 40_000 + 21_333);
    }
  });
}

Deno.test("Samples take what trex and tfhd say where their run does not", async () => {
  const samples = pictures(4).map((sample, index) => ({
    ...sample,
    bytes: Uint8Array.of(index, 1, 2),
    isSync: index === 0,
  }));
  const track = { ...TRACKS[0]!, samples };
  const init = buildInit([track]);
  const layout: FragmentLayout = { hasDefaults: true };
  const fragment = buildFragment([{ trackId: 1, samples, decodeTime: 0 }], { offset: init.length, layout });
  const packets = await readAll(await openBytes(concatBytes([init, fragment])));
  assert.deepEqual(packets.map(briefOf), expectedOf(track, 0));
});

Deno.test("Samples of fragments say by their flags that no other one needs them", async () => {
  const samples = pictures(6).map((sample, index) => ({ ...sample, isDisposable: index % 3 === 2 }));
  const init = buildInit([{ ...TRACKS[0]! }]);
  const fragment = buildFragment([{ trackId: 1, samples, decodeTime: 0 }], { offset: init.length });
  const packets = await readAll(await openBytes(concatBytes([init, fragment])));
  assert.deepEqual(
    packets.map(({ isDisposable }) => isDisposable),
    samples.map((sample) => sample.isDisposable),
  );
});

Deno.test("Seeking needs no scan where sidx or mfra names the fragments", async () => {
  const { bytes, offsets } = buildFragmentedFilm();
  const ends = [...offsets.slice(1), bytes.length];
  const init = bytes.subarray(0, offsets[0]);
  const fragments = bytes.subarray(offsets[0]!);
  const sidx = fullBox(
    "sidx",
    0,
    0,
    u32(1, 1000, 0, 0),
    u16(0, 4),
    offsets.map((offset, index) => u32(ends[index]! - offset, 240, 0x9000_0000)),
  );
  const tables = (shift: number) =>
    fullBox(
      "tfra",
      1,
      0,
      u32(1, 0, 4),
      offsets.map((offset, index) => [
        ...[u64(index * 240), u64(offset + shift), Uint8Array.of(1, 1, 1)],
      ]),
    );
  const mfra = box("mfra", tables(0), fullBox("mfro", 0, 0, u32(8 + tables(0).length + 16)));
  const empty = concatBytes([box("moof"), box("mdat", new Uint8Array(9000))]);
  const files = [concatBytes([init, sidx, fragments]), concatBytes([bytes, mfra])];
  for (const [at, file] of files.entries()) {
    const demuxer = await openBytes(file);
    assert.equal(demuxer.canSeek, true);
    assert.equal(demuxer.summary.durationUs, at === 0 ? 960_000 : undefined);
    assert.deepEqual(await demuxer.seek(700_000), { timeUs: 600_000 });
    assert.equal(
      briefOf((await demuxer.read()).find(({ trackIndex }) => trackIndex === 0)!),
      EXPECTED[0]![15],
    );
  }
  // a table of part of the file is none
  const partial = await openBytes(concatBytes([init, sidx, fragments, empty]));
  assert.equal(partial.canSeek, false);
  // a table that is wrong is no obstacle
  const wrong = box("mfra", tables(-7), fullBox("mfro", 0, 0, u32(8 + tables(0).length + 16)));
  const misled = await openBytes(concatBytes([bytes, wrong]));
  assert.equal((await readAll(misled)).length, 70);
});

Deno.test("A recording that grows is read on from fragment to fragment", async () => {
  const { bytes, offsets } = buildFragmentedFilm();
  const source = new MemorySource(bytes.subarray(0, offsets[0]! - 20));
  await assert.rejects(Mp4Demuxer.open(source), FormatError);
  source.append(bytes.subarray(offsets[0]! - 20, offsets[0]));
  const demuxer = await Mp4Demuxer.open(source);
  const packets = await readAll(demuxer);
  assert.equal(packets.length, 0);
  for (let at = offsets[0]!; at < bytes.length; at += 37) {
    source.append(bytes.subarray(at, at + 37));
    packets.push(...await readAll(demuxer));
  }
  for (const index of [0, 1]) {
    assert.deepEqual(packets.filter((packet) => packet.trackIndex === index).map(briefOf), EXPECTED[index]);
  }
});

Deno.test("A fragmented file cut at any byte plays up to the cut", async () => {
  const { bytes, offsets } = buildFragmentedFilm();
  const whole = (await readAll(await openBytes(bytes))).map(briefOf);
  for (let cut = offsets[0]!; cut < bytes.length; cut++) {
    const demuxer = await openBytes(bytes.subarray(0, cut));
    const packets = (await readAll(demuxer)).map(briefOf);
    assert.ok(packets.every((packet) => whole.includes(packet)));
    const complete = offsets.filter((_, index) => (offsets[index + 1] ?? bytes.length) <= cut).length;
    assert.ok(packets.length >= complete * 16, `${packets.length} packets at ${cut}`);
    const isBetween = offsets.includes(cut);
    assert.equal(demuxer.faults.length > 0, !isBetween, `faults at ${cut}`);
    await demuxer.seek(500_000);
  }
});

Deno.test("Tables that go on as fragments are one track, which seeks find a way through", async () => {
  const [video, audio] = TRACKS;
  const head = [{ ...video!, samples: video!.samples.slice(0, 6) }, {
    ...audio!,
    samples: audio!.samples.slice(0, 12),
  }];
  const trex = [1, 2].map((id) => fullBox("trex", 0, 0, u32(id, 1, 0, 0, 0)));
  const first = buildFile(head, { extra: box("mvex", trex) });
  const fragment = buildFragment([
    { trackId: 1, samples: video!.samples.slice(6) },
    { trackId: 2, samples: audio!.samples.slice(12) },
  ], { offset: first.length });
  const demuxer = await openBytes(concatBytes([first, fragment]));
  const packets = await readAll(demuxer);
  for (const index of [0, 1]) {
    assert.deepEqual(packets.filter((packet) => packet.trackIndex === index).map(briefOf), EXPECTED[index]);
  }
  const index = await demuxer.scan!();
  assert.deepEqual(index.packetCounts, [24, 46]);
  assert.deepEqual([...index.timesUs], [0, 120, 240, 360, 480, 600, 720, 840].map((ms) => ms * 1000));
  for (const picture of [0, 3, 6, 9, 21]) {
    await demuxer.seek(picture * 40_000 + 5);
    const rest = (await readAll(demuxer)).filter((packet) => packet.trackIndex === 0);
    assert.deepEqual(rest.map(briefOf), EXPECTED[0]!.slice(picture));
  }
});

Deno.test("Tracks in fragments of their own are merged by time", async () => {
  const init = buildInit(TRACKS);
  const parts = [init];
  let offset = init.length;
  for (let index = 0; index < 4; index++) {
    for (const [track, per, ticks] of [[0, 6, 40], [1, 12, 1024]] as const) {
      const samples = TRACKS[track]!.samples.slice(index * per, (index + 1) * per);
      const decodeTime = index * per * ticks;
      const part = buildFragment([{ trackId: track + 1, samples, decodeTime }], { offset });
      parts.push(part);
      offset += part.length;
    }
  }
  const packets = await readAll(await openBytes(concatBytes(parts)));
  assert.equal(packets.length, 70);
  for (let i = 1; i < packets.length; i++) assert.ok(packets[i - 1]!.dtsUs <= packets[i]!.dtsUs);
});

Deno.test("Broken fragments are refused by name and place, after all before them", async () => {
  const { bytes, offsets } = buildFragmentedFilm();
  const head = bytes.subarray(0, offsets[1]);
  const traf = (...runs: Uint8Array[]) =>
    box("moof", box("traf", fullBox("tfhd", 0, 0x2_0000, u32(1)), ...runs));
  const faults: readonly (readonly [Uint8Array, RegExp])[] = [
    [traf(fullBox("trun", 0, 0x200, u32(0xffff_ffff))), /MAX_MP4_FRAGMENT_SAMPLES/],
    [
      traf(fullBox("trun", 0, 0x200, u32(9, 1))),
      /Cannot read "trun" at offset \d+: 9 samples need 36 bytes, have 4/,
    ],
    [traf(fullBox("trun", 0, 0, u32(9))), /9 samples have no size/],
    [concatBytes([u32(0x7000_0000), chars("moof"), new Uint8Array(99)]), /MAX_MP4_MOOF_BYTES/],
    [concatBytes([u32(5), chars("moof"), new Uint8Array(99)]), /Cannot read box "moof": size 5/],
  ];
  for (const [fault, message] of faults) {
    const demuxer = await openBytes(concatBytes([head, fault]));
    assert.ok((await demuxer.read()).length > 0);
    await assert.rejects(readAll(demuxer), message);
    const index = await demuxer.scan!();
    assert.equal(index.timesUs.length, 2);
  }
});

Deno.test("A scan tells how far it is, and ends when it is told to", async () => {
  const { bytes } = buildFragmentedFilm();
  const demuxer = await openBytes(bytes);
  const done: number[] = [];
  await demuxer.scan!({ onProgress: (part) => done.push(part) });
  assert.equal(done.at(-1), 1);
  const reason = new Error("Enough");
  await assert.rejects(demuxer.scan!({ signal: AbortSignal.abort(reason) }), reason);
  assert.equal((await readAll(demuxer)).length, 70);
});

Deno.test("Mutated fragments are read, or refused with an error of ours, within bounds", async () => {
  const { bytes } = buildFragmentedFilm();
  const mutation = fc.record({
    at: fc.nat(bytes.length - 1),
    value: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff),
    width: fc.constantFrom(1, 2, 4),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
      const copy = bytes.slice();
      for (const { at, value, width } of mutations) copy.fill(value, at, at + width);
      try {
        const demuxer = await openBytes(copy);
        await readAll(demuxer, 20_000);
        await demuxer.seek(500_000);
        await demuxer.read();
        await demuxer.scan?.();
      } catch (error) {
        assert.ok(error instanceof FormatError || error instanceof LimitError, String(error));
      }
    }),
    { numRuns: 300 },
  );
});
