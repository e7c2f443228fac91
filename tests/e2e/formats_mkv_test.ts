/** Matroska and WebM files: read as ffprobe and mediabunny read them. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { EncodedPacketSink, FilePathSource, Input, MATROSKA, WEBM } from "mediabunny";
import type { MediaPacket, MediaTrack } from "#media";
import { MkvDemuxer, MkvReader } from "#mediaformats/mkv";
import { FileSource } from "#storage";
import {
  cluster,
  element,
  file,
  float,
  simpleBlock,
  track,
  uint,
} from "../../lib/mediaformats/mkv/_film_test.ts";
import { ELEMENT_ID as ID } from "../../lib/mediaformats/mkv/element_id.ts";
import { MediaFolder } from "../helpers/media_folder.ts";
import { runToSuccess } from "../helpers/process.ts";
import { e2e, type Tool } from "../helpers/tools.ts";

const FFMPEG: readonly Tool[] = ["ffmpeg", "ffprobe"];
const MKVMERGE: readonly Tool[] = [...FFMPEG, "mkvmerge"];
const PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30000/1001"];
const SOUND = ["-f", "lavfi", "-i", "anoisesrc=sample_rate=44100:amplitude=0.3:seed=7"];
const BOTH = [...PICTURE, ...SOUND, "-t", "4"];
/** B-frames that others refer to, and key frames after pictures that are shown before them. */
const AVC = [
  ...["-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-x264-params"],
  "keyint=30:bframes=4:b-pyramid=normal:open-gop=1:scenecut=0",
];
const HEVC = [
  ...["-c:v", "libx265", "-preset", "ultrafast", "-x265-params"],
  "log-level=none:keyint=30:bframes=4:open-gop=1:pools=1",
];
const VP9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "30", "-b:v", "300k"];
const OPUS = ["-c:a", "libopus", "-ar", "48000"];

/** Files of ffmpeg: name with extension, arguments before it. */
const MADE_BY_FFMPEG: readonly (readonly [string, readonly string[]])[] = [
  ["avc_aac.mkv", [...BOTH, ...AVC, "-c:a", "aac"]],
  ["avc_mp3_cues_first.mkv", [...BOTH, ...AVC, "-c:a", "libmp3lame", "-cues_to_front", "1"]],
  ["avc_ac3_live.mkv", [...BOTH, ...AVC, "-c:a", "ac3", "-f", "matroska", "-live", "1"]],
  ["hevc_flac.mkv", [...BOTH, ...HEVC, "-c:a", "flac"]],
  ["vp8_vorbis.webm", [...BOTH, "-c:v", "libvpx", "-g", "30", "-b:v", "300k", "-c:a", "libvorbis"]],
  ["vp9_opus.webm", [...BOTH, ...VP9, ...OPUS]],
  [
    "av1_opus.webm",
    [
      ...["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25", ...SOUND, "-t", "3", "-pix_fmt", "yuv420p"],
      ...["-c:v", "libaom-av1", "-cpu-used", "8", "-g", "25", "-b:v", "100k", ...OPUS],
    ],
  ],
  [
    "tracks_and_tags.mkv",
    [
      ...[...BOTH, "-map", "0", "-map", "1", "-map", "1", "-map", "1", ...AVC, "-c:a:0", "aac"],
      ...["-c:a:1", "eac3", "-c:a:2", "libvorbis", "-metadata", "title=Föhn", "-metadata", "artist=Nobody"],
      ...["-metadata", "creation_time=2026-02-03T04:05:06Z", "-metadata:s:a:0", "language=jpn"],
      ...["-metadata:s:a:1", "title=second", "-metadata:s:v", "language=und"],
      ...["-attach", new URL(import.meta.url).pathname, "-metadata:s:4", "mimetype=text/plain"],
    ],
  ],
  ["mpeg4_mp2.mkv", [...BOTH, "-c:v", "mpeg4", "-bf", "2", "-c:a", "mp2"]],
  ["mpeg2_pcm.mkv", [...BOTH, "-c:v", "mpeg2video", "-bf", "2", "-c:a", "pcm_s24le"]],
  ["vfw.mkv", [...BOTH, "-c:v", "msmpeg4v3", "-c:a", "wmav2"]],
  ["opus.mka", [...SOUND, "-t", "4", ...OPUS]],
];

for (const [name, args] of MADE_BY_FFMPEG) {
  e2e(`MkvDemuxer reads ${name} of ffmpeg as ffprobe does`, { tools: FFMPEG }, async () => {
    await using folder = await MediaFolder.make();
    await assertReadsAsFfprobe(await folder.encode(name, args));
  });
}

/** Files of mkvmerge: name, arguments before the input, and the file of ffmpeg it is made of. */
const MADE_BY_MKVMERGE: readonly (readonly [string, readonly string[], string])[] = [
  ["laced as it likes", [], "tracks_and_tags.mkv"],
  ["with lacing of Xiph", ["--engage", "lacing_xiph"], "tracks_and_tags.mkv"],
  ["with lacing of EBML", ["--engage", "lacing_ebml"], "tracks_and_tags.mkv"],
  ["compressed with zlib", ["--compression", "-1:zlib"], "tracks_and_tags.mkv"],
  [
    "compressed with zlib and laced",
    ["--compression", "-1:zlib", "--engage", "lacing_xiph"],
    "tracks_and_tags.mkv",
  ],
  ["with BlockGroups only", ["--engage", "no_simpleblocks"], "hevc_flac.mkv"],
  ["without Cues", ["--no-cues"], "avc_mp3_cues_first.mkv"],
  ["with SeekHeads to clusters", ["--clusters-in-meta-seek"], "vp9_opus.webm"],
  [
    "with another TimestampScale",
    ["--timestamp-scale", "100000", "--cluster-length", "500ms"],
    "avc_aac.mkv",
  ],
  ["of sound alone, timed by its samples", [], "opus.mka"],
];

for (const [what, args, made] of MADE_BY_MKVMERGE) {
  e2e(`MkvDemuxer reads ${made} of mkvmerge, ${what}, as ffprobe does`, { tools: MKVMERGE }, async () => {
    await using folder = await MediaFolder.make();
    await assertReadsAsFfprobe(await merge(folder, { made, args }));
  });
}

e2e("MkvDemuxer puts back what header stripping took, as ffprobe does", { tools: FFMPEG }, async () => {
  await using folder = await MediaFolder.make();
  const { packets } = await readFile(await folder.encode("ac3.mka", [...SOUND, "-t", "4", "-c:a", "ac3"]));
  const syncWord = Uint8Array.fromHex("0b77");
  const compression = element(
    ID.ContentCompression,
    uint(ID.ContentCompAlgo, 3),
    element(ID.ContentCompSettings, syncWord),
  );
  const encodings = element(ID.ContentEncodings, element(ID.ContentEncoding, compression));
  const blocks = packets.map(({ ptsTicks, payload }) =>
    simpleBlock({ ticks: ptsTicks, flags: 0x80 }, payload.subarray(syncWord.length))
  );
  const path = `${folder.path}/stripped.mka`;
  const ac3 = { number: 1, type: 2, codecId: "A_AC3" };
  const audio = element(ID.Audio, float(ID.SamplingFrequency, 44_100));
  await Deno.writeFile(path, file([track(ac3, encodings, audio)], cluster(0, ...blocks)));
  await assertReadsAsFfprobe(path);
  const stripped = await readFile(path);
  assert.deepEqual(
    stripped.packets.map(({ payload }) => md5(payload)),
    packets.map(({ payload }) => md5(payload)),
  );
});

e2e("MkvReader reads a stream as MkvDemuxer reads the file", { tools: FFMPEG }, async () => {
  await using folder = await MediaFolder.make();
  for (const name of ["avc_ac3_live.mkv", "vp9_opus.webm", "tracks_and_tags.mkv"]) {
    const path = await make(folder, name);
    const { demuxer, packets } = await readFile(path);
    const bytes = await Deno.readFile(path);
    const reader = new MkvReader();
    const streamed: MediaPacket[] = [];
    for (let at = 0; at < bytes.length; at += 1009) {
      streamed.push(...reader.push(bytes.subarray(at, at + 1009)));
    }
    streamed.push(...reader.end());
    assert.deepEqual(streamed.map(wordOf), packets.map(wordOf));
    // tags stand behind the clusters
    const bare = ({ tags: _, ...track }: MediaTrack) => track;
    assert.deepEqual(reader.summary?.tracks.map(bare), demuxer.summary.tracks.map(bare));
  }
});

e2e(
  "MkvDemuxer seeks to the newest key frame with Cues, without, and by an index",
  { tools: MKVMERGE },
  async () => {
    await using folder = await MediaFolder.make();
    const paths = [
      await make(folder, "avc_aac.mkv"),
      await make(folder, "avc_ac3_live.mkv"),
      await make(folder, "opus.mka"),
      await merge(folder, { made: "avc_mp3_cues_first.mkv", args: ["--no-cues"] }),
      await merge(folder, { made: "hevc_flac.mkv", args: ["--cues", "0:none", "--cues", "1:all"] }),
    ];
    for (const path of paths) {
      const { demuxer, packets } = await readFile(path, { keepsOpen: true });
      await assertSeeks(demuxer, packets);
      if (demuxer.scan !== undefined) {
        const index = await demuxer.scan();
        assert.equal(index.packetCounts.reduce((sum, count) => sum + count), packets.length);
        demuxer.useIndex(index);
        await assertSeeks(demuxer, packets);
      }
      demuxer.close();
    }
  },
);

e2e("MkvDemuxer and mediabunny read the same", { tools: FFMPEG }, async () => {
  await using folder = await MediaFolder.make();
  for (const name of ["avc_aac.mkv", "hevc_flac.mkv", "vp9_opus.webm", "vp8_vorbis.webm"]) {
    const path = await make(folder, name);
    const { demuxer, packets } = await readFile(path);
    const input = new Input({ source: new FilePathSource(path), formats: [MATROSKA, WEBM] });
    const tracks = await input.getTracks();
    assert.equal(tracks.length, demuxer.summary.tracks.length);
    for (const [index, track] of tracks.entries()) {
      const listed: string[] = [];
      for await (const { data, timestamp, type } of new EncodedPacketSink(track).packets()) {
        listed.push(`${Math.round(timestamp * 1e6)} ${type === "key"} ${md5(data)}`);
      }
      const own = packets.filter(({ trackIndex }) => trackIndex === index);
      // mediabunny leaves CodecDelay to the decoder
      const delayUs = name.endsWith("opus.webm") && index === 1 ? 7000 : 0;
      assert.deepEqual(
        own.map(({ ptsUs, isKeyFrame, payload }) => `${ptsUs + delayUs} ${isKeyFrame} ${md5(payload)}`),
        listed,
        `${name}, track ${index}`,
      );
    }
    input.dispose();
  }
});

interface ProbedStream {
  readonly codec_name: string;
  readonly codec_type: string;
  readonly time_base: string;
  readonly width?: number;
  readonly height?: number;
  readonly sample_rate?: string;
  readonly channels?: number;
  readonly tags?: Record<string, string>;
}

interface ProbedPacket {
  readonly stream_index: number;
  readonly pts: number;
  readonly size: string;
  readonly flags: string;
  readonly data_hash: string;
}

interface Probed {
  readonly format: {
    format_name: string;
    duration?: string;
    start_time: string;
    tags?: Record<string, string>;
  };
  readonly streams: readonly ProbedStream[];
  readonly packets: readonly ProbedPacket[];
}

async function assertReadsAsFfprobe(path: string): Promise<void> {
  const entries = ["-show_format", "-show_streams", "-show_packets", "-show_data_hash", "md5", "-of", "json"];
  const probed = JSON.parse(
    await runToSuccess("ffprobe", { args: ["-v", "error", ...entries, path] }),
  ) as Probed;
  const { demuxer, packets } = await readFile(path);
  const { summary } = demuxer;
  assert.equal(summary.formatName, probed.format.format_name);
  assert.deepEqual(summary.tags, probed.format.tags ?? {});
  assert.ok(Math.abs(summary.startUs - Number(probed.format.start_time) * 1e6) < 2);
  if (summary.durationUs !== undefined) {
    assert.ok(Math.abs(summary.durationUs - Number(probed.format.duration) * 1e6) < 2);
  }
  for (const [index, track] of summary.tracks.entries()) {
    assert.deepEqual(shownOf(track), shownOfProbed(probed.streams[index]!));
    const own = packets.filter(({ trackIndex }) => trackIndex === index);
    const listed = own.map(({ ptsTicks, payload, isKeyFrame }) => ({
      pts: ptsTicks / (track.tickStep ?? 1),
      size: payload.length,
      isKeyFrame,
      hash: md5(payload),
    }));
    const wanted = probed.packets
      .filter(({ stream_index, flags }) => stream_index === index && !flags.includes("D"))
      .map(({ pts, size, flags, data_hash }) => ({
        pts,
        size: Number(size),
        isKeyFrame: flags.includes("K"),
        hash: data_hash.slice("MD5:".length),
      }));
    assert.ok(wanted.length > 10);
    assert.deepEqual(listed, wanted, `track ${index}`);
    for (const [at, { dtsTicks, ptsTicks }] of own.entries()) {
      assert.ok(
        dtsTicks <= ptsTicks && (at === 0 || dtsTicks > own[at - 1]!.dtsTicks),
        `decoding time ${at}`,
      );
    }
  }
  assert.deepEqual(demuxer.statistics, { junkBytes: 0, brokenBlocks: 0, brokenFrames: 0 });
}

function shownOf(track: MediaTrack): Record<string, unknown> {
  const { kind, codecName, timescale, tickStep = 1, width, height, sampleRate, channels, tags } = track;
  return { kind, codecName, timeBase: `${tickStep}/${timescale}`, width, height, sampleRate, channels, tags };
}

function shownOfProbed(stream: ProbedStream): Record<string, unknown> {
  const { codec_type, codec_name, time_base, width, height, sample_rate, channels, tags = {} } = stream;
  const sampleRate = sample_rate === undefined ? undefined : Number(sample_rate);
  return {
    ...{ kind: codec_type, codecName: codec_name, timeBase: time_base },
    ...{ width, height, sampleRate, channels, tags },
  };
}

async function assertSeeks(demuxer: MkvDemuxer, packets: readonly MediaPacket[]): Promise<void> {
  const [{ index: leading } = { index: 0 }] = demuxer.summary.tracks;
  const own = packets.filter(({ trackIndex }) => trackIndex === leading);
  const keys = own.filter(({ isKeyFrame }) => isKeyFrame);
  for (const target of [-1e6, 0, 0.9e6, 1.3e6, keys.at(-1)!.ptsUs, 2.5e6, 99e6, keys[1]!.ptsUs - 1]) {
    const wanted = keys.findLast(({ ptsUs }) => ptsUs <= target) ?? keys[0]!;
    assert.deepEqual(await demuxer.seek(target), { timeUs: wanted.ptsUs });
    const batch = await demuxer.read();
    const first = batch.find(({ trackIndex }) => trackIndex === leading);
    assert.equal(first?.isKeyFrame, true);
    assert.equal(md5(first.payload), md5(wanted.payload));
    const from = packets.indexOf(wanted);
    const expected = packets.slice(from, from + batch.length);
    assert.deepEqual(batch.map(({ payload }) => md5(payload)), expected.map(({ payload }) => md5(payload)));
  }
}

async function readFile(
  path: string,
  options: { keepsOpen?: boolean } = {},
): Promise<{ demuxer: MkvDemuxer; packets: MediaPacket[] }> {
  const demuxer = await MkvDemuxer.open(await FileSource.open(path));
  const packets: MediaPacket[] = [];
  for (;;) {
    const batch = await demuxer.read();
    if (batch.length === 0) break;
    packets.push(...batch);
  }
  if (options.keepsOpen !== true) demuxer.close();
  return { demuxer, packets };
}

async function make(folder: MediaFolder, name: string): Promise<string> {
  const [, args] = MADE_BY_FFMPEG.find(([made]) => made === name)!;
  return await folder.encode(name, args);
}

async function merge(folder: MediaFolder, file: { made: string; args: readonly string[] }): Promise<string> {
  const source = await make(folder, file.made);
  const path = `${folder.path}/${crypto.randomUUID()}.mkv`;
  await runToSuccess("mkvmerge", { args: ["-q", "-o", path, ...file.args, source] });
  return path;
}

/** A packet as one word, so that differences are short. */
function wordOf({ trackIndex, dtsTicks, ptsTicks, durationTicks, isKeyFrame, payload }: MediaPacket): string {
  return `${trackIndex} ${dtsTicks} ${ptsTicks} ${durationTicks} ${isKeyFrame} ${md5(payload)}`;
}

function md5(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}
