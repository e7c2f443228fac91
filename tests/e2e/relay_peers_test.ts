/** Relays with servers that did not learn RTMP from us, with restarts, redirects, and streams on demand. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
import { makeClip } from "../helpers/media.ts";
import { capturePackets, listPackets, sentPackets } from "../helpers/packets.ts";
import { startNginxRelay } from "../helpers/peer_nginx.ts";
import { startProcess } from "../helpers/process.ts";
import { publishClip } from "../helpers/publishers.ts";
import { freePort, type ServerPorts, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

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

e2e(
  "nginx-rtmp as the source of a pull and the target of a push",
  { tools: ["ffmpeg", "ffprobe", "nginx"] },
  async () => {
    const sent = await sentPackets("film");
    await using nginx = await startNginxRelay("rtmp://127.0.0.1:1/live");
    const config = withLive(`
externalStreams = [{ uri = "${nginx.rtmpUrl("live/film")}", localStreamName = "pulled" }]
pushTargets = [{ targetUri = "${
      nginx.rtmpUrl("live")
    }", targetStreamName = "{stream}-back", localStreamName = "pulled" }]
`);
    await using server = await TestServer.start({ config });
    await waitFor(() => server.logLines("connected, waits for media").length === 1, { what: "the pull" });
    await using pulled = capturePackets(server.rtmpUrl("live/pulled"));
    await waitFor(() => server.logLines("playing, waits").length === 1, { what: "the player" });
    await using back = capturePackets(nginx.rtmpUrl("live/pulled-back"));
    await delay(500);
    await using publisher = await publishClip("film", nginx.rtmpUrl("live/film"));
    await waitFor(() => pulled.packets.length > 100, { what: "packets" });
    await using late = capturePackets(nginx.rtmpUrl("live/pulled-back"));
    assert.equal((await publisher.result).code, 0);
    await delay(700);
    // its players do not end with the stream
    await nginx.stop();
    await Promise.all([back.ended, late.ended]);
    assertSamePackets(sent, await pulled.stop(), { viewer: "the pull", fromStart: true, toleranceMs: 1 });
    const options = { toleranceMs: 1, atLeast: 50 };
    assertSamePackets(sent, back.packets, { viewer: "the push", fromStart: true, ...options });
    assertSamePackets(sent, late.packets, { viewer: "late at the target", ...options });
  },
);

e2e("a push to ffmpeg that listens", { tools: ["ffmpeg", "ffprobe"] }, async () => {
  const sent = await sentPackets("film");
  const port = freePort();
  const path = await Deno.makeTempFile({ prefix: "crtmp-listen-", suffix: ".flv" });
  const listener = startProcess("ffmpeg", {
    args: [
      ...["-v", "warning", "-nostdin", "-y", "-listen", "1", "-i", `rtmp://127.0.0.1:${port}/live/key`],
      ...["-c", "copy", path],
    ],
    timeoutMs: 60_000,
  });
  const config = withLive(`pushTargets = [{ targetUri = "rtmp://127.0.0.1:${port}/live/key" }]`);
  await using server = await TestServer.start({ config });
  await delay(500);
  await using publisher = await publishClip("film", server.rtmpUrl("live/film"));
  assert.equal((await publisher.result).code, 0);
  const { code, stderr } = await listener.result;
  assert.equal(code, 0, stderr);
  assertSamePackets(sent, await listPackets(path), { viewer: "ffmpeg", toleranceMs: 1, atLeast: 100 });
  await Deno.remove(path);
});

e2e("ffmpeg that listens as the source of a pull", { tools: ["ffmpeg", "ffprobe"] }, async () => {
  const sent = await sentPackets("film");
  const port = freePort();
  const source = startProcess("ffmpeg", {
    args: [
      ...["-v", "error", "-nostdin", "-re", "-i", await makeClip("film"), "-c", "copy"],
      ...["-f", "flv", "-listen", "1", `rtmp://127.0.0.1:${port}/live/key`],
    ],
    timeoutMs: 60_000,
  });
  const config = withLive(
    `externalStreams = [{ uri = "rtmp://127.0.0.1:${port}/live/key", localStreamName = "a", onDemand = true }]`,
  );
  await using server = await TestServer.start({ config });
  await using viewer = capturePackets(server.rtmpUrl("live/a"));
  await source.result;
  await waitFor(() => server.logLines("has failed").length > 0, { what: "the end" });
  assertSamePackets(sent, await viewer.stop(), { viewer: "the pull", toleranceMs: 1, atLeast: 50 });
});

e2e("a push comes back when its target does", { tools: ["ffmpeg", "ffprobe"] }, async () => {
  const sent = await sentPackets("film");
  const ports = { rtmp: freePort(), http: freePort() };
  const at = () => TestServer.start({ config: () => withLive("")(ports), ports });
  const config = withLive(`pushTargets = [{ targetUri = "rtmp://127.0.0.1:${ports.rtmp}/live" }]`);
  await using server = await TestServer.start({ config });
  const first = await at();
  await using publisher = await publishClip("film", server.rtmpUrl("live/film"), {
    inputArgs: ["-stream_loop", "3"],
  });
  await waitFor(() => first.logLines("publishing, FMLE").length === 1, { what: "the push" });
  await first.stop();
  await waitFor(() => server.logLines("has failed").length > 0, { what: "the loss" });
  await using second = await at();
  await waitFor(() => second.logLines("publishing, FMLE").length === 1, { what: "the next push" });
  await using viewer = capturePackets(second.rtmpUrl("live/film"));
  await waitFor(() => viewer.packets.length > 60, { what: "packets" });
  const got = (await viewer.stop()).map(({ hash }) => hash);
  assert.ok(got.every((hash) => sent.some((packet) => packet.hash === hash)));
  publisher.kill();
});

e2e("a pull on demand comes for HTTP-FLV, and goes again", { tools: ["ffmpeg", "ffprobe"] }, async () => {
  await using origin = await TestServer.start();
  const config = withLive(`
externalStreams = [
  { uri = "${origin.rtmpUrl("live/film")}", localStreamName = "a", onDemand = true, onDemandIdleMs = 1000 },
]
`);
  await using server = await TestServer.start({ config });
  await using _publisher = await publishClip("film", origin.rtmpUrl("live/film"));
  await waitFor(() => origin.logLines("publishing").length === 1, { what: "the publisher" });
  assert.equal(origin.logLines("playing").length, 0);
  const packets = await listPackets(server.httpUrl("live/a.flv"), { args: ["-read_intervals", "%+1"] });
  assert.ok(packets.length > 20, `${packets.length} packets`);
  await waitFor(() => server.logLines("nobody plays it any more").length === 1, {
    what: "the end of the pull",
  });
  const missing = await fetch(server.httpUrl("live/b.flv"));
  await missing.body?.cancel();
  assert.equal(missing.status, 404);
});
