/** A real browser plays streams with mpegts.js, and files by itself. */
import assert from "node:assert/strict";
import { concatBytes, MemorySource } from "#bytes";
import type { Packet } from "#media";
import { openMedia } from "#mediaformats";
import { Mp4FragmentMuxer, Mp4Muxer } from "#mediaformats/mp4";
import { MediaFolder } from "../helpers/media_folder.ts";
import { type BrowserOptions, BrowserPlayer } from "../helpers/browser.ts";
import { makeClip } from "../helpers/media.ts";
import { publishClip } from "../helpers/publishers.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

e2e(
  "Chromium plays HTTP-FLV and WebSocket-FLV with mpegts.js",
  { tools: ["chromium", "ffmpeg"] },
  async (context) => {
    await using server = await TestServer.start();
    await using _publisher = await publishClip("film", server.rtmpUrl("live/film"), {
      inputArgs: ["-stream_loop", "-1"],
    });
    await waitFor(() => server.logLines("live/film").length > 0, { what: "the publisher" });
    for (const url of [server.httpUrl("live/film.flv"), server.wsUrl("live/film.flv")]) {
      await context.step(url.replace(/:\d+/, ""), async () => {
        await using player = await BrowserPlayer.open(url);
        const report = await player.waitPlaying(2);
        assert.equal(report.width, 320);
        assert.ok(report.frames > 25, `${report.frames} pictures`);
      });
    }
  },
);

e2e("Chromium plays MP4 that was written here: files, parts of them, and fragments", {
  tools: ["chromium", "ffmpeg"],
}, async (context) => {
  await using folder = await MediaFolder.make();
  const demuxer = await openMedia(new MemorySource(await Deno.readFile(await makeClip("film"))));
  const packets: Packet[] = [];
  for (let batch = await demuxer.read(); batch.length > 0; batch = await demuxer.read()) {
    packets.push(...batch);
  }
  const tracks = demuxer.summary.tracks.map(({ timescale: _, ...track }) => track);
  for (
    const [name, muxer] of [["file", new Mp4Muxer(tracks)], ["parts", new Mp4FragmentMuxer(tracks)]] as const
  ) {
    const pieces = [muxer.begin(), ...packets.map((packet) => muxer.write(packet))];
    const { append, patches } = muxer.end();
    const bytes = concatBytes([...pieces, append]);
    for (const patch of patches) bytes.set(patch.bytes, patch.offset);
    await Deno.writeFile(`${folder.path}/${name}.mp4`, bytes);
  }
  await using server = await TestServer.start({ args: ["--media", folder.path] });
  const type = `video/mp4; codecs="${tracks.map(({ description }) => description?.codecString).join(",")}"`;
  const cases: [path: string, options: BrowserOptions, seconds: number][] = [
    ["file.mp4", { way: "file", seek: 3 }, 1],
    ["file.mp4?start=2.5", { way: "file" }, 1],
    ["parts.mp4", { way: "file", seek: 3 }, 1],
    ["parts.mp4?start=2.5", { way: "file" }, 1],
    ["parts.mp4", { way: "source", type }, 1],
    ["file.mp4.flv", {}, 1],
  ];
  for (const [path, options, seconds] of cases) {
    await context.step(`${path} as ${options.way ?? "flv"}`, async () => {
      await using player = await BrowserPlayer.open(server.httpUrl(`vod/${path}`), options);
      const report = await player.waitPlaying(seconds);
      assert.equal(report.width, 320);
      assert.ok(report.currentTime >= (options.seek ?? 0) + seconds, `at ${report.currentTime} s`);
    });
  }
});
