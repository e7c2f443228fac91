/** Streams pulled from another server and pushed to it: crtmp at both ends. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
import { capturePackets, sentPackets } from "../helpers/packets.ts";
import { publishClip } from "../helpers/publishers.ts";
import { type ServerPorts, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

/** A server whose application `live` has further options. */
function withLive(options: string): (ports: ServerPorts) => string {
  return ({ rtmp, http }) => `
[[applications]]
name = "live"
library = "flvplayback"
streaming.publisherGraceMs = 200
acceptors = [{ ip = "127.0.0.1", port = ${rtmp} }]
${options}

[web]
ip = "127.0.0.1"
port = ${http}
`;
}

e2e("a stream goes through a pull and a push unchanged", { tools: ["ffmpeg", "ffprobe"] }, async () => {
  const sent = await sentPackets("film");
  await using origin = await TestServer.start();
  await using target = await TestServer.start();
  const relays = withLive(`
externalStreams = [{ uri = "${origin.rtmpUrl("live/film")}", localStreamName = "pulled" }]
pushTargets = [{ targetUri = "${target.rtmpUrl("live/pushed")}", localStreamName = "pul*" }]
`);
  await using server = await TestServer.start({ config: relays });
  await waitFor(() => server.logLines("connected, waits for media").length === 1, { what: "the pull" });
  await using pulled = capturePackets(server.rtmpUrl("live/pulled"));
  await using pushed = capturePackets(target.rtmpUrl("live/pushed"));
  await waitFor(() => target.logLines("playing, waits").length === 1, { what: "the players" });
  await waitFor(() => server.logLines("playing, waits").length === 1, { what: "the players" });
  await using publisher = await publishClip("film", origin.rtmpUrl("live/film"));
  assert.equal((await publisher.result).code, 0);
  await waitFor(() => target.logLines("stopped publishing").length === 1, { what: "the end" });
  assertSamePackets(sent, await pulled.stop(), { viewer: "the pull", fromStart: true, toleranceMs: 1 });
  assertSamePackets(sent, await pushed.stop(), { viewer: "the push", fromStart: true, toleranceMs: 1 });
});
