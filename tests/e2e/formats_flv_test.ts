/** FLV files: read as ffprobe reads them, written so that ffprobe reads the same. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { concatBytes, MemorySource } from "#bytes";
import type { MediaPacket, Packet } from "#media";
import { FlvDemuxer, FlvMuxer } from "#mediaformats/flv";
import { hasFfmpeg8, listWithFfmpeg8, muxWithFfmpeg8 } from "../helpers/ffmpeg8.ts";
import { type ClipName, makeClip } from "../helpers/media.ts";
import { type ListedPacket, listPackets } from "../helpers/packets.ts";
import { runToSuccess } from "../helpers/process.ts";
import { e2e } from "../helpers/tools.ts";

const LEGACY: readonly ClipName[] = ["film", "other", "audioOnly", "videoOnly", "mp3", "sorenson"];

for (const clip of LEGACY) {
  e2e(`FlvDemuxer reads ${clip} as ffprobe does`, { tools: ["ffmpeg", "ffprobe"] }, async () => {
    const path = await makeClip(clip);
    const { demuxer, packets } = await readFile(path);
    assertSame(await listPackets(path), listedOf(packets));
    const probed = JSON.parse(
      await runToSuccess("ffprobe", {
        args: ["-v", "error", "-show_format", "-show_streams", "-of", "json", path],
      }),
    );
    const { summary } = demuxer;
    assert.equal(summary.formatName, probed.format.format_name);
    assert.deepEqual(summary.tags, probed.format.tags);
    assert.ok(Math.abs(summary.durationUs! / 1e6 - Number(probed.format.duration)) < 0.05);
    assert.ok(Math.abs(summary.startUs / 1e6 - Number(probed.format.start_time)) < 0.001);
    assert.deepEqual(
      summary.tracks.map(({ kind, codecName, width, height, sampleRate, channels }) => ({
        ...{ kind, codecName, width, height, sampleRate, channels },
      })),
      probed.streams.map((stream: Record<string, unknown>) => ({
        kind: stream.codec_type,
        codecName: stream.codec_name,
        width: stream.width,
        height: stream.height,
        sampleRate: stream.sample_rate === undefined ? undefined : Number(stream.sample_rate),
        channels: stream.channels,
      })),
    );
  });

  e2e(
    `FlvMuxer writes ${clip} so that ffprobe reads the same`,
    { tools: ["ffmpeg", "ffprobe"] },
    async () => {
      const path = await makeClip(clip);
      const { demuxer, packets } = await readFile(path);
      await using copy = await copyOf(demuxer, packets);
      assertSame(await listPackets(path), await listPackets(copy.path));
      // without the tag bodies they came in, where the codec allows
      if (clip === "sorenson") return;
      await using remade = await copyOf(demuxer, packets.map(withoutBody));
      assertSame(await listPackets(path), await listPackets(remade.path));
    },
  );
}

e2e("FlvDemuxer trusts a key frame index of ffmpeg, and seeks to its places", {
  tools: ["ffmpeg", "ffprobe"],
}, async () => {
  const path = await Deno.makeTempFile({ suffix: ".flv" });
  try {
    await runToSuccess("ffmpeg", {
      args: [
        ...["-v", "error", "-y", "-i", await makeClip("film"), "-c", "copy"],
        ...["-flvflags", "add_keyframe_index", path],
      ],
    });
    const { demuxer, packets } = await readFile(path);
    assertSame(await listPackets(path), listedOf(packets));
    for (const seconds of [0.2, 1.2, 3.9, 5.9]) {
      const { timeUs } = await demuxer.seek(seconds * 1e6);
      const keys = packets.filter(({ kind, isKeyFrame }) => kind === "video" && isKeyFrame);
      const wanted = keys.findLast(({ ptsUs }) => ptsUs <= seconds * 1e6);
      assert.equal(timeUs, wanted?.ptsUs);
      const next = (await demuxer.read()).find(({ kind, role }) => kind === "video" && role === "media");
      assert.deepEqual(next?.payload, wanted?.payload);
    }
  } finally {
    await Deno.remove(path);
  }
});

e2e(
  "ffmpeg reads a file of FlvMuxer at each place its index names",
  { tools: ["ffmpeg", "ffprobe"] },
  async () => {
    const { demuxer, packets } = await readFile(await makeClip("film"));
    await using copy = await copyOf(demuxer, packets);
    for (const seconds of [1.5, 3.5, 5.5]) {
      const listed = await listPackets(copy.path, { args: ["-read_intervals", `${seconds}%+#1`] });
      const first = listed.find(({ kind }) => kind === "video");
      assert.equal(first?.isKeyFrame, true);
      assert.equal(first.ptsMs, Math.floor(seconds) * 1000 + 80);
    }
  },
);

/** Codecs by the arguments of ffmpeg 5 that make them; FFmpeg 8 puts them into FLV. */
const ENHANCED: readonly { name: string; args: readonly string[]; codecs: readonly string[] }[] = [
  {
    name: "HEVC with B-frames and AC-3",
    args: [
      ...[
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-x265-params",
        "log-level=none:keyint=25:bframes=2:pools=1",
      ],
      ...["-c:a", "ac3"],
    ],
    codecs: ["hevc", "ac3"],
  },
  {
    name: "AV1 and Opus",
    args: [
      ...["-c:v", "libaom-av1", "-cpu-used", "8", "-g", "25", "-lag-in-frames", "0", "-b:v", "100k"],
      ...["-c:a", "libopus", "-ar", "48000"],
    ],
    codecs: ["av1", "opus"],
  },
  {
    name: "VP9 and FLAC",
    args: ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "25", "-c:a", "flac"],
    codecs: ["vp9", "flac"],
  },
  {
    name: "AVC and E-AC-3",
    args: ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "eac3"],
    codecs: ["h264", "eac3"],
  },
  {
    name: "AVC and two tracks of AAC",
    args: [
      "-map",
      "0:v",
      "-map",
      "1:a",
      "-map",
      "1:a",
      "-c:v",
      "libx264",
      "-preset",
      "ultrafast",
      "-c:a",
      "aac",
    ],
    codecs: ["h264", "aac", "aac"],
  },
];

e2e("FlvDemuxer reads, and FlvMuxer writes, what FFmpeg 8 puts into FLV", {
  tools: ["ffmpeg"],
  needs: { "FFmpeg 8 (npm:node-av)": await hasFfmpeg8() },
}, async (context) => {
  const folder = await Deno.makeTempDir({ prefix: "crtmp-flv-" });
  try {
    for (const { name, args, codecs } of ENHANCED) {
      await context.step(name, async () => {
        const source = `${folder}/source.mkv`;
        const flv = `${folder}/file.flv`;
        await runToSuccess("ffmpeg", {
          args: [
            ...["-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25"],
            ...["-f", "lavfi", "-i", "anoisesrc=sample_rate=48000:amplitude=0.3:seed=7"],
            ...["-t", "2", "-pix_fmt", "yuv420p", ...args, source],
          ],
          timeoutMs: 60_000,
        });
        await muxWithFfmpeg8(source, flv);
        const { demuxer, packets } = await readFile(flv);
        assert.deepEqual(demuxer.summary.tracks.map(({ codecName }) => codecName).sort(), [...codecs].sort());
        for (const { kind, width, sampleRate } of demuxer.summary.tracks) {
          if (kind === "video") assert.equal(width, 160);
          else if (!name.includes("AC-3")) assert.equal(sampleRate, 48_000);
        }
        const listed = await listWithFfmpeg8(flv);
        assertSame(listed, listedOf(packets));
        await using copy = await copyOf(demuxer, packets.map(withoutBody));
        assertSame(listed, await listWithFfmpeg8(copy.path));
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function readFile(path: string): Promise<{ demuxer: FlvDemuxer; packets: MediaPacket[] }> {
  const demuxer = await FlvDemuxer.open(new MemorySource(await Deno.readFile(path)));
  const packets: MediaPacket[] = [];
  for (let batch = await demuxer.read(); batch.length > 0; batch = await demuxer.read()) {
    packets.push(...batch);
  }
  return { demuxer, packets };
}

/** A file of the same packets. */
async function copyOf(
  demuxer: FlvDemuxer,
  packets: readonly Packet[],
): Promise<{ path: string } & AsyncDisposable> {
  const muxer = new FlvMuxer(demuxer.summary.tracks, { tags: demuxer.summary.tags });
  const bytes = concatBytes([muxer.begin(), ...packets.map((packet) => muxer.write(packet))]);
  const { append, patches } = muxer.end();
  assert.equal(append.length, 0);
  for (const { offset, bytes: change } of patches) bytes.set(change, offset);
  const path = await Deno.makeTempFile({ prefix: "crtmp-flv-", suffix: ".flv" });
  await Deno.writeFile(path, bytes);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path) };
}

/** As if it came from another format; what has no meaning there stays as it is. */
function withoutBody(packet: MediaPacket): Packet {
  const { flvTagBody: _, ...bare } = packet;
  return packet.role === "media" || packet.role === "config" ? bare : packet;
}

function listedOf(packets: readonly MediaPacket[]): ListedPacket[] {
  return packets.filter(({ role }) => role === "media").map((packet) => ({
    kind: packet.kind === "video" ? "video" : "audio",
    dtsMs: packet.dtsTicks,
    ptsMs: packet.ptsTicks,
    sizeBytes: packet.payload.length,
    isKeyFrame: packet.isKeyFrame,
    hash: createHash("md5").update(packet.payload).digest("hex"),
  }));
}

/** Equal packets in each kind, in order; packets of one time may come from several tracks. */
function assertSame(expected: readonly ListedPacket[], actual: readonly ListedPacket[]): void {
  for (const kind of ["video", "audio"]) {
    const linesOf = (packets: readonly ListedPacket[]) =>
      packets.filter((packet) => packet.kind === kind).map((packet) => JSON.stringify(sorted(packet)));
    assert.deepEqual(linesOf(actual), linesOf(expected), kind);
  }
}

function sorted({ kind, dtsMs, ptsMs, sizeBytes, isKeyFrame, hash }: ListedPacket) {
  return { kind, dtsMs, ptsMs, sizeBytes, isKeyFrame, hash };
}
