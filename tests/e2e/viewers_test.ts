/** One publisher, every kind of viewer, compared packet by packet. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
import { watchWithCurl, watchWithWebSocket } from "../helpers/flv_tags.ts";
import { capturePackets, listPackets, sentPackets } from "../helpers/packets.ts";
import { publishClip, recordWithRtmpdump } from "../helpers/publishers.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { TYPE } from "../helpers/rtmp_chunks.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

e2e(
  "viewers over RTMP, HTTP-FLV and WebSocket-FLV get every packet that ffmpeg published",
  { tools: ["ffmpeg", "ffprobe", "rtmpdump", "curl"] },
  async (context) => {
    const sent = await sentPackets("film");
    await using server = await TestServer.start();
    const url = server.rtmpUrl("live/film");
    await using waiting = capturePackets(url);
    await using probe = await RtmpClient.play(server.rtmpPort, "live", "film");
    await probe.waitUntil(() => probe.statusCodes().length > 0, "an answer to play");
    await using publisher = await publishClip("film", url);
    await waitFor(() => probe.media().length > 60, { what: "a second of media" });

    await using late = capturePackets(url);
    const lateProbe = listPackets(url);
    const recording = recordWithRtmpdump(url);
    await using curl = await watchWithCurl(server.httpUrl("live/film.flv"));
    await using socket = await watchWithWebSocket(server.wsUrl("live/film.flv"));
    const httpProbe = listPackets(server.httpUrl("live/film.flv"), { args: ["-read_intervals", "%+2"] });
    const published = await publisher.result;
    assert.equal(published.code, 0, published.stderr);
    await delay(300);

    await context.step("ffmpeg that waited for the publisher gets all of it", async () => {
      const packets = await waiting.stop();
      assertSamePackets(sent, packets, { viewer: "ffmpeg", fromStart: true, toleranceMs: 1 });
    });
    await context.step("ffmpeg that came late starts at a key frame and gets the rest", async () => {
      assertSamePackets(sent, await late.stop(), { viewer: "late ffmpeg", toleranceMs: 1 });
    });
    await context.step("ffprobe gets the same, and ends with the publisher", async () => {
      assertSamePackets(sent, await lateProbe, { viewer: "ffprobe" });
    });
    await context.step("rtmpdump gets the same", async () => {
      assertSamePackets(sent, await recording, { viewer: "rtmpdump" });
    });
    await context.step("curl gets the same over HTTP-FLV, with both header flags", async () => {
      const flv = await curl.stop();
      assert.deepEqual([flv.hasAudioFlag, flv.hasVideoFlag], [true, true]);
      assert.equal(flv.tags[0]?.type, 18, "metadata comes first");
      assertSamePackets(sent, await curl.stopAndList(), { viewer: "curl" });
    });
    await context.step("a WebSocket gets the same", async () => {
      const flv = await socket.stop();
      assert.deepEqual([flv.hasAudioFlag, flv.hasVideoFlag], [true, true]);
      assertSamePackets(sent, await socket.stopAndList(), { viewer: "WebSocket" });
    });
    await context.step("ffprobe reads HTTP-FLV", async () => {
      assertSamePackets(sent, await httpProbe, { viewer: "ffprobe over HTTP", untilEnd: false });
    });
    await context.step("a plain client sees what the field expects, in order", () => {
      assert.equal(probe.decodeError, undefined);
      const [firstVideo, secondVideo] = probe.messages.filter((message) =>
        message.messageTypeId === TYPE.Video
      );
      assert.deepEqual([...firstVideo!.payload.subarray(0, 2)], [0x17, 0], "AVC sequence header first");
      assert.equal(secondVideo!.payload[0], 0x17, "then a key frame");
      const firstAudio = probe.messages.find((message) => message.messageTypeId === TYPE.Audio);
      assert.equal(firstAudio!.payload[1], 0, "AAC sequence header first");
      const codes = probe.statusCodes();
      assert.ok(codes.includes("NetStream.Play.Start"), codes.join());
      assert.equal(codes.filter((code) => code === "NetStream.Play.UnpublishNotify").length, 1, codes.join());
    });
  },
);
