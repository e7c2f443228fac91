/** URLs and options of librtmp and ffmpeg, as they are typed in the field. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
import { makeClip } from "../helpers/media.ts";
import { listPackets, sentPackets } from "../helpers/packets.ts";
import { runProcess } from "../helpers/process.ts";
import { publishClip } from "../helpers/publishers.ts";
import { mediaOf } from "../helpers/replay.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

/** Arguments of rtmpdump that lead to `live/shown`; HOST stands for address and port. */
const RTMPDUMP = [
  "-v -r rtmp://HOST/live/shown",
  "-r rtmp://HOST/live/shown",
  "-v -r rtmp://HOST/live -y shown",
  "-v -r rtmp://HOST/live/ -y shown",
  "-v -r rtmp://HOST/live/_definst_/shown",
  "-v -r rtmp://HOST/live/room -y shown",
  "-v -n 127.0.0.1 -c PORT -a live -y shown -t rtmp://cdn.example:1935/other",
  "-v -r rtmp://HOST/live -y shown?token=hush-hush",
  "-v -r rtmp://HOST/live?token=hush-hush -y shown",
  "-v -r rtmp://HOST/live/shown -s http://a.example/p.swf -p http://a.example/?key=hush-hush -f WIN,11 -T hush-hush",
  "-v -r rtmp://HOST/live/shown -C S:hush-hush -C O:1 -C NS:key:hush-hush -C NN:number:1 -C O:0",
  "-v -r rtmp://HOST/live/shown -d shown -b 100",
] as const;

/** The same of ffmpeg as player. */
const FFMPEG = [
  "-i rtmp://HOST/live/shown",
  "-rtmp_live any -i rtmp://HOST/live/shown",
  "-rtmp_live recorded -i rtmp://HOST/live/shown",
  "-rtmp_playpath shown -i rtmp://HOST/live",
  "-rtmp_app live -rtmp_playpath shown -i rtmp://HOST/",
  "-rtmp_tcurl rtmp://cdn.example/other?key=hush-hush -i rtmp://HOST/live/shown",
  "-i rtmp://HOST/live/room/shown",
  "-i rtmp://HOST//live/shown?token=hush-hush",
  "-rtmp_subscribe shown -rtmp_buffer 100 -rtmp_conn B:1_S:hush-hush -i rtmp://HOST/live/shown",
] as const;

/** Output arguments of ffmpeg that publish `live/NAME`. */
const PUBLISHERS = [
  "rtmp://HOST/live/NAME",
  "rtmp://HOST/live/NAME?token=hush-hush",
  "rtmp://HOST/live?token=hush-hush/NAME",
  "rtmp://HOST/live/room/NAME",
  "rtmp://HOST//live/NAME",
  "-rtmp_playpath NAME rtmp://HOST/live/",
  "-rtmp_app live/ -rtmp_playpath NAME?token=hush-hush rtmp://HOST/",
  "-rtmp_tcurl rtmp://cdn.example/other rtmp://HOST/live/NAME",
  "-rtmp_flashver FMLE/3.0 -rtmp_pageurl http://a.example/?key=hush-hush rtmp://HOST/live/NAME",
  "-flvflags no_sequence_end+no_metadata rtmp://HOST/live/NAME",
] as const;

e2e(
  "players reach a stream however its URL is typed, and get its packets",
  { tools: ["ffmpeg", "ffprobe", "rtmpdump"] },
  async (context) => {
    const sent = await sentPackets("film");
    await using server = await TestServer.start();
    await using probe = await RtmpClient.play(server.rtmpPort, "live", "shown");
    await using _publisher = await publishClip("film", server.rtmpUrl("live/shown"));
    await waitFor(() => probe.media().length > 30, { what: "media" });
    const folder = await Deno.makeTempDir({ prefix: "crtmp-urls-" });
    const rows = [
      ...RTMPDUMP.map((typed) => ({
        program: "rtmpdump",
        typed,
        output: ["-q", "-m", "5", "-B", "1", "-o"],
      })),
      ...FFMPEG.map((typed) => ({
        program: "ffmpeg",
        typed,
        output: ["-v", "error", "-t", "1", "-c", "copy"],
      })),
    ];
    const results = await Promise.all(rows.map(async ({ program, typed, output }, index) => {
      const file = `${folder}/${index}.flv`;
      const args = [...argumentsOf(typed, server.rtmpPort), ...output, file];
      return { program, typed, file, ...await runProcess(program, { args, timeoutMs: 15_000 }) };
    }));
    for (const { program, typed, file, code, timedOut, stderr } of results) {
      await context.step(`${program} ${typed}`, async () => {
        assert.deepEqual([code, timedOut], [0, false], stderr);
        assertSamePackets(sent, await listPackets(file), {
          viewer: program,
          untilEnd: false,
          toleranceMs: 1,
        });
      });
    }
    await Deno.remove(folder, { recursive: true });
    assert.ok(!server.log.includes("hush-hush"), "no key in the log");
  },
);

e2e(
  "publishers reach their stream's public name however the URL is typed",
  { tools: ["ffmpeg"] },
  async (context) => {
    const clip = await makeClip("film");
    await using server = await TestServer.start();
    const checks = PUBLISHERS.map(async (typed, index) => {
      const name = `stream${index}`;
      await using player = await RtmpClient.play(server.rtmpPort, "live", name);
      const args = argumentsOf(typed.replace("NAME", name), server.rtmpPort);
      const { code, stderr } = await runProcess("ffmpeg", {
        args: ["-v", "error", "-nostdin", "-t", "1", "-i", clip, "-c", "copy", "-f", "flv", ...args],
        timeoutMs: 15_000,
      });
      await player.waitStatus("NetStream.Play.UnpublishNotify");
      return { typed, code, stderr, packets: mediaOf(player.messages).length };
    });
    for (const { typed, code, stderr, packets } of await Promise.all(checks)) {
      await context.step(typed, () => {
        assert.equal(code, 0, stderr);
        assert.ok(packets > 60, `${packets} packets`);
      });
    }
    assert.ok(!server.log.includes("hush-hush"), "no key in the log");
  },
);

function argumentsOf(typed: string, port: number): string[] {
  return typed.replace("HOST", `127.0.0.1:${port}`).replace("PORT", String(port)).split(" ")
    .map((argument) => argument.startsWith("B:1_") ? argument.replace("_", " ") : argument);
}
