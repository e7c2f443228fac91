/** Media files over RTMP: codecs of Enhanced RTMP, sound alone, and what a player cannot take. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
import { hasFfmpeg8, playWithFfmpeg8 } from "../helpers/ffmpeg8.ts";
import { makeClip } from "../helpers/media.ts";
import { MediaFolder } from "../helpers/media_folder.ts";
import { listPackets } from "../helpers/packets.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { TYPE } from "../helpers/rtmp_chunks.ts";
import { runProcess } from "../helpers/process.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";

e2e("FFmpeg 8 gets HEVC, AV1 and Opus of files unchanged", {
  tools: ["ffmpeg", "ffprobe"],
  needs: { "FFmpeg 8 (npm:node-av)": await hasFfmpeg8() },
}, async () => {
  await using folder = await MediaFolder.make();
  const files = [
    { name: "hevc.mkv", clip: "hevc" },
    { name: "hevc.mp4", clip: "hevc", args: ["-tag:v", "hvc1"] },
    { name: "av1.mkv", clip: "av1" },
    { name: "av1.mp4", clip: "av1" },
  ] as const;
  await using server = await TestServer.start({ args: ["--media", folder.path] });
  await Promise.all(files.map(async (file) => {
    const args = "args" in file ? file.args : [];
    const path = await folder.encode(file.name, ["-i", await makeClip(file.clip), "-c", "copy", ...args]);
    const sent = (await listPackets(path)).filter(({ isDiscarded }) => isDiscarded !== true);
    await using player = playWithFfmpeg8(server.rtmpUrl(`vod/${file.name}`), { isEnhanced: true });
    const options = { viewer: `FFmpeg 8 of ${file.name}`, toleranceMs: 1, ignoresDts: true };
    assertSamePackets(sent, await player.ended(), options);
  }));
});

e2e("A player without Enhanced RTMP is told what it cannot get, and gets the sound", {
  tools: ["ffmpeg", "ffprobe"],
}, async () => {
  await using folder = await MediaFolder.make();
  const path = await folder.encode("hevc.mkv", ["-i", await makeClip("hevc"), "-c", "copy"]);
  await using server = await TestServer.start({ args: ["--media", folder.path] });
  await using client = await RtmpClient.play(server.rtmpPort, "vod", "hevc.mkv");
  await client.waitStatus("NetStream.Play.Stop");
  assert.ok(client.statusCodes().includes("NetStream.Play.NoSupportedTrackFound"));
  const sounds = (await listPackets(path)).filter(({ kind }) => kind === "audio").length;
  const media = client.media().filter(({ payload }) => payload[1] === 1);
  assert.ok(media.every(({ messageTypeId }) => messageTypeId === TYPE.Audio));
  assert.equal(media.length, sounds);
});

e2e(
  "Sound alone is played and sought in, of every container",
  { tools: ["ffmpeg", "ffprobe", "rtmpdump"] },
  async () => {
    await using folder = await MediaFolder.make();
    await using server = await TestServer.start({ args: ["--media", folder.path] });
    const noise = ["-f", "lavfi", "-i", "anoisesrc=sample_rate=44100:amplitude=0.3:seed=7", "-t", "20"];
    const mp3 = ["-c:a", "libmp3lame"];
    const files = [
      { name: "a.mp3", args: [...mp3, "-b:a", "96k"], play: "mp3:a" },
      // the table of a Xing header tells places to a percent
      {
        name: "vbr.mp3",
        args: [...mp3, "-q:a", "4", "-metadata", "title=A song"],
        play: "mp3:vbr",
        seekMs: 200,
      },
      { name: "a.m4a", args: ["-c:a", "aac"], play: "mp4:a.m4a" },
      { name: "b.flv", args: [...mp3, "-b:a", "96k"], play: "flv:b" },
      { name: "c.mka", args: ["-c:a", "aac"], play: "mkv:c" },
    ];
    const results = await Promise.allSettled(files.map(async ({ name, args, play, seekMs = 0 }) => {
      const path = await folder.encode(name, [...noise, ...args]);
      const sent = (await listPackets(path)).filter(({ isDiscarded }) => isDiscarded !== true);
      for (const start of ["0", "12.5"]) {
        const got = await dump(server, { name: play, start });
        assertSamePackets(sent, got, {
          viewer: `rtmpdump of ${name} from ${start} s`,
          toleranceMs: 1,
          ignoresDts: true,
          fromStart: start === "0",
        });
        if (start === "0") continue;
        const wanted = sent.findLast(({ ptsMs }) => ptsMs <= Number(start) * 1_000 + 1);
        const first = sent.find(({ hash }) => hash === got[0]?.hash);
        assert.ok(Math.abs(first!.ptsMs - wanted!.ptsMs) <= seekMs, `${name} begins at ${first!.ptsMs} ms`);
      }
    }));
    const faults = results.flatMap((result) => result.status === "rejected" ? [String(result.reason)] : []);
    assert.deepEqual(faults, [], server.log.slice(-4_000));
  },
);

async function dump(server: TestServer, { name, start }: { name: string; start: string }) {
  const path = await Deno.makeTempFile({ suffix: ".flv" });
  try {
    const args = [
      "-q",
      "-r",
      server.rtmpUrl("vod"),
      "-y",
      name,
      ...(start === "0" ? [] : ["--start", start]),
    ];
    const result = await runProcess("rtmpdump", { args: [...args, "-o", path] });
    assert.ok(!result.timedOut && [0, 2].includes(result.code), `rtmpdump of ${name}: ${result.stderr}`);
    return await listPackets(path);
  } finally {
    await Deno.remove(path);
  }
}
