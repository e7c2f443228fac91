/** A real browser plays the stream with mpegts.js. */
import assert from "node:assert/strict";
import { BrowserPlayer } from "../helpers/browser.ts";
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
