/** MP4 files that are written, as ffprobe and ffmpeg read them. */
import { concatBytes, MemorySource } from "#bytes";
import type { Demuxer, MediaPacket, Muxer, MuxTrack, Packet } from "#media";
import { openMedia } from "#mediaformats";
import { Mp4FragmentMuxer, Mp4Muxer } from "#mediaformats/mp4";
import assert from "node:assert/strict";
import { type ClipName, makeClip } from "../helpers/media.ts";
import { type ListedPacket, listPackets } from "../helpers/packets.ts";
import { runProcess, runToSuccess } from "../helpers/process.ts";
import { e2e } from "../helpers/tools.ts";

/** Both writers, with what they are called in test names. */
const WRITERS: Readonly<Record<string, (tracks: readonly MuxTrack[]) => Muxer>> = {
  Mp4FragmentMuxer: (tracks) => new Mp4FragmentMuxer(tracks, { tags: { title: "Grüße", encoder: "crtmp" } }),
  Mp4Muxer: (tracks) => new Mp4Muxer(tracks, { tags: { title: "Grüße", encoder: "crtmp" } }),
};
const LIVE_CLIPS: readonly ClipName[] = ["film", "other", "audioOnly", "videoOnly", "mp3"];

for (const [name, makeMuxer] of Object.entries(WRITERS)) {
  for (const clip of LIVE_CLIPS) {
    e2e(
      `${name} writes the packets of ${clip} as they came in FLV`,
      { tools: ["ffmpeg", "ffprobe"] },
      async () => {
        const path = await makeClip(clip);
        const { tracks, packets } = await readMedia(path);
        // as a recorder has them: without timescale and exact ticks
        const plain = tracks.map(({ timescale: _, ...track }) => track);
        await using copy = await writeFile(makeMuxer(plain), packets.map(withoutTicks));
        assertSame(await listPackets(path), await listPackets(copy.path), { audioToleranceMs: 1 });
        const { format } = await probe(copy.path);
        assert.deepEqual([format.tags.title, format.tags.encoder], ["Grüße", "crtmp"]);
        assert.equal(await complaintsOf(copy.path), "");
      },
    );
  }

  e2e(`${name} keeps rotation, language and size`, { tools: ["ffmpeg", "ffprobe"] }, async () => {
    const { tracks, packets } = await readMedia(await makeClip("film"));
    for (const rotationDegrees of [90, 180, 270]) {
      const turned = tracks.map((track) =>
        track.kind === "video" ? { ...track, rotationDegrees } : { ...track, language: "deu" }
      );
      await using copy = await writeFile(makeMuxer(turned), packets);
      const { streams } = await probe(copy.path);
      const [video, audio] = streams;
      assert.deepEqual([video?.width, video?.height, audio?.tags.language], [320, 180, "deu"]);
      const shown = Number(video?.side_data_list?.[0]?.rotation);
      // ffprobe counts against the clock, 180 either way
      assert.equal((shown + rotationDegrees + 360) % 360, 0);
    }
  });
}

const PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=30000/1001"];
const NOISE = ["-f", "lavfi", "-i", "anoisesrc=sample_rate=48000:amplitude=0.3:seed=7"];
const X264 = ["-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-threads", "1"];
const X265 = [
  "-c:v",
  "libx265",
  "-preset",
  "ultrafast",
  "-x265-params",
  "log-level=none:keyint=25:bframes=3:pools=1",
];

/** Files by the arguments of ffmpeg that make them: every codec, reordering, edits, times without a beat. */
const SOURCES: Readonly<Record<string, readonly string[]>> = {
  "H.264 with B-frames and AAC": [...X264, "-bf", "3", "-c:a", "aac"],
  "HEVC with B-frames and AC-3": [...X265, "-tag:v", "hvc1", "-c:a", "ac3"],
  "HEVC and E-AC-3": [...X265, "-tag:v", "hvc1", "-c:a", "eac3"],
  "AV1 and Opus": ["-c:v", "libaom-av1", "-cpu-used", "8", "-g", "25", "-b:v", "100k", "-c:a", "libopus"],
  "VP9 and FLAC": ["-c:v", "libvpx-vp9", "-cpu-used", "8", "-g", "25", "-strict", "-2", "-c:a", "flac"],
  "H.264 and MP3": [...X264, "-c:a", "libmp3lame"],
  "pictures without a beat": [
    ...X264,
    "-bf",
    "2",
    "-vf",
    "select='mod(n,7)*mod(n,5)'",
    "-vsync",
    "vfr",
    "-an",
  ],
  "open groups of pictures": [...X264, "-bf", "3", "-x264-params", "open-gop=1", "-c:a", "aac"],
  "two tracks of AAC": [...X264, "-map", "0:v", "-map", "1:a", "-map", "1:a", "-c:a", "aac"],
  "a late start": [...X264, "-bf", "2", "-c:a", "aac", "-output_ts_offset", "1.234"],
  "fragments": [...X264, "-bf", "2", "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"],
  "negative offsets": [...X264, "-bf", "2", "-c:a", "aac", "-movflags", "negative_cts_offsets"],
};

for (const [source, args] of Object.entries(SOURCES)) {
  e2e(`MP4 of ${source} is written again to the tick`, { tools: ["ffmpeg", "ffprobe"] }, async (context) => {
    const folder = await Deno.makeTempDir({ prefix: "crtmp-mp4-" });
    try {
      const path = `${folder}/source.mp4`;
      await runToSuccess("ffmpeg", {
        args: ["-v", "error", ...PICTURE, ...NOISE, "-t", "3", "-pix_fmt", "yuv420p", ...args, path],
        timeoutMs: 60_000,
      });
      const { tracks, packets } = await readMedia(path);
      const expected = await exactPackets(path);
      for (const [name, makeMuxer] of Object.entries(WRITERS)) {
        await context.step(name, async () => {
          await using copy = await writeFile(makeMuxer(tracks), packets);
          const written = await exactPackets(copy.path);
          assert.deepEqual(written.map(({ length }) => length), expected.map(({ length }) => length));
          // ffprobe marks no packet of a fragmented file, whatever its edit list says
          const unmarked = (line: string) => name === "Mp4Muxer" ? line : line.replace(" KD ", " K_ ");
          expected.forEach((lines, index) => assert.deepEqual(written[index], lines.map(unmarked)));
        });
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** Files of other containers, whose tracks have no configuration as MP4 wants it, or none at all. */
const FOREIGN: Readonly<Record<string, readonly string[]>> = {
  "VP9 and Opus of WebM": [
    "-c:v",
    "libvpx-vp9",
    "-cpu-used",
    "8",
    "-g",
    "25",
    "-c:a",
    "libopus",
    "file.webm",
  ],
  "VP8 of WebM": ["-c:v", "libvpx", "-cpu-used", "8", "-g", "25", "-an", "file.webm"],
  "AV1 and FLAC of Matroska": [
    "-c:v",
    "libaom-av1",
    "-cpu-used",
    "8",
    "-g",
    "25",
    "-c:a",
    "flac",
    "file.mkv",
  ],
  "HEVC and E-AC-3 of Matroska": [...X265, "-c:a", "eac3", "file.mkv"],
  "H.264 and AC-3 of MPEG-TS": [...X264, "-bf", "2", "-c:a", "ac3", "file.ts"],
  "MP3": ["-vn", "-c:a", "libmp3lame", "file.mp3"],
};

for (const [source, args] of Object.entries(FOREIGN)) {
  e2e(`${source} is written into MP4`, { tools: ["ffmpeg", "ffprobe"] }, async (context) => {
    const folder = await Deno.makeTempDir({ prefix: "crtmp-mp4-" });
    try {
      const path = `${folder}/${args.at(-1)}`;
      await runToSuccess("ffmpeg", {
        args: [
          "-v",
          "error",
          ...PICTURE,
          ...NOISE,
          "-t",
          "3",
          "-pix_fmt",
          "yuv420p",
          ...args.slice(0, -1),
          path,
        ],
        timeoutMs: 60_000,
      });
      const { tracks, packets } = await readMedia(path);
      for (const [name, makeMuxer] of Object.entries(WRITERS)) {
        await context.step(name, async () => {
          await using copy = await writeFile(makeMuxer(tracks), packets);
          const listed = await listPackets(copy.path);
          for (const { kind, trackId } of tracks) {
            const own = packets.filter((packet) =>
              packet.kind === kind && packet.trackId === trackId && packet.role === "media"
            );
            const got = listed.filter((packet) => packet.kind === kind);
            assert.deepEqual(got.map(({ sizeBytes }) => sizeBytes), own.map(({ payload }) => payload.length));
            const aside = got.map(({ ptsMs }, at) => Math.abs(ptsMs - own[at]!.ptsUs / 1000));
            assert.ok(Math.max(...aside) <= 1, `${kind} is off by ${Math.max(...aside)} ms`);
          }
          assert.equal(await complaintsOf(copy.path), "");
          const video = (await probe(copy.path)).streams.find(({ width }) => width !== undefined);
          if (tracks.some(({ kind }) => kind === "video")) {
            assert.deepEqual([video?.width, video?.height], [160, 90]);
          }
        });
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

e2e("Mp4FragmentMuxer writes what plays up to the cut, wherever it is cut", {
  tools: ["ffmpeg", "ffprobe"],
}, async () => {
  const { tracks, packets } = await readMedia(await makeClip("film"));
  await using whole = await writeFile(new Mp4FragmentMuxer(tracks), packets, { isFinished: false });
  const bytes = await Deno.readFile(whole.path);
  const expected = await listPackets(whole.path);
  const places = Array.from({ length: 12 }, (_, index) => Math.floor(bytes.length * (0.25 + 0.06 * index)));
  for (const place of places) {
    await Deno.writeFile(whole.path, bytes.subarray(0, place));
    const { code, stdout } = await runProcess("ffprobe", {
      args: [
        ...["-v", "error", "-show_packets", "-show_data_hash", "md5", "-of", "json"],
        ...["-show_entries", "packet=codec_type,pts_time,dts_time,size,flags,data_hash", whole.path],
      ],
    });
    assert.equal(code, 0);
    const hashes = (JSON.parse(stdout).packets as { data_hash: string }[]).map(({ data_hash }) =>
      data_hash.slice(4)
    );
    const rest = new Map<string, number>();
    for (const { hash } of expected) rest.set(hash, (rest.get(hash) ?? 0) + 1);
    const known = hashes.filter((hash) => rest.has(hash)).length;
    assert.ok(known >= hashes.length - 1, `all but the packet that was cut, at ${place}`);
    assert.ok(known >= expected.length * (place / bytes.length) - 80, `${known} packets at ${place}`);
  }
});

interface ReadMedia {
  readonly tracks: readonly MuxTrack[];
  readonly packets: readonly MediaPacket[];
}

async function readMedia(path: string): Promise<ReadMedia> {
  const demuxer: Demuxer = await openMedia(new MemorySource(await Deno.readFile(path)), { name: path });
  const packets: MediaPacket[] = [];
  for (let batch = await demuxer.read(); batch.length > 0; batch = await demuxer.read()) {
    packets.push(...batch);
  }
  return { tracks: demuxer.summary.tracks.filter(({ kind }) => kind !== "data"), packets };
}

function withoutTicks(packet: MediaPacket): Packet {
  const { kind, trackId, codec, role, dtsUs, ptsUs, isKeyFrame, payload } = packet;
  return { kind, trackId, codec, role, dtsUs, ptsUs, isKeyFrame, payload };
}

async function writeFile(
  muxer: Muxer,
  packets: readonly Packet[],
  { isFinished = true } = {},
): Promise<{ readonly path: string } & AsyncDisposable> {
  const pieces = [muxer.begin(), ...packets.map((packet) => muxer.write(packet))];
  const { append, patches } = muxer.end();
  if (isFinished) pieces.push(append);
  const bytes = concatBytes(pieces);
  if (isFinished) { for (const patch of patches) bytes.set(patch.bytes, patch.offset); }
  const path = await Deno.makeTempFile({ prefix: "crtmp-mp4-", suffix: ".mp4" });
  await Deno.writeFile(path, bytes);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path) };
}

interface Probed {
  readonly format: { readonly tags: Readonly<Record<string, string>>; readonly duration: string };
  readonly streams: readonly {
    readonly width?: number;
    readonly height?: number;
    readonly tags: Readonly<Record<string, string>>;
    readonly side_data_list?: readonly { readonly rotation?: number }[];
  }[];
}

async function probe(path: string): Promise<Probed> {
  const args = ["-v", "error", "-show_format", "-show_streams", "-of", "json", path];
  return JSON.parse(await runToSuccess("ffprobe", { args }));
}

/** The packets of each stream in ticks, with size, flags and hash; those that are decoded only are marked. */
async function exactPackets(path: string): Promise<string[][]> {
  const text = await runToSuccess("ffprobe", {
    args: [
      ...["-v", "error", "-show_packets", "-show_data_hash", "md5", "-show_streams", "-of", "json"],
      ...[
        "-show_entries",
        "packet=stream_index,pts,dts,size,flags,data_hash:stream=time_base,codec_name",
        path,
      ],
    ],
  });
  const { streams, packets } = JSON.parse(text) as {
    readonly streams: readonly { readonly time_base: string; readonly codec_name: string }[];
    readonly packets: readonly Readonly<Record<string, string | number>>[];
  };
  return streams.map(({ time_base, codec_name }, index) => [
    `${codec_name} ${time_base}`,
    ...packets.filter(({ stream_index }) => stream_index === index)
      .map(({ pts, dts, size, flags, data_hash }) => [pts, dts, size, flags, data_hash].join(" ")),
  ]);
}

/** What ffmpeg says while it decodes all of a file. */
async function complaintsOf(path: string): Promise<string> {
  const { stderr, code } = await runProcess("ffmpeg", {
    args: ["-v", "warning", "-nostdin", "-i", path, "-f", "null", "-"],
    timeoutMs: 30_000,
  });
  assert.equal(code, 0, stderr);
  return stderr;
}

/** Equal packets in each kind, in order. */
function assertSame(
  expected: readonly ListedPacket[],
  actual: readonly ListedPacket[],
  { audioToleranceMs = 0 } = {},
): void {
  for (const kind of ["video", "audio"]) {
    const [wanted, got] = [expected, actual].map((packets) =>
      packets.filter((packet) => packet.kind === kind)
    );
    assert.equal(got!.length, wanted!.length, `${kind} packets`);
    wanted!.forEach((packet, index) => {
      const other = got![index]!;
      const { sizeBytes, isKeyFrame, hash } = packet;
      assert.deepEqual([other.sizeBytes, other.isKeyFrame, other.hash], [sizeBytes, isKeyFrame, hash]);
      const tolerance = kind === "audio" ? audioToleranceMs : 0;
      const aside = Math.max(Math.abs(other.dtsMs - packet.dtsMs), Math.abs(other.ptsMs - packet.ptsMs));
      assert.ok(aside <= tolerance, `${kind} packet ${index}: ${other.dtsMs} ms, not ${packet.dtsMs}`);
    });
  }
}
