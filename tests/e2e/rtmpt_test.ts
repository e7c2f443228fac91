/** RTMPT and RTMPTE, in and out of the server, on the web plane's port, with programs that did not learn it from us. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
import { capturePackets, parseFrameHash, sentPackets } from "../helpers/packets.ts";
import { runProcess } from "../helpers/process.ts";
import { publishClip, recordWithRtmpdump } from "../helpers/publishers.ts";
import { type ServerPorts, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay } from "../helpers/wait.ts";

e2e("rtmpdump and ffmpeg play over RTMPT and RTMPTE what is published in plain", {
  tools: ["ffmpeg", "ffprobe", "rtmpdump"],
}, async () => {
  const sent = await sentPackets("film");
  await using server = await TestServer.start();
  const address = `127.0.0.1:${server.httpPort}/live/film`;
  const players = ["rtmpt", "rtmpte"].map((scheme) => recordWithRtmpdump(`${scheme}://${address}`));
  await using ffmpeg = capturePackets(`rtmpt://${address}`);
  await delay(700);
  await using _publisher = await publishClip("film", server.rtmpUrl("live/film"));
  for (const player of players) assertSamePackets(sent, await player, { viewer: "rtmpdump" });
  assertSamePackets(sent, parseFrameHash((await ffmpeg.ended).stdout), { viewer: "ffmpeg" });
});

e2e("ffmpeg publishes over RTMPT", { tools: ["ffmpeg", "ffprobe", "rtmpdump"] }, async () => {
  const sent = await sentPackets("film");
  await using server = await TestServer.start();
  const player = recordWithRtmpdump(server.rtmpUrl("live/film"));
  await delay(700);
  await using publisher = await publishClip("film", `rtmpt://127.0.0.1:${server.httpPort}/live/film`);
  const { code, stderr } = await publisher.result;
  assert.equal(code, 0, stderr);
  const got = await player;
  // ffmpeg never sends what is left in its buffer when it closes: some packets of audio
  assertSamePackets(sent, got, { viewer: "rtmpdump", untilEnd: false });
  assert.ok(got.length >= sent.length - 8, `${got.length} packets of ${sent.length}`);
});

e2e("a port of its own speaks RTMPT only", { tools: ["ffmpeg", "ffprobe", "curl"] }, async () => {
  const config = ({ rtmp, http }: ServerPorts) => `
[web]
enabled = false

[[applications]]
name = "live"
library = "flvplayback"
acceptors = [
  { ip = "127.0.0.1", port = ${rtmp}, protocol = "inboundRtmp" },
  { ip = "127.0.0.1", port = ${http}, protocol = "inboundRtmpt" },
]
`;
  await using server = await TestServer.start({ config });
  await using publisher = await publishClip("film", `rtmpt://127.0.0.1:${server.httpPort}/live/film`);
  const { code, stderr } = await publisher.result;
  assert.equal(code, 0, stderr);
  const page = await runProcess("curl", { args: ["-s", server.httpUrl("status")] });
  assert.equal(page.stdout, "RTMPT needs POST.\n");
});
