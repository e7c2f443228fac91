/** nginx-rtmp as the relay before and behind this server. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
import { capturePackets, sentPackets } from "../helpers/packets.ts";
import { startNginxRelay } from "../helpers/peer_nginx.ts";
import { publishClip } from "../helpers/publishers.ts";
import { TestServer } from "../helpers/server.ts";
import type { ServerPorts } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

e2e(
  "what nginx-rtmp pushes arrives unchanged, and what it pulls leaves it unchanged",
  { tools: ["ffmpeg", "ffprobe", "nginx"] },
  async (context) => {
    const sent = await sentPackets("film");
    await using server = await TestServer.start({ config: briefGrace });
    await using nginx = await startNginxRelay(server.rtmpUrl("live"));
    await using pushed = capturePackets(server.rtmpUrl("live/pushed"));
    await using pulled = capturePackets(nginx.rtmpUrl("in/pulled"));
    await waitFor(() => server.logLines("playing, waits").length === 2, { what: "player and pulling relay" });
    await using first = await publishClip("film", nginx.rtmpUrl("out/pushed"));
    await using second = await publishClip("film", server.rtmpUrl("live/pulled"));
    await waitFor(() => pulled.packets.length > 100, { what: "packets through nginx" });
    await using late = capturePackets(nginx.rtmpUrl("in/pulled"));
    for (const publisher of [first, second]) assert.equal((await publisher.result).code, 0);
    await waitFor(() => server.logLines("stopped publishing").length === 2, { what: "the end of both" });
    await delay(300);
    // its players do not end with the stream
    await nginx.stop();

    await context.step("pushed, from the key frame that nginx waits for", async () => {
      assertSamePackets(sent, await pushed.stop(), { viewer: "ffmpeg", toleranceMs: 1, atLeast: 120 });
    });
    await context.step("pulled, from the first packet and in the midst", async () => {
      await Promise.all([pulled.ended, late.ended]);
      assertSamePackets(sent, pulled.packets, { viewer: "ffmpeg at nginx", fromStart: true, toleranceMs: 1 });
      assertSamePackets(sent, late.packets, { viewer: "late ffmpeg at nginx", toleranceMs: 1, atLeast: 50 });
    });
  },
);

/** nginx ends a push without a word; players need not wait for its return here. */
function briefGrace({ rtmp, http }: ServerPorts): string {
  return `
    [[applications]]
    name = "flvplayback"
    aliases = ["live"]
    streaming.publisherGraceMs = 200

    [[applications]]
    name = "appselector"
    default = true
    acceptors = [{ ip = "127.0.0.1", port = ${rtmp} }]

    [web]
    ip = "127.0.0.1"
    port = ${http}
  `;
}
