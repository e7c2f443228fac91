/**
 * Clips of the codecs that inputs and outputs carry, each as Matroska, FLV and MPEG-TS.
 *
 * @module
 */

import { concatBytes } from "#bytes";
import { encodeLpcmConfig } from "#codecs/pcm";
import type { Packet } from "#media";
import { openMedia } from "#mediaformats";
import { FlvMuxer } from "#mediaformats/flv";
import { FileSource } from "#storage";
import { unitsOf } from "./media_units.ts";
import type { ListedPacket } from "./packets.ts";
import { runToSuccess } from "./process.ts";

/** One clip. */
export interface MatrixClip {
  readonly name: string;
  /** Video before audio. */
  readonly codecs: readonly string[];
  /** What the others are made of. */
  readonly path: string;
  readonly flv: Uint8Array;
  /** Empty where MPEG-TS does not hold its codecs. */
  readonly ts: Uint8Array;
  /** Configurations, then media in the order of decoding. */
  readonly packets: readonly Packet[];
  readonly units: readonly ListedPacket[];
  readonly durationMs: number;
}

const SECONDS = 2.4;
const PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25"];
const NOISE = ["-f", "lavfi", "-i", "anoisesrc=sample_rate=48000:amplitude=0.3:seed=7"];
const H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-sc_threshold", "0", "-threads", "1"];
const HEVC = [
  ...["-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params"],
  "log-level=none:keyint=25:min-keyint=25:bframes=2:pools=1",
];
const AV1 = ["-c:v", "libaom-av1", "-cpu-used", "8", "-g", "25", "-lag-in-frames", "0", "-b:v", "100k"];
const VP9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "25", "-b:v", "100k"];

const FILM = [...PICTURE, ...NOISE, ...H264, "-bf", "2", "-c:a", "aac", "-b:a", "64k"];
/** Where the clock of MPEG-TS begins anew 1.2 s into a clip, in s: 33 bits of 90 kHz. */
const BEFORE_ROLLOVER_S = 2 ** 33 / 90_000 - 1.2;

/** A clip to make. */
interface Recipe {
  /** Video before audio, as ffmpeg names them. */
  readonly codecs: readonly string[];
  /** Arguments of ffmpeg; several make one clip in several parts, each with its own parameter sets. */
  readonly parts: readonly (readonly string[])[];
  /** Arguments of ffmpeg for its MPEG-TS. */
  readonly ts?: readonly string[];
  /** Packets beside those of ffmpeg, for codecs that only RTP carries; then there is neither FLV nor MPEG-TS. */
  readonly sound?: (ms: number) => Packet;
}

const RECIPES: Readonly<Record<string, Recipe>> = {
  h264Aac: { codecs: ["h264", "aac"], parts: [FILM] },
  hevcOpus: {
    codecs: ["hevc", "opus"],
    parts: [[...PICTURE, ...NOISE, ...HEVC, "-c:a", "libopus", "-b:a", "64k"]],
  },
  av1Opus: {
    codecs: ["av1", "opus"],
    parts: [[...PICTURE, ...NOISE, ...AV1, "-c:a", "libopus", "-b:a", "64k"]],
  },
  vp9Mp3: {
    codecs: ["vp9", "mp3"],
    parts: [[...PICTURE, ...NOISE, ...VP9, "-c:a", "libmp3lame", "-b:a", "64k"]],
  },
  h264Ac3: {
    codecs: ["h264", "ac3"],
    parts: [[...PICTURE, ...NOISE, ...H264, "-bf", "0", "-c:a", "ac3", "-b:a", "96k"]],
  },
  audioOnly: { codecs: ["aac"], parts: [[...NOISE, "-c:a", "aac", "-b:a", "64k"]] },
  videoOnly: { codecs: ["h264"], parts: [[...PICTURE, ...H264, "-bf", "2"]] },
  /** The picture changes its size, and with it the parameter sets. */
  twoSizes: {
    codecs: ["h264"],
    parts: ["160x90", "128x96"].map((size) => [
      ...["-f", "lavfi", "-i", `testsrc2=size=${size}:rate=25`, ...H264, "-bf", "0"],
    ]),
  },
  h264Lpcm: {
    codecs: ["h264", "lpcm"],
    parts: [[...PICTURE, ...H264, "-bf", "0"]],
    sound: (ms) => madeSound("lpcm", { ms, bytes: 960 }),
  },
  h264G722: {
    codecs: ["h264", "g722"],
    parts: [[...PICTURE, ...H264, "-bf", "0"]],
    sound: (ms) => madeSound("g722", { ms, bytes: 80 }),
  },
  rollover: { codecs: ["h264", "aac"], parts: [FILM], ts: ["-output_ts_offset", String(BEFORE_ROLLOVER_S)] },
};

const SOUND_MS = 10;

function madeSound(codec: "lpcm" | "g722", { ms, bytes }: { ms: number; bytes: number }): Packet {
  const payload = Uint8Array.from({ length: bytes }, (_, at) => at * 31 + ms);
  const timeUs = ms * 1000;
  return {
    kind: "audio",
    trackId: 0,
    codec,
    role: "media",
    dtsUs: timeUs,
    ptsUs: timeUs,
    isKeyFrame: true,
    payload,
  };
}

/** Packets with made sound among them, and the configuration it needs. */
function withSound(packets: readonly Packet[], sound: (ms: number) => Packet): Packet[] {
  const made = Array.from({ length: SECONDS * 1000 / SOUND_MS }, (_, at) => sound(at * SOUND_MS));
  const [first] = made;
  const payload = encodeLpcmConfig({ bitsPerSample: 16, channels: 1, sampleRate: 48_000 });
  const configs = first?.codec === "lpcm" ? [{ ...first, role: "config" as const, payload }] : [];
  const media = [...packets.filter(({ role }) => role === "media"), ...made];
  return [
    ...packets.filter(({ role }) => role !== "media"),
    ...configs,
    ...media.sort((a, b) => a.dtsUs - b.dtsUs || Number(a.kind !== "video") - Number(b.kind !== "video")),
  ];
}

/** Makes all clips, in `folder`. */
export async function matrixClips(folder: string): Promise<MatrixClip[]> {
  return await Promise.all(
    Object.entries(RECIPES).map(async ([name, { codecs, parts, ts = [], sound }]) => {
      const tsPath = `${folder}/${name}.ts`;
      const isInTs = codecs.every((codec) => !["av1", "vp9", "lpcm", "g722"].includes(codec));
      let path = `${folder}/${name}-source.mkv`;
      if (parts.length > 1) {
        path = tsPath;
        await Deno.writeFile(tsPath, await joinedParts(folder, { name, parts }));
      } else {
        await ffmpeg([...parts[0]!, "-t", String(SECONDS), "-pix_fmt", "yuv420p", path]);
        if (isInTs) await ffmpeg(["-i", path, "-c", "copy", ...ts, tsPath]);
      }
      const { flv, packets: made } = await flvOf(path);
      const packets = sound === undefined ? made : withSound(made, sound);
      return {
        name,
        codecs,
        path,
        flv,
        ts: isInTs ? await Deno.readFile(tsPath) : new Uint8Array(0),
        packets,
        units: await unitsOf(packets),
        durationMs: SECONDS * 1000,
      };
    }),
  );
}

/** MPEG-TS of parts one after the other, as its senders make it who change their encoder. */
async function joinedParts(folder: string, { name, parts }: { name: string; parts: Recipe["parts"] }) {
  const seconds = SECONDS / parts.length;
  return concatBytes(
    await Promise.all(parts.map(async (args, at) => {
      const path = `${folder}/${name}-${at}.ts`;
      const shift = ["-output_ts_offset", String(at * seconds), "-muxdelay", "0"];
      await ffmpeg([...args, "-t", String(seconds), "-pix_fmt", "yuv420p", ...shift, path]);
      return await Deno.readFile(path);
    })),
  );
}

/** The packets of a file, and the file as FLV of all codecs. */
async function flvOf(path: string) {
  const demuxer = await openMedia(await FileSource.open(path));
  const { tracks } = demuxer.summary;
  const packets: Packet[] = [];
  for (let batch = await demuxer.read(); batch.length > 0; batch = await demuxer.read()) {
    packets.push(...batch.map((packet) => ({ ...packet, payload: packet.payload.slice() })));
  }
  // who is there from the start begins with the first picture
  packets.sort((a, b) => a.dtsUs - b.dtsUs || Number(a.kind !== "video") - Number(b.kind !== "video"));
  const muxer = new FlvMuxer(tracks);
  const flv = concatBytes([
    muxer.begin(),
    ...packets.map((packet) => muxer.write(packet)),
    muxer.end().append,
  ]);
  demuxer.close();
  const configs: Packet[] = tracks.flatMap(({ kind, trackId, codec, codecConfig: payload }) => {
    const config = { kind, trackId, codec, role: "config", dtsUs: 0, ptsUs: 0, isKeyFrame: false } as const;
    return payload === undefined ? [] : [{ ...config, payload }];
  });
  return { flv, packets: [...configs, ...packets] };
}

async function ffmpeg(args: readonly string[]): Promise<void> {
  await runToSuccess("ffmpeg", { args: ["-v", "error", "-nostdin", "-y", ...args], timeoutMs: 30_000 });
}
