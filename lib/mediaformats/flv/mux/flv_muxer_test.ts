import assert from "node:assert/strict";
import { AmfEcmaArray, amfMembers } from "#amf";
import { concatBytes, MemorySource } from "#bytes";
import type { MediaPacket, Muxer, MuxTrack, Packet } from "#media";
import { AAC_CONFIG, AVC_CONFIG, CONFIG_TAGS, fileOf, mediaTags, metadataTag } from "../_film_test.ts";
import {
  decodeScriptData,
  encodeScriptData,
  FLV_TAG_TYPE,
  FlvDemuxer,
  FlvMuxer,
  FlvTagReader,
  flvTagToPacket,
  readFlvResumePoint,
} from "../mod.ts";

const TRACKS: readonly MuxTrack[] = [
  { kind: "video", trackId: 0, codec: "avc1", codecConfig: AVC_CONFIG },
  { kind: "audio", trackId: 0, codec: "mp4a", codecConfig: AAC_CONFIG },
];
const FILM: readonly Packet[] = [...CONFIG_TAGS, ...mediaTags(4)].map((one) => flvTagToPacket(one)!);

function written(
  muxer: Muxer,
  packets: readonly Packet[],
  before = new Uint8Array(0),
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [before, muxer.begin(), ...packets.map((packet) => muxer.write(packet))];
  const { append, patches } = muxer.end();
  const bytes = concatBytes([...parts, append]);
  for (const { offset, bytes: change } of patches) {
    assert.ok(offset + change.length <= bytes.length);
    bytes.set(change, offset);
  }
  return bytes;
}

async function readAll(bytes: Uint8Array): Promise<{ demuxer: FlvDemuxer; packets: MediaPacket[] }> {
  const demuxer = await FlvDemuxer.open(new MemorySource(bytes));
  const packets: MediaPacket[] = [];
  for (let batch = await demuxer.read(); batch.length > 0; batch = await demuxer.read()) {
    packets.push(...batch);
  }
  return { demuxer, packets };
}

const metadataIn = (bytes: Uint8Array) => {
  const [first] = new FlvTagReader().push(bytes);
  return amfMembers(decodeScriptData(first!.body).values[0])!;
};

Deno.test("FlvMuxer writes packets as they came, with duration, size and index in the metadata", async () => {
  const bytes = written(new FlvMuxer(TRACKS), FILM);
  const { demuxer, packets } = await readAll(bytes);
  assert.deepEqual(
    packets.slice(1).map(({ flvTagBody, dtsUs }) => [flvTagBody!.toHex(), dtsUs]),
    FILM.map(({ flvTagBody, dtsUs }) => [flvTagBody!.toHex(), dtsUs]),
  );
  const { spacer, keyframes, ...members } = metadataIn(bytes);
  assert.deepEqual({ ...members }, {
    ...{ width: 640, height: 360, framerate: 25, videocodecid: 7, audiosamplerate: 44_100, stereo: true },
    ...{ audiocodecid: 10, duration: 4.08, filesize: bytes.length },
  });
  assert.ok(Array.isArray(spacer));
  const { timesUs, offsets } = await demuxer.scan();
  assert.deepEqual(amfMembers(keyframes)?.times, [0, 1, 2, 3]);
  assert.deepEqual(amfMembers(keyframes)?.filepositions, [...offsets]);
  assert.equal(timesUs.length, 4);
});

Deno.test("FlvMuxer makes a file that plays at any moment", async () => {
  const muxer = new FlvMuxer(TRACKS);
  const source = new MemorySource(muxer.begin());
  for (const [count, packet] of FILM.slice(2, 40).entries()) {
    source.append(muxer.write(packet));
    const demuxer = await FlvDemuxer.open(source);
    assert.equal((await demuxer.read()).length, 3 + count + 1);
  }
});

Deno.test("FlvMuxer keeps the distance of the tracks, and moves all by as much where one starts before 0", async () => {
  const packet = (kind: "audio" | "video", dtsUs: number, ptsUs: number): Packet => ({
    ...{ kind, trackId: 0, codec: kind === "video" ? "avc1" : "mp4a", role: "media", dtsUs, ptsUs },
    ...{ isKeyFrame: true, payload: new Uint8Array([0, 0, 0, 1, 0x65]) },
  });
  const early = [
    packet("audio", -46_440, -46_440),
    packet("video", -80_000, 0),
    packet("audio", -23_220, -23_220),
    packet("video", -40_000, 120_000),
    packet("video", 0, 40_000),
  ];
  const { packets } = await readAll(written(new FlvMuxer(TRACKS), early));
  const times = packets.filter(({ role }) => role === "media").map((
    { dtsTicks, ptsTicks },
  ) => [dtsTicks, ptsTicks]);
  assert.deepEqual(times, [[0, 0], [0, 46], [23, 23], [6, 166], [46, 86]]);
  const late = [packet("video", 3_600_000_000, 3_600_000_000), packet("audio", 3_600_010_000, 3_600_010_000)];
  const kept = await readAll(written(new FlvMuxer(TRACKS), late));
  assert.deepEqual(kept.packets.slice(-2).map(({ dtsTicks }) => dtsTicks), [3_600_000, 3_600_010]);
});

Deno.test("FlvMuxer rounds presentation and decoding each to its own ms", async () => {
  const packet: Packet = {
    ...{ kind: "video", trackId: 0, codec: "avc1", role: "media", isKeyFrame: true },
    ...{ dtsUs: 33_400, ptsUs: 66_700, payload: new Uint8Array([0, 0, 0, 1, 0x65]) },
  };
  const { packets } = await readAll(written(new FlvMuxer(TRACKS), [packet]));
  assert.deepEqual([packets.at(-1)?.dtsTicks, packets.at(-1)?.ptsTicks], [33, 67]);
});

Deno.test("FlvMuxer leaves key frames out where there are more than room", async () => {
  for (const maxKeyFrames of [0, 1, 2, 3, 10]) {
    const muxer = new FlvMuxer(TRACKS, { maxKeyFrames });
    const bytes = written(muxer, [...CONFIG_TAGS, ...mediaTags(40)].map((one) => flvTagToPacket(one)!));
    const { keyframes, duration } = metadataIn(bytes);
    const times = amfMembers(keyframes)?.times as number[] | undefined;
    assert.equal(duration, 40.08);
    assert.ok((times?.length ?? 0) <= maxKeyFrames);
    assert.ok((times?.length ?? 0) >= Math.min(maxKeyFrames / 2, 10));
    const { demuxer } = await readAll(bytes);
    for (const seconds of [0.5, 7.7, 23.5, 39.9]) {
      assert.equal((await demuxer.seek(seconds * 1e6)).timeUs, Math.floor(seconds - 0.08) * 1e6 + 80_000);
    }
  }
});

Deno.test("FlvMuxer keeps the stream's metadata, but what is true of another file", () => {
  const muxer = new FlvMuxer(TRACKS, {
    metadata: { encoder: "obs", width: 1, duration: 77, filesize: 5, keyframes: {}, spacer: "x" },
    tags: { title: "A", encoder: "me" },
  });
  const again = encodeScriptData({
    name: "onMetaData",
    values: [new AmfEcmaArray({ encoder: "new", duration: 0 })],
  });
  const script = (role: "metadata" | "clear" | "data", payload: Uint8Array): Packet => ({
    ...{
      kind: "data",
      trackId: 0,
      codec: "script",
      role,
      dtsUs: 40_000,
      ptsUs: 40_000,
      isKeyFrame: false,
      payload,
    },
  });
  const cue = encodeScriptData({ name: "onCuePoint", values: [1] });
  const bytes = written(muxer, [script("metadata", again), script("clear", again), script("data", cue)]);
  const { keyframes: _, spacer: __, ...members } = metadataIn(bytes);
  assert.deepEqual([members.encoder, members.title, members.width, members.duration, members.filesize], [
    ...["obs", "A", 1, 0, bytes.length],
  ]);
  const tags = new FlvTagReader().push(bytes).filter(({ tagType }) => tagType === FLV_TAG_TYPE.Script).slice(
    1,
  );
  assert.deepEqual(tags.map(({ timestampMs, body }) => [timestampMs, decodeScriptData(body).name]), [
    [40, "onMetaData"],
    [40, "onCuePoint"],
  ]);
  assert.deepEqual({ ...amfMembers(decodeScriptData(tags[0]!.body).values[0]) }, { encoder: "new" });
});

Deno.test("FlvMuxer writes a configuration again only when it changed", async () => {
  const [config] = FILM;
  const other = {
    ...config!,
    payload: new Uint8Array([1, 2, 3]),
    flvTagBody: new Uint8Array([0x17, 0, 0, 0, 0, 1, 2, 3]),
  };
  const { packets } = await readAll(written(new FlvMuxer(TRACKS), [config!, config!, other, other, config!]));
  const configs = packets.filter(({ role, kind }) => role === "config" && kind === "video");
  assert.deepEqual(configs.map(({ payload }) => payload.length), [AVC_CONFIG.length, 3, AVC_CONFIG.length]);
});

Deno.test("FlvMuxer writes enhanced codecs and further tracks", async () => {
  const tracks: readonly MuxTrack[] = [
    { kind: "video", trackId: 0, codec: "hvc1", codecConfig: new Uint8Array([1, 2]), width: 64, height: 48 },
    { kind: "audio", trackId: 1, codec: "Opus", codecConfig: new Uint8Array([3, 4]) },
  ];
  const media: readonly Packet[] = [
    {
      ...{
        kind: "video",
        trackId: 0,
        codec: "hvc1",
        role: "media",
        dtsUs: 0,
        ptsUs: 40_000,
        isKeyFrame: true,
      },
      payload: new Uint8Array([9]),
    },
    {
      ...{
        kind: "audio",
        trackId: 1,
        codec: "Opus",
        role: "media",
        dtsUs: 20_000,
        ptsUs: 20_000,
        isKeyFrame: true,
      },
      payload: new Uint8Array([8]),
    },
  ];
  const bytes = written(new FlvMuxer(tracks), media);
  assert.equal(metadataIn(bytes).videocodecid, 0x68766331);
  const { packets } = await readAll(bytes);
  assert.deepEqual(
    packets.slice(1).map(({ kind, trackId, codec, role, dtsUs, ptsUs, payload }) => [
      ...[kind, trackId, codec, role, dtsUs, ptsUs, payload.toHex()],
    ]),
    [
      ["video", 0, "hvc1", "config", 0, 0, "0102"],
      ["audio", 1, "Opus", "config", 0, 0, "0304"],
      ["video", 0, "hvc1", "media", 0, 40_000, "09"],
      ["audio", 1, "Opus", "media", 20_000, 20_000, "08"],
    ],
  );
});

Deno.test("FlvMuxer writes no configuration of codecs whose frames say all", () => {
  const tagTypes = (codec: "ac-3" | "ec-3" | ".mp3" | "fLaC") => {
    const track = { kind: "audio", trackId: 0, codec, codecConfig: Uint8Array.of(0x10, 0x3d, 0xe0) } as const;
    return new FlvTagReader().push(new FlvMuxer([track]).begin()).map(({ tagType }) => tagType);
  };
  const { Script, Audio } = FLV_TAG_TYPE;
  for (const codec of ["ac-3", "ec-3", ".mp3"] as const) assert.deepEqual(tagTypes(codec), [Script], codec);
  assert.deepEqual(tagTypes("fLaC"), [Script, Audio]);
});

Deno.test("FlvMuxer refuses what FLV cannot hold", () => {
  const script: MuxTrack = { kind: "video", trackId: 0, codec: "script" };
  assert.throws(() => new FlvMuxer([script]), {
    name: "FormatError",
    message: "Cannot write tag body: codec script has neither a legacy form nor a FourCC",
  });
  const huge = { ...FILM[2]!, flvTagBody: new Uint8Array(0x100_0000) };
  assert.throws(() => new FlvMuxer(TRACKS).write(huge), { name: "FormatError" });
});

Deno.test("FlvMuxer notes tracks in the file header that start late", () => {
  const bytes = written(new FlvMuxer(TRACKS.slice(0, 1)), FILM);
  assert.equal(bytes[4], 5);
});

for (const state of ["finished", "cut off", "of another tool"] as const) {
  Deno.test(`FlvMuxer goes on with a file that is ${state}`, async () => {
    const first = state === "of another tool"
      ? fileOf([metadataTag({ duration: 1, encoder: "x" }), ...CONFIG_TAGS, ...mediaTags(4)])
      : written(new FlvMuxer(TRACKS), FILM);
    const found = state === "cut off" ? first.subarray(0, -3) : first;
    const point = await readFlvResumePoint(new MemorySource(found));
    assert.equal(point.fileBytes, state === "cut off" ? first.length - (11 + 5 + 4) : first.length);
    assert.equal(point.nextMs, 4080);
    const muxer = new FlvMuxer(TRACKS, { resume: point });
    const later = FILM.slice(2).map((packet) => ({
      ...packet,
      dtsUs: packet.dtsUs + point.nextMs * 1000,
      ptsUs: packet.ptsUs + point.nextMs * 1000,
    }));
    const bytes = written(muxer, later, found.slice(0, point.fileBytes));
    const { demuxer, packets } = await readAll(bytes);
    const media = packets.filter(({ role, kind }) => role === "media" && kind === "video");
    assert.equal(media.length, 200);
    assert.deepEqual(media.slice(98, 102).map(({ dtsTicks }) => dtsTicks), [3920, 3960, 4080, 4120]);
    assert.equal((await demuxer.seek(5_500_000)).timeUs, 5_160_000);
    const { duration, filesize, keyframes } = metadataIn(bytes);
    assert.equal(duration, 8.16);
    assert.equal(filesize, state === "of another tool" ? undefined : bytes.length);
    assert.deepEqual(
      amfMembers(keyframes)?.times,
      state === "of another tool" ? undefined : [
        ...[0.08, 1.08, 2.08, 3.08, 4.08, 5.08, 6.08, 7.08],
      ],
    );
  });
}

Deno.test("readFlvResumePoint refuses another format and takes a file without tags", async () => {
  await assert.rejects(readFlvResumePoint(new MemorySource(new Uint8Array(20))), { name: "FormatError" });
  const point = await readFlvResumePoint(new MemorySource(fileOf([])));
  assert.deepEqual([point.fileBytes, point.nextMs, point.startMs], [13, 0, Infinity]);
});
