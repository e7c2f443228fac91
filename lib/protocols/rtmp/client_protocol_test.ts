import assert from "node:assert/strict";
import { encodeAmf0Values } from "#amf";
import { ManualClock } from "#clock";
import { ClosedError, ProtocolError } from "#errors";
import { RtmpClientProtocol } from "./client_protocol.ts";
import type { DataMessage } from "./message/data_message.ts";
import { wrapDataFrame } from "./message/data_message.ts";
import { RtmpProtocol } from "./rtmp_protocol.ts";
import { keepingLog, linkedCarriers, settled, TestApplication, TestCarrier } from "./session_rig_test.ts";

/** A client and a server on two linked carriers. */
function pair(): {
  client: RtmpClientProtocol;
  server: RtmpProtocol;
  application: TestApplication;
  carriers: [TestCarrier, TestCarrier];
  log: ReturnType<typeof keepingLog>;
} {
  const application = new TestApplication();
  const log = keepingLog();
  const clock = new ManualClock();
  const server = new RtmpProtocol({ application, clock, log });
  const client = new RtmpClientProtocol({ clock });
  const carriers = linkedCarriers();
  server.openOn(carriers[1]);
  client.openOn(carriers[0]);
  return { client, server, application, carriers, log };
}

const APP = { app: "live", tcUrl: "rtmp://host/live" };

Deno.test("RtmpClientProtocol connects and publishes to RtmpProtocol", async () => {
  const { client, application } = pair();
  const { information } = await client.connect({ ...APP, properties: { fourCcList: ["hvc1"] } });
  assert.equal(information["code"], "NetConnection.Connect.Success");
  assert.equal(application.request?.capabilities.isEnhanced, true);
  const stream = await client.createStream({});
  const status = await stream.publish("a?key=1");
  assert.equal(status["code"], "NetStream.Publish.Start");
  const metadata = encodeAmf0Values(["onMetaData", {}]);
  stream.sendData(0, wrapDataFrame(metadata));
  const frame = Uint8Array.from({ length: 150_000 }, (_, i) => i & 0xff);
  stream.sendMedia(9, 0x1000000, frame);
  stream.sendMedia(8, 23, Uint8Array.of(0xaf, 1));
  await settled();
  assert.deepEqual(application.messages.map((one) => [one.action, one.payload]), [["set", metadata]]);
  assert.deepEqual(application.media, [
    { messageTypeId: 9, timestamp: 0x1000000, payload: frame },
    { messageTypeId: 8, timestamp: 23, payload: Uint8Array.of(0xaf, 1) },
  ]);
  stream.delete();
  await settled();
  assert.equal(application.events.at(-1), "1: stop idle");
});

Deno.test("RtmpClientProtocol plays from RtmpProtocol", async () => {
  const { client, server } = pair();
  await client.connect(APP);
  const media: [number, number, number][] = [];
  const data: DataMessage[] = [];
  const codes: unknown[] = [];
  const stream = await client.createStream({
    media: (messageTypeId, timestamp, payload) => void media.push([messageTypeId, timestamp, payload.length]),
    data: (message) => void data.push(message),
    status: (information) => void codes.push(information["code"]),
  });
  await stream.play("a", { startMs: -1000 });
  const netStream = server.session.streams()[0]!;
  netStream.sendData(0, encodeAmf0Values(["onMetaData", {}]));
  netStream.sendMedia(9, 40, new Uint8Array(200_000));
  netStream.sendStatus({ code: "NetStream.Play.UnpublishNotify", description: "over" });
  await settled();
  assert.deepEqual(media, [[9, 40, 200_000]]);
  assert.equal(data.length, 1);
  assert.deepEqual(codes, ["NetStream.Play.Start", "NetStream.Play.UnpublishNotify"]);
});

Deno.test("RtmpClientProtocol says why it was refused", async () => {
  const refused = pair();
  refused.application.answer = { isAccepted: false, description: "no such application" };
  await assert.rejects(refused.client.connect(APP), /Connect.Rejected: no such application/);

  const { client, application } = pair();
  await client.connect(APP);
  const stream = await client.createStream({});
  application.permission = Promise.reject(new Error("no"));
  await assert.rejects(stream.publish("a"), (error) => {
    assert.ok(error instanceof ProtocolError);
    assert.match(error.message, /Cannot publish: NetStream.Publish.BadName: a is not available/);
    return true;
  });
});

Deno.test("RtmpClientProtocol fails what waits when the connection ends", async () => {
  const early = new RtmpClientProtocol({ clock: new ManualClock() });
  const carrier = new TestCarrier();
  early.openOn(carrier);
  const connecting = early.connect(APP);
  carrier.abort(new ClosedError("gone"));
  await assert.rejects(connecting, ClosedError);

  const { client, application, carriers } = pair();
  await client.connect(APP);
  const stream = await client.createStream({});
  application.permission = new Promise(() => {});
  const publishing = stream.publish("a");
  const calling = client.call("x", []);
  await settled();
  carriers[0].abort(new ClosedError("gone"));
  await assert.rejects(publishing, ClosedError);
  await assert.rejects(calling, ClosedError);
  await assert.rejects(client.call("x", []), ClosedError);
});

Deno.test("RtmpClientProtocol fails what is asked after the connection ended", async () => {
  const { client, carriers } = pair();
  await client.connect(APP);
  const stream = await client.createStream({});
  carriers[0].abort(new ClosedError("gone"));
  await assert.rejects(stream.play("a"), ClosedError);
  await assert.rejects(client.createStream({}), ClosedError);
});

Deno.test("RtmpClientProtocol ends a handshake that does not answer", async () => {
  const clock = new ManualClock();
  const client = new RtmpClientProtocol({ clock, handshakeTimeoutMs: 3000 });
  const carrier = new TestCarrier();
  client.openOn(carrier);
  const connecting = client.connect(APP);
  clock.advance(3000);
  await assert.rejects(connecting, ClosedError);
  assert.match(carrier.endedBy?.message ?? "", /Cannot complete handshake/);
});
