/** RTSP in and out with ffmpeg, over TCP and UDP: every access unit that was sent, at its time. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
import { MediaFolder } from "../helpers/media_folder.ts";
import { makeClip } from "../helpers/media.ts";
import { sentPackets } from "../helpers/packets.ts";
import { startProcess } from "../helpers/process.ts";
import type { RunningProcess } from "../helpers/process.ts";
import { publishClip } from "../helpers/publishers.ts";
import { listen, listOf, withFirstTime, withKeyFrames } from "../helpers/rtsp_viewer.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

async function publishRtsp(url: string, transport: string): Promise<RunningProcess> {
  return startProcess("ffmpeg", {
    args: [
      ...["-hide_banner", "-loglevel", "error", "-nostdin", "-re", "-i", await makeClip("film")],
      ...["-map", "0:v", "-map", "0:a", "-c", "copy", "-rtsp_transport", transport, "-f", "rtsp", url],
    ],
    timeoutMs: 60_000,
  });
}

/** ffmpeg collects AAC frames into packets, and forgets the last of them when it ends. */
const FORGOTTEN_FRAMES = 8;

e2e("a stream published over RTMP plays over RTSP, in the connection and over UDP", {
  tools: ["ffmpeg", "ffprobe"],
}, async (context) => {
  const plain = await listOf(listen(["-i", await makeClip("film")]));
  const sent = withKeyFrames(plain, await sentPackets("film"));
  await using server = await TestServer.start();
  await using publisher = await publishClip("film", server.rtmpUrl("live/film"));
  await waitFor(() => server.log.includes("live/film: publishing"), { what: "the publisher" });
  await delay(1_500);
  const url = server.rtspUrl("live/film");
  await using overTcp = listen(["-rtsp_transport", "tcp", "-i", url]);
  await using overUdp = listen(["-rtsp_transport", "udp", "-i", url]);
  const published = await publisher.result;
  assert.equal(published.code, 0, published.stderr);
  for (const [viewer, process] of [["TCP", overTcp], ["UDP", overUdp]] as const) {
    await context.step(viewer, async () => {
      const got = withFirstTime(await listOf(process), sent);
      assertSamePackets(sent, got, { viewer, toleranceMs: 2, ignoresDts: true });
    });
  }
});

e2e("what is published over RTSP plays over RTMP, and is recorded from its first packet on", {
  tools: ["ffmpeg", "ffprobe"],
}, async (context) => {
  const plain = await listOf(listen(["-i", await makeClip("film")]));
  const sent = withKeyFrames(plain, await sentPackets("film"));
  await using folder = await MediaFolder.make();
  const settings = ["recording.automatic=true", `mediaStorage.recordedStreamsStorage="${folder.path}"`];
  await using server = await TestServer.start({
    args: settings.flatMap((setting) => ["--set", `applications.flvplayback.${setting}`]),
  });
  const transports = ["tcp", "udp"];
  const runs = await Promise.all(transports.map(async (transport) => {
    await using viewer = listen(["-i", server.rtmpUrl(`live/${transport}`)]);
    await using publisher = await publishRtsp(server.rtspUrl(`live/${transport}`), transport);
    const published = await publisher.result;
    assert.equal(published.code, 0, published.stderr);
    await delay(500);
    viewer.kill("SIGINT");
    const got = await listOf(viewer);
    const stopped = new RegExp(`live/${transport}: stopped publishing`);
    await waitFor(() => server.logLines(`/${transport}: recorded `).length > 0 && stopped.test(server.log), {
      what: "the end",
    });
    const files = await Array.fromAsync(Deno.readDir(folder.path));
    const { name } = files.find((file) => file.name.startsWith(transport))!;
    return { transport, got, recorded: await listOf(listen(["-i", `${folder.path}/${name}`])) };
  }));
  for (const { transport, got, recorded } of runs) {
    await context.step(transport, () => {
      const forgotten = sent.filter(({ kind }) => kind === "audio").slice(-FORGOTTEN_FRAMES);
      const expected = sent.filter((packet) =>
        !forgotten.includes(packet) || got.some(({ hash }) => hash === packet.hash)
      );
      assertSamePackets(expected, got, { viewer: "ffmpeg", fromStart: true, toleranceMs: 2 });
      assertSamePackets(expected, recorded, { viewer: "the recording", fromStart: true, toleranceMs: 2 });
    });
  }
});
