/** A server that stops asks peers of Enhanced RTMP and RTSP to go elsewhere, and goes on for them meanwhile. */
import assert from "node:assert/strict";
import type { Amf0Object } from "../helpers/amf0.ts";
import { madeVideoTag, sendTags } from "../helpers/replay.ts";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { RtspTestClient } from "../helpers/rtsp_client.ts";
import { TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";
import { concatBytes } from "#bytes";
import { encodeRtpPacket } from "#protocols/rtp";
import type { RtspRequest } from "#protocols/rtsp";

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

e2e(
  "SIGTERM redirects a publisher and a player of RTSP, and serves them until they have left",
  {},
  async () => {
    const server = await TestServer.start({
      args: [
        ..."rtsp.redirectUrl=rtsp://127.0.0.2:8554 rtsp.drainMs=4000".split(" ").flatMap((
          set,
        ) => ["--set", set]),
      ],
    });
    const url = server.rtspUrl("live/a");
    const publisher = await RtspTestClient.connect(server.rtspPort);
    const player = await RtspTestClient.connect(server.rtspPort);
    const idle = await RtspTestClient.connect(server.rtspPort);
    await idle.ask("OPTIONS", url);
    const sdp = "v=0\r\nm=audio 0 RTP/AVP 0\r\na=control:t0\r\n";
    await publisher.ask("ANNOUNCE", url, { "Content-Type": "application/sdp" }, sdp);
    const transport = "RTP/AVP/TCP;unicast;interleaved=0-1";
    await publisher.ask("SETUP", `${url}/t0`, { Transport: `${transport};mode=record` });
    assert.equal((await publisher.ask("RECORD", url)).status, 200);
    const sound = (sequenceNumber: number) =>
      encodeRtpPacket({
        ...{ payloadType: 0, isMarked: false, ssrc: 1, sequenceNumber, timestamp: sequenceNumber * 160 },
        payload: new Uint8Array(160).fill(0xd5),
      });
    const send = (number: number) =>
      publisher.send(concatBytes([Uint8Array.of(0x24, 0, 0, 172), sound(number)]));
    for (let number = 0; number < 5; number++) await send(number);
    await player.ask("DESCRIBE", url);
    await player.ask("SETUP", `${url}/trackID=0`, { Transport: transport });
    assert.equal((await player.ask("PLAY", url)).status, 200);
    const startedMs = performance.now();
    const stopping = server.stop();
    for (const client of [publisher, player]) {
      await waitFor(() => client.requests.length > 0, { what: "a request of the server" });
      const [{ method, headers }] = client.requests as [RtspRequest];
      assert.deepEqual([method, headers.get("location")], ["REDIRECT", "rtsp://127.0.0.2:8554/live/a"]);
      await client.send(new TextEncoder().encode("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"));
    }
    const before = player.packetsOf(0).length;
    await send(5);
    await waitFor(() => player.packetsOf(0).length > before, { what: "media while the server drains" });
    assert.equal((await publisher.ask("TEARDOWN", url)).status, 200);
    for (const client of [publisher, player]) await client[Symbol.asyncDispose]();
    await idle.closed;
    assert.equal(idle.requests.length, 0, "who plays nothing is sent nowhere");
    await idle[Symbol.asyncDispose]();
    await stopping;
    assert.ok(performance.now() - startedMs < 3_500, "it waits no longer than they stay");
  },
);
