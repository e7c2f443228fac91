/** Streams pulled from RTSP servers and pushed to them: GStreamer, VLC and ffmpeg at the other end. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
import { runCrtmp } from "../helpers/crtmp.ts";
import { makeClip } from "../helpers/media.ts";
import { listPackets } from "../helpers/packets.ts";
import { startGstRtspServer, startVlcRtspServer } from "../helpers/peer_rtsp_server.ts";
import { sentFilm, withLive } from "../helpers/rtsp_relays.ts";
import { listen, listOf, withFirstTime } from "../helpers/rtsp_viewer.ts";
import { freePort, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, isListening, waitFor } from "../helpers/wait.ts";

e2e("files of GStreamer's server come on demand, by Digest, unchanged", {
  tools: ["ffmpeg", "ffprobe", "python3"],
}, async (context) => {
  const sent = await sentFilm();
  const login = { user: "anna", password: "correct-horse" };
  await using server = await startGstRtspServer("film", login);
  const url = (password: string) => `rtsp://anna:${password}@127.0.0.1:${server.port}/film`;
  const entry = (name: string, options: string) =>
    `{ uri = "${url(login.password)}", localStreamName = "${name}", onDemand = true, ${options} },`;
  await using near = await TestServer.start({
    config: withLive(`externalStreams = [
  ${entry("tcp", 'rtspTransport = "tcp"')}
  ${entry("auto", 'rtspTransport = "auto"')}
]`),
  });
  const viewers = ["tcp", "auto"].map((name) => ({
    name,
    process: listen(["-i", near.rtmpUrl(`live/${name}`)]),
  }));
  const wrong = await runCrtmp("record", url("wrong"), "/tmp/crtmp-never.mp4");
  assert.equal(wrong.code, 1);
  assert.match(
    wrong.stdout + wrong.stderr,
    /401 Unauthorized; it does not know this user with this password/,
  );
  await waitFor(() => near.logLines("said good-bye").length === 2, {
    what: "the end of the files",
    timeoutMs: 20_000,
  });
  await delay(500);
  for (const { process } of viewers) process.kill("SIGINT");
  for (const { name, process } of viewers) {
    await context.step(name, async () => {
      assertSamePackets(sent, await listOf(process), {
        viewer: name,
        fromStart: "video",
        toleranceMs: 2,
        untilEnd: false,
        ignoresDts: true,
      });
    });
  }
  assert.equal(near.logLines("over UDP").length, 1, "auto is UDP where it arrives");
  assert.ok(!near.log.includes(login.password), "no password is logged");
});

e2e("VLC is pulled from and recorded, and ffmpeg listens to what is pushed", {
  tools: ["cvlc", "ffmpeg", "ffprobe"],
}, async (context) => {
  const port = freePort();
  const sent = await sentFilm();
  await using _vlc = await startVlcRtspServer("film", port);
  const folder = await Deno.makeTempDir({ prefix: "crtmp-rtsp-" });
  try {
    const target = `rtsp://127.0.0.1:${freePort()}/live/x`;
    await using listener = listen(["-rtsp_flags", "listen", "-i", target]);
    // it answers nobody who only looks
    await delay(700);
    const pushing = runCrtmp("push", await makeClip("film"), target);
    await waitFor(() => isListening(port), { what: "VLC" });
    await context.step("crtmp record rtsp:// FILE", async () => {
      const file = `${folder}/vlc.mp4`;
      const recorded = await runCrtmp("record", `rtsp://127.0.0.1:${port}/film`, file, "--duration", "3");
      assert.equal(recorded.code, 0, recorded.stdout + recorded.stderr);
      const packets = await listPackets(file);
      assert.ok(packets.filter(({ kind }) => kind === "video").length > 25, "video");
      assert.ok(packets.filter(({ kind }) => kind === "audio").length > 40, "audio");
    });
    await context.step("VLC takes no TCP, and is said to", async () => {
      const args = [
        "record",
        `rtsp://127.0.0.1:${port}/film`,
        `${folder}/none.mp4`,
        "--rtsp-transport",
        "tcp",
      ];
      const refused = await runCrtmp(...args);
      assert.equal(refused.code, 1);
      assert.match(
        refused.stdout + refused.stderr,
        /461 .*; it takes another transport: rtspTransport chooses/,
      );
    });
    await context.step("crtmp push FILE rtsp://", async () => {
      const pushed = await pushing;
      assert.equal(pushed.code, 0, pushed.stdout + pushed.stderr);
      assertSamePackets(sent, withFirstTime(await listOf(listener), sent), {
        viewer: "ffmpeg",
        fromStart: "video",
        toleranceMs: 2,
        untilEnd: false,
        ignoresDts: true,
      });
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
