/** Streams pulled from another server and pushed to it: crtmp at both ends. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
import { capturePackets, sentPackets } from "../helpers/packets.ts";
import { publishClip } from "../helpers/publishers.ts";
import { freePort, type ServerPorts, TestServer } from "../helpers/server.ts";
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

const KEYS = new URL("../fixtures/tls/", import.meta.url).pathname;

/** A server that speaks RTMP, RTMPE and, on another port, RTMPS and RTMPTS. */
function withTls({ rtmp, http }: ServerPorts, tlsPort: number): string {
  return withLive("")({ rtmp, http }).replace(
    "acceptors = [",
    `acceptors = [{ ip = "127.0.0.1", port = ${tlsPort}, protocol = "inboundRtmps", sslCert = "${KEYS}server.pem", ` +
      `sslKey = "${KEYS}server.key" }, `,
  );
}

for (const scheme of ["rtmp", "rtmps", "rtmpe", "rtmpt", "rtmpts", "rtmpte"]) {
  e2e(`${scheme} carries a pull and a push unchanged`, { tools: ["ffmpeg", "ffprobe"] }, async () => {
    const sent = await sentPackets("film");
    const tlsPort = freePort();
    await using far = await TestServer.start({ config: (ports) => withTls(ports, tlsPort) });
    const port = { rtmps: tlsPort, rtmpts: tlsPort, rtmpt: far.httpPort, rtmpte: far.httpPort }[scheme] ??
      far.rtmpPort;
    const url = `${scheme}://localhost:${port}/live`;
    const tls = `sslAuthorities = "${KEYS}authority.pem"`;
    const config = withLive(`
externalStreams = [{ uri = "${url}/film", localStreamName = "pulled", ${tls} }]
pushTargets = [{ targetUri = "${url}", targetStreamName = "pushed", localStreamName = "pulled", ${tls} }]
`);
    await using server = await TestServer.start({ config });
    await waitFor(() => server.logLines("connected, waits for media").length === 1, { what: "the pull" });
    await using pulled = capturePackets(server.rtmpUrl("live/pulled"));
    await using pushed = capturePackets(far.rtmpUrl("live/pushed"));
    await waitFor(() => far.logLines("playing, waits").length === 2, { what: "pull and player" });
    await waitFor(() => server.logLines("playing, waits").length === 1, { what: "the player" });
    await using publisher = await publishClip("film", far.rtmpUrl("live/film"));
    assert.equal((await publisher.result).code, 0);
    await waitFor(() => far.logLines("stopped publishing").length === 2, { what: "the end" });
    assertSamePackets(sent, await pulled.stop(), { viewer: "the pull", fromStart: true, toleranceMs: 1 });
    assertSamePackets(sent, await pushed.stop(), { viewer: "the push", fromStart: true, toleranceMs: 1 });
  });
}
