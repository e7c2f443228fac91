import assert from "node:assert/strict";
import { amfMembers, encodeAmf0Values } from "#amf";
import { concatBytes, hexOf } from "#bytes";
import { ClosedError, LimitError } from "#errors";
import { decodeCommand } from "./message/command.ts";
import { encodeUserControl } from "./message/control_message.ts";
import { MESSAGE_TYPE, USER_CONTROL_EVENT } from "./message/message_type.ts";
import { command, message, ServerRig, settled } from "./session_rig_test.ts";

const CONNECT = command("connect", { transactionId: 1, commandObject: { app: "live" } });
const CREATE = command("createStream", { transactionId: 2 });
const PUBLISH = command("publish", { messageStreamId: 1, args: ["a?key=s3cret", "live"] });
const PLAY = command("play", { messageStreamId: 1, args: ["a"] });
const VIDEO = message(9, { messageStreamId: 1, timestamp: 40, payload: Uint8Array.of(0x17, 1) });

/** Replies to a command sent to a session that is connected and has message stream 1. */
const COMMANDS: {
  name: string;
  wire: Uint8Array;
  before?: Uint8Array;
  replies: string[];
  events: string[];
}[] = [
  {
    name: "createStream",
    wire: command("createStream", { transactionId: 5 }),
    replies: ["_result 5 2"],
    events: ["createStream 2"],
  },
  {
    name: "releaseStream",
    wire: command("releaseStream", { transactionId: 5, args: ["a"] }),
    replies: ["_result 5"],
    events: [],
  },
  {
    name: "FCPublish",
    wire: command("FCPublish", { transactionId: 5, args: ["a?key=1"] }),
    replies: ["_result 5", "onFCPublish 0 NetStream.Publish.Start"],
    events: [],
  },
  {
    name: "FCUnpublish",
    wire: command("FCUnpublish", { transactionId: 5, args: ["a"] }),
    replies: ["_result 5", "onFCUnpublish 0 NetStream.Unpublish.Success"],
    events: [],
  },
  {
    name: "FCSubscribe",
    wire: command("FCSubscribe", { transactionId: 0, args: ["a"] }),
    replies: ["onFCSubscribe 0 NetStream.Play.Start"],
    events: [],
  },
  {
    name: "getStreamLength of nothing",
    wire: command("getStreamLength", { transactionId: 5, args: ["a"] }),
    replies: ["_result 5 0"],
    events: ["streamLength a"],
  },
  { name: "_checkbw", wire: command("_checkbw", { transactionId: 5 }), replies: ["_result 5"], events: [] },
  {
    name: "an unknown call",
    wire: command("doIt", { transactionId: 5 }),
    replies: ["_error 5 NetConnection.Call.Failed"],
    events: ["call doIt"],
  },
  { name: "an unknown call without an answer", wire: command("doIt"), replies: [], events: ["call doIt"] },
  {
    name: "names of Object.prototype",
    wire: concatBytes([
      command("constructor", { transactionId: 5 }),
      command("__proto__", { transactionId: 6 }),
    ]),
    replies: ["_error 5 NetConnection.Call.Failed", "_error 6 NetConnection.Call.Failed"],
    events: ["call constructor", "call __proto__"],
  },
  {
    name: "onBWDone, onFCPublish and results of nothing from the peer",
    wire: concatBytes([
      command("onBWDone"),
      command("onFCPublish"),
      command("_result", { transactionId: 99 }),
    ]),
    replies: [],
    events: [],
  },
  {
    name: "play",
    wire: PLAY,
    replies: ["onStatus 0 NetStream.Play.Start"],
    events: ["1: play a liveOrRecorded"],
  },
  {
    name: "publish with only a number and null behind it, without a type",
    wire: command("publish", { messageStreamId: 1, args: [5, null] }),
    replies: ["onStatus 0 NetStream.Publish.Start"],
    events: ["1: publish 5 live"],
  },
  {
    name: "publish on message stream 0 while there is one stream",
    wire: command("publish", { messageStreamId: 0, args: ["a"] }),
    replies: ["onStatus 0 NetStream.Publish.Start"],
    events: ["1: publish a live"],
  },
  {
    name: "publish with an empty name",
    wire: command("publish", { messageStreamId: 1, args: [""] }),
    replies: ["onStatus 0 NetStream.Publish.BadName"],
    events: [],
  },
  {
    name: "publish of false while publishing",
    before: PUBLISH,
    wire: command("publish", { messageStreamId: 1, args: [false] }),
    replies: [],
    events: ["1: stop idle"],
  },
  {
    name: "publish while publishing",
    before: PUBLISH,
    wire: command("publish", { messageStreamId: 1, args: ["b"] }),
    replies: ["onStatus 0 NetStream.Publish.Start"],
    events: ["1: stop idle", "1: publish b live"],
  },
  {
    name: "publish while playing",
    before: PLAY,
    wire: PUBLISH,
    replies: ["onStatus 0 NetStream.Publish.BadName"],
    events: [],
  },
  {
    name: "play while playing",
    before: PLAY,
    wire: command("play", { messageStreamId: 1, args: ["b", -1000] }),
    replies: ["onStatus 0 NetStream.Play.Start"],
    events: ["1: stop idle", "1: play b live"],
  },
  {
    name: "play while publishing",
    before: PUBLISH,
    wire: PLAY,
    replies: ["onStatus 0 NetStream.Play.Failed"],
    events: [],
  },
  {
    name: "pause, pauseRaw, seek, receiveAudio, receiveVideo while playing",
    before: PLAY,
    wire: concatBytes([
      command("pause", { messageStreamId: 1, args: [true, 1500] }),
      command("pauseRaw", { messageStreamId: 1, args: [false, "1600"] }),
      command("seek", { messageStreamId: 1, args: [-5] }),
      command("receiveAudio", { messageStreamId: 1, args: [false] }),
      command("receiveVideo", { messageStreamId: 1, args: [true] }),
    ]),
    replies: [],
    events: [
      "1: pause true 1500",
      "1: pause false 1600",
      "1: seek 0",
      "1: receiveAudio false",
      "1: receiveVideo true",
    ],
  },
  {
    name: "pause, seek and the like on an idle stream, or on none",
    wire: concatBytes([
      command("pause", { messageStreamId: 1, args: [true, 0] }),
      command("seek", { messageStreamId: 9, args: [0] }),
      command("receiveVideo", { messageStreamId: 9, args: [true] }),
      command("closeStream", { messageStreamId: 9 }),
    ]),
    replies: [],
    events: [],
  },
  {
    name: "SetBufferLength while playing",
    before: PLAY,
    wire: message(4, {
      payload: encodeUserControl(USER_CONTROL_EVENT.SetBufferLength, { value: 1, bufferLengthMs: 3000 }),
    }),
    replies: [],
    events: ["1: bufferLength 3000"],
  },
  {
    name: "closeStream while publishing",
    before: PUBLISH,
    wire: command("closeStream", { messageStreamId: 1 }),
    replies: [],
    events: ["1: stop idle"],
  },
  {
    name: "deleteStream while publishing, and createStream taking its ID again",
    before: PUBLISH,
    wire: concatBytes([
      command("deleteStream", { args: [1] }),
      command("createStream", { transactionId: 6 }),
    ]),
    replies: ["_result 6 1"],
    events: ["1: stop idle", "createStream 1"],
  },
  {
    name: "deleteStream that names no stream, on the stream itself",
    before: PUBLISH,
    wire: command("deleteStream", { messageStreamId: 1 }),
    replies: [],
    events: ["1: stop idle"],
  },
  {
    name: "deleteStream of a name of digits, on message stream 0",
    before: command("publish", { messageStreamId: 1, args: ["12"] }),
    wire: command("deleteStream", { args: ["12"] }),
    replies: [],
    events: ["1: stop idle"],
  },
  {
    name: "deleteStream of a name, on message stream 0",
    before: PUBLISH,
    wire: command("deleteStream", { args: ["a"] }),
    replies: [],
    events: ["1: stop idle"],
  },
  {
    name: "deleteStream of streams that are not there",
    wire: concatBytes([command("deleteStream", { args: [7] }), command("deleteStream", { args: [-1] })]),
    replies: [],
    events: [],
  },
  { name: "close", wire: command("close"), replies: [], events: ["closed"] },
  {
    name: "close while publishing",
    before: PUBLISH,
    wire: command("close"),
    replies: [],
    events: ["1: stop idle", "closed"],
  },
];

for (const { name, wire, before, replies, events } of COMMANDS) {
  Deno.test(`RtmpProtocol takes ${name}`, () => {
    const rig = new ServerRig();
    rig.connected();
    if (before !== undefined) rig.carrier.feed(before);
    const repliesBefore = rig.replies().length;
    const eventsBefore = rig.application.events.length;
    rig.carrier.feed(wire);
    assert.deepEqual(rig.replies().slice(repliesBefore), replies);
    assert.deepEqual(rig.application.events.slice(eventsBefore), events);
  });
}

Deno.test("RtmpProtocol asks before it obeys what is about a stream that plays; closeStream is obeyed anyway", () => {
  const rig = new ServerRig();
  rig.connected();
  const wire = concatBytes([
    command("pause", { messageStreamId: 1, args: [true, 1500] }),
    command("pauseRaw", { messageStreamId: 1, args: [false] }),
    command("seek", { messageStreamId: 1, args: [-5] }),
    command("closeStream", { messageStreamId: 1 }),
  ]);
  rig.carrier.feed(wire);
  assert.deepEqual(rig.application.commands, [], "the stream is idle");
  rig.carrier.feed(PLAY);
  rig.application.refuses = true;
  const before = rig.application.events.length;
  rig.carrier.feed(wire);
  assert.deepEqual(rig.application.commands, [
    { name: "pause", isPaused: true, positionMs: 1500 },
    { name: "pauseRaw", isPaused: false, positionMs: undefined },
    { name: "seek", positionMs: 0 },
    { name: "closeStream" },
  ]);
  assert.deepEqual(rig.application.events.slice(before), ["1: stop idle"]);
});

Deno.test("RtmpProtocol answers calls and stream lengths that the application knows, also later", async () => {
  const rig = new ServerRig();
  rig.connected();
  rig.application.callAnswer = Promise.resolve(["yes", 2]);
  rig.application.streamLengthAnswer = Promise.resolve(12.5);
  rig.carrier.feed(concatBytes([
    command("doIt", { transactionId: 5 }),
    command("getStreamLength", { transactionId: 6, args: ["a"] }),
  ]));
  await settled();
  assert.deepEqual(rig.replies().slice(-2), ["_result 5 yes", "_result 6 12.5"]);
});

/** What ends a connection, and how the end is named. */
const FATAL: { name: string; wire: Uint8Array; error: RegExp; isConnected: boolean }[] = [
  {
    name: "createStream before connect",
    wire: CREATE,
    error: /Cannot take command "createStream": connect comes first/,
    isConnected: false,
  },
  {
    name: "publish before connect",
    wire: PUBLISH,
    error: /"publish": connect comes first/,
    isConnected: false,
  },
  {
    name: "media before connect",
    wire: VIDEO,
    error: /message type 9: connect comes first/,
    isConnected: false,
  },
  { name: "a second connect", wire: CONNECT, error: /connected already/, isConnected: true },
  {
    name: "publish on a stream that was not created",
    wire: command("publish", { messageStreamId: 5, args: ["a"] }),
    error: /Cannot publish: message stream 5 was not created/,
    isConnected: true,
  },
  {
    name: "play on a stream that was not created",
    wire: command("play", { messageStreamId: 4_000_000_000, args: ["a"] }),
    error: /Cannot play: message stream 4000000000 was not created/,
    isConnected: true,
  },
  {
    name: "a command without a name",
    wire: message(20, { payload: new Uint8Array(0) }),
    error: /command/,
    isConnected: true,
  },
  {
    name: "a command of garbage",
    wire: message(20, { payload: new Uint8Array(9).fill(0xff) }),
    error: /AMF0/,
    isConnected: true,
  },
  {
    name: "an AMF3 command of another format",
    wire: message(17, { payload: Uint8Array.of(9, 9) }),
    error: /format byte must be 0, is 9/,
    isConnected: true,
  },
  {
    name: "a short acknowledgement",
    wire: message(3, { payload: new Uint8Array(3) }),
    error: /Acknowledgement: need 4 bytes/,
    isConnected: true,
  },
  {
    name: "a short user control message",
    wire: message(4, { payload: new Uint8Array(1) }),
    error: /user control/,
    isConnected: true,
  },
  {
    name: "chunk size 0",
    wire: message(1, { payload: new Uint8Array(4) }),
    error: /size must be 1 to 2147483647, is 0/,
    isConnected: true,
  },
  {
    name: "an endless name",
    wire: command("publish", { messageStreamId: 1, args: ["a".repeat(5000)] }),
    error: /MAX_NAME_LENGTH/,
    isConnected: true,
  },
  {
    name: "a declared message of 16 MiB",
    wire: Uint8Array.of(6, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0),
    error: /exceeds MAX_MESSAGE_BYTES/,
    isConnected: true,
  },
];

for (const { name, wire, error, isConnected } of FATAL) {
  Deno.test(`RtmpProtocol ends a connection with one line on ${name}`, () => {
    const rig = new ServerRig();
    if (isConnected) rig.connected();
    else rig.shakeHands();
    rig.carrier.feed(wire);
    assert.match(rig.carrier.endedBy?.message ?? "not ended", error);
    assert.equal(rig.warnings().length, 1);
    assert.match(rig.warnings()[0]!, /^warn RTMP session \d+ of 192\.0\.2\.1:4711/);
    rig.carrier.feed(concatBytes([CONNECT, VIDEO]));
    assert.equal(rig.warnings().length, 1);
    assert.equal(rig.clock.pending, 0, "no timer outlives the connection");
  });
}

Deno.test("RtmpProtocol measures bandwidth when asked, one measurement at a time", async () => {
  const rig = new ServerRig();
  rig.connected();
  rig.carrier.feed(concatBytes([command("checkBandwidth"), command("checkBandwidth")]));
  const checks = rig.sent().filter((one) =>
    one.messageTypeId === 20 && decodeCommand(20, one.payload).name === "onBWCheck"
  );
  assert.equal(checks.length, 1);
  rig.clock.advance(100);
  const { transactionId } = decodeCommand(20, checks[0]!.payload);
  rig.carrier.feed(command("_result", { transactionId }));
  await settled();
  const done = decodeCommand(20, rig.sent().at(-1)!.payload);
  assert.equal(done.name, "onBWDone");
  assert.deepEqual(done.args, [Math.round(32_767 * 8 / 100), 262, 0.1, 0]);
});

Deno.test("RtmpSession calls the peer, and its calls end with the connection", async () => {
  const rig = new ServerRig();
  rig.connected();
  const session = rig.protocol.session;
  const answered = session.call("hello", ["x"]);
  const refused = session.call("hello", []);
  const lost = session.call("hello", []);
  rig.carrier.feed(command("_result", { transactionId: 1, args: ["there", 1] }));
  rig.carrier.feed(
    command("_error", { transactionId: 2, args: [{ code: "No.Such", description: "no hello" }] }),
  );
  rig.carrier.abort(new ClosedError("gone"));
  assert.deepEqual(await answered, ["there", 1]);
  await assert.rejects(refused, /Cannot call hello: No.Such: no hello/);
  await assert.rejects(lost, ClosedError);
  await assert.rejects(session.call("hello", []), ClosedError);
});

Deno.test("RtmpSession bounds the calls that wait", async () => {
  const rig = new ServerRig();
  rig.connected();
  const calls = Array.from({ length: 64 }, () => rig.protocol.session.call("x", []));
  await assert.rejects(rig.protocol.session.call("x", []), LimitError);
  rig.carrier.abort(new ClosedError("gone"));
  assert.equal((await Promise.allSettled(calls)).every((call) => call.status === "rejected"), true);
});

Deno.test("NetStream sends statuses, data, media and user control on its own message stream", () => {
  const rig = new ServerRig();
  rig.connected();
  const before = rig.sent().length;
  const stream = rig.protocol.session.streams()[0]!;
  stream.sendUserControl(USER_CONTROL_EVENT.StreamBegin);
  stream.sendStatus({ code: "NetStream.Play.Start", description: "d", properties: { details: "a" } });
  stream.sendData(5, encodeAmf0Values(["|RtmpSampleAccess", false, false]));
  stream.sendMedia(MESSAGE_TYPE.Video, 0x1000000, new Uint8Array(70_000).fill(1));
  const [begin, status, data, media] = rig.sent().slice(before);
  assert.equal(hexOf(begin!.payload), "000000000001");
  assert.deepEqual({ ...amfMembers(decodeCommand(20, status!.payload).args[0]) }, {
    level: "status",
    code: "NetStream.Play.Start",
    description: "d",
    details: "a",
  });
  assert.deepEqual([status, data, media].map((one) => one?.messageStreamId), [1, 1, 1]);
  assert.equal(data!.timestamp, 5);
  assert.deepEqual([media!.messageTypeId, media!.timestamp, media!.payload.length], [9, 0x1000000, 70_000]);
});
