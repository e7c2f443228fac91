/** OBS Studio streams, is refused, and stops. */
import assert from "node:assert/strict";
import { assertRisingTimes, assertSamePackets } from "../helpers/compare.ts";
import { watchWithCurl } from "../helpers/flv_tags.ts";
import { capturePackets, listPackets } from "../helpers/packets.ts";
import type { ListedPacket } from "../helpers/packets.ts";
import { Obs } from "../helpers/peer_obs.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

e2e(
  "OBS streams, records what it streams, is told when it may not, and says good-bye",
  { tools: ["Xvfb", "curl", "ffmpeg", "ffprobe", "obs"] },
  async (context) => {
    await using server = await TestServer.start();
    await using obs = await Obs.start("film");

    await context.step("an application that is not there stops it at once, for good", async () => {
      await obs.setTarget(server.rtmpUrl("nowhere"), "obs");
      await startAndFail(obs);
      assert.equal(server.logLines("There is no application nowhere").length, 1, server.log);
    });
    await context.step("a name that is taken stops it at once, and OBS shows why", async () => {
      await using _holder = await RtmpClient.publish(server.rtmpPort, "live", "taken");
      await obs.setTarget(server.rtmpUrl("live"), "taken?key=hush-hush");
      await startAndFail(obs);
      assert.match(obs.log, /NetStream\.Publish\.BadName \(taken is already published\.\)/);
    });
    await context.step("a stream arrives as OBS recorded it", async () => {
      await obs.setTarget(server.rtmpUrl("live"), "obs?token=hush-hush");
      await using waiting = capturePackets(server.rtmpUrl("live/obs"));
      await waitFor(() => server.logLines("live/obs: playing").length > 0, { what: "a player" });
      await obs.request("StartRecord");
      await obs.request("StartStream");
      await waitFor(() => waiting.packets.length > 100, { what: "packets from OBS" });
      await using curl = await watchWithCurl(server.httpUrl("live/obs.flv"));
      await delay(2_000);
      await obs.request("StopStream");
      await waitFor(() => curl.hasEnded, { what: "the end of the stream" });
      const { outputPath } = await obs.request("StopRecord");
      await waitFor(async () => (await obs.request("GetRecordStatus")).outputActive === false, {
        what: "the end of the recording",
      });
      const recorded = await listPackets(String(outputPath));
      const received = await waiting.stop();
      assertSameMedia(recorded, received, "ffmpeg");
      assertRisingTimes(received);
      const flv = await curl.stop();
      assert.deepEqual([flv.hasAudioFlag, flv.hasVideoFlag], [true, true]);
      assert.equal(flv.tags[0]?.type, 18, "metadata comes first");
      assert.match(new TextDecoder().decode(flv.tags[0]?.body), /obs-output module/);
      assertSameMedia(recorded, await curl.stopAndList(), "curl");
    });
    await context.step("its stop is a good-bye, and its key stays secret", () => {
      assert.equal(server.logLines("live/obs: stopped publishing: ").length, 1, server.log);
      assert.ok(!server.log.includes("hush-hush"), "no key in the log");
    });
  },
);

/** OBS counts the times of each track of each output from its first packet, and rounds them down twice. */
function assertSameMedia(
  recorded: readonly ListedPacket[],
  received: readonly ListedPacket[],
  viewer: string,
): void {
  for (const kind of ["video", "audio"]) {
    const [sent, got] = [recorded, received].map((packets) =>
      packets.filter((packet) => packet.kind === kind)
    );
    assertSamePackets(sent!, got!, { viewer, toleranceMs: 2, untilEnd: false, atLeast: 60 });
  }
}

/** Starts streaming; asserts that OBS gives up soon and does not try again. */
async function startAndFail(obs: Obs): Promise<void> {
  const stops = (): number => obs.log.split("==== Streaming Stop").length - 1;
  const before = stops();
  await obs.request("StartStream");
  await waitFor(() => stops() > before, { what: "OBS to give up", timeoutMs: 5_000 });
  assert.equal(await obs.isStreaming(), false);
  await delay(1_500);
  assert.equal(await obs.isStreaming(), false, "it tries again");
  assert.equal(stops(), before + 1);
}
