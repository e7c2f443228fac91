/** Media files over RTMP: what players get, packet by packet. */
import assert from "node:assert/strict";
import { assertRisingTimes, assertSamePackets } from "../helpers/compare.ts";
import { makeClip } from "../helpers/media.ts";
import { MediaFolder } from "../helpers/media_folder.ts";
import { type ListedPacket, listPackets } from "../helpers/packets.ts";
import { runProcess, runToSuccess } from "../helpers/process.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";

const TOOLS = ["ffmpeg", "ffprobe", "rtmpdump"] as const;
/** The shortest buffer, so that a seek comes while the file still plays: ffmpeg asks for 3 s. */
const SHORT_BUFFER = ["--set", "applications.flvplayback.mediaStorage.clientSideBuffer=1"];

/** Plays with rtmpdump, which calls a short file incomplete: its last packet is not its end. */
async function dump(server: TestServer, name: string, args: readonly string[] = []): Promise<ListedPacket[]> {
  const path = await Deno.makeTempFile({ suffix: ".flv" });
  try {
    const result = await runProcess("rtmpdump", {
      args: ["-q", "-r", server.rtmpUrl("vod"), "-y", name, ...args, "-o", path],
      timeoutMs: 30_000,
    });
    assert.ok(!result.timedOut && [0, 2].includes(result.code), `rtmpdump of ${name}: ${result.stderr}`);
    return await listPackets(path);
  } finally {
    await Deno.remove(path);
  }
}

/** Plays with ffmpeg; `args` go before the input. */
async function copy(server: TestServer, url: string, args: readonly string[] = []): Promise<ListedPacket[]> {
  const path = await Deno.makeTempFile({ suffix: ".flv" });
  try {
    const input = [...args, "-i", server.rtmpUrl(url)];
    await runToSuccess("ffmpeg", {
      args: ["-v", "error", "-nostdin", "-y", "-copyts", ...input, "-c", "copy", path],
      timeoutMs: 40_000,
    });
    return await listPackets(path);
  } finally {
    await Deno.remove(path);
  }
}

/** The key frame a seek to `timeMs` begins with. */
function keyFrameAt(packets: readonly ListedPacket[], timeMs: number): ListedPacket | undefined {
  return packets.findLast(({ kind, isKeyFrame, ptsMs }) => kind === "video" && isKeyFrame && ptsMs <= timeMs);
}

function firstVideo(packets: readonly ListedPacket[]): ListedPacket | undefined {
  return packets.find(({ kind }) => kind === "video");
}

/** A way to keep the film. */
interface Remux {
  readonly file: string;
  /** Arguments of ffmpeg before the output. */
  readonly args?: readonly string[];
  /** What players call it. */
  readonly name: string;
  /** Whether its packets have another form than RTMP has: they are those of the film it was made of. */
  readonly isConverted?: boolean;
}

const REMUXES: readonly Remux[] = [
  { file: "films/a.flv", name: "flv:films/a" },
  { file: "films/b.mp4", name: "mp4:films/b.mp4" },
  { file: "c.mp4", args: ["-movflags", "+faststart"], name: "mp4:c" },
  { file: "d.mp4", args: ["-movflags", "frag_keyframe+empty_moov"], name: "mp4:d" },
  { file: "e.mov", name: "mp4:e.mov" },
  { file: "f.mkv", name: "mkv:f" },
  { file: "g.mkv", args: ["-cues_to_front", "1", "-reserve_index_space", "10000"], name: "g" },
  { file: "h.ts", name: "ts:h", isConverted: true },
];

/** Plays a film kept in one way to two players, whole and from a place on. */
async function playRemux(
  { file, args = [], name, isConverted = false }: Remux,
  { folder, server }: { readonly folder: MediaFolder; readonly server: TestServer },
): Promise<void> {
  const film = await makeClip("feature");
  const path = await folder.encode(file, ["-i", film, "-c", "copy", ...args]);
  const packets = await listPackets(isConverted ? film : path);
  const sent = packets.filter(({ isDiscarded }) => isConverted || isDiscarded !== true);
  // what is decoded before the file's time 0 has time 0 in RTMP; Matroska does not store when that is
  const options = { toleranceMs: 1, ignoresDts: isConverted || sent.some(({ dtsMs }) => !(dtsMs >= 0)) };
  const viewer = (what: string) => ({ viewer: `${what} of ${file}` });
  const whole = await dump(server, name);
  const { offsetMs } = assertSamePackets(sent, whole, { ...options, ...viewer("rtmpdump"), fromStart: true });
  assertRisingTimes(whole);
  const copied = await copy(server, `vod/${name}`, ["-rtmp_buffer", "60000"]);
  assertSamePackets(sent, copied, { ...options, ...viewer("ffmpeg"), fromStart: true });
  const seek = "9.3";
  const wanted = keyFrameAt(sent, Number(seek) * 1_000 - offsetMs);
  const dumped = await dump(server, name, ["--start", seek]);
  assertSamePackets(sent, dumped, { ...options, ...viewer("rtmpdump --start") });
  assert.equal(firstVideo(dumped)?.hash, wanted?.hash, `first picture, rtmpdump --start of ${file}`);
  const sought = await copy(server, `vod/${name}`, ["-rtmp_buffer", "1000", "-ss", seek]);
  assertSamePackets(sent, sought, { ...options, ...viewer("ffmpeg -ss") });
  assert.equal(firstVideo(sought)?.hash, wanted?.hash, `first picture, ffmpeg -ss of ${file}`);
}

e2e("Players get files of every container, from the start and from a key frame on, packet by packet", {
  tools: TOOLS,
}, async () => {
  await using folder = await MediaFolder.make();
  await using server = await TestServer.start({ args: ["--media", folder.path, ...SHORT_BUFFER] });
  const results = await Promise.allSettled(REMUXES.map((remux) => playRemux(remux, { folder, server })));
  const faults = results.flatMap((result) => result.status === "rejected" ? [String(result.reason)] : []);
  assert.deepEqual(faults, [], `${server.log.slice(-4_000)}`);
});

e2e("A seek to the very picture brings the pictures before it at once, and the player goes on in time", {
  tools: TOOLS,
}, async () => {
  await using folder = await MediaFolder.make();
  const path = await folder.encode("a.mp4", ["-i", await makeClip("feature"), "-c", "copy"]);
  const exact = ["--set", "applications.flvplayback.mediaStorage.keyframeSeek=false"];
  await using server = await TestServer.start({ args: ["--media", folder.path, ...SHORT_BUFFER, ...exact] });
  const sent = (await listPackets(path)).filter(({ isDiscarded }) => isDiscarded !== true);
  const pictures = sent.filter(({ kind }) => kind === "video");
  const got = await copy(server, "vod/mp4:a", ["-rtmp_buffer", "1000", "-ss", "9.3"]);
  const first = pictures.findIndex(({ hash }) => hash === keyFrameAt(sent, 9_300)?.hash);
  const video = got.filter(({ kind }) => kind === "video");
  assert.deepEqual(video.map(({ hash }) => hash), pictures.slice(first).map(({ hash }) => hash));
  const startMs = video[0]!.dtsMs;
  assert.ok(startMs > pictures[first]!.dtsMs + 100, `decoded at ${startMs} ms, the time that was sought`);
  for (const [at, { dtsMs }] of video.entries()) {
    const wanted = Math.max(startMs, pictures[first + at]!.dtsMs);
    assert.ok(Math.abs(dtsMs - wanted) <= 1, `picture ${at}: ${dtsMs} ms, not ${wanted}`);
  }
  const sound = got.find(({ kind }) => kind === "audio");
  assert.ok(sound!.dtsMs >= startMs, "sound from before is left out");
  assertRisingTimes(got);
});
