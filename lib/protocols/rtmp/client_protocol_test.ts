import assert from "node:assert/strict";
import { encodeAmf0Values } from "#amf";
import { ManualClock } from "#clock";
import { ClosedError, ProtocolError } from "#errors";
import { createHmac } from "node:crypto";
import { ChunkReader } from "./chunk/chunk_reader.ts";
import { encodeMessage } from "./chunk/chunk_writer.ts";
import { type RtmpClientOptions, RtmpClientProtocol } from "./client_protocol.ts";
import { HANDSHAKE_BYTES } from "./handshake/digest.ts";
import { decodeCommand, encodeCommand, type RtmpCommand } from "./message/command.ts";
import { RtmpRefusalError } from "./session/refusal.ts";
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

/** A client on a carrier of the test, its handshake done with a server that signs nothing. */
function bare(options: RtmpClientOptions = {}): { client: RtmpClientProtocol; carrier: TestCarrier } {
  const client = new RtmpClientProtocol({ clock: new ManualClock(), ...options });
  const carrier = new TestCarrier();
  client.openOn(carrier);
  const reply = new Uint8Array(1 + 2 * HANDSHAKE_BYTES).fill(7);
  reply[0] = 3;
  carrier.feed(reply);
  carrier.sent = [];
  return { client, carrier };
}

function feedCommand(carrier: TestCarrier, command: RtmpCommand, messageStreamId = 0): void {
  const header = { chunkStreamId: 3, timestamp: 0, messageStreamId, outboundChunkSize: 128 };
  carrier.feed(encodeMessage({ ...header, messageTypeId: 20 }, encodeCommand(command)));
}

/** Commands that were sent since the last call. */
function sentCommands(carrier: TestCarrier): RtmpCommand[] {
  const commands: RtmpCommand[] = [];
  const reader = new ChunkReader({
    onMessage: (type, _timestamp, _stream, payload) => {
      if (type === 20) commands.push(decodeCommand(type, payload));
    },
  });
  for (const bytes of carrier.sent.splice(0)) reader.push(bytes);
  return commands;
}

Deno.test("RtmpClientProtocol answers SWF verification with what it was told of the player", () => {
  const hash = new Uint8Array(32).fill(0x5a);
  const { carrier } = bare({ swf: { hash, sizeBytes: 0x01020304 } });
  carrier.feed(encodeMessage(
    { chunkStreamId: 2, messageTypeId: 4, timestamp: 0, messageStreamId: 0, outboundChunkSize: 128 },
    Uint8Array.of(0, 26),
  ));
  const digest = createHmac("sha256", new Uint8Array(32).fill(7)).update(hash).digest("hex");
  assert.equal(carrier.sent.length, 1);
  // behind a header of 12 bytes
  assert.equal(carrier.sent[0]!.subarray(12).toHex(), `001b0101${"01020304".repeat(2)}${digest}`);
  const silent = bare();
  silent.carrier.feed(encodeMessage(
    { chunkStreamId: 2, messageTypeId: 4, timestamp: 0, messageStreamId: 0, outboundChunkSize: 128 },
    Uint8Array.of(0, 26),
  ));
  assert.equal(silent.carrier.sent.length, 0);
});

Deno.test("RtmpClientProtocol answers bandwidth checks, and asks for one once", () => {
  const commands: string[] = [];
  const { carrier } = bare({ onCommand: ({ name }) => void commands.push(name) });
  const call = (name: string, transactionId: number) =>
    feedCommand(carrier, { name, transactionId, commandObject: null, args: ["x".repeat(1000)] });
  call("_onbwcheck", 7);
  call("onBWCheck", 0);
  for (let times = 0; times < 5; times++) call("onBWDone", 0);
  call("unknown", 9);
  const sent = sentCommands(carrier).map(({ name, transactionId }) => [name, transactionId]);
  assert.deepEqual(sent, [["_result", 7], ["_checkbw", 1]]);
  assert.deepEqual([...new Set(commands)], ["_onbwcheck", "onBWCheck", "onBWDone", "unknown"]);
});

Deno.test("RtmpClientProtocol takes status and media of its only stream under whatever ID they come", async () => {
  const { client, carrier } = bare();
  const got: unknown[] = [];
  const creating = client.createStream({
    media: (type, timestamp) => void got.push([type, timestamp]),
    status: ({ code }) => void got.push(code),
  });
  feedCommand(carrier, { name: "_result", transactionId: 1, commandObject: null, args: [1] });
  const stream = await creating;
  const playing = stream.play("a");
  for (const code of [{}, "NetStream.Play.Start"]) {
    feedCommand(carrier, {
      name: "onStatus",
      transactionId: 0,
      commandObject: null,
      args: [{ level: "status", code }],
    });
  }
  await playing;
  carrier.feed(encodeMessage(
    { chunkStreamId: 6, messageTypeId: 9, timestamp: 40, messageStreamId: 0, outboundChunkSize: 128 },
    Uint8Array.of(0x17, 1),
  ));
  assert.deepEqual(got, ["NetStream.Play.Start", [9, 40]]);
});

Deno.test("RtmpRefusalError says what the server said, where it sends us, and no half of a hash", () => {
  const refusal = new RtmpRefusalError("call connect", {
    level: "error",
    code: "NetConnection.Connect.Rejected",
    description: "[ authmod=adobe ] : ?reason=needauth&user=u&salt=SALT&challenge=C&opaque=O",
    ex: { code: 302, redirect: "rtmp://other/live" },
  });
  assert.equal(
    refusal.message,
    "Cannot call connect: NetConnection.Connect.Rejected: [ authmod=adobe ] : ?reason=needauth",
  );
  assert.equal(refusal.redirect, "rtmp://other/live");
  assert.match(refusal.description, /salt=SALT/);
  const bareRefusal = new RtmpRefusalError("publish", undefined);
  assert.deepEqual([bareRefusal.message, bareRefusal.code, bareRefusal.redirect], [
    "Cannot publish: the peer answered _error",
    "",
    undefined,
  ]);
  assert.ok(new RtmpRefusalError("play", { code: "x".repeat(100_000) }).message.length < 1000);
});
