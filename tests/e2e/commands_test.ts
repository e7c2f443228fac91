/** Commands and what the field expects as answers. */
import assert from "node:assert/strict";
import type { Amf0Object } from "../helpers/amf0.ts";
import { TYPE } from "../helpers/rtmp_chunks.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

e2e("commands are answered as encoders and players expect", {}, async (context) => {
  await using server = await TestServer.start();
  const step = (name: string, body: (client: RtmpClient) => Promise<void>): Promise<boolean> =>
    context.step(name, async () => {
      await using client = await RtmpClient.open(server.rtmpPort);
      await body(client);
    });

  await step("connect announces window, bandwidth and success", async (client) => {
    const [name, , properties, status] = await client.connect("live");
    assert.equal(name, "_result");
    assert.equal((status as Amf0Object).code, "NetConnection.Connect.Success");
    assert.equal(typeof (properties as Amf0Object).fmsVer, "string");
    const types = client.messages.map((message) => message.messageTypeId);
    assert.ok(types.includes(TYPE.WindowAckSize) && types.includes(TYPE.SetPeerBandwidth), types.join());
  });
  await step("an unknown application is rejected, and the connection ended", async (client) => {
    const [name, , , status] = await client.connect("nowhere", { query: "?token=hush-hush" });
    assert.equal(name, "_error");
    assert.equal((status as Amf0Object).code, "NetConnection.Connect.Rejected");
    await client.raw.waitEnd();
  });
  await step("slashes, instances and queries after the application are accepted", async (client) => {
    assert.equal((await client.connect("live/_definst_/", { query: "?a=b" }))[0], "_result");
  });
  await step("an unknown call is answered _error", async (client) => {
    await client.connect("live");
    assert.equal((await client.call("nonsense", [null, 1]))[0], "_error");
  });
  await step("an encoder's whole sequence is answered", async (client) => {
    await client.connect("live");
    await client.sendCommand("releaseStream", [null, "enc"]);
    await client.sendCommand("FCPublish", [null, "enc"]);
    const streamId = await client.createStream();
    assert.ok(streamId > 0);
    await client.sendCommand("publish", [null, "enc?key=hush-hush"], streamId);
    await client.waitStatus("NetStream.Publish.Start");
    await client.sendCommand("FCUnpublish", [null, "enc"]);
    await client.sendCommand("deleteStream", [null, streamId]);
    assert.ok(await client.createStream() > 0, "the connection goes on");
  });
  await step("record is granted", async (client) => {
    await client.connect("live");
    await client.sendCommand("publish", [null, "rec", "record"], await client.createStream());
    await client.waitStatus("NetStream.Publish.Start");
  });
  await step("a publish type there is not is taken for live, or refused, clearly", async (client) => {
    await client.connect("live");
    await client.sendCommand("publish", [null, "odd", "sideways"], await client.createStream());
    const [, , , status] = await client.waitCommand((values) => values[0] === "onStatus", "an answer");
    assert.match(String((status as Amf0Object).code), /^NetStream\.Publish\.(Start|BadName)$/);
  });
  await step("play on a stream nobody publishes waits", async (client) => {
    await client.connect("live");
    await client.sendCommand("play", [null, "nobody", -1_000], await client.createStream());
    await client.waitStatus("NetStream.Play.Start");
    assert.equal(client.raw.hasEnded, false);
  });
  await step("play of a recording that is not there is answered StreamNotFound", async (client) => {
    await client.connect("live");
    await client.sendCommand("play", [null, "nobody", 0], await client.createStream());
    await client.waitStatus("NetStream.Play.StreamNotFound");
    assert.equal(client.raw.hasEnded, false);
  });
  await step("a ping is answered with its own time", async (client) => {
    await client.connect("live");
    const body = new Uint8Array([0, 6, 1, 2, 3, 4]);
    await client.send({ typeId: TYPE.UserControl, chunkStreamId: 2, payload: body });
    await client.waitUntil(
      () =>
        client.messages.some(({ messageTypeId, payload }) =>
          messageTypeId === TYPE.UserControl && payload.join() === "0,7,1,2,3,4"
        ),
      "a pong",
    );
  });
  await step("close ends the connection", async (client) => {
    await client.connect("live");
    await client.sendCommand("close", [null]);
    await client.raw.waitEnd();
  });
  await waitFor(() => server.log.length > 0, { what: "a log" });
  assert.ok(!server.log.includes("hush-hush"), "no query or key in the log");
});
