/** MP3 files: read as ffprobe and mediabunny read them. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { MemorySource } from "#bytes";
import type { MediaPacket } from "#media";
import { Mp3Demuxer, Mp3FrameReader } from "#mediaformats/mp3";
import { EncodedPacketSink, FilePathSource, Input, MP3 } from "mediabunny";
import { runToSuccess } from "../helpers/process.ts";
import { e2e } from "../helpers/tools.ts";

const NOISE = ["-f", "lavfi", "-i", "anoisesrc=sample_rate=44100:amplitude=0.3:seed=7"];
const COVER = ["-f", "lavfi", "-i", "testsrc2=size=64x48"];
const TAGS = [
  "title=Tïtle",
  "artist=Me",
  "date=2020-05-06",
  "track=3/9",
  "genre=Rock",
  "comment=Said",
  "own=Value",
]
  .flatMap((tag) => ["-metadata", tag]);

interface Recipe {
  readonly name: string;
  readonly args: readonly string[];
  readonly extension?: string;
  /** Whether ffprobe guesses the duration from the bit rate. */
  readonly isGuessed?: boolean;
}

/** What ffmpeg makes the files with. */
const RECIPES: readonly Recipe[] = [
  { name: "constant rate, stereo", args: ["-t", "4", "-ac", "2", "-b:a", "128k"] },
  {
    name: "constant rate of 320 kbit/s at 48 kHz",
    args: ["-t", "4", "-ac", "2", "-ar", "48000", "-b:a", "320k"],
  },
  { name: "changing rate", args: ["-t", "8", "-q:a", "4"] },
  { name: "changing rate with ID3v2.3", args: ["-t", "2", "-q:a", "2", "-id3v2_version", "3", ...TAGS] },
  {
    name: "ID3v2.4 and ID3v1",
    args: ["-t", "2", "-b:a", "96k", "-id3v2_version", "4", "-write_id3v1", "1", ...TAGS],
  },
  {
    name: "ID3v1 alone",
    args: ["-t", "2", "-id3v2_version", "0", "-write_id3v1", "1", "-metadata", "title=Old"],
  },
  { name: "mono at 22.05 kHz", args: ["-t", "2", "-ac", "1", "-ar", "22050", "-b:a", "64k"] },
  { name: "mono at 8 kHz, MPEG-2.5", args: ["-t", "2", "-ac", "1", "-ar", "8000", "-b:a", "16k"] },
  {
    name: "constant rate without Xing header",
    args: ["-t", "8", "-write_xing", "0", "-b:a", "128k"],
    isGuessed: true,
  },
  {
    name: "changing rate without Xing header",
    args: ["-t", "4", "-write_xing", "0", "-q:a", "3"],
    isGuessed: true,
  },
  {
    name: "neither tags nor header",
    args: ["-t", "1", "-write_xing", "0", "-id3v2_version", "0"],
    isGuessed: true,
  },
  { name: "layer II", args: ["-t", "2", "-c:a", "mp2", "-b:a", "192k"], extension: "mp2", isGuessed: true },
  {
    name: "layer II at 16 kHz",
    args: ["-t", "2", "-c:a", "mp2", "-ar", "16000", "-b:a", "64k"],
    extension: "mp2",
    isGuessed: true,
  },
  {
    name: "a cover",
    args: [
      ...COVER,
      "-map",
      "0",
      "-map",
      "1",
      "-frames:v",
      "1",
      "-t",
      "2",
      "-c:v",
      "png",
      "-metadata:s:v",
      "comment=Cover (front)",
    ],
  },
];

async function makeFile({ args, extension = "mp3" }: Recipe): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempFile({ prefix: "crtmp-mp3-", suffix: `.${extension}` });
  await runToSuccess("ffmpeg", { args: ["-v", "error", "-y", ...NOISE, ...args, path] });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path) };
}

async function readFile(path: string): Promise<{ demuxer: Mp3Demuxer; packets: MediaPacket[] }> {
  const demuxer = await Mp3Demuxer.open(new MemorySource(await Deno.readFile(path)));
  const packets: MediaPacket[] = [];
  for (let batch = await demuxer.read(); batch.length > 0; batch = await demuxer.read()) {
    packets.push(...batch);
  }
  return { demuxer, packets };
}

const hashOf = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

for (const recipe of RECIPES) {
  e2e(`Mp3Demuxer reads ${recipe.name} as ffprobe does`, { tools: ["ffmpeg", "ffprobe"] }, async () => {
    await using file = await makeFile(recipe);
    const probed = JSON.parse(
      await runToSuccess("ffprobe", {
        args: [
          ...["-v", "error", "-show_format", "-show_streams", "-select_streams", "a"],
          ...["-show_packets", "-show_data_hash", "md5", "-of", "json", file.path],
        ],
      }),
    );
    const { demuxer, packets } = await readFile(file.path);
    assert.deepEqual(
      packets.map(({ ptsTicks, dtsTicks, durationTicks, payload }) => [
        ...[ptsTicks, dtsTicks, durationTicks, payload.length, hashOf(payload)],
      ]),
      probed.packets.map((packet: Record<string, unknown>) => [
        ...[packet.pts, packet.dts, packet.duration, Number(packet.size), String(packet.data_hash).slice(4)],
      ]),
    );
    const { summary } = demuxer;
    const { format, streams: [stream] } = probed;
    assert.equal(summary.formatName, format.format_name);
    assert.deepEqual(summary.tags, format.tags ?? {});
    assert.ok(Math.abs(summary.startUs / 1e6 - Number(format.start_time)) < 0.000_002, format.start_time);
    const [track] = summary.tracks;
    assert.equal(track?.codecName, stream.codec_name);
    assert.equal(`1/${track?.timescale}`, stream.time_base);
    assert.equal(track?.sampleRate, Number(stream.sample_rate));
    assert.equal(track?.channels, stream.channels);
    const last = packets.at(-1)!;
    assert.equal(track?.durationTicks, last.ptsTicks + last.durationTicks);
    if (recipe.isGuessed !== true) assert.equal(track?.durationTicks, stream.duration_ts);
    assert.equal(demuxer.pictures.length, recipe.name === "a cover" ? 1 : 0);
  });
}

e2e("Mp3FrameReader reads a file in pieces as Mp3Demuxer does", { tools: ["ffmpeg"] }, async () => {
  await using file = await makeFile(RECIPES[3]!);
  const { packets } = await readFile(file.path);
  const bytes = await Deno.readFile(file.path);
  const reader = new Mp3FrameReader();
  const frames = [];
  for (let at = 0; at < bytes.length; at += 37) frames.push(...reader.push(bytes.subarray(at, at + 37)));
  frames.push(...reader.flush());
  assert.deepEqual(
    frames.map(({ ticks, payload }) => [ticks, hashOf(payload)]),
    packets.map(({ ptsTicks, payload }) => [ptsTicks, hashOf(payload)]),
  );
});

e2e("Mp3Demuxer and mediabunny read the same", { tools: ["ffmpeg"] }, async () => {
  for (const recipe of RECIPES.filter(({ extension }) => extension === undefined)) {
    await using file = await makeFile(recipe);
    const { packets } = await readFile(file.path);
    using input = new Input({ formats: [MP3], source: new FilePathSource(file.path) });
    const track = await input.getPrimaryAudioTrack();
    const theirs: (readonly [number, string])[] = [];
    for await (const { timestamp, data } of new EncodedPacketSink(track!).packets()) {
      theirs.push([Math.round(timestamp * 1e5), hashOf(data)]);
    }
    const ours = packets.map(({ ptsUs, payload }) => [Math.round(ptsUs / 10), hashOf(payload)] as const);
    assert.deepEqual(ours.map(([, hash]) => hash), theirs.map(([, hash]) => hash), recipe.name);
    const shift = ours[0]![0] - theirs[0]![0];
    for (const [index, [time]] of ours.entries()) {
      assert.ok(Math.abs(time - shift - theirs[index]![0]) <= 1, `${recipe.name}: packet ${index}`);
    }
  }
});

e2e("Mp3Demuxer seeks to the frame that ffprobe has there", { tools: ["ffmpeg", "ffprobe"] }, async () => {
  for (const recipe of [RECIPES[0]!, RECIPES[8]!, RECIPES[9]!]) {
    await using file = await makeFile(recipe);
    const { demuxer, packets } = await readFile(file.path);
    demuxer.useIndex(await demuxer.scan());
    for (const share of [0.2, 0.5, 0.9]) {
      const wanted = packets[Math.floor(packets.length * share)]!;
      assert.equal((await demuxer.seek(wanted.ptsUs + 1000)).timeUs, wanted.ptsUs);
      assert.equal(hashOf((await demuxer.read())[0]!.payload), hashOf(wanted.payload));
    }
  }
});
