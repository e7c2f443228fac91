/** A server that stops asks peers of Enhanced RTMP to connect again, and goes on for them meanwhile. */
import assert from "node:assert/strict";
import type { Amf0Object } from "../helpers/amf0.ts";
import { madeVideoTag, sendTags } from "../helpers/replay.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";

const CODE = "NetConnection.Connect.ReconnectRequest";

async function peer(server: TestServer, capsEx: number): Promise<{ client: RtmpClient; streamId: number }> {
  const client = await RtmpClient.open(server.rtmpPort);
  const answer = await client.connect("live", { properties: { capsEx } });
  assert.equal((answer[2] as Amf0Object).capsEx, 15, "the server reads all of Enhanced RTMP v2");
  return { client, streamId: await client.createStream() };
}

e2e(
  "SIGTERM sends a publisher and a player elsewhere, and serves them until they have left",
  {},
  async () => {
    const server = await TestServer.start({
      config: ({ rtmp, http }) =>
        `rtmp = { reconnectUrl = "rtmp://127.0.0.1:1", drainMs = 4000 }
[[applications]]
name = "live"
library = "flvplayback"
[[applications.acceptors]]
ip = "127.0.0.1"
port = ${rtmp}
[web]
ip = "127.0.0.1"
port = ${http}
`,
    });
    const publisher = await peer(server, 1);
    const player = await peer(server, 3);
    const other = await peer(server, 14);
    await publisher.client.sendCommand("publish", [null, "a", "live"], publisher.streamId);
    await publisher.client.waitStatus("NetStream.Publish.Start");
    for (const { client, streamId } of [player, other]) {
      await client.sendCommand("play", [null, "a"], streamId);
      await client.waitStatus("NetStream.Play.Start");
    }
    const startedMs = performance.now();
    const stopping = server.stop();
    for (const { client } of [publisher, player]) {
      const [, transactionId, object, information] = await client.waitCommand(
        ([name, , , information]) => name === "onStatus" && (information as Amf0Object).code === CODE,
        CODE,
      );
      const { level, tcUrl } = information as Amf0Object;
      assert.deepEqual([transactionId, object, level, tcUrl], [0, null, "status", "rtmp://127.0.0.1:1/live"]);
    }
    // the stream goes on to its next key frame
    await sendTags(publisher.client, [madeVideoTag(0, { size: 100, isKeyFrame: true })]);
    await player.client.waitUntil(() => player.client.media().length > 0, "media while the server drains");
    assert.ok(
      !other.client.statusCodes().includes(CODE),
      "a peer that does not know the request is not sent it",
    );
    await publisher.client[Symbol.asyncDispose]();
    await player.client[Symbol.asyncDispose]();
    await other.client.raw.waitEnd();
    await other.client[Symbol.asyncDispose]();
    await stopping;
    assert.ok(performance.now() - startedMs < 3_500, "it waits no longer than they stay");
  },
);
