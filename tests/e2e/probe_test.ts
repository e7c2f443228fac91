/** `crtmp probe` tells of files what ffprobe tells, and what is wrong with those that are broken. */
import { concatBytes } from "#bytes";
import assert from "node:assert/strict";
import { crtmpOutput, runCrtmp } from "../helpers/crtmp.ts";
import { MediaFolder } from "../helpers/media_folder.ts";
import { runToSuccess } from "../helpers/process.ts";
import { e2e } from "../helpers/tools.ts";

const PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"];
const SOUND = ["-f", "lavfi", "-i", "anoisesrc=sample_rate=44100:amplitude=0.3:seed=7"];
const H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25", "-bf", "2"];
const TAGS = ["-metadata", "title=Grüße", "-metadata", "artist=Me", "-metadata:s:a:0", "language=deu"];
const FILM = [...PICTURE, ...SOUND, "-t", "3", ...H264, "-c:a", "aac", ...TAGS];
const SUBTITLES = "1\n00:00:00,500 --> 00:00:02,000\nHello\n\n2\n00:00:02,100 --> 00:00:02,900\nthere\n";

/** A cover, as a track that has no time. */
const COVER = ["-f", "lavfi", "-i", "color=red:size=64x48:duration=0.04", "-map", "0", "-map", "1"];
const COVER_TAGS = ["-metadata:s:v", "title=Sleeve", "-metadata:s:v", "comment=Cover (front)"];
const ATTACHMENTS = [
  ...["-attach", "SUBTITLES", "-metadata:s:t:0", "mimetype=application/x-truetype-font"],
  ...["-metadata:s:t:0", "filename=font.ttf", "-attach", "PICTURE", "-metadata:s:t:1", "filename=cover.jpg"],
  ...["-metadata:s:t:1", "mimetype=image/jpeg", "-metadata:s:t:1", "title=Sleeve"],
];

/** Arguments of ffmpeg by file name; `SUBTITLES` and `PICTURE` stand for files of them. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  "film.mp4": FILM,
  "fragmented.mp4": [...FILM, "-movflags", "+frag_keyframe+empty_moov+default_base_moof"],
  "subtitled.mp4": [
    ...[...PICTURE, ...SOUND, "-i", "SUBTITLES", "-map", "0", "-map", "1", "-map", "2", "-t", "3"],
    ...[...H264, "-c:a", "aac", "-c:s", "mov_text"],
  ],
  "studio.mov": [
    ...[...PICTURE, ...SOUND, "-t", "1", "-c:v", "prores_ks", "-c:a", "pcm_s16le"],
    ...TAGS,
  ],
  "song.m4a": [
    ...[...SOUND, ...COVER, "-t", "3", "-c:a", "aac", "-c:v", "png", "-disposition:v", "attached_pic"],
    ...TAGS,
  ],
  "film.flv": FILM,
  "old.flv": [...PICTURE, ...SOUND, "-t", "3", "-c:v", "flv", "-c:a", "libmp3lame"],
  "film.mkv": FILM,
  "many.mkv": [
    ...[
      ...PICTURE,
      ...SOUND,
      "-i",
      "SUBTITLES",
      "-map",
      "0",
      "-map",
      "1",
      "-map",
      "1",
      "-map",
      "2",
      "-t",
      "3",
    ],
    ...["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:pools=1"],
    ...["-c:a:0", "flac", "-c:a:1", "ac3", "-c:s", "srt", ...ATTACHMENTS],
  ],
  "named.mkv": [...PICTURE, ...SOUND, "-t", "2", "-c:v", "mpeg4", "-c:a", "pcm_s16le"],
  "film.webm": [
    ...[...PICTURE, "-f", "lavfi", "-i", "anoisesrc=sample_rate=48000:seed=7", "-t", "2"],
    ...["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"],
  ],
  "song.mp3": [
    ...[...SOUND, ...COVER, "-t", "3", "-c:a", "libmp3lame", "-q:a", "4", "-metadata", "title=Grüße"],
    ...["-c:v", "mjpeg", ...COVER_TAGS],
  ],
  "film.ts": FILM,
  "cinema.ts": [
    ...[...PICTURE, ...SOUND, "-t", "3", "-c:v", "libx265", "-preset", "ultrafast"],
    ...["-x265-params", "log-level=none:pools=1", "-c:a", "ac3"],
  ],
  "television.ts": [...PICTURE, ...SOUND, "-t", "3", "-c:v", "mpeg2video", "-c:a", "mp2"],
};

const ENTRIES =
  "format=format_name,duration,bit_rate:format_tags:stream=index,codec_type,codec_name,width,height," +
  "sample_rate,channels,time_base,duration,nb_read_packets:stream_tags";

type Fields = Record<string, unknown>;

interface Probed {
  readonly format: Fields;
  readonly streams: readonly Fields[];
}

for (const [name, args] of Object.entries(FILES)) {
  e2e(`crtmp probe tells of ${name} what ffprobe tells`, { tools: ["ffmpeg", "ffprobe"] }, async () => {
    await using folder = await MediaFolder.make();
    const path = await encode(folder, name, args);
    const expected = JSON.parse(
      await runToSuccess("ffprobe", {
        args: ["-v", "error", "-of", "json", "-count_packets", "-show_entries", ENTRIES, path],
      }),
    ) as Probed;
    const told = JSON.parse(await crtmpOutput("probe", "--json", path)) as Probed;
    assert.deepEqual(told.streams.map(comparable), expected.streams.map(comparable));
    assert.deepEqual(comparable(told.format), comparable(expected.format));
    // ffprobe takes the beginning of the last PES packet for its end
    const tolerance = name.endsWith(".ts") ? 0.25 : 0.05;
    for (const [at, stream] of expected.streams.entries()) {
      assertClose(told.streams[at], stream, { name: "duration", tolerance });
    }
    assertClose(told.format, expected.format, { name: "duration", tolerance });
    const bitRate = Number(expected.format.bit_rate);
    assertClose(told.format, expected.format, { name: "bit_rate", tolerance: bitRate * tolerance });
  });
}

/** Makes a file, and before it those that its arguments speak of. */
async function encode(folder: MediaFolder, name: string, args: readonly string[]): Promise<string> {
  const made: Record<string, string> = {};
  if (args.includes("SUBTITLES")) {
    made["SUBTITLES"] = `${folder.path}/subtitles.srt`;
    await Deno.writeTextFile(made["SUBTITLES"], SUBTITLES);
  }
  if (args.includes("PICTURE")) {
    made["PICTURE"] = await folder.encode("cover.jpg", [...PICTURE, "-frames:v", "1"]);
  }
  return await folder.encode(name, args.map((arg) => made[arg] ?? arg));
}

/** Fields that must be equal; what else there is beside those asked for is not looked at. */
function comparable(fields: Fields): Fields {
  const names = [
    ...["index", "codec_type", "codec_name", "width", "height", "sample_rate", "channels", "time_base"],
    ...["nb_read_packets", "format_name", "tags"],
  ];
  return Object.fromEntries(names.filter((name) => name in fields).map((name) => [name, fields[name]]));
}

/** Equal within a tolerance, or in neither. */
function assertClose(
  told: Fields | undefined,
  expected: Fields,
  { name, tolerance }: { name: string; tolerance: number },
): void {
  const [ours, theirs] = [told?.[name], expected[name]];
  assert.equal(ours === undefined, theirs === undefined, `${name}: ${ours} against ${theirs}`);
  if (theirs === undefined) return;
  assert.ok(Math.abs(Number(ours) - Number(theirs)) <= tolerance, `${name}: ${ours} against ${theirs}`);
}

/** Files that are cut off at a third, and what is said of each. */
const CUT: Readonly<Record<string, RegExp>> = {
  "film.flv": /Tag cut off: need \d+ bytes at offset \d+, have \d+/,
  "film.mp4": /Cannot read MP4: no movie header; .* offset \d+/,
  "fragmented.mp4": /offset \d+/,
  "film.mkv": /Segment cut off: it ends at offset \d+, the file at \d+/,
  "song.mp3": /File cut off: it says it lasts 3\.\d+ s, packets end after [01]\.\d+ s \(at byte \d+\)/,
  "film.ts": /Packet cut off: need 188 bytes at offset \d+, have \d+/,
};

e2e("crtmp probe says what is wrong with files that are cut off", { tools: ["ffmpeg"] }, async (context) => {
  await using folder = await MediaFolder.make();
  for (const [name, message] of Object.entries(CUT)) {
    await context.step(name, async () => {
      const path = await folder.encode(name, FILES[name]!);
      const whole = await runCrtmp("probe", path);
      assert.deepEqual([whole.code, whole.stderr], [0, ""]);
      const { size } = await Deno.stat(path);
      await Deno.truncate(path, Math.floor(size / 3 / 188) * 188 + 100);
      const cut = await runCrtmp("probe", path);
      assert.equal(cut.code, 1);
      assert.match(cut.stderr, message);
    });
  }
});

e2e(
  "crtmp probe tells of damage in the midst, and of what is no media",
  { tools: ["ffmpeg", "bash"] },
  async () => {
    await using folder = await MediaFolder.make();
    const bytes = await Deno.readFile(await folder.encode("film.ts", FILES["film.ts"]!));
    const damaged = `${folder.path}/damaged.ts`;
    const at = Math.floor(bytes.length / 2 / 188) * 188;
    for (
      const [middle, message] of [
        [new Uint8Array(1000).fill(120), /Junk between packets: 1000 bytes were passed over/],
        [bytes.subarray(at - 188 * 20, at - 188 * 10), /Packets missing: their counters have \d+ gaps/],
      ] as const
    ) {
      await Deno.writeFile(damaged, concatBytes([bytes.subarray(0, at), middle, bytes.subarray(at)]));
      const { code, stderr } = await runCrtmp("probe", damaged);
      assert.equal(code, 1);
      assert.match(stderr, message);
    }
    await Deno.writeTextFile(`${folder.path}/notes.mp4`, "These are notes, no film.");
    const notes = await runCrtmp("probe", `${folder.path}/notes.mp4`);
    assert.equal(notes.code, 1);
    assert.match(notes.stderr, /^crtmp: Cannot /);
    await runToSuccess("bash", { args: ["-c", `mkfifo ${folder.path}/pipe.mp4`] });
    for (const path of [`${folder.path}/pipe.mp4`, folder.path]) {
      const { code, stderr } = await runCrtmp("probe", path);
      assert.equal(code, 1);
      assert.match(stderr, /^crtmp: Cannot open .*: it is not a regular file/);
    }
  },
);
