/** Streams pulled from RTSP servers and pushed to them: crtmp at both ends. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
import { startDatagramSwallower } from "../helpers/peer_rtsp_server.ts";
import { publishClip } from "../helpers/publishers.ts";
import { sentFilm, withLive } from "../helpers/rtsp_relays.ts";
import { listen, listOf } from "../helpers/rtsp_viewer.ts";
import { freePort, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

const KEYS = new URL("../fixtures/tls/", import.meta.url).pathname;

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
