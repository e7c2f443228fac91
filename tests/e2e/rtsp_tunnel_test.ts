/** RTSP over HTTP: ffmpeg and GStreamer through a tunnel, on the port of RTSP and on that of the web plane. */
import assert from "node:assert/strict";
import { runProcess } from "../helpers/process.ts";
import { publishClip } from "../helpers/publishers.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

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
    const ffmpeg = ["-v", "warning", "-nostdin", "-rtsp_transport", "http", "-i", `rtsp://${path}`];
    // this scheme asks for a tunnel
    const gst = ["rtspsrc", `location=rtsph://${path}`, "latency=50", "!", "application/x-rtp,media=video"];
    return [
      [`ffmpeg, ${place}`, "ffmpeg", [...ffmpeg, "-t", "1", "-f", "null", "-"], /^$/],
      [`GStreamer, ${place}`, "gst-launch-1.0", [...gst, "!", "fakesink", "num-buffers=30"], /Got EOS/],
    ] as const;
  });
  const results = await Promise.all(
    viewers.map(([, program, args]) => runProcess(program, { args, timeoutMs: 15_000 })),
  );
  for (const [index, [name, , , expected]] of viewers.entries()) {
    await context.step(name, () => {
      const { code, stdout, stderr } = results[index]!;
      assert.equal(code, 0, stderr);
      assert.match(stdout + stderr, expected);
    });
  }
});
