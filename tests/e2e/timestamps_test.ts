/** Streams longer than 4 h 39 min, and times that wrap at 2^32 ms. */
import assert from "node:assert/strict";
import { watchWithCurl } from "../helpers/flv_tags.ts";
import type { ReadTag } from "../helpers/flv_tags.ts";
import { isMedia, madeVideoTag, mediaOf, readClipTags, sendTags } from "../helpers/replay.ts";
import { basicHeader, encodeMessage, EXTENDED_MARK, TYPE } from "../helpers/rtmp_chunks.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

/** Where a stream's first packet stands, so that the boundary falls into its first second. */
const CASES = [
  { name: "from 4 h 39 min", startMs: EXTENDED_MARK - 500 },
  { name: "across 2^31", startMs: 2 ** 31 - 500 },
  { name: "across 2^32", startMs: 2 ** 32 - 500 },
] as const;

e2e(
  "times beyond 24 bits, and their wrap at 32 bits, reach players unharmed",
  { tools: ["ffmpeg"] },
  async (context) => {
    const tags = [
      ...(await readClipTags("film")).filter((tag) => tag.timestamp < 1_500),
      // Larger than any chunk the server sends: type 3 chunks with the extended field.
      { ...madeVideoTag(0, { size: 200_000, isKeyFrame: true }), timestamp: 1_520 },
    ];
    await using server = await TestServer.start();
    for (const { name, startMs } of CASES) {
      for (const hasField of [true, false]) {
        const streamName = `${startMs}-${hasField}`;
        await context.step(`${name}, type 3 chunks ${hasField ? "with" : "without"} the field`, async () => {
          await using player = await RtmpClient.play(server.rtmpPort, "live", streamName);
          await using publisher = await RtmpClient.publish(server.rtmpPort, "live", streamName);
          if (hasField) await sendTags(publisher, tags, { shiftMs: startMs });
          else await sendWithoutField(publisher, tags, startMs);
          await player.waitUntil(
            () => mediaOf(player.messages).length >= tags.filter(isMedia).length,
            "all of the media",
          );
          assertSameTimes(tags, mediaOf(player.messages));
        });
      }
    }
  },
);

e2e("HTTP-FLV carries times beyond 24 bits", { tools: ["ffmpeg", "curl"] }, async () => {
  const tags = (await readClipTags("film")).filter((tag) => tag.timestamp < 2_500);
  await using server = await TestServer.start();
  await using publisher = await RtmpClient.publish(server.rtmpPort, "live", "long");
  const early = tags.filter((tag) => tag.timestamp < 900);
  await sendTags(publisher, early, { shiftMs: EXTENDED_MARK - 500 });
  await waitFor(async () => await isPlayable(server, "long"), { what: "the stream to be playable" });
  await using viewer = await watchWithCurl(server.httpUrl("live/long.flv"));
  await waitFor(async () => (await viewer.bytes()).length > 1_000, { what: "the first bytes over HTTP" });
  await sendTags(publisher, tags.slice(early.length), { shiftMs: EXTENDED_MARK - 500 });
  const last = tags.filter(isMedia).at(-1)!;
  await waitFor(async () => endsWith(await viewer.bytes(), last.body), { what: "the last tag over HTTP" });
  const received = (await viewer.stop()).tags.filter(isMedia);
  assert.ok(received.some((tag) => tag.timestamp > EXTENDED_MARK), "times pass 24 bits");
  assertSameTimes(tags, received);
});

function assertSameTimes(sent: readonly ReadTag[], received: readonly ReadTag[]): void {
  const expected = sent.filter(isMedia);
  const [first, firstSent] = [received[0]!, expected[0]!];
  const shift = first.timestamp - firstSent.timestamp;
  for (const [index, tag] of expected.entries()) {
    const got = received[index]!;
    assert.deepEqual(got.body, tag.body, `payload ${index}`);
    const wanted = ((tag.timestamp + shift) % 2 ** 32 + 2 ** 32) % 2 ** 32;
    assert.equal(got.timestamp, wanted, `time of packet ${index}, sent at ${tag.timestamp} ms`);
  }
}

/** As some encoders do: continuation chunks without the extended timestamp. */
async function sendWithoutField(
  client: RtmpClient,
  tags: readonly ReadTag[],
  startMs: number,
): Promise<void> {
  for (const tag of tags) {
    const timestamp = (tag.timestamp + startMs) % 2 ** 32;
    const chunkStreamId = tag.type === TYPE.Audio ? 4 : 6;
    const parts = { typeId: tag.type, payload: tag.body, chunkStreamId, streamId: 1, timestamp };
    await client.raw.send(
      encodeMessage({ ...parts, payload: tag.body.subarray(0, 128) }, 128, tag.body.length),
    );
    for (let at = 128; at < tag.body.length; at += 128) {
      await client.raw.send(
        new Uint8Array([...basicHeader(3, chunkStreamId), ...tag.body.subarray(at, at + 128)]),
      );
    }
  }
}

async function isPlayable(server: TestServer, name: string): Promise<boolean> {
  const response = await fetch(server.httpUrl(`live/${name}.flv`));
  await response.body?.cancel();
  return response.status === 200;
}

function endsWith(bytes: Uint8Array, body: Uint8Array): boolean {
  const tail = bytes.subarray(bytes.length - body.length - 4, bytes.length - 4);
  return tail.length === body.length && tail.every((byte, index) => byte === body[index]);
}
