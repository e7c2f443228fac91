/** The commands that the documentation shows, as a newcomer types them. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
import { listPackets, sentPackets } from "../helpers/packets.ts";
import { runProcess } from "../helpers/process.ts";
import { publishClip } from "../helpers/publishers.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

const STREAMS = ["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0"];

e2e(
  "ffmpeg -stream_loop, ffprobe and rtmpdump -B work as shown",
  { tools: ["ffmpeg", "ffprobe", "rtmpdump"] },
  async (context) => {
    await using server = await TestServer.start();
    const url = server.rtmpUrl("live/a");
    await using _publisher = await publishClip("film", url, { inputArgs: ["-stream_loop", "-1"] });
    await waitFor(() => server.logLines("live/a").length > 0, { what: "the publisher" });
    for (const input of [url, server.httpUrl("live/a.flv")]) {
      await context.step(`ffprobe ${input.split(":")[0]}`, async () => {
        const result = await runProcess("ffprobe", { args: [...STREAMS, input], timeoutMs: 15_000 });
        assert.equal(result.code, 0, result.stderr);
        assert.deepEqual(result.stdout.trim().split("\n").sort(), ["aac", "h264"]);
      });
    }
    await context.step("rtmpdump -B ends by itself after that time of media", async () => {
      const path = await Deno.makeTempFile({ suffix: ".flv" });
      const args = ["-m", "5", "-B", "2", "-r", url, "-o", path];
      const result = await runProcess("rtmpdump", { args, timeoutMs: 15_000 });
      assert.equal(result.code, 0, result.stderr.slice(-500));
      assert.match(result.stderr, /Download complete/);
      const packets = await listPackets(path);
      await Deno.remove(path);
      const sent = await sentPackets("film");
      // The loop sends the clip again, later: what was received lies in one pass or spans two.
      const video = packets.filter(({ kind }) => kind === "video");
      assert.equal(video.length, 50, "2 s at 25 pictures a second");
      assertSamePackets([...sent, ...shifted(sent, 6_000 + 23)], packets, {
        untilEnd: false,
        toleranceMs: 60,
      });
    });
  },
);

function shifted<Packet extends { dtsMs: number; ptsMs: number }>(
  packets: readonly Packet[],
  byMs: number,
): Packet[] {
  return packets.map((packet) => ({ ...packet, dtsMs: packet.dtsMs + byMs, ptsMs: packet.ptsMs + byMs }));
}
