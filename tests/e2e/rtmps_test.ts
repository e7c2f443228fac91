/** RTMPS, HTTPS and RTMPTS on one port, with programs that did not learn them from us. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
import { sentPackets } from "../helpers/packets.ts";
import { runProcess } from "../helpers/process.ts";
import { publishClip, recordWithRtmpdump } from "../helpers/publishers.ts";
import { type ServerPorts, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay } from "../helpers/wait.ts";

const KEYS = new URL("../fixtures/tls/", import.meta.url).pathname;

e2e("ffmpeg and rtmpdump publish and play over RTMPS and RTMPTS, curl over HTTPS on the same port", {
  tools: ["ffmpeg", "ffprobe", "rtmpdump", "curl"],
}, async () => {
  const config = ({ rtmp, http }: ServerPorts) => `
[web]
ip = "127.0.0.1"
port = ${http}

[[applications]]
name = "live"
library = "flvplayback"
acceptors = [
  { ip = "127.0.0.1", port = ${rtmp}, protocol = "inboundRtmps", sslCert = "${KEYS}server.pem", sslKey = "${KEYS}server.key" },
]
`;
  const sent = await sentPackets("film");
  await using server = await TestServer.start({ config });
  const address = `localhost:${server.rtmpPort}/live/film`;
  // librtmp takes a ticket of TLS 1.3, which may come at any time, for the end of the connection
  const tls12 = await Deno.makeTempFile({ prefix: "crtmp-gnutls-" });
  await Deno.writeTextFile(tls12, "[overrides]\ndisabled-version = tls1.3\n");
  const env = { GNUTLS_SYSTEM_PRIORITY_FILE: tls12 };
  const players = ["rtmps", "rtmpts"].map((scheme) => recordWithRtmpdump(`${scheme}://${address}`, [], env));
  await delay(700);
  await using publisher = await publishClip("film", `rtmps://${address}`);
  const { code, stderr } = await publisher.result;
  assert.equal(code, 0, stderr);
  for (const player of players) assertSamePackets(sent, await player, { viewer: "rtmpdump" });
  const page = await runProcess("curl", {
    args: ["-s", "--cacert", `${KEYS}authority.pem`, `https://localhost:${server.rtmpPort}/healthz`],
  });
  assert.equal(page.code, 0, page.stderr);
  assert.equal(page.stdout.trim(), "ok");
  await Deno.remove(tls12);
});
