import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { concatBytes, MemorySource } from "#bytes";
import { FormatError, LimitError } from "#errors";
import type { MediaPacket } from "#media";
import {
  AUDIO,
  cluster,
  cuesOf,
  element,
  elementOfSize,
  file,
  filmClusters,
  filmWithCues,
  float,
  frame,
  HEADER,
  openCluster,
  simpleBlock,
  text,
  track,
  uint,
  UNKNOWN,
  VIDEO,
  vint,
} from "./_film_test.ts";
import { ELEMENT_ID as ID } from "./element_id.ts";
import { MAX_MKV_INFLATED_BYTES } from "./limits.ts";
import { MkvDemuxer } from "./mod.ts";

const TRACKS = [track(VIDEO), track(AUDIO)];
const SMALL = { blockBytes: 64 };

async function open(bytes: Uint8Array, options = {}): Promise<MkvDemuxer> {
  return await MkvDemuxer.open(new MemorySource(bytes), options);
}

async function readAll(demuxer: MkvDemuxer): Promise<MediaPacket[]> {
  const packets: MediaPacket[] = [];
  for (;;) {
    const batch = await demuxer.read();
    if (batch.length === 0) return packets;
    packets.push(...batch);
  }
}

/** A packet as one word: track, time, key, payload. */
function listed(packets: readonly MediaPacket[]): string[] {
  return packets.map(({ trackIndex, ptsTicks, isKeyFrame, payload }) =>
    `${trackIndex}@${ptsTicks}${isKeyFrame ? "K" : ""}:${payload.toHex()}`
  );
}

Deno.test("MkvDemuxer gives packets in the order of the file, with exact times", async () => {
  const demuxer = await open(file(
    TRACKS,
    element(ID.Info, uint(ID.TimestampScale, 1_500_000)),
    cluster(
      10,
      simpleBlock({ flags: 0x80 }, frame(1)),
      simpleBlock({ track: 2, ticks: 3 }, frame(2)),
      simpleBlock({ track: 9 }, frame(0)),
    ),
  ));
  assert.equal(demuxer.summary.formatName, "matroska,webm");
  assert.equal(demuxer.summary.startUs, 15_000);
  assert.equal(demuxer.summary.tracks[0]?.timescale, 2000);
  assert.equal(demuxer.summary.tracks[0]?.tickStep, 3);
  const [video, audio, ...more] = await readAll(demuxer);
  assert.deepEqual(more, []);
  assert.deepEqual(video, {
    ...{ kind: "video", trackId: 0, codec: "vp08", role: "media", trackIndex: 0, isKeyFrame: true },
    ...{ dtsTicks: 30, ptsTicks: 30, durationTicks: 0, dtsUs: 15_000, ptsUs: 15_000, isDiscarded: false },
    payload: frame(1),
  });
  assert.deepEqual([audio?.kind, audio?.ptsTicks, audio?.ptsUs, audio?.isKeyFrame], [
    "audio",
    39,
    19_500,
    true,
  ]);
  demuxer.close();
});

Deno.test("MkvDemuxer spreads a laced block over its frames, and takes CodecDelay off", async () => {
  const laced = (codecId: string, flags: number, ...more: Uint8Array[]) =>
    file(
      [track({ number: 1, type: 2, codecId }, ...more)],
      cluster(100, simpleBlock({ flags }, new Uint8Array([2]), Uint8Array.fromHex("fcaaaafcbbbbfccccc"))),
    );
  const times = async (bytes: Uint8Array) =>
    (await readAll(await open(bytes))).map(({ ptsTicks, durationTicks }) => [ptsTicks, durationTicks]);
  assert.deepEqual(await times(laced("A_VORBIS", 0x84, uint(ID.DefaultDuration, 23_500_000))), [
    [100, 23],
    [123, 23],
    [146, 24],
  ]);
  assert.deepEqual(await times(laced("A_VORBIS", 0x84)), [[100, 0], [100, 0], [100, 0]]);
  // 20 ms by the first byte of each packet of Opus
  assert.deepEqual(await times(laced("A_OPUS", 0x84, uint(ID.CodecDelay, 6_500_000))), [
    [93, 0],
    [113, 0],
    [133, 0],
  ]);
});

Deno.test("MkvDemuxer drops a block whose laces lie, and frames of no bytes", async () => {
  const demuxer = await open(file(
    TRACKS,
    cluster(
      0,
      simpleBlock({ flags: 0x82 }, Uint8Array.fromHex("01ff")),
      simpleBlock({ flags: 0x84 }, Uint8Array.fromHex("ff")),
      simpleBlock({ flags: 0x80 }, frame(7)),
    ),
  ));
  assert.deepEqual(listed(await readAll(demuxer)), [`0@0K:${frame(7).toHex()}`]);
  assert.deepEqual(demuxer.statistics, { junkBytes: 0, brokenBlocks: 0, brokenFrames: 1 });
});

Deno.test("MkvDemuxer reads what stands behind the clusters, where SeekHeads point", async () => {
  const info = element(ID.Info, float(ID.Duration, 2500), text(ID.Title, "behind"));
  const clusters = concatBytes(filmClusters(2));
  const seek = (id: number, position: number) =>
    element(
      ID.Seek,
      element(ID.SeekId, Uint8Array.fromHex(id.toString(16))),
      element(ID.SeekPosition, Uint8Array.fromHex(position.toString(16).padStart(8, "0"))),
    );
  const tracks = element(ID.Tracks, ...TRACKS);
  const tags = element(
    ID.Tags,
    element(ID.Tag, element(ID.SimpleTag, text(ID.TagName, "ARTIST"), text(ID.TagString, "x"))),
  );
  const firstBytes = element(ID.SeekHead, seek(ID.SeekHead, 0)).length;
  const behind = firstBytes + clusters.length;
  const tail = behind + tracks.length + info.length + tags.length;
  const bytes = concatBytes([
    HEADER,
    elementOfSize(ID.Segment, UNKNOWN),
    element(ID.SeekHead, seek(ID.SeekHead, tail)),
    clusters,
    tracks,
    info,
    tags,
    element(
      ID.SeekHead,
      seek(ID.Tracks, behind),
      seek(ID.Info, behind + tracks.length),
      seek(ID.Tags, behind + tracks.length + info.length),
      seek(ID.Cues, behind),
    ),
  ]);
  const demuxer = await open(bytes);
  assert.equal(demuxer.summary.durationUs, 2_500_000);
  assert.deepEqual(demuxer.summary.tags, { title: "behind", ARTIST: "x" });
  assert.equal((await readAll(demuxer)).length, 12);
});

Deno.test("MkvDemuxer says what a file lacks", async () => {
  const faults: readonly (readonly [Uint8Array, RegExp])[] = [
    [new Uint8Array(0), /need an EBML header at offset 0, have 0 bytes/],
    [HEADER.subarray(0, 9), /need an EBML header at offset 0, have 9 bytes/],
    [HEADER, /need a Segment at offset 16, have 0 bytes/],
    [file([]), /no tracks before offset \d+, nor where a SeekHead points/],
    [file([], cluster(0)), /no tracks/],
    [
      concatBytes([HEADER, elementOfSize(ID.Segment, UNKNOWN), elementOfSize(ID.Tracks, vint(2000))]),
      /no tracks/,
    ],
  ];
  for (const [bytes, message] of faults) {
    await assert.rejects(open(bytes), (error) => error instanceof FormatError && message.test(error.message));
  }
  const huge = elementOfSize(ID.Tracks, Uint8Array.fromHex("01fffffffffffffe"));
  await assert.rejects(open(concatBytes([HEADER, elementOfSize(ID.Segment, UNKNOWN), huge])), LimitError);
});

Deno.test("MkvDemuxer plays a file cut at every byte up to the cut, or says so", async () => {
  const bytes = filmWithCues().subarray(0, 900);
  const whole = listed(await readAll(await open(bytes)));
  assert.ok(whole.length > 20);
  let least = 0;
  for (let cut = 0; cut <= bytes.length; cut++) {
    try {
      const packets = listed(await readAll(await open(bytes.subarray(0, cut), SMALL)));
      assert.deepEqual(packets, whole.slice(0, packets.length), `cut at ${cut}`);
      assert.ok(packets.length >= least, `cut at ${cut}`);
      least = packets.length;
    } catch (error) {
      assert.ok(error instanceof FormatError, `cut at ${cut}: ${error}`);
      assert.equal(least, 0);
    }
  }
  assert.equal(least, whole.length);
});

Deno.test("MkvDemuxer reads on when a file grows, at every split", async () => {
  const bytes = file(TRACKS, ...filmClusters(2, openCluster));
  const whole = listed(await readAll(await open(bytes)));
  const start = file(TRACKS).length;
  for (let cut = start; cut <= bytes.length; cut += 3) {
    const source = new MemorySource(bytes.subarray(0, cut));
    const demuxer = await MkvDemuxer.open(source, SMALL);
    const packets = await readAll(demuxer);
    source.append(bytes.subarray(cut));
    packets.push(...await readAll(demuxer));
    assert.deepEqual(listed(packets), whole, `grown from ${cut}`);
  }
});

/** Seconds to seek to, and the second of the key frame. */
const SEEKS: readonly (readonly [number, number])[] = [
  ...[[0, 0], [-5, 0], [0.999, 0], [1, 1], [4.2, 4], [9, 9], [9.9, 9], [1e9, 9], [3, 3], [2.999, 2]] as const,
];

async function assertSeeks(demuxer: MkvDemuxer): Promise<void> {
  for (const [target, second] of SEEKS) {
    const { timeUs } = await demuxer.seek(target * 1e6);
    assert.equal(timeUs, second * 1e6, `to ${target}`);
    const [first, next] = await demuxer.read();
    assert.deepEqual([first?.ptsUs, first?.isKeyFrame, first?.payload[0]], [second * 1e6, true, second * 4]);
    assert.deepEqual([next?.ptsUs, next?.kind], [second * 1e6, "audio"]);
  }
}

Deno.test("MkvDemuxer seeks by Cues, whatever is read at once", async () => {
  for (const blockBytes of [1, 64, 262_144]) {
    const demuxer = await open(filmWithCues(), { blockBytes });
    assert.equal(demuxer.scan, undefined);
    await assertSeeks(demuxer);
    await demuxer.seek(8e6);
    assert.equal((await readAll(demuxer)).length, 12);
  }
});

/** Where wrong Cues point, by where the clusters are and the second. */
const WRONG_CUES: readonly (readonly [string, (positions: readonly number[], second: number) => number])[] = [
  ["to the Cues themselves", () => 40],
  ["all to the first cluster", (positions) => positions[0]!],
  ["to a place inside clusters", (positions, second) => positions[second]! + 3],
  ["past the end", (positions, second) => positions[second]! + 1e9],
  ["to 2^63", () => 2 ** 63],
  ["to the cluster of the second before", (positions, second) => positions[Math.max(0, second - 1)]!],
  ["to the cluster of the second after", (positions, second) => positions[Math.min(9, second + 1)]!],
  ["in falling order", (positions, second) => positions[9 - second]!],
];

for (const [name, point] of WRONG_CUES) {
  Deno.test(`MkvDemuxer seeks right with Cues that point ${name}`, async () => {
    await assertSeeks(await open(filmWithCues(point)));
  });
}

Deno.test("MkvDemuxer seeks without Cues, and by an index", async () => {
  for (const wrap of [cluster, openCluster]) {
    const demuxer = await open(file(TRACKS, ...filmClusters(10, wrap)));
    assert.equal(demuxer.canSeek, true);
    await assertSeeks(demuxer);
    await demuxer.seek(3e6);
    const progress: number[] = [];
    const index = await demuxer.scan!({ onProgress: (done) => progress.push(done) });
    assert.deepEqual([...index.timesUs], Array.from({ length: 10 }, (_, second) => second * 1e6));
    assert.deepEqual(index.packetCounts, [40, 20]);
    assert.equal(index.durationUs, 10e6);
    assert.equal(progress.at(-1), 1);
    // the place to read from has not moved
    assert.equal((await demuxer.read())[0]?.ptsUs, 3e6);
    demuxer.useIndex(index);
    assert.equal(demuxer.summary.durationUs, 10e6);
    await assertSeeks(demuxer);
    demuxer.useIndex({ ...index, offsets: index.offsets.map((offset) => offset + 1) });
    await assertSeeks(demuxer);
  }
});

Deno.test("MkvDemuxer halves a file whose clusters are far apart", async () => {
  const filler = element(ID.Void, new Uint8Array(700_000).fill(0x1f));
  const clusters = filmClusters(10).map((bytes) => concatBytes([bytes, filler]));
  await assertSeeks(await open(file(TRACKS, ...clusters)));
  // one key frame at the start, the rest leads back to it
  const rest = Array.from(
    { length: 12 },
    (_, second) => concatBytes([cluster(second * 1000 + 1000, simpleBlock({}, frame(1))), filler]),
  );
  const single = await open(file(TRACKS, cluster(0, simpleBlock({ flags: 0x80 }, frame(9))), ...rest));
  assert.deepEqual(await single.seek(11.5e6), { timeUs: 0 });
  assert.equal((await single.read())[0]?.payload[0], 9);
});

Deno.test("MkvDemuxer seeks a file of sound alone to the very packet", async () => {
  const blocks = Array.from(
    { length: 20 },
    (_, at) =>
      simpleBlock({ ticks: at * 100, flags: 0x84 }, new Uint8Array([1]), frame(at, 3), frame(at + 100, 3)),
  );
  const sound = track({ ...AUDIO, number: 1 }, uint(ID.DefaultDuration, 50_000_000));
  const demuxer = await open(file([sound], cluster(0, ...blocks)));
  for (
    const [target, found] of [[0, 0], [0.12, 0.1], [0.17, 0.15], [1.96, 1.95], [9, 1.95], [-1, 0]] as const
  ) {
    assert.deepEqual(await demuxer.seek(target * 1e6), { timeUs: found * 1e6 });
    assert.equal((await demuxer.read())[0]?.ptsUs, found * 1e6);
  }
});

Deno.test("MkvDemuxer ends a scan when told to, and seeks nowhere in a file without clusters", async () => {
  const demuxer = await open(file(TRACKS, ...filmClusters(1)));
  const reason = new Error("enough");
  await assert.rejects(demuxer.scan!({ signal: AbortSignal.abort(reason) }), reason);
  const empty = await open(file(TRACKS));
  assert.deepEqual(await empty.seek(5e6), { timeUs: 0 });
  assert.deepEqual(await empty.read(), []);
});

Deno.test("MkvDemuxer gives out what came before a bomb, names the limit, and reads on behind it", async () => {
  const zlib = element(ID.ContentEncodings, element(ID.ContentEncoding, element(ID.ContentCompression)));
  const deflated = (bytes: Uint8Array) => new Uint8Array(deflateSync(bytes));
  const bytes = file(
    [track(VIDEO, zlib)],
    cluster(
      0,
      simpleBlock({ flags: 0x80 }, deflated(frame(1))),
      simpleBlock({ ticks: 1 }, frame(2)),
      simpleBlock({ ticks: 2 }, deflated(new Uint8Array(MAX_MKV_INFLATED_BYTES + 1))),
      simpleBlock({ ticks: 3 }, deflated(frame(3))),
    ),
  );
  const demuxer = await open(bytes);
  assert.deepEqual(listed(await demuxer.read()), [`0@0K:${frame(1).toHex()}`]);
  await assert.rejects(demuxer.read(), /MAX_MKV_INFLATED_BYTES/);
  assert.deepEqual(listed(await demuxer.read()), [`0@3:${frame(3).toHex()}`]);
  assert.equal(demuxer.statistics.brokenFrames, 1);
});

Deno.test("MkvDemuxer tells what it passed over, and where a file is cut off", async () => {
  const bytes = file(TRACKS, ...filmClusters(1), new Uint8Array(50), ...filmClusters(1));
  const demuxer = await open(bytes);
  await readAll(demuxer);
  const offset = file(TRACKS, ...filmClusters(1)).length;
  assert.deepEqual(demuxer.faults, [{ offset, message: "Junk between clusters: 50 bytes were passed over" }]);
  const cut = await open(bytes.subarray(0, offset - 4));
  assert.equal((await readAll(cut)).length, 5);
  const at = offset - 11;
  const message = `Element cut off: need 11 bytes at offset ${at}, have 7`;
  assert.deepEqual(cut.faults, [{ offset: at, message }]);
});

Deno.test("MkvDemuxer drops times no number holds", async () => {
  const late = elementOfSize(ID.Timestamp, vint(8), Uint8Array.fromHex("ffffffffffffffff"));
  const demuxer = await open(file(
    TRACKS,
    element(ID.Cluster, late, simpleBlock({ flags: 0x80 }, frame(1))),
    cluster(0, simpleBlock({ flags: 0x80 }, frame(2))),
  ));
  assert.equal((await readAll(demuxer)).length, 1);
  assert.equal(demuxer.statistics.brokenFrames, 1);
});

Deno.test("MkvDemuxer does not open a head without end", async () => {
  const voids = concatBytes(Array.from({ length: 5000 }, () => element(ID.Void)));
  await assert.rejects(open(file(TRACKS, voids)), /MAX_MKV_HEAD_ELEMENTS/);
});

Deno.test("MkvDemuxer survives every change of its bytes", async () => {
  const film = filmWithCues();
  const change = fc.record({
    at: fc.nat(film.length - 1),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
    target: fc.integer({ min: -1, max: 11 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      const changed = film.slice();
      for (const { at, bytes } of changes) changed.set(bytes.subarray(0, film.length - at), at);
      try {
        const demuxer = await open(changed, SMALL);
        const packets = await readAll(demuxer);
        for (const { dtsTicks, ptsTicks } of packets) assert.ok(dtsTicks <= ptsTicks);
        await demuxer.seek(changes[0]!.target * 1e6);
        await readAll(demuxer);
        await demuxer.scan?.();
      } catch (error) {
        assert.ok(error instanceof FormatError || error instanceof LimitError, String(error));
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("cuesOf has the same size whatever it says", () => {
  assert.equal(cuesOf([1, 2]).length, cuesOf([2 ** 40, 2 ** 62]).length);
});
