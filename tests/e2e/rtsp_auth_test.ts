/** Users over RTSP: ffmpeg and GStreamer answer Digest where it can be asked for, and Basic where not. */
import assert from "node:assert/strict";
import { hashPassword } from "#auth";
import { makeClip } from "../helpers/media.ts";
import { type RunningProcess, runProcess, startProcess } from "../helpers/process.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

const PASSWORD = "correct-horse";

function startServer(password: string): Promise<TestServer> {
  return TestServer.start({
    config: ({ rtmp, rtsp, http }) => `
web = { ip = "127.0.0.1", port = ${http} }
[[users]]
name = "anna"
password = "${password}"
[[applications]]
name = "appselector"
default = true
acceptors = [
  { ip = "127.0.0.1", port = ${rtmp} },
  { ip = "127.0.0.1", port = ${rtsp}, protocol = "inboundRtsp" },
]
[[applications]]
name = "flvplayback"
aliases = ["live"]
access = [{ action = "publish", users = ["anna"] }, { action = "play", users = ["anna"] }]
`,
  });
}

const urlOf = (server: TestServer, login: string) => `rtsp://${login}127.0.0.1:${server.rtspPort}/live/a`;

async function publish(url: string): Promise<RunningProcess> {
  return startProcess("ffmpeg", {
    args: [
      ...["-v", "error", "-nostdin", "-re", "-i", await makeClip("film"), "-c", "copy"],
      ...["-rtsp_transport", "tcp", "-f", "rtsp", url],
    ],
    timeoutMs: 30_000,
  });
}

const play = (url: string) =>
  runProcess("ffmpeg", { args: ["-v", "error", "-nostdin", "-i", url, "-t", "0.5", "-f", "null", "-"] });

e2e("ffmpeg and GStreamer publish and play as users, by Digest", {
  tools: ["ffmpeg", "gst-launch-1.0"],
}, async (context) => {
  await using server = await startServer(PASSWORD);
  await context.step("nobody, and a wrong password, are refused", async () => {
    for (const login of ["", "anna:wrong@"]) {
      await using process = await publish(urlOf(server, login));
      const refused = await process.result;
      assert.notEqual(refused.code, 0);
      assert.match(refused.stderr, /401 Unauthorized/);
    }
  });
  const url = urlOf(server, `anna:${PASSWORD}@`);
  await using _publisher = await publish(url);
  await waitFor(() => server.log.includes("live/a: publishing"), { what: "the publisher" });
  await context.step("ffmpeg plays, and nobody else", async () => {
    const played = await play(url);
    assert.equal(played.code, 0, played.stderr);
    assert.notEqual((await play(urlOf(server, ""))).code, 0);
  });
  await context.step("GStreamer plays", async () => {
    const [userId, userPw] = ["user-id=anna", `user-pw=${PASSWORD}`];
    const args = ["rtspsrc", `location=${urlOf(server, "")}`, userId, userPw, "protocols=tcp"];
    const gst = await runProcess("gst-launch-1.0", {
      args: [...args, "!", "application/x-rtp,media=video", "!", "fakesink", "num-buffers=40"],
      timeoutMs: 15_000,
    });
    assert.match(gst.stdout, /Got EOS/, gst.stderr);
  });
  const encoders = [
    { name: "gst264", encoder: ["x264enc", "tune=zerolatency"], protocol: "tcp" },
    { name: "gst265", encoder: ["x265enc", "tune=zerolatency", "speed-preset=ultrafast"], protocol: "udp" },
  ];
  await Promise.all(encoders.map(({ name, encoder, protocol }) =>
    context.step({
      name: `GStreamer publishes ${encoder[0]} over ${protocol}`,
      ...{ sanitizeOps: false, sanitizeResources: false, sanitizeExit: false },
      async fn() {
        const source = ["videotestsrc", "num-buffers=25", "is-live=true", "!", ...encoder];
        const sink = [
          ...["!", "rtspclientsink", `location=${urlOf(server, "").replace("/a", `/${name}`)}`],
          ...[`protocols=${protocol}`, "user-id=anna", `user-pw=${PASSWORD}`],
        ];
        const gst = await runProcess("gst-launch-1.0", { args: [...source, ...sink], timeoutMs: 15_000 });
        assert.equal(gst.code, 0, gst.stderr);
        const stopped = new RegExp(`live/${name}: stopped publishing[^:]*: 2\\d video.* 0 malformed`);
        await waitFor(() => stopped.test(server.log), { what: "its good-bye" });
      },
    })
  ));
  assert.ok(!server.log.includes(PASSWORD), "no password is logged");
});

e2e("where only a hash of the password is known, Basic is asked for", { tools: ["ffmpeg"] }, async () => {
  await using server = await startServer(await hashPassword(PASSWORD));
  const url = urlOf(server, `anna:${PASSWORD}@`);
  await using _publisher = await publish(url);
  await waitFor(() => server.log.includes("live/a: publishing"), { what: "the publisher" });
  const played = await play(url);
  assert.equal(played.code, 0, played.stderr);
});
