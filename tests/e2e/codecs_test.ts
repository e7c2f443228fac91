/** Streams that lack a track, or carry older codecs. */
import assert from "node:assert/strict";
import { assertSamePackets } from "../helpers/compare.ts";
import { watchWithCurl } from "../helpers/flv_tags.ts";
import type { ClipName } from "../helpers/media.ts";
import { listPackets, sentPackets } from "../helpers/packets.ts";
import { publishClip } from "../helpers/publishers.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

const CASES: readonly { clip: ClipName; hasAudio: boolean; hasVideo: boolean }[] = [
  { clip: "audioOnly", hasAudio: true, hasVideo: false },
  { clip: "videoOnly", hasAudio: false, hasVideo: true },
  { clip: "mp3", hasAudio: true, hasVideo: true },
  { clip: "sorenson", hasAudio: true, hasVideo: true },
];

e2e(
  "audio-only, video-only and older codecs reach RTMP and HTTP-FLV viewers unchanged",
  { tools: ["ffmpeg", "ffprobe", "curl"] },
  async (context) => {
    await using server = await TestServer.start();
    const checks = await Promise.all(CASES.map(async (row) => {
      const { clip } = row;
      const sent = await sentPackets(clip);
      const url = server.rtmpUrl(`live/${clip}`);
      await using first = await RtmpClient.play(server.rtmpPort, "live", clip);
      await using publisher = await publishClip(clip, url);
      await waitFor(() => first.media().length > 30, { what: `media of ${clip}` });
      const rtmp = listPackets(url).catch((error: Error) => error);
      await using curl = await watchWithCurl(server.httpUrl(`live/${clip}.flv`));
      assert.equal((await publisher.result).code, 0);
      await delay(300);
      return { ...row, sent, rtmp: await rtmp, flv: await curl.stop(), http: await curl.stopAndList() };
    }));
    for (const { clip, sent, rtmp, flv, http, hasAudio, hasVideo } of checks) {
      await context.step(clip, () => {
        if (rtmp instanceof Error) throw rtmp;
        assertSamePackets(sent, rtmp, { viewer: `ffprobe on ${clip}` });
        assertSamePackets(sent, http, { viewer: `curl on ${clip}` });
        assert.deepEqual([flv.hasAudioFlag, flv.hasVideoFlag], [hasAudio, hasVideo], "FLV header flags");
      });
    }
  },
);
