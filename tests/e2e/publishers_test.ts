/** Publishers that leave, return, compete and fall silent, while players stay. */
import assert from "node:assert/strict";
import { watchWithCurl, watchWithWebSocket } from "../helpers/flv_tags.ts";
import type { FlvViewer, ReadTag } from "../helpers/flv_tags.ts";
import { isMedia, mediaOf, readClipTags, sendTags } from "../helpers/replay.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { delay, waitFor } from "../helpers/wait.ts";

e2e(
  "a player that waits gets the publisher's whole stream, hears of its end and return, and time goes on",
  { tools: ["ffmpeg"] },
  async () => {
    const tags = firstSeconds(await readClipTags("film"), 2);
    const others = firstSeconds(await readClipTags("other"), 2);
    await using server = await TestServer.start();
    await using player = await RtmpClient.play(server.rtmpPort, "live", "a");
    await player.waitStatus("NetStream.Play.Start");
    {
      await using publisher = await RtmpClient.publish(server.rtmpPort, "live", "a");
      await sendTags(publisher, tags);
      await player.waitUntil(() => mediaOf(player.messages).length >= mediaCount(tags), "all of the media");
      await publisher.sendCommand("deleteStream", [null, 1]);
      await player.waitStatus("NetStream.Play.UnpublishNotify");
    }
    assert.deepEqual(bodies(mediaOf(player.messages)), bodies(tags.filter(isMedia)));
    const before = mediaOf(player.messages);
    {
      await using publisher = await RtmpClient.publish(server.rtmpPort, "live", "a");
      await sendTags(publisher, others);
      await player.waitStatus("NetStream.Play.PublishNotify");
      await player.waitUntil(
        () => mediaOf(player.messages).length >= before.length + mediaCount(others),
        "the returned publisher's media",
      );
    }
    // This one was cut off: players are left in peace for `publisherGraceMs`, then told.
    assert.equal(player.statusCodes().filter((code) => code.endsWith("UnpublishNotify")).length, 1);
    await player.waitStatus("NetStream.Play.UnpublishNotify", 2);
    const after = mediaOf(player.messages).slice(before.length);
    assert.deepEqual(bodies(after), bodies(others.filter(isMedia)), "the second publisher's media");
    assertDecodeTimesRise([...before, ...after]);
    assert.ok(player.raw.hasEnded === false, "the player stays connected");
  },
);

e2e(
  "viewers over HTTP and WebSocket stay when the publisher is cut off and returns, and time goes on",
  { tools: ["ffmpeg", "curl"] },
  async () => {
    const tags = firstSeconds(await readClipTags("film"), 2);
    const others = firstSeconds(await readClipTags("other"), 2);
    await using server = await TestServer.start();
    await using player = await RtmpClient.play(server.rtmpPort, "live", "a");
    const viewers: FlvViewer[] = [];
    {
      await using publisher = await RtmpClient.publish(server.rtmpPort, "live", "a");
      await sendTags(publisher, tags.slice(0, 10));
      await player.waitUntil(() => mediaOf(player.messages).length > 3, "the first media");
      viewers.push(await watchWithCurl(server.httpUrl("live/a.flv")));
      viewers.push(await watchWithWebSocket(server.wsUrl("live/a.flv")));
      for (const viewer of viewers) {
        await waitFor(async () => (await viewer.bytes()).length > 1_000, { what: "the first bytes" });
      }
      await sendTags(publisher, tags.slice(10));
      await player.waitUntil(() => mediaOf(player.messages).length >= mediaCount(tags), "all of the media");
    }
    await using publisher = await RtmpClient.publish(server.rtmpPort, "live", "a");
    await sendTags(publisher, others);
    const all = mediaCount(tags) + mediaCount(others);
    await player.waitUntil(() => mediaOf(player.messages).length >= all, "the returned publisher's media");
    assert.ok(!player.statusCodes().some((code) => code.endsWith("UnpublishNotify")), "nobody is told");
    await delay(200);
    for (const viewer of viewers) {
      assert.equal(viewer.hasEnded, false);
      const received = (await viewer.stop()).tags.filter(isMedia);
      assert.deepEqual(bodies(received), bodies([...tags, ...others].filter(isMedia)));
      assertDecodeTimesRise(received);
    }
  },
);

e2e(
  "a second publisher is refused while the first is live, and nobody notices",
  { tools: ["ffmpeg"] },
  async () => {
    const tags = firstSeconds(await readClipTags("film"), 3);
    await using server = await TestServer.start();
    await using player = await RtmpClient.play(server.rtmpPort, "live", "a");
    await using first = await RtmpClient.publish(server.rtmpPort, "live", "a");
    const half = tags.length >> 1;
    await sendTags(first, tags.slice(0, half));
    await using second = await RtmpClient.open(server.rtmpPort);
    await second.connect("live");
    await second.sendCommand("publish", [null, "a", "live"], await second.createStream());
    await second.waitStatus("NetStream.Publish.BadName");
    assert.ok(!second.statusCodes().includes("NetStream.Publish.Start"), "no permission before the refusal");
    await sendTags(first, tags.slice(half));
    await player.waitUntil(() => mediaOf(player.messages).length >= mediaCount(tags), "all of the media");
    assert.deepEqual(bodies(mediaOf(player.messages)), bodies(tags.filter(isMedia)));
    assert.ok(!player.statusCodes().includes("NetStream.Play.UnpublishNotify"));
  },
);

e2e(
  "a publisher without media for five seconds is replaced; viewers stay and time goes on",
  { tools: ["ffmpeg"] },
  async () => {
    const tags = firstSeconds(await readClipTags("film"), 2);
    const others = firstSeconds(await readClipTags("other"), 2);
    await using server = await TestServer.start();
    await using player = await RtmpClient.play(server.rtmpPort, "live", "a");
    await using silent = await RtmpClient.publish(server.rtmpPort, "live", "a");
    await sendTags(silent, tags);
    await player.waitUntil(() => mediaOf(player.messages).length >= mediaCount(tags), "the first media");
    await delay(5_300);
    await using heir = await RtmpClient.publish(server.rtmpPort, "live", "a");
    await sendTags(heir, others);
    const all = mediaCount(tags) + mediaCount(others);
    await player.waitUntil(() => mediaOf(player.messages).length >= all, "the heir's media");
    assert.deepEqual(
      bodies(mediaOf(player.messages).slice(mediaCount(tags))),
      bodies(others.filter(isMedia)),
    );
    assertDecodeTimesRise(mediaOf(player.messages));
    assert.equal(player.raw.hasEnded, false, "the player stays connected");
  },
);

function firstSeconds(tags: readonly ReadTag[], seconds: number): ReadTag[] {
  return tags.filter((tag) => tag.timestamp < seconds * 1_000);
}

function mediaCount(tags: readonly ReadTag[]): number {
  return tags.filter(isMedia).length;
}

function bodies(tags: readonly ReadTag[]): Uint8Array[] {
  return tags.map((tag) => tag.body);
}

function assertDecodeTimesRise(tags: readonly ReadTag[]): void {
  const last = new Map<number, number>();
  for (const [index, { type, timestamp }] of tags.entries()) {
    const before = last.get(type) ?? -1;
    assert.ok(timestamp >= before, `message ${index} of type ${type}: ${timestamp} ms after ${before} ms`);
    last.set(type, timestamp);
  }
}
