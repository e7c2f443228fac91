/**
 * Short clips for the tests, made by ffmpeg once and kept in a temporary folder.
 *
 * @module
 */

import { runToSuccess } from "./process.ts";

const FFMPEG_QUIET = ["-hide_banner", "-loglevel", "error", "-nostdin", "-y"];
/** Noise, since two tones or two silences have equal packets and could hide a packet taken for another. */
const NOISE = ["-f", "lavfi", "-i", "anoisesrc=sample_rate=44100:amplitude=0.3:seed=7"];
const PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"];
/** One key frame a second, closed groups of pictures, B-frames between. */
const H264 = [
  ...["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-b:v", "300k"],
  ...["-g", "25", "-keyint_min", "25", "-sc_threshold", "0", "-threads", "1"],
];
const AAC = ["-c:a", "aac", "-b:a", "64k", "-ac", "2"];

/** Clips by name: arguments of ffmpeg before the output file, and the file's extension. */
const CLIPS = {
  /** H.264 with B-frames (negative-going composition times) and AAC, 6 s. */
  film: { args: [...PICTURE, ...NOISE, "-t", "6", ...H264, "-bf", "2", ...AAC], extension: "flv" },
  /** As film, but longer: what is sought in is not over at once. */
  feature: { args: [...PICTURE, ...NOISE, "-t", "14", ...H264, "-bf", "2", ...AAC], extension: "mp4" },
  /** As film, another picture, so that no packet is equal. */
  other: {
    args: [
      ...["-f", "lavfi", "-i", "mandelbrot=size=320x180:rate=25"],
      ...["-f", "lavfi", "-i", "anoisesrc=sample_rate=44100:amplitude=0.2:seed=99"],
      ...["-t", "6", ...H264, "-bf", "0", ...AAC],
    ],
    extension: "flv",
  },
  audioOnly: { args: [...NOISE, "-t", "4", ...AAC], extension: "flv" },
  videoOnly: { args: [...PICTURE, "-t", "4", ...H264, "-bf", "2"], extension: "flv" },
  /** H.264 and MP3, as older encoders send. */
  mp3: {
    args: [...PICTURE, ...NOISE, "-t", "4", ...H264, "-bf", "0", "-c:a", "libmp3lame", "-b:a", "64k"],
    extension: "flv",
  },
  /** Sorenson H.263, without any sequence header. */
  sorenson: {
    args: [...PICTURE, ...NOISE, "-t", "4", "-c:v", "flv", "-g", "25", "-c:a", "libmp3lame"],
    extension: "flv",
  },
  /** HEVC with B-frames and AAC, for Enhanced RTMP; FLV of ffmpeg 5 cannot hold it. */
  hevc: {
    args: [
      ...[...PICTURE, ...NOISE, "-t", "4", "-c:v", "libx265", "-preset", "ultrafast", "-x265-params"],
      ...["log-level=none:keyint=25:min-keyint=25:bframes=2:pools=1", "-pix_fmt", "yuv420p", ...AAC],
    ],
    extension: "mkv",
  },
  /** AV1 and Opus, for Enhanced RTMP. */
  av1: {
    args: [
      ...["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25", ...NOISE, "-t", "4", "-pix_fmt", "yuv420p"],
      ...["-c:v", "libaom-av1", "-cpu-used", "8", "-g", "25", "-lag-in-frames", "0", "-b:v", "100k"],
      ...["-c:a", "libopus", "-ar", "48000", "-b:a", "64k"],
    ],
    extension: "mkv",
  },
  /** VP9 and FLAC, for Enhanced RTMP. */
  vp9: {
    args: [
      ...["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25", ...NOISE, "-t", "4", "-pix_fmt", "yuv420p"],
      ...["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "25", "-b:v", "100k"],
      ...["-c:a", "flac", "-ar", "48000"],
    ],
    extension: "mkv",
  },
  /** H.264 and AC-3, for Enhanced RTMP. */
  ac3: {
    args: [
      ...PICTURE,
      ...NOISE,
      "-t",
      "4",
      ...H264,
      "-bf",
      "0",
      "-c:a",
      "ac3",
      "-ar",
      "48000",
      "-b:a",
      "96k",
    ],
    extension: "mkv",
  },
  /** Two tracks of H.264, and two of AAC, for multitrack. */
  twoTracks: {
    args: [
      ...[...PICTURE, "-f", "lavfi", "-i", "mandelbrot=size=160x90:rate=25", ...NOISE],
      ...["-f", "lavfi", "-i", "anoisesrc=sample_rate=44100:amplitude=0.2:seed=99"],
      ...["-map", "0", "-map", "1", "-map", "2", "-map", "3", "-t", "5", ...H264, "-bf", "2", ...AAC],
    ],
    extension: "mkv",
  },
} as const satisfies Record<string, { args: readonly string[]; extension: string }>;

/** Name of a clip that `makeClip` makes. */
export type ClipName = keyof typeof CLIPS;

const FOLDER = `${Deno.env.get("TMPDIR") ?? "/tmp"}/crtmp-test-media-${Deno.uid() ?? 0}`;
/** Part of the file names; raised when a recipe above changes. */
const EDITION = 2;

/**
 * Returns the path of clip `name`, making it if no earlier run has.
 *
 * Written beside and renamed, so that test files running side by side never see half a clip.
 */
export async function makeClip(name: ClipName): Promise<string> {
  const { args, extension } = CLIPS[name];
  const path = `${FOLDER}/${name}-${EDITION}.${extension}`;
  if (await isFile(path)) return path;
  await Deno.mkdir(FOLDER, { recursive: true });
  const partial = `${FOLDER}/${name}-${crypto.randomUUID()}.${extension}`;
  await runToSuccess("ffmpeg", { args: [...FFMPEG_QUIET, ...args, partial], timeoutMs: 60_000 });
  await Deno.rename(partial, path);
  return path;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}
