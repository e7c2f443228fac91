import assert from "node:assert/strict";
import fc from "fast-check";
import { MemorySource } from "#bytes";
import { FormatError, LimitError } from "#errors";
import type { MediaPacket } from "#media";
import {
  AAC_CONFIG,
  AVC_CONFIG,
  CONFIG_TAGS,
  fileOf,
  frameTag,
  mediaTags,
  metadataTag,
  offsetsOf,
  soundTag,
  tag,
} from "../_film_test.ts";
import { FLV_TAG_TYPE, FlvDemuxer, type FlvTag } from "../mod.ts";

const TAGS: readonly FlvTag[] = [
  metadataTag({ duration: 4, encoder: "test" }),
  ...CONFIG_TAGS,
  ...mediaTags(4),
];
const FILE = fileOf(TAGS);

const openBytes = (bytes: Uint8Array) => FlvDemuxer.open(new MemorySource(bytes));

async function readAll(demuxer: FlvDemuxer): Promise<MediaPacket[]> {
  const packets: MediaPacket[] = [];
  for (let batch = await demuxer.read(); batch.length > 0; batch = await demuxer.read()) {
    packets.push(...batch);
  }
  return packets;
}

const line = (packet: MediaPacket) =>
  `${packet.kind} ${packet.role} ${packet.dtsTicks} ${packet.ptsTicks} ${
    packet.payload.toHex().slice(0, 16)
  }`;

/** Key frames of the film are presented at 80, 1080, 2080 and 3080 ms. */
async function firstAfterSeek(demuxer: FlvDemuxer, timeUs: number): Promise<number | undefined> {
  const { timeUs: landedUs } = await demuxer.seek(timeUs);
  const packets = await readAll(demuxer);
  const first = packets.find(({ kind, role }) => kind === "video" && role === "media");
  assert.equal(first?.isKeyFrame, true);
  assert.equal(first.ptsUs, landedUs);
  assert.deepEqual(
    packets.filter(({ role }) => role === "config").map(({ payload, dtsUs }) => [payload.toHex(), dtsUs]),
    [[AVC_CONFIG.toHex(), first.dtsUs], [AAC_CONFIG.toHex(), first.dtsUs]],
  );
  return first.ptsUs;
}

Deno.test("FlvDemuxer tells what is in a file", async () => {
  const { tracks, ...rest } = (await openBytes(FILE)).summary;
  assert.deepEqual(rest, { formatName: "flv", startUs: 0, durationUs: 4_000_000, tags: { encoder: "test" } });
  assert.deepEqual(
    tracks.map(({ index, kind, codec, codecName, timescale, width, height, sampleRate, channels }) => ({
      ...{ index, kind, codec, codecName, timescale, width, height, sampleRate, channels },
    })),
    [
      {
        ...{
          index: 0,
          kind: "video",
          codec: "avc1",
          codecName: "h264",
          timescale: 1000,
          width: 640,
          height: 360,
        },
        ...{ sampleRate: undefined, channels: undefined },
      },
      {
        ...{ index: 1, kind: "audio", codec: "mp4a", codecName: "aac", timescale: 1000, width: undefined },
        ...{ height: undefined, sampleRate: 44_100, channels: 2 },
      },
    ],
  );
  assert.deepEqual(tracks.map(({ codecConfig }) => codecConfig), [AVC_CONFIG, AAC_CONFIG]);
});

Deno.test("FlvDemuxer gives each tag as a packet with its tag body, in order", async () => {
  const packets = await readAll(await openBytes(FILE));
  assert.deepEqual(packets.map(({ flvTagBody }) => flvTagBody), TAGS.map(({ body }) => body));
  assert.deepEqual(packets.slice(0, 5).map(line), [
    `data metadata 0 0 ${TAGS[0]!.body.toHex().slice(0, 16)}`,
    `video config 0 0 ${AVC_CONFIG.toHex().slice(0, 16)}`,
    "audio config 0 0 1210",
    "video media 0 80 0000003865000000",
    "audio media 0 0 000021",
  ]);
  assert.deepEqual(packets.slice(0, 5).map(({ trackIndex }) => trackIndex), [-1, 0, 1, 0, 1]);
});

Deno.test("FlvDemuxer seeks to the newest key frame at or before a time, the first if there is none", async () => {
  const demuxer = await openBytes(FILE);
  const times = [-1, 0, 79_999, 80_000, 1_079_999, 1_080_000, 3_500_000, 1e12];
  const landed: (number | undefined)[] = [];
  for (const timeUs of times) landed.push(await firstAfterSeek(demuxer, timeUs));
  assert.deepEqual(landed, [80_000, 80_000, 80_000, 80_000, 80_000, 1_080_000, 3_080_000, 3_080_000]);
});

/** 40 MB, so that halving has something to halve; groups of pictures of 10 s. */
const LONG = [...CONFIG_TAGS, ...mediaTags(160, { gop: 250, bytes: 10_000 })];

Deno.test("FlvDemuxer seeks in a long file without reading it", async () => {
  const bytes = fileOf(LONG);
  const source = new CountingSource(bytes);
  const demuxer = await FlvDemuxer.open(source);
  for (const seconds of [0, 3, 9.9, 10.2, 77, 80.1, 159, 500]) {
    source.readBytes = 0;
    const { timeUs } = await demuxer.seek(seconds * 1e6);
    assert.equal(timeUs, Math.max(0, Math.floor((Math.min(seconds, 159.9) - 0.08) / 10) * 10) * 1e6 + 80_000);
    assert.ok(
      source.readBytes < 8_000_000,
      `${source.readBytes} bytes read for ${seconds} s of ${bytes.length}`,
    );
  }
});

Deno.test("FlvDemuxer seeks right where sound is padded with zeros, which look like tags of some MiB", async () => {
  const padding = Uint8Array.of(0x21, 9, 0x31, 0x78, 0xa8, ...new Uint8Array(60));
  const padded = mediaTags(30, { bytes: 4000 }).map((each) =>
    each.tagType === FLV_TAG_TYPE.Audio ? tag(each.tagType, each.timestampMs, [0xaf, 1, padding]) : each
  );
  const demuxer = await openBytes(fileOf([...CONFIG_TAGS, ...padded]));
  for (let ms = 50; ms < 30_000; ms += 333) {
    const { timeUs } = await demuxer.seek(ms * 1000);
    assert.equal(timeUs, Math.max(0, Math.floor((ms - 80) / 1000)) * 1e6 + 80_000, `at ${ms} ms`);
  }
});

class CountingSource extends MemorySource {
  readBytes = 0;

  override async readAt(offset: number, into: Uint8Array): Promise<number> {
    const count = await super.readAt(offset, into);
    this.readBytes += count;
    return count;
  }
}

const keyRows = (tags: readonly FlvTag[]) =>
  tags.flatMap(({ tagType, timestampMs, body }, index) =>
    tagType === FLV_TAG_TYPE.Video && body[0] === 0x17 && body[1] === 1
      ? [{ time: timestampMs / 1000, offset: offsetsOf(tags)[index]! }]
      : []
  );

/** Indexes of `onMetaData`, true and untrue, all of the length of the true one. */
const INDEXES: readonly { name: string; change: (rows: { time: number; offset: number }[]) => unknown }[] = [
  { name: "true", change: (rows) => rows },
  { name: "of random offsets", change: (rows) => rows.map((row, at) => ({ ...row, offset: 777 * at })) },
  { name: "of times 5 s late", change: (rows) => rows.map((row) => ({ ...row, time: row.time + 5 })) },
  { name: "of times twice as fast", change: (rows) => rows.map((row) => ({ ...row, time: row.time / 2 })) },
  {
    name: "of offsets past the end",
    change: (rows) => rows.map((row) => ({ ...row, offset: row.offset + 1e9 })),
  },
  { name: "that goes back", change: (rows) => rows.toReversed() },
  { name: "of NaN", change: (rows) => rows.map((row) => ({ ...row, time: NaN })) },
  { name: "of other frames", change: (rows) => rows.map((row) => ({ ...row, offset: row.offset + 80 })) },
  {
    name: "that leaves key frames out",
    change: (rows) => rows.map((row, at) => at % 2 === 0 ? row : rows[at - 1]!),
  },
];

for (const { name, change } of INDEXES) {
  Deno.test(`FlvDemuxer seeks right with an index in the metadata ${name}`, async () => {
    const placeholders = metadataOf(keyRows([metadataOf([]), ...TAGS.slice(1)]));
    const rows = change(keyRows([placeholders, ...TAGS.slice(1)])) as { time: number; offset: number }[];
    const demuxer = await openBytes(fileOf([metadataOf(rows), ...TAGS.slice(1)]));
    const landed: (number | undefined)[] = [];
    for (const timeUs of [0, 1_000_000, 1_080_000, 2_500_000, 3_900_000]) {
      landed.push(await firstAfterSeek(demuxer, timeUs));
    }
    assert.deepEqual(landed, [80_000, 80_000, 1_080_000, 2_080_000, 3_080_000]);
  });
}

function metadataOf(rows: readonly { time: number; offset: number }[]): FlvTag {
  return metadataTag({
    keyframes: { times: rows.map(({ time }) => time), filepositions: rows.map(({ offset }) => offset) },
  });
}

Deno.test("FlvDemuxer scans a file into an index, and seeks by it", async () => {
  const demuxer = await openBytes(FILE);
  const done: number[] = [];
  const index = await demuxer.scan({ onProgress: (part) => done.push(part) });
  const rows = keyRows(TAGS);
  assert.deepEqual([...index.timesUs], [80_000, 1_080_000, 2_080_000, 3_080_000]);
  assert.deepEqual([...index.offsets], rows.map(({ offset }) => offset));
  assert.deepEqual(index.packetCounts, [100, 200]);
  assert.equal(index.durationUs, 4_080_000);
  assert.equal(index.scannedBytes, FILE.length);
  assert.equal(done.at(-1), 1);
  demuxer.useIndex(index);
  assert.equal(demuxer.summary.durationUs, 4_080_000);
  assert.equal(await firstAfterSeek(demuxer, 2_500_000), 2_080_000);
  const abort = AbortSignal.abort(new Error("stop"));
  await assert.rejects(demuxer.scan({ signal: abort }), { message: "stop" });
});

Deno.test("FlvDemuxer scans on from the end of an index where the file has grown", async () => {
  const source = new MemorySource(FILE);
  const demuxer = await FlvDemuxer.open(source);
  demuxer.useIndex(await demuxer.scan());
  for (const next of mediaTags(2, { startMs: 4000 })) source.append(fileOf([next]).subarray(13));
  const grown = await demuxer.scan();
  const whole = await (await FlvDemuxer.open(source)).scan();
  assert.deepEqual(grown, whole);
  assert.equal(whole.timesUs.at(-1), 5_080_000);
  demuxer.useIndex(grown);
  assert.equal(await firstAfterSeek(demuxer, 4_500_000), 4_080_000);
});

Deno.test("FlvDemuxer goes on where a file grows, at every cut", async () => {
  const tags = TAGS.slice(0, 6);
  const bytes = fileOf(tags);
  const expected = tags.map(({ body }) => body.toHex());
  for (let cut = 13; cut <= bytes.length; cut++) {
    const source = new MemorySource(bytes.slice(0, cut));
    const demuxer = await FlvDemuxer.open(source);
    const before = await readAll(demuxer);
    assert.deepEqual(await demuxer.read(), []);
    source.append(bytes.subarray(cut));
    const packets = [...before, ...await readAll(demuxer)];
    assert.deepEqual(packets.map(({ flvTagBody }) => flvTagBody!.toHex()), expected, `cut at ${cut}`);
  }
});

Deno.test("FlvDemuxer plays a file cut anywhere up to the cut, or says at once what is missing", async () => {
  const tags = TAGS.slice(0, 12);
  const bytes = fileOf(tags);
  const ends = offsetsOf(tags).map((offset, at) => offset + 11 + tags[at]!.body.length);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const opening = openBytes(bytes.slice(0, cut));
    if (cut < 9) {
      const message = `Cannot read FLV header: need 9 bytes at offset 0, have ${cut}`;
      await assert.rejects(opening, { name: "FormatError", message });
      continue;
    }
    const demuxer = await opening;
    const packets = await readAll(demuxer);
    assert.equal(packets.length, ends.filter((end) => end <= cut).length, `cut at ${cut}`);
    const isWhole = cut <= 13 || [...ends, ...ends.map((end) => end + 4)].includes(cut);
    assert.match(demuxer.faults[0]?.message ?? "", isWhole ? /^$/ : /^Tag cut off: need \d+ bytes at offset/);
    if (!isWhole) assert.ok(cut > demuxer.faults[0]!.offset, `cut at ${cut}`);
  }
});

Deno.test("FlvDemuxer takes the duration from the last tag where the metadata does not tell", async () => {
  const bare = [metadataTag({ duration: 0 }), ...TAGS.slice(1)];
  const durationOf = async (bytes: Uint8Array) => (await openBytes(bytes)).summary.durationUs;
  assert.equal(await durationOf(fileOf(bare)), 3_980_000);
  assert.equal(await durationOf(fileOf(TAGS.slice(1))), 3_980_000);
  assert.equal(await durationOf(fileOf(bare).subarray(0, -10)), 3_960_000, "cut in the last tag");
  const junk = new Uint8Array(200_000).fill(7);
  assert.equal(
    await durationOf(new Uint8Array([...fileOf(bare), ...junk])),
    3_980_000,
    "junk after the last tag",
  );
  const late = fileOf([...CONFIG_TAGS, ...mediaTags(2, { startMs: 3_600_000 })]);
  const { startUs, durationUs } = (await openBytes(late)).summary;
  assert.deepEqual([startUs, durationUs], [3_600_000_000, 1_980_000]);
  assert.equal((await openBytes(fileOf([]))).summary.durationUs, undefined);
});

Deno.test("FlvDemuxer ends at junk after the last tag, and passes over junk between tags", async () => {
  const junk = new Uint8Array(5000).map((_, at) => at * 31);
  const ended = new Uint8Array([...FILE, ...junk]);
  assert.equal((await readAll(await openBytes(ended))).length, TAGS.length);
  const at = offsetsOf(TAGS)[50]!;
  const torn = new Uint8Array([...FILE.subarray(0, at), ...junk, ...FILE.subarray(at)]);
  const tornDemuxer = await openBytes(torn);
  assert.equal((await readAll(tornDemuxer)).length, TAGS.length);
  assert.deepEqual(tornDemuxer.faults, [
    { offset: at, message: "Junk between tags: 5000 bytes were passed over" },
  ]);
  const endless = new Uint8Array([
    ...FILE.subarray(0, at),
    ...new Uint8Array(1_100_000),
    ...FILE.subarray(at),
  ]);
  const demuxer = await openBytes(endless);
  const packets: MediaPacket[] = [];
  await assert.rejects(async () => {
    for (;;) packets.push(...await demuxer.read());
  }, FormatError);
  assert.equal(packets.length, 50, "what came before the junk was delivered");
  await assert.rejects(demuxer.read(), FormatError);
  await demuxer.seek(0);
  assert.equal((await demuxer.read())[0]?.role, "config", "a seek leaves the fault behind");
});

const BLUE = AVC_CONFIG.slice();
BLUE[BLUE.length - 1] = 0x21;

/** The picture changes its configuration after 2 s; the old one is sent again after 3 s. */
const CHANGING: readonly FlvTag[] = [
  ...CONFIG_TAGS,
  ...mediaTags(2),
  tag(FLV_TAG_TYPE.Video, 2000, [0x17, 0, 0, 0, 0, BLUE]),
  ...mediaTags(4).filter(({ timestampMs }) => timestampMs >= 2000 && timestampMs < 3000),
  tag(FLV_TAG_TYPE.Video, 3000, [0x17, 0, 0, 0, 0, AVC_CONFIG]),
  ...mediaTags(4).filter(({ timestampMs }) => timestampMs >= 3000),
];

Deno.test("FlvDemuxer gives the configurations that hold where a seek lands", async () => {
  const videoConfigAt = async (demuxer: FlvDemuxer, timeUs: number) => {
    await demuxer.seek(timeUs);
    const packets = await readAll(demuxer);
    const key = packets.findIndex(({ kind, role }) => kind === "video" && role === "media");
    const before = packets.slice(0, key).filter(({ kind }) => kind === "video");
    return before.map(({ payload }) => payload.at(-1));
  };
  const index = await (await openBytes(fileOf(CHANGING))).scan();
  assert.equal(index.configOffsets?.length, 4);
  const indexed = await openBytes(fileOf(CHANGING));
  indexed.useIndex(index);
  const read = await openBytes(fileOf(CHANGING));
  await readAll(read);
  for (const demuxer of [indexed, read]) {
    assert.deepEqual(await videoConfigAt(demuxer, 3_500_000), [0x20]);
    assert.deepEqual(await videoConfigAt(demuxer, 2_500_000), [0x21]);
    assert.deepEqual(await videoConfigAt(demuxer, 1_500_000), [0x20]);
    assert.deepEqual(await videoConfigAt(demuxer, 2_500_000), [0x21]);
  }
});

Deno.test("FlvDemuxer leaves out a tag whose body is broken, and encrypted tags", async () => {
  const broken = tag(FLV_TAG_TYPE.Video, 40, [0x17, 1]);
  const encrypted = { ...frameTag(2), tagType: (FLV_TAG_TYPE.Video | 0x20) as typeof FLV_TAG_TYPE.Video };
  const packets = await readAll(
    await openBytes(fileOf([...CONFIG_TAGS, frameTag(0), broken, encrypted, frameTag(3)])),
  );
  assert.deepEqual(packets.map(({ role, dtsTicks }) => [role, dtsTicks]), [
    ["config", 0],
    ["config", 0],
    ["media", 0],
    ["media", 120],
  ]);
});

/** AV1 on track 1 and VP9 on track 2 in one body: Enhanced RTMP v2, ManyTracksManyCodecs. */
const MANY = [0x96, 0x21, ...[0x61, 0x76, 0x30, 0x31, 1, 0, 0, 2, 7, 8], ...[
  0x76,
  0x70,
  0x30,
  0x39,
  2,
  0,
  0,
  1,
  9,
]];

Deno.test("FlvDemuxer splits a body that carries several tracks", async () => {
  const many = tag(FLV_TAG_TYPE.Video, 40, MANY);
  const one = tag(FLV_TAG_TYPE.Audio, 40, [0x95, 0x01, 0x4f, 0x70, 0x75, 0x73, 3, 1, 2]);
  const demuxer = await openBytes(fileOf([many, one]));
  const packets = await readAll(demuxer);
  assert.deepEqual(
    packets.map(({ trackIndex, trackId, codec, isKeyFrame, payload, flvTagBody }) => [
      ...[trackIndex, trackId, codec, isKeyFrame, payload.toHex(), flvTagBody?.length],
    ]),
    [
      [0, 1, "av01", true, "0708", undefined],
      [1, 2, "vp09", true, "09", undefined],
      [2, 3, "Opus", true, "0102", 9],
    ],
  );
  assert.deepEqual(
    demuxer.summary.tracks.map(({ codecName, containerTrackId }) => [codecName, containerTrackId]),
    [
      ["av1", 1],
      ["vp9", 2],
      ["opus", 3],
    ],
  );
});

Deno.test("FlvDemuxer names legacy sound as ffprobe does", async () => {
  const cases: readonly [number, string, number, number][] = [
    [0x2f, "mp3", 44_100, 2],
    [0x36, "pcm_s16le", 11_025, 1],
    [0x3d, "pcm_u8", 44_100, 2],
    [0x52, "nellymoser", 8000, 1],
    [0x72, "pcm_alaw", 8000, 1],
    [0xb2, "speex", 16_000, 1],
    [0x16, "adpcm_swf", 11_025, 1],
  ];
  for (const [first, codecName, sampleRate, channels] of cases) {
    const demuxer = await openBytes(fileOf([tag(FLV_TAG_TYPE.Audio, 0, [first, 1, 2, 3, 4])]));
    const [track] = demuxer.summary.tracks;
    assert.deepEqual([track?.codecName, track?.sampleRate, track?.channels], [
      codecName,
      sampleRate,
      channels,
    ]);
  }
});

Deno.test("FlvDemuxer shows members of the metadata as ffprobe does", async () => {
  const date = new Date(Date.UTC(2026, 10, 24, 23, 30, 0));
  const members = {
    width: 320,
    title: "A",
    canSeek: true,
    level: 3.7,
    made: date,
    inner: { artist: "B" },
    list: ["x"],
  };
  const { tags } = (await openBytes(fileOf([metadataTag(members)]))).summary;
  assert.deepEqual(tags, {
    title: "A",
    canSeek: "true",
    level: "4",
    made: "Tue, 24 Nov 2026 23:30:00 +0000",
    artist: "B",
  });
});

Deno.test("FlvDemuxer seeks by audio where there is no video", async () => {
  const tags = [CONFIG_TAGS[1]!, ...Array.from({ length: 500 }, (_, frame) => soundTag(frame))];
  const demuxer = await openBytes(fileOf(tags));
  assert.equal((await demuxer.seek(5_555_000)).timeUs, 5_540_000);
  const index = await demuxer.scan();
  assert.equal(index.timesUs.length, 10);
  demuxer.useIndex(index);
  assert.equal((await demuxer.seek(5_555_000)).timeUs, 5_540_000);
});

Deno.test("FlvDemuxer refuses what is no FLV file, and closes it", async () => {
  let isClosed = false;
  class Watched extends MemorySource {
    override close(): void {
      isClosed = true;
    }
  }
  const message = "Cannot read FLV: the file begins with 000000, not 464c56";
  await assert.rejects(FlvDemuxer.open(new Watched(new Uint8Array(100))), { name: "FormatError", message });
  assert.equal(isClosed, true);
});

Deno.test("FlvDemuxer reads what any mutation leaves, or throws FormatError or LimitError", async () => {
  const tags = TAGS.slice(0, 60);
  const base = fileOf(tags);
  const edit = fc.record({ at: fc.nat(base.length - 1), byte: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(edit, { minLength: 1, maxLength: 8 }),
      fc.nat(base.length),
      async (edits, end) => {
        const bytes = base.slice(0, end);
        for (const { at, byte } of edits) if (at < end) bytes[at] = byte;
        try {
          const demuxer = await openBytes(bytes);
          await readAll(demuxer);
          for (const timeUs of [0, 500_000]) {
            await demuxer.seek(timeUs);
            await demuxer.read();
          }
          demuxer.useIndex(await demuxer.scan());
          await demuxer.seek(500_000);
        } catch (error) {
          assert.ok(error instanceof FormatError || error instanceof LimitError, String(error));
        }
      },
    ),
    { numRuns: 300 },
  );
});
