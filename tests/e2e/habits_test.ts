/** What real encoders do besides the textbook. */
import assert from "node:assert/strict";
import { decodeAmf0, encodeAmf0 } from "../helpers/amf0.ts";
import type { Amf0Object } from "../helpers/amf0.ts";
import type { ReadTag } from "../helpers/flv_tags.ts";
import { isMedia, isSequenceHeader, mediaOf, readClipTags, sendTags } from "../helpers/replay.ts";
import { TYPE } from "../helpers/rtmp_chunks.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";

/** Names as typed into encoders, and the public name players use. */
const NAMES: readonly { app: string; streamKey: string; type: string | undefined }[] = [
  { app: "live", streamKey: "plain", type: "live" },
  { app: "live/", streamKey: "plain", type: "live" },
  { app: "live", streamKey: "plain?user=a&key=hush-hush", type: "live" },
  { app: "live?token=hush-hush", streamKey: "plain", type: "live" },
  { app: "live/_definst_", streamKey: "/plain", type: "live" },
  { app: "live", streamKey: "plain", type: undefined },
  { app: "live", streamKey: "plain", type: "LIVE" },
];

e2e(
  "slashes, queries and missing types still lead to the public name",
  { tools: ["ffmpeg"] },
  async (context) => {
    const tags = (await readClipTags("film")).filter((tag) => tag.timestamp < 300);
    await using server = await TestServer.start();
    for (const { app, streamKey, type } of NAMES) {
      await context.step(`${app} ${streamKey} ${type ?? "without a type"}`, async () => {
        await using player = await RtmpClient.play(server.rtmpPort, "live", "plain");
        await using publisher = await RtmpClient.open(server.rtmpPort);
        await publisher.connect(app);
        const args = type === undefined ? [null, streamKey] : [null, streamKey, type];
        await publisher.sendCommand("publish", args, await publisher.createStream());
        await publisher.waitStatus("NetStream.Publish.Start");
        await sendTags(publisher, tags);
        await player.waitUntil(() => mediaOf(player.messages).length > 5, "media");
      });
    }
    assert.ok(!server.log.includes("hush-hush"), "no key in the log");
  },
);

e2e(
  "a codec change in mid-stream reaches players there and players to come",
  { tools: ["ffmpeg"] },
  async () => {
    const first = (await readClipTags("film")).filter((tag) => tag.timestamp < 1_200);
    const second = (await readClipTags("other")).filter((tag) => tag.timestamp < 1_200)
      .map((tag) => ({ ...tag, timestamp: tag.timestamp + 1_300 }));
    await using server = await TestServer.start();
    await using player = await RtmpClient.play(server.rtmpPort, "live", "change");
    await using publisher = await RtmpClient.publish(server.rtmpPort, "live", "change");
    await sendTags(publisher, [...first, ...second]);
    const all = [...first, ...second].filter(isMedia).length;
    await player.waitUntil(() => mediaOf(player.messages).length >= all, "all of the media");
    assert.deepEqual(headersOf(player, TYPE.Video), [...headersIn(first), ...headersIn(second)]);
    await using late = await RtmpClient.play(server.rtmpPort, "live", "change");
    await late.waitUntil(() => mediaOf(late.messages).length > 3, "media");
    assert.deepEqual(headersOf(late, TYPE.Video).at(-1), headersIn(second).at(-1), "the new configuration");
    const shown = mediaOf(late.messages).find(({ type }) => type === TYPE.Video)!;
    assert.ok(second.some((tag) => tag.body.join() === shown.body.join()), "it starts behind the change");
  },
);

e2e(
  "metadata reaches late players as onMetaData; without any, media still flows",
  { tools: ["ffmpeg"] },
  async () => {
    const tags = (await readClipTags("film")).filter((tag) => tag.timestamp < 600 && tag.type !== TYPE.Data);
    await using server = await TestServer.start();
    await using publisher = await RtmpClient.publish(server.rtmpPort, "live", "data");
    await sendTags(publisher, tags);
    await using before = await RtmpClient.play(server.rtmpPort, "live", "data");
    await before.waitUntil(() => mediaOf(before.messages).length > 3, "media without metadata");
    const payload = encodeAmf0("@setDataFrame", "onMetaData", {
      width: 320,
      maker: "tests",
      videocodecid: "avc1",
    });
    await publisher.send({ typeId: TYPE.Data, chunkStreamId: 5, streamId: 1, payload });
    await before.waitUntil(() => metadataOf(before) !== undefined, "the metadata");
    await using late = await RtmpClient.play(server.rtmpPort, "live", "data");
    await late.waitUntil(() => metadataOf(late) !== undefined, "the metadata again");
    for (const client of [before, late]) {
      assert.equal(metadataOf(client)!.width, 320);
      assert.equal(metadataOf(client)!.maker, "tests");
    }
    const cue = encodeAmf0("onCuePoint", { name: "here", time: 1 });
    await publisher.send({ typeId: TYPE.Data, chunkStreamId: 5, streamId: 1, payload: cue });
    await late.waitUntil(() => dataOf(late).some(([name]) => name === "onCuePoint"), "a data message");
  },
);

e2e(
  "zero-length messages, silence and a start far from zero do not stop a stream",
  { tools: ["ffmpeg"] },
  async () => {
    const tags = (await readClipTags("film")).filter((tag) => tag.timestamp < 1_000);
    const empty: ReadTag[] = [TYPE.Audio, TYPE.Video].map((type) => ({
      type,
      timestamp: 0,
      body: new Uint8Array(0),
    }));
    await using server = await TestServer.start();
    await using player = await RtmpClient.play(server.rtmpPort, "live", "odd");
    await using publisher = await RtmpClient.publish(server.rtmpPort, "live", "odd");
    await sendTags(publisher, [...empty, ...tags.slice(0, 10), ...empty, ...tags.slice(10)], {
      shiftMs: 3_600_000,
    });
    const wanted = tags.filter(isMedia);
    await player.waitUntil(() => mediaOf(player.messages).length >= wanted.length, "all of the media");
    assert.deepEqual(mediaOf(player.messages).map(({ body }) => body), wanted.map(({ body }) => body));
  },
);

function headersOf(client: RtmpClient, type: number): string[] {
  return client.messages
    .filter((message) => message.messageTypeId === type && isSequenceHeader(type, message.payload))
    .map((message) => message.payload.join());
}

function headersIn(tags: readonly ReadTag[]): string[] {
  return tags.filter(({ type, body }) => type === TYPE.Video && isSequenceHeader(type, body)).map((
    { body },
  ) => body.join());
}

function dataOf(client: RtmpClient) {
  return client.messages.filter(({ messageTypeId }) => messageTypeId === TYPE.Data).map(({ payload }) =>
    decodeAmf0(payload)
  );
}

function metadataOf(client: RtmpClient): Amf0Object | undefined {
  return dataOf(client).find(([name]) => name === "onMetaData")?.[1] as Amf0Object | undefined;
}
