/** RTSP with GStreamer as player, and with other codecs than H.264 and AAC. */
import assert from "node:assert/strict";
import { makeClip } from "../helpers/media.ts";
import { takeApart } from "../helpers/peer_vlc.ts";
import { parseFrameHash } from "../helpers/packets.ts";
import { runProcess, runToSuccess, startProcess } from "../helpers/process.ts";
import { publishClip } from "../helpers/publishers.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

e2e("GStreamer plays over RTSP, in the connection and over UDP, every picture from a key frame on", {
  tools: ["gst-launch-1.0", "ffmpeg"],
}, async (context) => {
  const sent = await takeApart(await makeClip("film"));
  await using server = await TestServer.start();
  await using publisher = await publishClip("film", server.rtmpUrl("live/film"));
  await waitFor(() => server.log.includes("live/film: publishing"), { what: "the publisher" });
  await delay(1_200);
  const runs = await Promise.all(["tcp", "udp"].map(async (protocol) => {
    const path = await Deno.makeTempFile({ prefix: "crtmp-gst-", suffix: ".h264" });
    const url = server.rtspUrl("live/film");
    await using player = startProcess("gst-launch-1.0", {
      args: [
        ...["-e", "rtspsrc", `location=${url}`, `protocols=${protocol}`, "latency=100", "!"],
        ...["application/x-rtp,media=video", "!", "rtph264depay", "!"],
        ...["video/x-h264,stream-format=byte-stream,alignment=au", "!", "filesink", `location=${path}`],
      ],
      timeoutMs: 30_000,
    });
    assert.equal((await publisher.result).code, 0);
    player.kill("SIGINT");
    await player.result;
    const list = await runToSuccess("ffmpeg", {
      args: [
        ...["-v", "fatal", "-nostdin", "-f", "h264", "-i", path, "-c", "copy", "-copyinkf"],
        ...["-bsf:v", "filter_units=pass_types=1-5", "-f", "framehash", "-hash", "md5", "-"],
      ],
    });
    await Deno.remove(path);
    return { protocol, pictures: parseFrameHash(list).map(({ hash }) => hash) };
  }));
  for (const { protocol, pictures } of runs) {
    await context.step(protocol, () => {
      const start = sent.pictures.indexOf(pictures[0]!);
      assert.ok(start >= 0 && pictures.length >= 50, `${pictures.length} pictures from ${start} on`);
      assert.deepEqual(pictures, sent.pictures.slice(start, start + pictures.length));
    });
  }
});

/** What ffmpeg encodes, and what it must find again. */
const CODECS: readonly (readonly [video: string, audio: string, encoders: string])[] = [
  ["hevc", "opus", "-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=25 -c:a libopus"],
  ["vp8", "mp3", "-c:v libvpx -deadline realtime -g 25 -c:a libmp3lame"],
  ["vp9", "aac", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 25 -strict experimental -c:a aac"],
  [
    "h264",
    "pcm_mulaw",
    "-c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p -ar 8000 -ac 1 -c:a pcm_mulaw",
  ],
];

e2e(
  "other codecs go in and out by RTSP, and decode without an error",
  { tools: ["ffmpeg"] },
  async (context) => {
    await using server = await TestServer.start();
    const play = async ([video, audio, encoders]: typeof CODECS[number]) => {
      const url = server.rtspUrl(`live/${video}`);
      await using _publisher = startProcess("ffmpeg", {
        args: [
          ...["-v", "error", "-nostdin", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"],
          ...["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", "15"],
          ...[...encoders.split(" "), "-rtsp_transport", "tcp", "-f", "rtsp", url],
        ],
        timeoutMs: 40_000,
      });
      await waitFor(() => server.log.includes(`live/${video}: publishing`), { what: "the publisher" });
      await delay(1_500);
      const input = ["-rtsp_transport", "tcp", "-i", url, "-t", "1.5"];
      const player = await runProcess("ffmpeg", {
        args: ["-v", "info", "-nostdin", ...input, "-f", "null", "-"],
        timeoutMs: 20_000,
      });
      return { video, audio, player };
    };
    // two at a time: each has an encoder that must keep pace
    for (let at = 0; at < CODECS.length; at += 2) {
      for (const { video, audio, player } of await Promise.all(CODECS.slice(at, at + 2).map(play))) {
        await context.step(`${video} and ${audio}`, () => {
          assert.equal(player.code, 0, player.stderr);
          assert.match(player.stderr, new RegExp(`Video: ${video}\\b`));
          // MPA tells no layer
          assert.match(player.stderr, new RegExp(`Audio: ${audio === "mp3" ? "mp[23]" : audio}`));
          assert.doesNotMatch(player.stderr, /error|corrupt|invalid|concealing/i);
        });
      }
    }
  },
);
