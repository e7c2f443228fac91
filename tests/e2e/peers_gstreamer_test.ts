/** GStreamer publishes and plays, with its own RTMP elements and with those on librtmp. */
import assert from "node:assert/strict";
import { assertRisingTimes, assertSamePackets } from "../helpers/compare.ts";
import { watchWithCurl } from "../helpers/flv_tags.ts";
import { capturePackets } from "../helpers/packets.ts";
import { playWithGst, publishWithGst } from "../helpers/peer_gstreamer.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

e2e(
  "GStreamer's publishers and players carry every packet, and a stop of theirs is a good-bye",
  { tools: ["ffmpeg", "ffprobe", "gst-launch-1.0"] },
  async (context) => {
    await using server = await TestServer.start();
    const checks = (["rtmp2sink", "rtmpsink"] as const).map(async (sink) => {
      const url = server.rtmpUrl(`live/${sink}`);
      await using rtmp2 = await playWithGst(url, { source: "rtmp2src" });
      await using librtmp = await playWithGst(url, { source: "rtmpsrc" });
      await using ffmpeg = capturePackets(url);
      await waitForPlayers(server, sink, 3);
      await using publisher = await publishWithGst({ clip: "film" }, url, { sink });
      await waitFor(() => ffmpeg.packets.length > 100, { what: `packets from ${sink}` });
      await using second = await publishWithGst({ clip: "film" }, url, { sink });
      await using late = await playWithGst(url, { source: "rtmp2src" });
      await using http = await playWithGst(server.httpUrl(`live/${sink}.flv`), { source: "souphttpsrc" });
      assert.equal((await publisher.result).code, 0, (await publisher.result).stderr);
      const received = {
        rtmp2: await rtmp2.ended(),
        librtmp: await librtmp.ended(),
        late: await late.ended(),
        http: await http.ended(),
      };
      const refused = await second.result;
      return { sink, refused, sent: await publisher.sent(), ...received, ffmpeg: await ffmpeg.stop() };
    });
    for (const { sink, refused, sent, ...received } of await Promise.all(checks)) {
      await context.step(`${sink} to rtmpsrc and ffmpeg`, () => {
        assert.equal(sent.length, 410, "packets sent");
        assertSamePackets(sent, received.librtmp, { viewer: "rtmpsrc", fromStart: true });
        assertSamePackets(sent, received.ffmpeg, { viewer: "ffmpeg", fromStart: true, toleranceMs: 1 });
      });
      await context.step(`${sink} to rtmp2src, which drops what comes in one read with the end`, () => {
        assertSamePackets(sent, received.rtmp2, { viewer: "rtmp2src", fromStart: true, untilEnd: false });
        assert.ok(received.rtmp2.length >= sent.length - 2, `${received.rtmp2.length} of ${sent.length}`);
        assertSamePackets(sent, received.late, { viewer: "late rtmp2src", untilEnd: false });
      });
      await context.step(
        `${sink} to souphttpsrc and flvdemux, whose muxer draws the first packets to 0`,
        () => {
          assertSamePackets(sent, received.http, { viewer: "souphttpsrc", toleranceMs: 100 });
        },
      );
      await context.step(
        `${sink} gives up when the name is taken, by itself or because it is cut off`,
        () => {
          assert.equal(refused.timedOut, false);
          assert.notEqual(refused.code, 0);
        },
      );
      await context.step(`${sink} says good-bye`, () => {
        assert.equal(server.logLines(`live/${sink}: stopped publishing: `).length, 1, server.log);
      });
    }
  },
);

e2e(
  "one track encoded live by GStreamer arrives unchanged, and FLV names that track alone",
  { tools: ["curl", "ffmpeg", "ffprobe", "gst-launch-1.0"] },
  async (context) => {
    await using server = await TestServer.start();
    const checks = (["video", "audio"] as const).map(async (kind) => {
      const url = server.rtmpUrl(`live/${kind}`);
      await using waiting = capturePackets(url);
      await waitForPlayers(server, kind, 1);
      await using publisher = await publishWithGst({ encodes: kind }, url, { sink: "rtmp2sink" });
      // not by the packets of ffmpeg, which looks for the other track for 5 s
      await waitFor(() => server.logLines(`live/${kind}: publishing`).length > 0, { what: `${kind}` });
      await delay(1_000);
      await using curl = await watchWithCurl(server.httpUrl(`live/${kind}.flv`));
      assert.equal((await publisher.result).code, 0, (await publisher.result).stderr);
      await waitFor(() => curl.hasEnded, { what: "the end over HTTP" });
      const flv = await curl.stop();
      return {
        kind,
        sent: await publisher.sent(),
        rtmp: await waiting.stop(),
        flv,
        http: await curl.stopAndList(),
      };
    });
    for (const { kind, sent, rtmp, flv, http } of await Promise.all(checks)) {
      await context.step(kind, () => {
        assert.ok(sent.length > 70 && sent.every((packet) => packet.kind === kind), `${sent.length} packets`);
        assertSamePackets(sent, rtmp, { viewer: "ffmpeg", fromStart: true, toleranceMs: 1 });
        assertSamePackets(sent, http, { viewer: "curl" });
        assertRisingTimes(rtmp);
        assert.deepEqual([flv.hasAudioFlag, flv.hasVideoFlag], [kind === "audio", kind === "video"]);
      });
    }
  },
);

/** Waits until `count` players of a stream wait for its publisher. */
async function waitForPlayers(server: TestServer, name: string, count: number): Promise<void> {
  await waitFor(() => server.logLines(`live/${name}: playing`).length >= count, {
    what: `${count} players of ${name}`,
  });
  await delay(50);
}
