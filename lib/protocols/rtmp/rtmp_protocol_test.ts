import assert from "node:assert/strict";
import { amfMembers, decodeAmf0Values, encodeAmf0Values } from "#amf";
import { concatBytes, hexOf } from "#bytes";
import { ClosedError, LimitError, ProtocolError } from "#errors";
import { encodeMessage } from "./chunk/chunk_writer.ts";
import { MAX_SESSION_WARNINGS } from "./limits.ts";
import { decodeCommand } from "./message/command.ts";
import { encodePeerBandwidth, encodeU32Payload, encodeUserControl } from "./message/control_message.ts";
import { wrapDataFrame } from "./message/data_message.ts";
import { USER_CONTROL_EVENT } from "./message/message_type.ts";
import { command, message, ServerRig, settled } from "./session_rig_test.ts";

const CONNECT = command("connect", { transactionId: 1, commandObject: { app: "live" } });
const CREATE = command("createStream", { transactionId: 2 });
const PUBLISH = command("publish", { messageStreamId: 1, args: ["a?key=s3cret", "live"] });
const PLAY = command("play", { messageStreamId: 1, args: ["a"] });
const VIDEO = message(9, { messageStreamId: 1, timestamp: 40, payload: Uint8Array.of(0x17, 1) });
const AUDIO = message(8, { messageStreamId: 1, timestamp: 46, payload: Uint8Array.of(0xaf, 1) });

Deno.test("RtmpProtocol answers connect in the order of the original", () => {
  const rig = new ServerRig();
  rig.shakeHands(CONNECT);
  const rows = rig.sent().map(({ messageTypeId, messageStreamId, payload }) =>
    `${messageTypeId} ${messageStreamId} ${
      messageTypeId === 20 ? decodeCommand(20, payload).name : hexOf(payload)
    }`
  );
  // Set Chunk Size, 60000, stands between: the reader of the test obeys it and does not tell
  assert.deepEqual(rows, [
    "5 0 002625a0",
    "6 0 002625a002",
    "4 0 000000000000",
    "20 0 _result",
    "20 0 onBWDone",
  ]);
  const result = decodeCommand(20, rig.sent()[3]!.payload);
  assert.equal(result.transactionId, 1);
  assert.deepEqual({ ...amfMembers(result.commandObject) }, {
    fmsVer: "FMS/3,0,1,123",
    capabilities: 31,
    mode: 1,
  });
  assert.deepEqual({ ...amfMembers(result.args[0]) }, {
    level: "status",
    code: "NetConnection.Connect.Success",
    description: "Connection succeeded.",
    objectEncoding: 0,
  });
  assert.equal(rig.protocol.outboundChunkSize, 60_000);
});

Deno.test("RtmpProtocol adds what the application says to the answer of connect", () => {
  const rig = new ServerRig();
  rig.application.answer = {
    isAccepted: true,
    properties: { fourCcList: ["*"], capsEx: 6 },
    information: { extra: 1 },
  };
  rig.shakeHands(CONNECT);
  const result = decodeCommand(20, rig.sent()[3]!.payload);
  assert.equal(amfMembers(result.commandObject)?.["capsEx"], 6);
  assert.deepEqual(amfMembers(result.commandObject)?.["fourCcList"], ["*"]);
  assert.equal(amfMembers(result.args[0])?.["extra"], 1);
});

Deno.test("RtmpProtocol rejects connect with a status and closes", () => {
  const rig = new ServerRig();
  rig.application.answer = { isAccepted: false, description: "no such application" };
  rig.shakeHands(CONNECT, CREATE);
  assert.deepEqual(rig.replies(), ["_error 1 NetConnection.Connect.Rejected"]);
  assert.equal(rig.carrier.isClosed, true);
  assert.deepEqual(rig.application.events, ["connect live"]);
  assert.deepEqual(rig.log.lines.filter((line) => line.includes("rejected:")), [
    `debug RTMP session ${rig.protocol.id} of 192.0.2.1:4711 on live: connect is rejected: no such application`,
  ]);
});

Deno.test("RtmpProtocol answers a connect on which the application throws, and keeps its words", async () => {
  for (const isAsync of [false, true]) {
    const rig = new ServerRig();
    const error = new Error("database says secret");
    if (isAsync) rig.application.answer = Promise.reject(error);
    else {
      rig.application.connect = () => {
        throw error;
      };
    }
    rig.shakeHands(CONNECT);
    await settled();
    assert.deepEqual(rig.replies(), ["_error 1 NetConnection.Connect.Rejected"]);
    assert.equal(new TextDecoder().decode(concatBytes(rig.carrier.sent)).includes("secret"), false);
    assert.equal(rig.warnings().length, 1);
  }
});

Deno.test("RtmpProtocol takes everything pipelined behind the handshake, at any split", () => {
  const input = concatBytes([
    Uint8Array.of(3),
    new Uint8Array(2 * 1536),
    CONNECT,
    command("releaseStream", { transactionId: 2, args: ["a"] }),
    command("FCPublish", { transactionId: 3, args: ["a"] }),
    command("createStream", { transactionId: 4 }),
    PUBLISH,
    VIDEO,
    AUDIO,
  ]);
  for (const step of [1, 2, 3, 100, 1537, 3073, 3074, input.length]) {
    const rig = new ServerRig();
    for (let at = 0; at < input.length; at += step) rig.carrier.feed(input.subarray(at, at + step));
    assert.deepEqual(rig.application.events, ["connect live", "createStream 1", "1: publish a live"]);
    assert.deepEqual(rig.application.media, [
      { messageTypeId: 9, timestamp: 40, payload: Uint8Array.of(0x17, 1) },
      { messageTypeId: 8, timestamp: 46, payload: Uint8Array.of(0xaf, 1) },
    ]);
    assert.deepEqual(rig.replies(), [
      "_result 1 NetConnection.Connect.Success",
      "onBWDone 0",
      "_result 2",
      "_result 3",
      "onFCPublish 0 NetStream.Publish.Start",
      "_result 4 1",
      "onStatus 0 NetStream.Publish.Start",
    ], `step ${step}`);
  }
});

Deno.test("RtmpProtocol reads nothing while a decision is pending, then goes on in order", async () => {
  const rig = new ServerRig();
  const connect = Promise.withResolvers<{ isAccepted: true }>();
  rig.application.answer = connect.promise;
  rig.shakeHands(CONNECT, CREATE, PUBLISH, VIDEO);
  rig.carrier.feed(AUDIO);
  await settled();
  assert.equal(rig.carrier.isPaused, true);
  assert.deepEqual(rig.replies(), []);
  const publish = Promise.withResolvers<void>();
  rig.application.permission = publish.promise;
  connect.resolve({ isAccepted: true });
  await settled();
  assert.deepEqual(rig.application.events, ["connect live", "createStream 1", "1: publish a live"]);
  assert.equal(rig.carrier.isPaused, true);
  assert.equal(rig.replies().includes("onStatus 0 NetStream.Publish.Start"), false);
  assert.equal(rig.application.media.length, 0);
  publish.resolve();
  await settled();
  assert.equal(rig.carrier.isPaused, false);
  assert.equal(rig.replies().at(-1), "onStatus 0 NetStream.Publish.Start");
  assert.deepEqual(rig.application.media.map((one) => one.timestamp), [40, 46]);
  assert.equal(rig.clock.pending, 2, "only the connect timer and the pings are armed");
});

Deno.test("RtmpProtocol bounds what it keeps while a decision is pending", () => {
  const rig = new ServerRig();
  rig.connected();
  rig.application.permission = new Promise(() => {});
  rig.carrier.feed(PUBLISH);
  for (let i = 0; i < 100 && !rig.carrier.isClosed; i++) rig.carrier.feed(new Uint8Array(65_536));
  assert.ok(rig.carrier.endedBy instanceof LimitError);
  assert.match(rig.carrier.endedBy.message, /MAX_HELD_INPUT_BYTES/);
});

Deno.test("RtmpProtocol ends a connection whose decision takes too long", () => {
  const rig = new ServerRig({ decisionTimeoutMs: 5000, pingIntervalMs: 1_000_000 });
  rig.connected();
  rig.application.permission = new Promise(() => {});
  rig.carrier.feed(PUBLISH);
  rig.clock.advance(4999);
  assert.equal(rig.carrier.isClosed, false);
  rig.clock.advance(1);
  assert.match(
    rig.carrier.endedBy?.message ?? "",
    /Cannot decide about publish of a: no decision after 5000 ms/,
  );
});

Deno.test("RtmpProtocol stops what a decision starts after the connection ended", async () => {
  const rig = new ServerRig();
  rig.connected();
  const permission = Promise.withResolvers<void>();
  rig.application.permission = permission.promise;
  rig.carrier.feed(PUBLISH);
  rig.carrier.abort(new ClosedError("gone"));
  permission.resolve();
  await settled();
  assert.deepEqual(rig.application.events.slice(2), ["1: publish a live", "closed", "1: stop idle"]);
});

Deno.test("RtmpProtocol tells the application of a late accepted connect that the connection ended", async () => {
  const rig = new ServerRig();
  const answer = Promise.withResolvers<{ isAccepted: true }>();
  rig.application.answer = answer.promise;
  rig.shakeHands(CONNECT);
  rig.carrier.abort(new ClosedError("gone"));
  answer.resolve({ isAccepted: true });
  await settled();
  assert.deepEqual(rig.application.events, ["connect live", "closed"]);
});

Deno.test("RtmpProtocol answers a publish and a play that fail, without the words of the failure", async () => {
  for (
    const [wire, code] of [[PUBLISH, "NetStream.Publish.BadName"], [PLAY, "NetStream.Play.Failed"]] as const
  ) {
    const rig = new ServerRig();
    rig.connected();
    rig.application.permission = Promise.reject(new Error("secret"));
    rig.carrier.feed(wire);
    await settled();
    assert.equal(rig.replies().at(-1), `onStatus 0 ${code}`);
    assert.equal(new TextDecoder().decode(concatBytes(rig.carrier.sent)).includes("secret"), false);
    assert.match(rig.warnings().join(), /of a failed: secret/);
    assert.equal(rig.carrier.isClosed, false);
  }
});

Deno.test("RtmpProtocol refuses a garbage first byte, and RTMPE, with one line", () => {
  for (const byte of [0, 6, 22, 71]) {
    const rig = new ServerRig();
    rig.carrier.feed(new Uint8Array(100).fill(byte));
    assert.ok(rig.carrier.endedBy instanceof ProtocolError);
    assert.equal(rig.carrier.sent.length, 0);
    assert.equal(rig.warnings().length, 1);
  }
});

Deno.test("RtmpProtocol ends half handshakes and missing connects in time", () => {
  const half = new ServerRig();
  half.carrier.feed(Uint8Array.of(3, 0, 0));
  half.clock.advance(9999);
  assert.equal(half.carrier.isClosed, false);
  half.clock.advance(1);
  assert.match(
    half.carrier.endedBy?.message ?? "",
    /Cannot complete handshake: 3 bytes received in 10000 ms/,
  );

  const idle = new ServerRig();
  idle.clock.advance(5000);
  idle.shakeHands();
  idle.clock.advance(9999);
  assert.equal(idle.carrier.isClosed, false);
  idle.clock.advance(1);
  assert.match(idle.carrier.endedBy?.message ?? "", /Cannot wait for connect: none came in 10000 ms/);
});

Deno.test("RtmpProtocol survives a message of 10 MiB declared on 512 chunk streams", () => {
  const rig = new ServerRig();
  rig.connected();
  const wire = Uint8Array.of(1, 0, 1, 0, 0, 0, 0xa0, 0, 0, 9, 1, 0, 0, 0, ...new Uint8Array(128));
  for (let i = 0; i < 60_000 && !rig.carrier.isClosed; i++) {
    wire[1] = i & 0xff;
    wire[2] = 1 + (i >> 8);
    rig.carrier.feed(wire);
  }
  assert.match(rig.carrier.endedBy?.message ?? "", /MAX_CHUNK_STREAMS/);
});

Deno.test("RtmpProtocol creates 64 streams at most on a connection", () => {
  const rig = new ServerRig();
  rig.connected();
  for (let i = 2; i <= 65; i++) rig.carrier.feed(command("createStream", { transactionId: 100 + i }));
  assert.deepEqual(rig.replies().slice(-2), ["_result 164 64", "_error 165 NetConnection.Call.Failed"]);
  assert.equal(rig.carrier.isClosed, false);
  assert.equal(rig.protocol.session.streams().length, 64);
  for (let i = 66; i <= 90; i++) rig.carrier.feed(command("createStream", { transactionId: 100 + i }));
  assert.equal(rig.warnings().length, MAX_SESSION_WARNINGS, "a flood does not fill the log");
});

Deno.test("RtmpProtocol drops media of idle and deleted streams, with one line a stream", () => {
  const rig = new ServerRig();
  rig.connected();
  rig.carrier.feed(concatBytes([VIDEO, AUDIO, VIDEO]));
  assert.equal(rig.application.media.length, 0);
  assert.deepEqual(rig.warnings().map((line) => line.replace(/^.*live: /, "")), [
    "ignores message type 9 on message stream 1 (idle): it is not publishing",
  ]);
  rig.carrier.feed(concatBytes([command("deleteStream", { args: [1] }), VIDEO, AUDIO]));
  assert.equal(rig.carrier.isClosed, false);
  assert.equal(rig.warnings().length, 1);
});

Deno.test("RtmpProtocol ends a peer that keeps sending media nobody takes, and no other", async (context) => {
  const DELETED = command("deleteStream", { args: [1] });
  const cases: [what: string, start: Uint8Array, everyMs: number, media: Uint8Array, ends: boolean][] = [
    ["to a stream that is idle", new Uint8Array(0), 1_000, VIDEO, true],
    ["to a stream that is gone", DELETED, 1_000, AUDIO, true],
    ["now and then", DELETED, 10_001, VIDEO, false],
    ["to a stream that is publishing", PUBLISH, 1_000, VIDEO, false],
    [
      "but data only",
      new Uint8Array(0),
      1_000,
      message(18, { messageStreamId: 1, payload: Uint8Array.of(2) }),
      false,
    ],
  ];
  for (const [what, start, everyMs, media, ends] of cases) {
    await context.step(what, () => {
      const rig = new ServerRig();
      rig.connected();
      rig.carrier.feed(start);
      for (let time = 0; time <= 10; time++) {
        rig.carrier.feed(media);
        assert.equal(rig.carrier.isClosed, false, `after ${time} times`);
        rig.clock.advance(everyMs);
      }
      rig.carrier.feed(media);
      assert.equal(rig.carrier.isClosed, ends);
      const lines = rig.warnings().filter((line) => line.includes("Cannot take media"));
      assert.equal(lines.length, ends ? 1 : 0);
      if (ends) assert.match(lines[0]!, /it has come for 11000 ms without a publish that was granted$/);
    });
  }
});

Deno.test("RtmpProtocol delivers data messages unwrapped, and aggregates split", () => {
  const rig = new ServerRig();
  rig.connected();
  const metadata = encodeAmf0Values(["onMetaData", { width: 1280 }]);
  const part = (
    type: number,
    timestamp: number,
  ) => [type, 0, 0, 2, 0, 0, timestamp, 0, 0, 0, 0, type, 1, 0, 0, 0, 13];
  rig.carrier.feed(concatBytes([
    PUBLISH,
    message(18, { messageStreamId: 1, timestamp: 3, payload: wrapDataFrame(metadata) }),
    message(15, {
      messageStreamId: 1,
      payload: concatBytes([Uint8Array.of(0), encodeAmf0Values(["onCue", 1])]),
    }),
    message(22, {
      messageStreamId: 1,
      timestamp: 500,
      payload: Uint8Array.of(...part(9, 10), ...part(8, 15), ...part(20, 15)),
    }),
  ]));
  const [first, second] = rig.application.messages;
  assert.deepEqual([first?.action, first?.timestamp, second?.action], ["set", 3, "relay"]);
  assert.deepEqual(first?.payload, metadata);
  assert.deepEqual(decodeAmf0Values(second!.payload), ["onCue", 1]);
  assert.deepEqual(rig.application.media, [
    { messageTypeId: 9, timestamp: 500, payload: Uint8Array.of(9, 1) },
    { messageTypeId: 8, timestamp: 505, payload: Uint8Array.of(8, 1) },
  ]);
});

Deno.test("RtmpProtocol relays times beyond 4 h 39 min and over 2^32 as they are", () => {
  const rig = new ServerRig();
  rig.connected();
  rig.carrier.feed(PUBLISH);
  const times = [0xfffffe, 0xffffff, 0x1000000, 0xffffffff, 0];
  for (const timestamp of times) {
    rig.carrier.feed(message(9, { messageStreamId: 1, timestamp, payload: new Uint8Array(300) }));
  }
  assert.deepEqual(rig.application.media.map((one) => one.timestamp), times);
});

Deno.test("RtmpProtocol acknowledges by the peer's window, and by no window below MIN_WINDOW_ACK_BYTES", () => {
  const rig = new ServerRig();
  rig.connected();
  rig.carrier.feed(concatBytes([PUBLISH, message(5, { payload: encodeU32Payload(10_000) })]));
  const acks = () => rig.sent().filter((one) => one.messageTypeId === 3).map((one) => hexOf(one.payload));
  const big = message(9, { messageStreamId: 1, payload: new Uint8Array(4000) });
  while (acks().length < 2) rig.carrier.feed(big);
  const received = rig.protocol.statistics.bytesIn;
  assert.equal(acks()[1], hexOf(encodeU32Payload(received)));
  assert.ok(received >= 20_000 && received < 20_000 + 2 * big.length, String(received));

  rig.carrier.feed(message(5, { payload: encodeU32Payload(1) }));
  const count = acks().length;
  for (let i = 0; i < 10; i++) rig.carrier.feed(VIDEO);
  assert.ok(acks().length <= count + 1);
});

Deno.test("RtmpProtocol counts the peer's acknowledgements, and answers bandwidth with a window", () => {
  const rig = new ServerRig();
  rig.connected();
  rig.carrier.feed(message(3, { payload: encodeU32Payload(123_456) }));
  assert.equal(rig.protocol.peerAcknowledgedBytes, 123_456);
  const windows = () => rig.sent().filter((one) => one.messageTypeId === 5).map((one) => hexOf(one.payload));
  rig.carrier.feed(message(6, { payload: encodePeerBandwidth({ windowBytes: 5000, limitType: 0 }) }));
  rig.carrier.feed(message(6, { payload: encodePeerBandwidth({ windowBytes: 5000, limitType: 2 }) }));
  assert.deepEqual(windows(), ["002625a0", "00001388"]);
});

Deno.test("RtmpProtocol answers pings, and ends a peer without a sign of life", () => {
  const rig = new ServerRig({ pingIntervalMs: 30_000, pingTimeoutMs: 60_000 });
  rig.connected();
  rig.carrier.feed(message(4, { payload: encodeUserControl(USER_CONTROL_EVENT.PingRequest, { value: 77 }) }));
  const controls = () => rig.sent().filter((one) => one.messageTypeId === 4).map((one) => hexOf(one.payload));
  assert.equal(controls().at(-1), "00070000004d");

  rig.clock.advance(30_000);
  assert.equal(controls().at(-1), "0006" + hexOf(encodeU32Payload(30_000)));
  for (let i = 0; i < 10; i++) { // pongs keep it
    rig.carrier.feed(
      message(4, { payload: encodeUserControl(USER_CONTROL_EVENT.PingResponse, { value: 1 }) }),
    );
    rig.clock.advance(30_000);
  }
  for (let i = 0; i < 10; i++) { // taking media keeps it
    rig.carrier.statistics.bytesOut += 100_000;
    rig.clock.advance(30_000);
  }
  assert.equal(rig.carrier.isClosed, false);
  rig.clock.advance(90_000);
  assert.match(rig.carrier.endedBy?.message ?? "", /Cannot keep connection: no sign of life for \d+ ms/);
});

Deno.test("RtmpProtocol ends a peer that asks and never reads", () => {
  const rig = new ServerRig();
  rig.connected();
  rig.carrier.queuedBytes = 5 * 1024 * 1024;
  rig.carrier.feed(command("createStream", { transactionId: 9 }));
  assert.ok(rig.carrier.endedBy instanceof LimitError);
  assert.match(rig.carrier.endedBy.message, /MAX_QUEUED_OUTPUT_BYTES/);
});

Deno.test("RtmpProtocol never writes a query or a stream key to its log", async () => {
  const rig = new ServerRig();
  rig.shakeHands(
    command("connect", {
      transactionId: 1,
      commandObject: { app: "live?token=s3cret", tcUrl: "rtmp://u:s3cret@h/live?token=s3cret" },
    }),
    CREATE,
    PUBLISH,
  );
  rig.application.permission = Promise.reject(new Error("no"));
  rig.carrier.feed(PUBLISH);
  await settled();
  const session = rig.protocol.session;
  rig.carrier.feed(command("FCPublish", { transactionId: 9, args: ["a?key=s3cret"] }));
  rig.carrier.feed(command("publish", { messageStreamId: 9, args: ["a?key=s3cret"] }));
  assert.ok(rig.carrier.endedBy instanceof ProtocolError);
  const texts = [
    ...rig.log.lines,
    String(session),
    ...session.streams().map(String),
    rig.carrier.endedBy.message,
  ];
  assert.ok(texts.length >= 4);
  for (const text of texts) assert.equal(text.includes("s3cret"), false, text);
});

Deno.test("RtmpProtocol logs an orderly end as debug, a lost network as info", () => {
  for (
    const [error, level] of [[new ClosedError("bye"), "debug"], [
      new Error("connection reset"),
      "info",
    ]] as const
  ) {
    const rig = new ServerRig();
    rig.connected();
    rig.carrier.abort(error);
    assert.match(
      rig.log.lines.at(-1)!,
      new RegExp(`^${level} RTMP session \\d+ of 192\\.0\\.2\\.1:4711 on live ended`),
    );
  }
});

Deno.test("RtmpProtocol closes from above: nothing that arrives later is read", () => {
  const rig = new ServerRig();
  rig.connected();
  rig.carrier.close = () => {}; // a real carrier drains first
  rig.protocol.session.close("shutdown");
  const events = rig.application.events.length;
  rig.carrier.feed(concatBytes([
    PUBLISH,
    encodeMessage(
      { chunkStreamId: 3, messageTypeId: 99, timestamp: 0, messageStreamId: 0, outboundChunkSize: 128 },
      new Uint8Array(1),
    ),
  ]));
  assert.equal(rig.application.events.length, events);
});
