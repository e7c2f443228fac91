/** Media files over RTSP: whole and from a place on, by ffmpeg and GStreamer, and request by request. */
import assert from "node:assert/strict";
import { decodeRtcp } from "#protocols/rtp";
import { assertSamePackets } from "../helpers/compare.ts";
import { makeClip } from "../helpers/media.ts";
import { MediaFolder } from "../helpers/media_folder.ts";
import { sentPackets } from "../helpers/packets.ts";
import { runProcess } from "../helpers/process.ts";
import { RtspTestClient } from "../helpers/rtsp_client.ts";
import { listen, listOf, withFirstTime, withKeyFrames } from "../helpers/rtsp_viewer.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

const NAMES = ["mp4:films/a", "films/a.mp4", "mkv:b", "c.ts", "d.flv"];

e2e("files play over RTSP, packet by packet, in the connection and over UDP", {
  tools: ["ffmpeg", "gst-launch-1.0"],
}, async (context) => {
  await using folder = await MediaFolder.make();
  const film = await makeClip("film");
  for (const name of ["films/a.mp4", "b.mkv", "c.ts", "d.flv"]) {
    await folder.encode(name, ["-i", film, "-map", "0:v", "-map", "0:a", "-c", "copy"]);
  }
  const sent = withKeyFrames(await listOf(listen(["-i", film])), await sentPackets("film"));
  await using server = await TestServer.start({
    args: ["--set", `applications.flvplayback.mediaStorage.mediaFolder=${folder.path}`],
  });
  const playing = runProcess("gst-launch-1.0", {
    args: [
      ...["rtspsrc", `location=${server.rtspUrl("vod/mkv:b")}`, "protocols=tcp", "!"],
      ...["application/x-rtp,media=video", "!", "fakesink"],
    ],
    timeoutMs: 20_000,
  });
  const runs = await Promise.all([
    ...NAMES.map(async (name) => ({
      viewer: name,
      got: await listOf(listen(["-rtsp_transport", "tcp", "-i", server.rtspUrl(`vod/${name}`)])),
    })),
    (async () => ({
      viewer: "UDP",
      got: await listOf(listen(["-rtsp_transport", "udp", "-i", server.rtspUrl("vod/mp4:films/a")])),
    }))(),
  ]);
  for (const { viewer, got } of runs) {
    await context.step(viewer, () => {
      const toleranceMs = viewer === "c.ts" ? 12 : 2;
      const options = { viewer, fromStart: true, toleranceMs, ignoresDts: true };
      assertSamePackets(sent, withFirstTime(got, sent), options);
    });
  }
  await context.step("GStreamer", async () => {
    const gst = await playing;
    assert.match(gst.stdout, /Got EOS/, gst.stderr);
  });
  await context.step("requests", async () => await playByHand(server));
});

/** Seeks, pauses and ends, as RFC 2326 has it. */
async function playByHand(server: TestServer): Promise<void> {
  await using client = await RtspTestClient.connect(server.rtspPort);
  const url = server.rtspUrl("vod/mp4:films/a");
  const described = await client.ask("DESCRIBE", url);
  const duration = Number(/a=range:npt=0-([\d.]+)/.exec(new TextDecoder().decode(described.body))?.[1]);
  assert.ok(duration > 2, `${duration} s`);
  for (const track of [0, 1]) {
    const Transport = `RTP/AVP/TCP;unicast;interleaved=${track * 2}-${track * 2 + 1}`;
    assert.equal((await client.ask("SETUP", `${url}/trackID=${track}`, { Transport })).status, 200);
  }
  const status = async (headers: Record<string, string>) => (await client.ask("PLAY", url, headers)).status;
  assert.equal(await status({ Range: `npt=${duration + 1}-` }), 457);
  assert.equal(await status({ Range: "clock=20260101T000000Z-" }), 457);
  assert.equal(await status({ Scale: "2" }), 406);
  const infoOf = async (range?: string) => {
    const before = client.frames.length;
    const { status, headers } = await client.ask("PLAY", url, range === undefined ? {} : { Range: range });
    assert.equal(status, 200);
    const info = [...headers.get("rtp-info")!.matchAll(/trackID=(\d);seq=(\d+);rtptime=(\d+)/g)].map((
      match,
    ) => match.slice(1).map(Number));
    assert.equal(info.length, 2);
    await waitFor(
      () => [0, 2].every((channel) => client.frames.slice(before).some((f) => f.channel === channel)),
      {
        what: "packets of both tracks",
      },
    );
    return { info, range: headers.get("range"), before };
  };
  const firstAfter = (before: number, channel: number) => {
    const skipped = client.frames.slice(0, before).filter((frame) => frame.channel === channel).length;
    return client.packetsOf(channel)[skipped]!;
  };
  const played = await infoOf("npt=1.5-");
  assert.match(played.range!, /^npt=1\.\d+-\d+\.\d+$/, "from the key frame before");
  for (const [track, sequenceNumber, timestamp] of played.info) {
    const first = firstAfter(played.before, track! * 2);
    assert.equal(first.sequenceNumber, sequenceNumber);
    const aheadS = (first.timestamp - timestamp! | 0) / (track === 0 ? 90_000 : 44_100);
    assert.ok(aheadS >= 0 && aheadS < 0.2, `${aheadS} s`);
  }
  assert.equal((await client.ask("PAUSE", url)).status, 200);
  await delay(150);
  const paused = client.frames.length;
  await delay(150);
  assert.equal(client.frames.length, paused, "nothing while paused");
  const resumed = await infoOf();
  for (const [track, sequenceNumber] of resumed.info) {
    assert.equal(firstAfter(resumed.before, track! * 2).sequenceNumber, sequenceNumber);
  }
  const npt = (range: string | null | undefined) => Number(/npt=([\d.]+)/.exec(range ?? "")?.[1]);
  assert.ok(npt(resumed.range) > npt(played.range), "goes on where it stopped");
  const byes = () =>
    client.frames.filter(({ channel, bytes }) =>
      channel % 2 === 1 && decodeRtcp(bytes).some(({ type }) => type === "bye")
    ).map(({ channel }) => channel);
  await waitFor(() => byes().length === 2, { what: "good-byes", timeoutMs: 15_000 });
  for (const channel of [0, 2]) {
    const numbers = client.packetsOf(channel).map(({ sequenceNumber }) => sequenceNumber);
    assert.ok(
      numbers.every((number, at) => at === 0 || number === (numbers[at - 1]! + 1) % 65_536),
      "no gap",
    );
  }
  // the session goes on: a seek back plays again
  assert.equal(npt((await infoOf("npt=0-")).range), 0);
  assert.equal((await client.ask("TEARDOWN", url)).status, 200);
}
