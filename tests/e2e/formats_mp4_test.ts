/** MP4 and its family: read as ffprobe and mediabunny read them. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ALL_FORMATS, EncodedPacketSink, FilePathSource, Input } from "mediabunny";
import type { MediaPacket, MediaTrack } from "#media";
import { Mp4Demuxer, Mp4FragmentReader } from "#mediaformats/mp4";
import { FileSource } from "#storage";
import { MediaFolder } from "../helpers/media_folder.ts";
import { runToSuccess } from "../helpers/process.ts";
import { e2e, type Tool } from "../helpers/tools.ts";

const FFMPEG: readonly Tool[] = ["ffmpeg", "ffprobe"];
const PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"];
const SMALL = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25"];
const SOUND = ["-f", "lavfi", "-i", "anoisesrc=sample_rate=44100:amplitude=0.3:seed=7"];
const SOUND_48 = ["-f", "lavfi", "-i", "anoisesrc=sample_rate=48000:amplitude=0.3:seed=7"];
const BOTH = [...PICTURE, ...SOUND, "-t", "3", "-pix_fmt", "yuv420p"];
const AVC = ["-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-bf", "2", "-threads", "1"];
const HEVC = [
  ...["-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-x265-params"],
  "log-level=none:keyint=25:bframes=3:pools=1",
];
const AAC = ["-c:a", "aac", "-b:a", "64k", "-ac", "2"];

/** Files that ffmpeg encodes: name with extension, arguments before it. */
const ENCODED: readonly (readonly [string, readonly string[]])[] = [
  ["hevc_hvc1.mp4", [...PICTURE, "-t", "2", ...HEVC, "-tag:v", "hvc1"]],
  ["hevc_hev1.mp4", [...PICTURE, "-t", "2", ...HEVC, "-tag:v", "hev1"]],
  ["open_gop.mp4", [
    ...PICTURE,
    "-t",
    "3",
    "-pix_fmt",
    "yuv420p",
    ...AVC,
    "-x264-params",
    "open-gop=1:bframes=3",
  ]],
  ["open_gop.mov", [
    ...PICTURE,
    "-t",
    "3",
    "-pix_fmt",
    "yuv420p",
    ...AVC,
    "-x264-params",
    "open-gop=1:bframes=3",
  ]],
  [
    "av1_opus.mp4",
    [
      ...[...SMALL, ...SOUND_48, "-t", "2", "-pix_fmt", "yuv420p", "-c:v", "libaom-av1", "-cpu-used", "8"],
      ...["-g", "25", "-b:v", "100k", "-c:a", "libopus"],
    ],
  ],
  [
    "vp9_flac.mp4",
    [
      ...[
        ...SMALL,
        ...SOUND_48,
        "-t",
        "2",
        "-pix_fmt",
        "yuv420p",
        "-c:v",
        "libvpx-vp9",
        "-deadline",
        "realtime",
      ],
      ...["-cpu-used", "8", "-g", "25", "-c:a", "flac", "-strict", "-2"],
    ],
  ],
  ["mpeg4_mp3.mp4", [...BOTH, "-c:v", "mpeg4", "-bf", "2", "-c:a", "libmp3lame", "-ac", "2"]],
  ["avc_mp3.mov", [...BOTH, ...AVC, "-c:a", "libmp3lame", "-ac", "2"]],
  ["ac3.mp4", [...SOUND_48, "-t", "2", "-c:a", "ac3"]],
  ["eac3_six.mp4", [...SOUND_48, "-t", "2", "-ac", "6", "-c:a", "eac3"]],
  ["alac.m4a", [...SOUND, "-t", "2", "-c:a", "alac"]],
  [
    "aac_tags.m4a",
    [
      ...[
        ...SOUND,
        "-t",
        "2",
        "-c:a",
        "aac",
        "-ar",
        "22050",
        "-metadata",
        "title=Föhn",
        "-metadata",
        "track=3/9",
      ],
      ...[
        "-metadata",
        "disc=1/2",
        "-metadata",
        "date=2020",
        "-metadata",
        "compilation=1",
        "-metadata",
        "album=A",
      ],
      ...["-metadata", "album_artist=B", "-metadata", "comment=c", "-metadata", "copyright=d"],
    ],
  ],
  ["prores_pcm.mov", [...PICTURE, ...SOUND, "-t", "1", "-c:v", "prores", "-c:a", "pcm_s16be"]],
  ["mjpeg_pcm24.mov", [...PICTURE, ...SOUND, "-t", "1", "-c:v", "mjpeg", "-c:a", "pcm_s24le"]],
  ["qtrle_ima.mov", [...SMALL, ...SOUND, "-t", "1", "-c:v", "qtrle", "-c:a", "adpcm_ima_qt"]],
  ["png_ulaw.mov", [...SMALL, ...SOUND, "-t", "1", "-c:v", "png", "-c:a", "pcm_mulaw"]],
  [
    "vfr.mp4",
    [
      ...[...PICTURE, "-t", "3", "-vf", "select=not(mod(n\\,3))+not(mod(n\\,7))", "-vsync", "vfr"],
      ...["-pix_fmt", "yuv420p", ...AVC, "-video_track_timescale", "90000"],
    ],
  ],
];

/** What ffmpeg makes of one film of H.264 and AAC without encoding it again. */
const REMUXED: readonly (readonly [string, readonly string[]])[] = [
  ["faststart.mp4", ["-movflags", "faststart"]],
  ["quicktime.mov", []],
  ["film.m4v", []],
  ["film.3gp", []],
  ["film.f4v", ["-f", "f4v"]],
  ["without_edits.mp4", ["-use_editlist", "0"]],
  ["negative_offsets.mp4", ["-movflags", "negative_cts_offsets"]],
  ["rotated_90.mp4", ["-metadata:s:v", "rotate=90"]],
  ["rotated_180.mov", ["-metadata:s:v", "rotate=180"]],
  ["rotated_270.mp4", ["-metadata:s:v", "rotate=270"]],
  ["keys.mp4", ["-movflags", "use_metadata_tags", "-metadata", "foo=bar", "-metadata", "com.x.y=z"]],
  ["tracks.mp4", [
    "-map",
    "0:v",
    "-map",
    "0:a",
    "-map",
    "0:a",
    "-map",
    "0:v",
    "-metadata:s:a:1",
    "language=fra",
  ]],
  ["tables_then_fragments.mp4", ["-movflags", "frag_keyframe"]],
  ["fragments.mp4", ["-movflags", "frag_keyframe+empty_moov+default_base_moof"]],
  ["fragments_absolute.mp4", ["-movflags", "frag_keyframe+empty_moov"]],
  ["fragments_delayed.mp4", ["-movflags", "frag_keyframe+delay_moov"]],
  ["fragments_each_track.mp4", ["-movflags", "frag_keyframe+empty_moov+separate_moof"]],
  ["fragments_by_time.mp4", ["-movflags", "empty_moov+default_base_moof", "-frag_duration", "300000"]],
  ["dash.mp4", ["-movflags", "dash+frag_keyframe"]],
  ["dash_with_index.mp4", ["-movflags", "dash+frag_keyframe+global_sidx"]],
  ["cmaf.mp4", ["-movflags", "cmaf+frag_keyframe"]],
  ["smooth.ismv", ["-f", "ismv"]],
];

/** What is cut and shifted, with options before the input. */
const CUT: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["cut_within_group.mp4", ["-ss", "1.3"], []],
  ["cut_within_group.mov", ["-ss", "0.7", "-t", "1"], []],
  ["cut_to_fragments.mp4", ["-ss", "1.3"], ["-movflags", "frag_keyframe+empty_moov"]],
];

for (const [name, args] of ENCODED) {
  e2e(`Mp4Demuxer reads ${name} as ffprobe does`, { tools: FFMPEG }, async () => {
    await using folder = await MediaFolder.make();
    await assertReadsAsFfprobe(await folder.encode(name, args));
  });
}

e2e(
  "Mp4Demuxer reads all that ffmpeg makes of one film as ffprobe does",
  { tools: FFMPEG },
  async (context) => {
    await using folder = await MediaFolder.make();
    const film = await folder.encode("film.mp4", [...BOTH, ...AVC, ...AAC, "-metadata", "title=Föhn"]);
    await assertReadsAsFfprobe(film);
    for (const [name, args] of REMUXED) {
      await context.step(name, async () => {
        await assertReadsAsFfprobe(await folder.encode(`made/${name}`, ["-i", film, "-c", "copy", ...args]));
      });
    }
    for (const [name, before, after] of CUT) {
      await context.step(name, async () => {
        await assertReadsAsFfprobe(
          await folder.encode(`made/${name}`, [...before, "-i", film, "-c", "copy", ...after]),
        );
      });
    }
    await context.step("pictures that begin 0.7 s late", async () => {
      const shifted = [
        "-itsoffset",
        "0.7",
        "-i",
        film,
        "-i",
        film,
        "-map",
        "0:v",
        "-map",
        "1:a",
        "-c",
        "copy",
      ];
      await assertReadsAsFfprobe(await folder.encode("made/late_pictures.mp4", shifted));
    });
    await context.step("subtitles and chapters", async () => {
      const subtitles = `${folder.path}/s.srt`;
      const chapters = `${folder.path}/chapters.txt`;
      await Deno.writeTextFile(
        subtitles,
        "1\n00:00:00,500 --> 00:00:01,000\nOne\n\n2\n00:00:02,000 --> 00:00:02,500\nTwo\n",
      );
      await Deno.writeTextFile(
        chapters,
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=A\n" +
          "[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=3000\ntitle=B\n",
      );
      const texts = [
        "-i",
        film,
        "-i",
        subtitles,
        "-i",
        chapters,
        "-map",
        "0",
        "-map",
        "1",
        "-map_metadata",
        "2",
      ];
      const path = await folder.encode("made/texts.mp4", [...texts, "-c", "copy", "-c:s", "mov_text"]);
      await assertReadsAsFfprobe(path);
      const { demuxer } = await readFile(path);
      assert.deepEqual(demuxer.summary.tracks.map(({ kind }) => kind), ["video", "audio", "data", "data"]);
    });
  },
);

e2e(
  "Mp4Demuxer seeks to the newest key frame, in tables and in fragments",
  { tools: FFMPEG },
  async (context) => {
    await using folder = await MediaFolder.make();
    const film = await folder.encode("film.mp4", [...BOTH, ...AVC, ...AAC]);
    const kinds = [
      ...[
        "faststart.mp4",
        "quicktime.mov",
        "negative_offsets.mp4",
        "tables_then_fragments.mp4",
        "fragments.mp4",
      ],
      ...["fragments_each_track.mp4", "fragments_by_time.mp4", "fragments_delayed.mp4", "dash.mp4"],
      ...["dash_with_index.mp4", "cmaf.mp4"],
    ];
    for (const name of kinds) {
      await context.step(name, async () => {
        const [, args] = REMUXED.find(([made]) => made === name)!;
        const path = await folder.encode(`made/${name}`, ["-i", film, "-c", "copy", ...args]);
        const { demuxer, packets } = await readFile(path, { keepsOpen: true });
        await assertSeeks(demuxer, packets);
        if (demuxer.scan !== undefined) {
          const index = await demuxer.scan();
          assert.equal(index.packetCounts.reduce((sum, count) => sum + count), packets.length);
          demuxer.useIndex!(index);
          await assertSeeks(demuxer, packets);
        }
        demuxer.close();
      });
    }
  },
);

e2e("Mp4FragmentReader reads a stream as Mp4Demuxer reads the file", { tools: FFMPEG }, async () => {
  await using folder = await MediaFolder.make();
  const film = await folder.encode("film.mp4", [...BOTH, ...AVC, ...AAC]);
  for (const name of ["fragments.mp4", "fragments_absolute.mp4", "dash.mp4", "cmaf.mp4", "smooth.ismv"]) {
    const [, args] = REMUXED.find(([made]) => made === name)!;
    const path = await folder.encode(`made/${name}`, ["-i", film, "-c", "copy", ...args]);
    const { demuxer, packets } = await readFile(path);
    const bytes = await Deno.readFile(path);
    const reader = new Mp4FragmentReader();
    const streamed: MediaPacket[] = [];
    for (let at = 0; at < bytes.length; at += 1009) {
      streamed.push(...reader.push(bytes.subarray(at, at + 1009)));
    }
    for (const { index } of demuxer.summary.tracks) {
      const of = (list: readonly MediaPacket[]) =>
        list.filter(({ trackIndex }) => trackIndex === index).map(wordOf);
      assert.deepEqual(of(streamed), of(packets), `${name}, track ${index}`);
    }
    assert.deepEqual(reader.summary?.tracks, demuxer.summary.tracks);
    assert.equal(reader.statistics.lostSamples, 0);
  }
});

e2e("Mp4Demuxer and mediabunny read the same", { tools: FFMPEG }, async () => {
  await using folder = await MediaFolder.make();
  const film = await folder.encode("film.mp4", [...BOTH, ...AVC, ...AAC]);
  const encoded = ["hevc_hvc1.mp4", "av1_opus.mp4", "vp9_flac.mp4", "vfr.mp4"];
  const remuxed = ["faststart.mp4", "quicktime.mov", "fragments.mp4", "dash.mp4", "late_pictures.mp4"];
  for (const name of [...encoded, ...remuxed]) {
    const encode = ENCODED.find(([made]) => made === name)?.[1];
    const remux = REMUXED.find(([made]) => made === name)?.[1] ?? [];
    const path = await folder.encode(`made/${name}`, encode ?? ["-i", film, "-c", "copy", ...remux]);
    const { demuxer, packets } = await readFile(path);
    const input = new Input({ source: new FilePathSource(path), formats: ALL_FORMATS });
    const tracks = await input.getTracks();
    assert.equal(tracks.length, demuxer.summary.tracks.length);
    for (const { index, timescale, containerTrackId } of demuxer.summary.tracks) {
      const track = tracks.find(({ id }) => id === containerTrackId)!;
      const listed: string[] = [];
      for await (const { data, timestamp, type } of new EncodedPacketSink(track).packets()) {
        listed.push(`${Math.round(timestamp * timescale)} ${type === "key"} ${md5(data)}`);
      }
      const own = packets.filter(({ trackIndex }) => trackIndex === index);
      assert.deepEqual(
        own.map(({ ptsTicks, isKeyFrame, payload }) => `${ptsTicks} ${isKeyFrame} ${md5(payload)}`),
        listed,
        `${name}, track ${index}`,
      );
    }
    input.dispose();
  }
});

e2e("Mp4Demuxer plays a file of ffmpeg up to where it is cut off", { tools: FFMPEG }, async () => {
  await using folder = await MediaFolder.make();
  const film = await folder.encode("film.mp4", [...BOTH, ...AVC, ...AAC]);
  for (const name of ["faststart.mp4", "fragments.mp4", "dash.mp4", "tables_then_fragments.mp4"]) {
    const [, args] = REMUXED.find(([made]) => made === name)!;
    const path = await folder.encode(`made/${name}`, ["-i", film, "-c", "copy", ...args]);
    const { packets } = await readFile(path);
    const whole = new Set(packets.map(wordOf));
    const bytes = await Deno.readFile(path);
    for (let part = 1; part < 20; part++) {
      const cut = Math.floor(bytes.length * (0.1 + 0.045 * part));
      const cutPath = `${folder.path}/cut.mp4`;
      await Deno.writeFile(cutPath, bytes.subarray(0, cut));
      const { demuxer, packets: left } = await readFile(cutPath);
      assert.ok(left.every((packet) => whole.has(wordOf(packet))));
      // of fragments and chunks of up to a second, the last may miss
      assert.ok(
        left.length > packets.length * (cut / bytes.length) - 80,
        `${left.length} packets of ${name} at ${cut}`,
      );
      assert.ok(demuxer.faults.length > 0);
    }
  }
});

interface ProbedStream {
  readonly codec_name?: string;
  readonly time_base: string;
  readonly width?: number;
  readonly height?: number;
  readonly sample_rate?: string;
  readonly channels?: number;
  readonly duration_ts?: number;
  readonly tags?: Record<string, string>;
  readonly side_data_list?: readonly { readonly rotation?: number }[];
  readonly disposition: { readonly default: number };
}

interface ProbedPacket {
  readonly stream_index: number;
  readonly pts: number;
  readonly dts: number;
  readonly size: string;
  readonly flags: string;
  readonly data_hash: string;
}

interface Probed {
  readonly format: {
    format_name: string;
    duration: string;
    start_time: string;
    tags?: Record<string, string>;
  };
  readonly streams: readonly ProbedStream[];
  readonly packets: readonly ProbedPacket[];
}

/** Tracks, tags, and every packet: times, size, key flag, bytes; what ffprobe flags D, at the same times. */
async function assertReadsAsFfprobe(path: string): Promise<void> {
  const entries = ["-show_format", "-show_streams", "-show_packets", "-show_data_hash", "md5", "-of", "json"];
  const probed = JSON.parse(
    await runToSuccess("ffprobe", { args: ["-v", "error", ...entries, path] }),
  ) as Probed;
  const { demuxer, packets } = await readFile(path, { keepsOpen: true });
  // a smooth streaming file declares no end, and ffprobe counts to the end of decoding
  if (demuxer.scan !== undefined) await demuxer.scan();
  demuxer.close();
  const { summary } = demuxer;
  assert.equal(summary.formatName, probed.format.format_name);
  assert.deepEqual(summary.tags, probed.format.tags ?? {});
  assert.ok(Math.abs(summary.startUs - Number(probed.format.start_time) * 1e6) < 2);
  const toleranceUs = path.endsWith(".ismv") ? 100_000 : 2;
  assert.ok(Math.abs(summary.durationUs! - Number(probed.format.duration) * 1e6) < toleranceUs);
  assert.equal(summary.tracks.length, probed.streams.length);
  for (const [index, track] of summary.tracks.entries()) {
    assert.deepEqual(shownOf(track), shownOfProbed(probed.streams[index]!));
    const own = packets.filter(({ trackIndex }) => trackIndex === index);
    const theirs = probed.packets.filter(({ stream_index }) => stream_index === index);
    assert.equal(own.length, theirs.length);
    assert.ok(own.length > 10 || track.kind === "data");
    for (const [at, { pts, dts, size, flags, data_hash }] of theirs.entries()) {
      const { ptsTicks, dtsTicks, payload, isKeyFrame, isDiscarded } = own[at]!;
      assert.deepEqual(
        [ptsTicks, dtsTicks, payload.length, isKeyFrame, isDiscarded, md5(payload)],
        [pts, dts, Number(size), flags.includes("K"), flags.includes("D"), data_hash.slice("MD5:".length)],
        `track ${index}, packet ${at}`,
      );
    }
  }
}

function shownOf(track: MediaTrack): Record<string, unknown> {
  const { codecName, timescale, width, height, sampleRate, channels, durationTicks, tags } = track;
  return {
    ...{ codecName, timeBase: `1/${timescale}`, width, height, sampleRate, channels, durationTicks, tags },
    ...{ rotation: track.rotationDegrees ?? 0, isDefault: track.isDefault },
  };
}

function shownOfProbed(stream: ProbedStream): Record<string, unknown> {
  const { codec_name = "unknown", time_base, width, height, sample_rate, channels, tags = {} } = stream;
  const turned = stream.side_data_list?.find(({ rotation }) => rotation !== undefined)?.rotation ?? 0;
  return {
    ...{ codecName: codec_name, timeBase: time_base, width, height, channels, tags },
    sampleRate: sample_rate === undefined ? undefined : Number(sample_rate),
    durationTicks: stream.duration_ts,
    // ffprobe counts against the clock
    rotation: (360 - turned) % 360,
    isDefault: stream.disposition.default === 1,
  };
}

async function assertSeeks(demuxer: Mp4Demuxer, packets: readonly MediaPacket[]): Promise<void> {
  const own = packets.filter(({ trackIndex }) => trackIndex === 0);
  const keys = own.filter(({ isKeyFrame }) => isKeyFrame);
  for (const target of [-1e6, 0, 0.9e6, 1.3e6, keys.at(-1)!.ptsUs, 2.5e6, 99e6, keys[1]!.ptsUs - 1]) {
    const wanted = keys.findLast(({ ptsUs }) => ptsUs <= target) ?? keys[0]!;
    assert.deepEqual(await demuxer.seek(target), { timeUs: wanted.ptsUs });
    const rest = await readOn(demuxer);
    const pictures = rest.filter(({ trackIndex }) => trackIndex === 0).map(wordOf);
    assert.deepEqual(pictures, own.slice(own.indexOf(wanted)).map(wordOf));
    const all = packets.filter(({ trackIndex }) => trackIndex === 1);
    const sounds = rest.filter(({ trackIndex }) => trackIndex === 1);
    assert.deepEqual(sounds.map(wordOf), all.slice(all.length - sounds.length).map(wordOf));
    assert.ok(Math.abs(sounds[0]!.ptsUs - wanted.ptsUs) < 100_000, "sound from about the same time on");
  }
}

function wordOf({ trackIndex, dtsTicks, ptsTicks, isKeyFrame, isDiscarded, payload }: MediaPacket): string {
  return `${trackIndex} ${dtsTicks} ${ptsTicks} ${isKeyFrame} ${isDiscarded} ${md5(payload)}`;
}

function md5(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}

async function readOn(demuxer: Mp4Demuxer): Promise<MediaPacket[]> {
  const packets: MediaPacket[] = [];
  for (;;) {
    const batch = await demuxer.read();
    if (batch.length === 0) return packets;
    packets.push(...batch);
  }
}

async function readFile(
  path: string,
  options: { keepsOpen?: boolean } = {},
): Promise<{ demuxer: Mp4Demuxer; packets: MediaPacket[] }> {
  const demuxer = await Mp4Demuxer.open(await FileSource.open(path));
  const packets = await readOn(demuxer);
  if (options.keepsOpen !== true) demuxer.close();
  return { demuxer, packets };
}
