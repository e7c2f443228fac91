/** Streams pulled from RTSP servers and pushed to them: crtmp, GStreamer, VLC and ffmpeg at the other end. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
import { runCrtmp } from "../helpers/crtmp.ts";
import { makeClip } from "../helpers/media.ts";
import { listPackets, sentPackets } from "../helpers/packets.ts";
import {
  startDatagramSwallower,
  startGstRtspServer,
  startVlcRtspServer,
} from "../helpers/peer_rtsp_server.ts";
import { publishClip } from "../helpers/publishers.ts";
import { listen, listOf, withFirstTime, withKeyFrames } from "../helpers/rtsp_viewer.ts";
import { freePort, type ServerPorts, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, isListening, waitFor } from "../helpers/wait.ts";

const KEYS = new URL("../fixtures/tls/", import.meta.url).pathname;

/** A server whose application `live` has further options, over RTSP too. */
function withLive(options: string, acceptor: string = ""): (ports: Required<ServerPorts>) => string {
  return ({ rtmp, rtsp, http }) => `
rtsp.waitForStreamMs = 20000
web = { ip = "127.0.0.1", port = ${http} }
[[applications]]
name = "live"
library = "flvplayback"
streaming.publisherGraceMs = 200
acceptors = [
  { ip = "127.0.0.1", port = ${rtmp} },
  { ip = "127.0.0.1", port = ${rtsp}, protocol = "inboundRtsp" },
  ${acceptor}
]
${options}
`;
}

/** What was sent, in the form in which ffmpeg lists what came through RTP. */
async function sentFilm() {
  const plain = await listOf(listen(["-i", await makeClip("film")]));
  return withKeyFrames(plain, await sentPackets("film"));
}

e2e(
  "RTSP carries pulls and pushes unchanged, over TCP, UDP and TLS, and over TCP where datagrams do not arrive",
  {
    tools: ["ffmpeg", "ffprobe"],
  },
  async (context) => {
    const sent = await sentFilm();
    const tlsPort = freePort();
    const files = `sslCert = "${KEYS}server.pem", sslKey = "${KEYS}server.key"`;
    const acceptor = `{ ip = "127.0.0.1", port = ${tlsPort}, protocol = "inboundRtsps", ${files} },`;
    await using far = await TestServer.start({ config: withLive("", acceptor) });
    await using swallower = startDatagramSwallower(far.rtspPort);
    const url = `rtsp://127.0.0.1:${far.rtspPort}/live`;
    const names = ["tcp", "udp", "tls", "fallback"];
    await using near = await TestServer.start({
      config: withLive(`
externalStreams = [
  { uri = "${url}/film", localStreamName = "tcp", forceTcp = true, connectTimeoutMs = 30000 },
  { uri = "${url}/film", localStreamName = "udp", rtspTransport = "udp", connectTimeoutMs = 30000 },
  { uri = "rtsps://localhost:${tlsPort}/live/film", localStreamName = "tls", connectTimeoutMs = 30000, sslAuthorities = "${KEYS}authority.pem" },
  { uri = "rtsp://127.0.0.1:${swallower.port}/live/film", localStreamName = "fallback", udpTimeoutMs = 800, connectTimeoutMs = 30000 },
]
pushTargets = [
  { targetUri = "${url}/pushed-tcp", localStreamName = "tcp" },
  { targetUri = "${url}", targetStreamName = "pushed-{stream}", localStreamName = "udp", rtspTransport = "udp" },
]`),
    });
    const viewers = [
      ...names.map((name) => ({ name, process: listen(["-i", near.rtmpUrl(`live/${name}`)]) })),
      ...["pushed-tcp", "pushed-udp"].map((name) => ({
        name,
        process: listen(["-i", far.rtmpUrl(`live/${name}`)]),
      })),
    ];
    await waitFor(() => near.logLines("playing, waits").length === 4, { what: "the players" });
    await waitFor(() => far.logLines("playing, waits").length === 2, {
      what: "the players of what is pushed",
    });
    await using publisher = await publishClip("film", far.rtmpUrl("live/film"));
    assert.equal((await publisher.result).code, 0);
    await waitFor(() => near.logLines("has ended").length >= 2, { what: "the end" });
    await delay(800);
    for (const { process } of viewers) process.kill("SIGINT");
    for (const { name, process } of viewers) {
      await context.step(name, async () => {
        const got = await listOf(process);
        const fromStart = name === "fallback" ? false : "video";
        // ffmpeg looks for the first picture only once it has found out what a stream is
        assertSamePackets(sent, got, { viewer: name, fromStart, toleranceMs: 2, untilEnd: false });
      });
    }
    const said = near.logLines("goes on over TCP");
    assert.equal(said.length, 1);
    assert.match(said[0]!, /no packet comes within 800 ms/);
  },
);

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
  await using _vlc = await startVlcRtspServer("film", port);
  const folder = await Deno.makeTempDir({ prefix: "crtmp-rtsp-" });
  try {
    await context.step("crtmp push FILE rtsp://", async () => {
      const sent = await sentFilm();
      const target = `rtsp://127.0.0.1:${freePort()}/live/x`;
      await using listener = listen(["-rtsp_flags", "listen", "-i", target]);
      // it answers nobody who only looks
      await delay(700);
      const pushed = await runCrtmp("push", await makeClip("film"), target);
      assert.equal(pushed.code, 0, pushed.stdout + pushed.stderr);
      const got = withFirstTime(await listOf(listener), sent);
      assertSamePackets(sent, got, {
        viewer: "ffmpeg",
        fromStart: "video",
        toleranceMs: 2,
        untilEnd: false,
        ignoresDts: true,
      });
    });
    await context.step("crtmp record rtsp:// FILE", async () => {
      await waitFor(() => isListening(port), { what: "VLC" });
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
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
