/** Media files over RTMP: what players get, packet by packet. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
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

/** Ways to keep the same film: arguments of ffmpeg that remux it, and what players call the file. */
const REMUXES: readonly {
  readonly file: string;
  readonly args?: readonly string[];
  readonly name: string;
}[] = [
  { file: "films/a.flv", name: "flv:films/a" },
];

/** What players got that they should not have, or not, one line each. */
async function playRemux(
  { file, args = [], name }: typeof REMUXES[number],
  { folder, server }: { readonly folder: MediaFolder; readonly server: TestServer },
): Promise<void> {
  const path = await folder.encode(file, ["-i", await makeClip("feature"), "-c", "copy", ...args]);
  const sent = await listPackets(path);
  const options = { toleranceMs: 1 };
  const viewer = (what: string) => ({ viewer: `${what} of ${file}` });
  assertSamePackets(sent, await dump(server, name), { ...options, ...viewer("rtmpdump"), fromStart: true });
  const copied = await copy(server, `vod/${name}`, ["-rtmp_buffer", "60000"]);
  const { offsetMs } = assertSamePackets(sent, copied, { ...options, ...viewer("ffmpeg"), fromStart: true });
  const seekMs = 9_300;
  const wanted = keyFrameAt(sent, seekMs);
  const dumped = await dump(server, name, ["--start", `${seekMs / 1000}`]);
  assertSamePackets(sent, dumped, { ...options, ...viewer("rtmpdump --start") });
  assert.equal(firstVideo(dumped)?.hash, wanted?.hash, `first picture, rtmpdump --start of ${file}`);
  // ffmpeg counts from the first packet it got, which may lie behind 0
  const target = ["-rtmp_buffer", "1000", "-ss", `${(seekMs - offsetMs) / 1000}`];
  const sought = await copy(server, `vod/${name}`, target);
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
