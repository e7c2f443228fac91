/** MP4 files that begin in the midst of another, as ffprobe and ffmpeg read them. */
import { concatBytes, MemorySource } from "#bytes";
import { Mp4Demuxer } from "#mediaformats/mp4";
import assert from "node:assert/strict";
import { runProcess, runToSuccess } from "../helpers/process.ts";
import { e2e } from "../helpers/tools.ts";

const INPUT = [
  ...["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=30000/1001"],
  ...[
    "-f",
    "lavfi",
    "-i",
    "anoisesrc=sample_rate=44100:amplitude=0.3:seed=7",
    "-t",
    "6",
    "-pix_fmt",
    "yuv420p",
  ],
];
const AVC = ["-c:v", "libx264", "-preset", "veryfast", "-g", "30", "-bf", "3", "-threads", "1"];
const AAC = ["-c:a", "aac"];

/** Files by the arguments of ffmpeg that make them. */
const SOURCES: Readonly<Record<string, readonly string[]>> = {
  "tables at the end": [...AVC, ...AAC, "file.mp4"],
  "tables at the start": [...AVC, ...AAC, "-movflags", "faststart", "file.mp4"],
  "open groups of pictures": [...AVC, "-x264-params", "open-gop=1", ...AAC, "file.mp4"],
  "a late start": [...AVC, ...AAC, "-output_ts_offset", "2.345", "file.mp4"],
  "negative offsets": [...AVC, ...AAC, "-movflags", "negative_cts_offsets", "file.mp4"],
  "QuickTime": [...AVC, ...AAC, "file.mov"],
  "HEVC and AC-3": [
    ...["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=30:pools=1"],
    ...["-tag:v", "hvc1", "-c:a", "ac3", "file.mp4"],
  ],
  "two tracks of sound": [...AVC, "-map", "0:v", "-map", "1:a", "-map", "1:a", ...AAC, "file.mp4"],
  "sound alone": ["-vn", ...AAC, "file.m4a"],
  "pictures alone": ["-an", ...AVC, "file.mp4"],
  "fragments by group of pictures": [...AVC, ...AAC, "-movflags", "frag_keyframe+empty_moov", "file.mp4"],
  "fragments by time": [...AVC, ...AAC, "-movflags", "empty_moov", "-frag_duration", "300000", "file.mp4"],
  "fragments with an index": [
    ...AVC,
    ...AAC,
    "-movflags",
    "frag_keyframe+empty_moov+default_base_moof+global_sidx",
    "file.mp4",
  ],
};

for (const [name, args] of Object.entries(SOURCES)) {
  e2e(`MP4 with ${name} begins at any key frame`, { tools: ["ffmpeg", "ffprobe"] }, async () => {
    const folder = await Deno.makeTempDir({ prefix: "crtmp-cut-" });
    try {
      const path = `${folder}/${args.at(-1)}`;
      await runToSuccess("ffmpeg", {
        args: ["-v", "error", ...INPUT, ...args.slice(0, -1), path],
        timeoutMs: 60_000,
      });
      const whole = await listExact(path);
      for (const seconds of [0, 1.5, 3.9, 99]) {
        const cut = `${folder}/cut-${args.at(-1)}`;
        const timeUs = await writeStart(path, { seconds, path: cut });
        compare(whole, await listExact(cut), { timeUs, isFragmented: name.startsWith("fragments") });
        const { stderr, code } = await runProcess("ffmpeg", {
          args: ["-v", "repeat+warning", "-nostdin", "-i", cut, "-f", "null", "-"],
          timeoutMs: 30_000,
        });
        // pictures before the key frame lack those they refer to, and are not shown
        const complaints = stderr.split("\n").filter((line) => line !== "" && !/mmco|co located/.test(line))
          .join(
            "\n",
          );
        assert.deepEqual([code, complaints], [0, ""], `${seconds} s`);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** Writes the file that begins at `seconds`; returns the time of its key frame in the other file. */
async function writeStart(
  from: string,
  to: { readonly seconds: number; readonly path: string },
): Promise<number> {
  const bytes = await Deno.readFile(from);
  const demuxer = await Mp4Demuxer.open(new MemorySource(bytes));
  const { head, pieces, timeUs } = await demuxer.startAt(to.seconds * 1e6);
  await Deno.writeFile(
    to.path,
    concatBytes([
      head,
      ...pieces.map((piece) =>
        "bytes" in piece ? piece.bytes : bytes.subarray(piece.offset, piece.offset + piece.length)
      ),
    ]),
  );
  const next = (await demuxer.read())[0];
  assert.ok(next?.isKeyFrame, "reading is where it was");
  return timeUs;
}

interface ExactPacket {
  readonly kind: string;
  readonly ticksPerSecond: number;
  readonly pts: number;
  readonly dts: number;
  readonly isKeyFrame: boolean;
  readonly line: string;
}

async function listExact(path: string): Promise<ExactPacket[][]> {
  const text = await runToSuccess("ffprobe", {
    args: [
      ...["-v", "error", "-show_packets", "-show_data_hash", "md5", "-show_streams", "-of", "json"],
      ...[
        "-show_entries",
        "packet=stream_index,pts,dts,size,flags,data_hash:stream=time_base,codec_type",
        path,
      ],
    ],
  });
  const { streams, packets } = JSON.parse(text) as {
    readonly streams: readonly { readonly time_base: string; readonly codec_type: string }[];
    readonly packets: readonly {
      readonly stream_index: number;
      readonly pts: number;
      readonly dts: number;
      readonly size: string;
      readonly flags: string;
      readonly data_hash: string;
    }[];
  };
  return streams.map(({ time_base, codec_type }, index) =>
    packets.filter(({ stream_index }) => stream_index === index).map((
      { pts, dts, size, flags, data_hash },
    ) => ({
      kind: codec_type,
      ticksPerSecond: Number(time_base.split("/")[1]),
      pts,
      dts,
      isKeyFrame: flags.startsWith("K"),
      line: `${size} ${flags[0]} ${data_hash}`,
    }))
  );
}

/** The end of each track as it was, its times counted from the key frame. */
function compare(
  whole: readonly ExactPacket[][],
  cut: readonly ExactPacket[][],
  { timeUs, isFragmented }: { readonly timeUs: number; readonly isFragmented: boolean },
): void {
  assert.equal(cut.length, whole.length);
  cut.forEach((packets, index) => {
    const rest = whole[index]!.slice(-packets.length);
    const other = rest.findIndex(({ line }, at) => line !== packets[at]!.line);
    assert.equal(other, -1, `${rest[0]!.kind} packet ${other} of ${rest.length}`);
    const { ticksPerSecond, kind } = rest[0]!;
    const origin = Math.round(timeUs * ticksPerSecond / 1e6);
    packets.forEach(({ pts, dts }, at) => {
      assert.deepEqual([pts, dts], [rest[at]!.pts - origin, rest[at]!.dts - origin], `${kind} packet ${at}`);
    });
    const first = packets.find(({ isKeyFrame }) => isKeyFrame)!;
    // a fragment is taken whole: what other tracks have of that time may stand in the one before
    if (isFragmented) {
      return assert.ok(
        packets.some(({ pts, isKeyFrame }) => isKeyFrame && pts <= (index === 0 ? 0 : 0.2 * ticksPerSecond)),
      );
    }
    // no more sound than the frame that is heard then, and its priming
    if (index === 0) assert.equal(first.pts, 0);
    else assert.ok(first.pts <= 0 && first.pts > -0.1 * ticksPerSecond, `${kind} from ${first.pts}`);
    assert.equal(first, packets[0]);
  });
}
