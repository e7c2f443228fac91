/** VLC plays over RTMP and HTTP, FLV and MPEG-TS, and publishes; Debian's has no live555, and so plays no RTSP. */
import assert from "node:assert/strict";
import { hexOf } from "#bytes";
import { makeClip } from "../helpers/media.ts";
import { listPackets } from "../helpers/packets.ts";
import { playWithVlc, publishWithVlc, takeApart } from "../helpers/peer_vlc.ts";
import type { ElementaryStreams } from "../helpers/peer_vlc.ts";
import { runProcess } from "../helpers/process.ts";
import { publishClip } from "../helpers/publishers.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

e2e(
  "VLC gets every picture and audio frame over RTMP and HTTP, and what it publishes is relayed",
  { tools: ["cvlc", "ffmpeg", "ffprobe", "rtmpdump"] },
  async (context) => {
    const film = await makeClip("film");
    const sent = await takeApart(film);
    const sizes = (await listPackets(film)).filter(({ kind }) => kind === "audio").map((packet) =>
      packet.sizeBytes
    );
    await using server = await TestServer.start();
    await using early = await playWithVlc(server.rtmpUrl("live/film"));
    await waitFor(() => server.logLines("live/film: playing").length > 0, { what: "VLC to play" });
    await using publisher = await publishClip("film", server.rtmpUrl("live/film"));
    await using vlcPublisher = await publishWithVlc("film", server.rtmpUrl("live/vlc"));
    const recorded = await Deno.makeTempFile({ prefix: "crtmp-vlc-", suffix: ".flv" });
    const recording = runProcess("rtmpdump", {
      args: ["--quiet", "--live", "--rtmp", server.rtmpUrl("live/vlc"), "--flv", recorded],
    });
    await delay(1_500);
    await using late = await playWithVlc(server.rtmpUrl("live/film"));
    await using http = await playWithVlc(server.httpUrl("live/film.flv"));
    await using ts = await playWithVlc(server.httpUrl("live/film.ts"));
    assert.equal((await publisher.result).code, 0);

    await context.step("over RTMP, from the start", async () => {
      const got = await early.ended();
      assert.equal(got.pictures.length, 150);
      assertSameMedia(sent, got, sizes);
    });
    await context.step("over RTMP, in the midst", async () => {
      assertSameMedia(sent, await late.ended(), sizes);
    });
    await context.step("over HTTP", async () => {
      assertSameMedia(sent, await http.ended(), sizes);
    });
    await context.step("over HTTP, MPEG-TS", async () => {
      const { pictures, audio } = await ts.ended();
      assert.ok(pictures.length >= 50, `${pictures.length} pictures`);
      assert.deepEqual(pictures, sent.pictures.slice(-pictures.length));
      assert.ok(audio.length > 10_000, `${audio.length} bytes of audio`);
    });
    await context.step("published by VLC", async () => {
      assert.equal((await vlcPublisher.result).code, 0);
      assert.equal((await recording).code, 0);
      const got = await takeApart(recorded);
      await Deno.remove(recorded);
      assert.deepEqual(got.pictures, sent.pictures, "its pictures");
      assert.ok(got.audio.length > 40_000 && hexOf(sent.audio).startsWith(hexOf(got.audio)), "its audio");
      assert.equal(server.logLines("live/vlc: stopped publishing: ").length, 1, "a good-bye");
    });
  },
);

/** Asserts that `got` is the end of `sent`, from a picture and an audio frame on; VLC puts the config before. */
function assertSameMedia(
  sent: ElementaryStreams,
  got: ElementaryStreams,
  audioSizes: readonly number[],
): void {
  assert.ok(got.pictures.length >= 50, `${got.pictures.length} pictures`);
  assert.deepEqual(got.pictures, sent.pictures.slice(-got.pictures.length), "pictures");
  assert.equal(hexOf(got.audio.subarray(0, 2)), "1210", "AAC-LC, 44.1 kHz, stereo");
  const frames = hexOf(got.audio.subarray(AUDIO_CONFIG_BYTES));
  assert.ok(hexOf(sent.audio).endsWith(frames), "audio");
  const ends = audioSizes.map((_, index) => audioSizes.slice(index).reduce((sum, size) => sum + size, 0));
  assert.ok(ends.includes(frames.length / 2), "audio starts with a frame");
}

/** Length of what ffmpeg's encoder writes as AudioSpecificConfig: it tells that there is no SBR. */
const AUDIO_CONFIG_BYTES = 5;
