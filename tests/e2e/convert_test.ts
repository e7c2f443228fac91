/** `crtmp convert` keeps every packet and its times, from each container that is read to each that is written. */
import assert from "node:assert/strict";
import { crtmpOutput, runCrtmp } from "../helpers/crtmp.ts";
import { MediaFolder } from "../helpers/media_folder.ts";
import { listPackets } from "../helpers/packets.ts";
import { runToSuccess } from "../helpers/process.ts";
import { e2e } from "../helpers/tools.ts";

const FILM = [
  ...["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"],
  ...["-f", "lavfi", "-i", "anoisesrc=sample_rate=44100:amplitude=0.3:seed=7", "-t", "3"],
  ...["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25", "-bf", "2"],
  ...["-c:a", "aac", "-metadata", "title=Grüße"],
];
const READ = ["flv", "mp4", "mkv", "ts"] as const;
const WRITTEN = ["flv", "mp4", "ts"] as const;

for (const from of READ) {
  for (const to of WRITTEN) {
    e2e(`crtmp convert keeps all of ${from} in ${to}`, { tools: ["ffmpeg", "ffprobe"] }, async () => {
      await using folder = await MediaFolder.make();
      const input = await folder.encode(`in.${from}`, FILM);
      const output = `${folder.path}/out.${to}`;
      await crtmpOutput("convert", input, output);
      const [expected, hashes] = [await listHashes(input), await listHashes(output)];
      assert.equal(hashes.join("\n"), expected.join("\n"));
      assertSameTimes(await listTimes(input), await listTimes(output));
      assert.equal(
        await runToSuccess("ffmpeg", { args: ["-v", "error", "-i", output, "-f", "null", "-"] }),
        "",
      );
      if (from !== "ts" && to !== "ts") assert.equal(await titleOf(output), "Grüße");
    });
  }
}

/** Codecs by arguments of ffmpeg; ffmpeg 5 reads none of these from FLV, so they are read from what comes back. */
const CODECS: Readonly<Record<string, readonly string[]>> = {
  "HEVC with B-frames and FLAC": [
    ...[
      "-c:v",
      "libx265",
      "-preset",
      "ultrafast",
      "-x265-params",
      "log-level=none:bframes=2:keyint=25:pools=1",
    ],
    ...["-c:a", "flac"],
  ],
  "VP9 and Opus": ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"],
  "AV1 and AC-3": [
    ...["-c:v", "libaom-av1", "-cpu-used", "8", "-lag-in-frames", "0", "-g", "25", "-s", "160x90"],
    ...["-c:a", "ac3"],
  ],
  "H.264 and MP3": ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "libmp3lame"],
};

for (const [name, args] of Object.entries(CODECS)) {
  e2e(
    `crtmp convert keeps ${name} from MKV through FLV to MP4`,
    { tools: ["ffmpeg", "ffprobe"] },
    async () => {
      await using folder = await MediaFolder.make();
      const sources = FILM.slice(0, 8);
      const input = await folder.encode("in.mkv", [
        ...[...sources, "-t", "2", "-pix_fmt", "yuv420p", "-ar", "48000"],
        ...args,
      ]);
      await crtmpOutput("convert", input, `${folder.path}/out.flv`);
      await crtmpOutput("convert", `${folder.path}/out.flv`, `${folder.path}/back.mp4`);
      await crtmpOutput("convert", input, `${folder.path}/out.mp4`);
      const expected = await packetsOf(input);
      for (const copy of ["out.mp4", "back.mp4"]) {
        assert.deepEqual(await packetsOf(`${folder.path}/${copy}`), expected, copy);
      }
    },
  );
}

/** Hashes and flags of audio and video packets. */
async function packetsOf(path: string): Promise<string[][]> {
  const packets = await listPackets(path);
  return (["video", "audio"] as const).map((kind) =>
    packets.filter((packet) => packet.kind === kind).map(({ hash, isKeyFrame }) => `${hash} ${isKeyFrame}`)
  );
}

e2e(
  "crtmp convert leaves out what the container cannot hold, and says so",
  { tools: ["ffmpeg", "ffprobe"] },
  async () => {
    await using folder = await MediaFolder.make();
    const input = await folder.encode("in.mkv", [...FILM, "-c:a", "pcm_s16le"]);
    const { code, stderr } = await runCrtmp("convert", input, `${folder.path}/out.flv`);
    assert.equal(code, 0);
    assert.match(stderr, /^crtmp: .*out.flv: track 1 \(pcm_s16le\) is left out: /m);
    assert.deepEqual((await listTimes(`${folder.path}/out.flv`)).map(({ kind }) => kind), ["video"]);
    const none = await folder.encode("in.wav.mkv", [
      "-f",
      "lavfi",
      "-i",
      "sine",
      "-t",
      "1",
      "-c:a",
      "pcm_s16le",
    ]);
    const refused = await runCrtmp("convert", none, `${folder.path}/none.flv`);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^crtmp: Cannot write .*: it can hold none of the tracks/m);
    assert.deepEqual([...Deno.readDirSync(folder.path)].map(({ name }) => name).sort(), [
      "in.mkv",
      "in.wav.mkv",
      "out.flv",
    ]);
  },
);

e2e(
  "crtmp convert writes what is there of a file that is cut off",
  { tools: ["ffmpeg", "ffprobe"] },
  async () => {
    await using folder = await MediaFolder.make();
    const input = await folder.encode("in.ts", FILM);
    await Deno.truncate(input, Math.floor((await Deno.stat(input)).size / 2));
    await runCrtmp("convert", input, `${folder.path}/out.mp4`);
    const packets = (await listTimes(`${folder.path}/out.mp4`)).map(({ ptsTicks }) => ptsTicks.length);
    assert.ok(packets.length === 2 && packets.every((count) => count > 20), packets.join());
  },
);

/** Times of one track, as ffprobe reads them. */
interface TrackTimes {
  readonly kind: string;
  readonly timescale: number;
  readonly ptsTicks: readonly number[];
}

async function listTimes(path: string): Promise<TrackTimes[]> {
  const entries = "stream=codec_type,time_base:packet=stream_index,pts";
  const { streams, packets } = JSON.parse(
    await runToSuccess("ffprobe", {
      args: ["-v", "error", "-show_packets", "-show_streams", "-show_entries", entries, "-of", "json", path],
    }),
  ) as {
    streams: { codec_type: string; time_base: string }[];
    packets: { stream_index: number; pts: number }[];
  };
  return streams.map(({ codec_type: kind, time_base }, index) => ({
    kind,
    timescale: Number(time_base.split("/")[1]),
    ptsTicks: packets.filter((packet) => packet.stream_index === index).map(({ pts }) => pts),
  }));
}

/** Times are the same but for the step of the coarser clock; one shift for all tracks, of whole steps, is allowed. */
function assertSameTimes(from: readonly TrackTimes[], to: readonly TrackTimes[]): void {
  const shifts = new Set<number>();
  for (const [at, track] of from.entries()) {
    const copy = to[at];
    assert.ok(copy);
    assert.equal(copy.kind, track.kind);
    assert.equal(copy.ptsTicks.length, track.ptsTicks.length);
    for (const [packet, ptsTicks] of track.ptsTicks.entries()) {
      const exactMs = copy.ptsTicks[packet]! / copy.timescale * 1000 - ptsTicks / track.timescale * 1000;
      shifts.add(exactMs);
    }
    if (track.timescale === copy.timescale) {
      // of audio frames that share a time stamp ffprobe counts on, one tick more or less
      const steps = copy.ptsTicks.map((pts, packet) => pts - track.ptsTicks[packet]!);
      assert.ok(
        Math.max(...steps) - Math.min(...steps) <= (track.kind === "audio" ? 2 : 0),
        `${track.kind} in ticks`,
      );
    }
  }
  const spreadMs = Math.max(...shifts) - Math.min(...shifts);
  const coarsest = Math.min(...[...from, ...to].map(({ timescale }) => timescale));
  assert.ok(spreadMs <= 1000 / coarsest + 2000 / 90_000, `times differ by up to ${spreadMs} ms`);
}

/** What of each packet is the same in all containers: without start codes, parameter sets, delimiters and ADTS. */
async function listHashes(path: string): Promise<string[]> {
  const text = await runToSuccess("ffmpeg", {
    args: [
      ...["-v", "error", "-i", path, "-map", "0:v", "-map", "0:a", "-c", "copy", "-copyts"],
      ...["-bsf:v", "h264_mp4toannexb,filter_units=remove_types=6-9", "-bsf:a", "aac_adtstoasc"],
      ...["-f", "framemd5", "-"],
    ],
  });
  const rows = text.split("\n").filter((line) => /^\d/.test(line)).map((line) =>
    line.split(",").map((cell) => cell.trim())
  );
  return ["0", "1"].flatMap((stream) => rows.filter(([index]) => index === stream).map((row) => row[5]!));
}

async function titleOf(path: string): Promise<string> {
  const args = ["-v", "error", "-show_entries", "format_tags=title", "-of", "csv=p=0", path];
  return (await runToSuccess("ffprobe", { args })).trim();
}
