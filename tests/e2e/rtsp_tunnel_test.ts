/** RTSP over HTTP: ffmpeg and GStreamer through a tunnel, on the port of RTSP and on that of the web plane. */
import assert from "node:assert/strict";
import { runProcess, startProcess } from "../helpers/process.ts";
import { publishClip } from "../helpers/publishers.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

/** More packets than come at once; the film has 150 pictures, each in one or two. */
const GST_PACKETS = 75;

async function playWithFfmpeg(path: string): Promise<void> {
  const input = ["-v", "warning", "-nostdin", "-rtsp_transport", "http", "-i", `rtsp://${path}`];
  const { code, stdout, stderr } = await runProcess("ffmpeg", {
    args: [...input, "-t", "1", "-f", "null", "-"],
    timeoutMs: 15_000,
  });
  assert.equal(code, 0, stderr);
  assert.equal(stdout + stderr, "");
}

/**
 * Counts packets, and is killed: in a tunnel, rtspsrc loses the PAUSE before its TEARDOWN one time in five, says that
 * the connection has ended, and sends the TEARDOWN over that connection.
 */
async function playWithGStreamer(path: string): Promise<void> {
  const sink = ["!", "application/x-rtp,media=video", "!", "fakesink", "silent=false"];
  // this scheme asks for a tunnel
  const source = ["-v", "rtspsrc", `location=rtsph://${path}`, "latency=50"];
  await using gst = startProcess("gst-launch-1.0", { args: [...source, ...sink], timeoutMs: 15_000 });
  const count = (): number => gst.stdoutText.split("chain   ***").length - 1;
  await waitFor(() => count() >= GST_PACKETS, { what: `${GST_PACKETS} packets` });
  assert.doesNotMatch(gst.stdoutText + gst.stderrText, /ERROR/);
}

e2e("ffmpeg and GStreamer play RTSP over HTTP, on both ports", {
  tools: ["ffmpeg", "gst-launch-1.0"],
}, async (context) => {
  await using server = await TestServer.start();
  await using _publisher = await publishClip("film", server.rtmpUrl("live/film"));
  await waitFor(() => server.log.includes("live/film: publishing"), { what: "the publisher" });
  await delay(300);
  const viewers = [server.rtspPort, server.httpPort].flatMap((port) => {
    const place = port === server.httpPort ? "web plane" : "port of RTSP";
    const path = `127.0.0.1:${port}/live/film`;
    return [
      { name: `ffmpeg, ${place}`, played: playWithFfmpeg(path) },
      { name: `GStreamer, ${place}`, played: playWithGStreamer(path) },
    ];
  });
  await Promise.allSettled(viewers.map(({ played }) => played));
  for (const { name, played } of viewers) await context.step(name, () => played);
  await waitFor(() => server.logLines("live/film: stopped playing").length === viewers.length, {
    what: "the end of all viewers",
  });
});
