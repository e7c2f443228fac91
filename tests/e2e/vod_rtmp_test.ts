/** Media files over RTMP: what players get, packet by packet. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
import { makeClip } from "../helpers/media.ts";
import { listPackets } from "../helpers/packets.ts";
import { runProcess, runToSuccess } from "../helpers/process.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";

const TOOLS = ["ffmpeg", "ffprobe", "rtmpdump"] as const;

/** A folder of media files that do not change any more. */
async function mediaFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "crtmp-media-" });
  for (const [name, path] of Object.entries(files)) {
    await Deno.mkdir(`${folder}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.copyFile(path, `${folder}/${name}`);
    await Deno.utime(`${folder}/${name}`, 1_600_000_000, 1_600_000_000);
  }
  return folder;
}

/** Downloads with rtmpdump, which calls a short file incomplete: its last packet is not its end. */
async function dump(server: TestServer, name: string, args: readonly string[] = []): Promise<string> {
  const path = await Deno.makeTempFile({ suffix: ".flv" });
  const result = await runProcess("rtmpdump", {
    args: ["-q", "-r", server.rtmpUrl("vod"), "-y", name, ...args, "-o", path],
    timeoutMs: 20_000,
  });
  assert.ok([0, 2].includes(result.code), result.stderr);
  return path;
}

e2e("rtmpdump and ffmpeg play a file from its start to its end", { tools: TOOLS }, async () => {
  const folder = await mediaFolder({ "films/a.flv": await makeClip("film") });
  await using server = await TestServer.start({ args: ["--media", folder] });
  const sent = await listPackets(`${folder}/films/a.flv`);
  const dumped = await dump(server, "flv:films/a");
  assertSamePackets(sent, await listPackets(dumped), { fromStart: true });
  const copied = `${folder}/copy.flv`;
  await runToSuccess("ffmpeg", {
    args: ["-v", "error", "-nostdin", "-i", server.rtmpUrl("vod/films/a.flv"), "-c", "copy", copied],
  });
  assertSamePackets(sent, await listPackets(copied), { fromStart: true, toleranceMs: 1 });
});

e2e("rtmpdump --start gets the key frame at or before, and all that follows", { tools: TOOLS }, async () => {
  const folder = await mediaFolder({ "a.flv": await makeClip("film") });
  await using server = await TestServer.start({ args: ["--media", folder] });
  const sent = await listPackets(`${folder}/a.flv`);
  const got = await listPackets(await dump(server, "a", ["--start", "3.5"]));
  assertSamePackets(sent, got);
  const keyFrames = sent.filter(({ kind, isKeyFrame }) => kind === "video" && isKeyFrame);
  const wanted = keyFrames.findLast(({ ptsMs }) => ptsMs <= 3_500);
  assert.equal(got.find(({ kind }) => kind === "video")?.hash, wanted?.hash);
});
