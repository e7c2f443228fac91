import assert from "node:assert/strict";
import { encodeAmf0Values } from "#amf";
import { concatBytes, hexOf } from "#bytes";
import { FormatError, LimitError, ProtocolError } from "#errors";
import { splitAggregate } from "./aggregate.ts";
import { decodeCommand, encodeCommand, type RtmpCommand } from "./command.ts";
import {
  decodePeerBandwidth,
  decodeU32Payload,
  decodeUserControl,
  encodePeerBandwidth,
  encodeU32Payload,
  encodeUserControl,
  type UserControlMessage,
} from "./control_message.ts";
import { unwrapDataMessage, wrapDataFrame } from "./data_message.ts";
import { type PeerBandwidthLimit, USER_CONTROL_EVENT, type UserControlEvent } from "./message_type.ts";

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.replaceAll(" ", "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

const U32_CASES: [number, string][] = [[0, "00000000"], [0x01020304, "01020304"], [0xffffffff, "ffffffff"]];

for (const [value, wire] of U32_CASES) {
  Deno.test(`U32 payload ${value} both ways`, () => {
    assert.equal(hexOf(encodeU32Payload(value)), wire);
    assert.equal(decodeU32Payload(bytes(wire), "Acknowledgement"), value);
  });
}

Deno.test("decodeU32Payload refuses short payloads and says what they are", () => {
  assert.throws(
    () => decodeU32Payload(bytes("0000"), "Acknowledgement"),
    new ProtocolError("Cannot read Acknowledgement: need 4 bytes at offset 0, have 2"),
  );
});

const BANDWIDTH_CASES: [number, PeerBandwidthLimit, string][] = [
  [2_500_000, 2, "002625a0 02"],
  [1, 0, "00000001 00"],
  [0xffffffff, 1, "ffffffff 01"],
];

for (const [windowBytes, limitType, wire] of BANDWIDTH_CASES) {
  Deno.test(`Set Peer Bandwidth ${windowBytes} of type ${limitType} both ways`, () => {
    assert.equal(hexOf(encodePeerBandwidth({ windowBytes, limitType })), hexOf(bytes(wire)));
    assert.deepEqual(decodePeerBandwidth(bytes(wire)), { windowBytes, limitType });
  });
}

Deno.test("decodePeerBandwidth takes a missing or unknown limit type as dynamic", () => {
  assert.equal(decodePeerBandwidth(bytes("00000001")).limitType, 2);
  assert.equal(decodePeerBandwidth(bytes("00000001 09")).limitType, 2);
});

const USER_CONTROL_CASES: [UserControlEvent, Omit<UserControlMessage, "event">, string][] = [
  [USER_CONTROL_EVENT.StreamBegin, { value: 0, bufferLengthMs: 0 }, "0000 00000000"],
  [USER_CONTROL_EVENT.StreamEof, { value: 1, bufferLengthMs: 0 }, "0001 00000001"],
  [USER_CONTROL_EVENT.SetBufferLength, { value: 1, bufferLengthMs: 3000 }, "0003 00000001 00000bb8"],
  [USER_CONTROL_EVENT.PingRequest, { value: 0xfffffffe, bufferLengthMs: 0 }, "0006 fffffffe"],
  [USER_CONTROL_EVENT.PingResponse, { value: 7, bufferLengthMs: 0 }, "0007 00000007"],
  [USER_CONTROL_EVENT.BufferReady, { value: 1, bufferLengthMs: 0 }, "0020 00000001"],
];

for (const [event, body, wire] of USER_CONTROL_CASES) {
  Deno.test(`user control event ${event} with ${body.value} both ways`, () => {
    assert.equal(hexOf(encodeUserControl(event, body)), hexOf(bytes(wire)));
    assert.deepEqual(decodeUserControl(bytes(wire)), { event, ...body });
  });
}

const BAD_USER_CONTROL: [string, RegExp][] = [
  ["", /user control event: need 2 bytes, have 0/],
  ["0006 0000", /user control event 6: need 4 bytes at offset 2, have 2/],
  ["0003 00000001 0b", /SetBufferLength: need 4 bytes at offset 6, have 1/],
];

for (const [wire, error] of BAD_USER_CONTROL) {
  Deno.test(`decodeUserControl refuses "${wire}"`, () => {
    assert.throws(() => decodeUserControl(bytes(wire)), error);
  });
}

Deno.test("decodeUserControl takes an unknown event without a value", () => {
  assert.deepEqual(decodeUserControl(bytes("001a")), { event: 26, value: 0, bufferLengthMs: 0 });
});

const COMMAND_CASES: { name: string; command: RtmpCommand; wire: string }[] = [
  {
    name: "createStream",
    command: { name: "createStream", transactionId: 2, commandObject: null, args: [] },
    wire: "02 000c 63726561746553747265616d 00 4000000000000000 05",
  },
  {
    name: "a call with arguments",
    command: { name: "seek", transactionId: 0, commandObject: null, args: [1.5, true, "x"] },
    wire: "02 0004 7365656b 00 0000000000000000 05 00 3ff8000000000000 01 01 02 0001 78",
  },
];

for (const { name, command, wire } of COMMAND_CASES) {
  Deno.test(`command ${name} both ways, and as AMF3 with and without its format byte`, () => {
    assert.equal(hexOf(encodeCommand(command)), hexOf(bytes(wire)));
    assert.deepEqual(decodeCommand(20, bytes(wire)), command);
    assert.deepEqual(decodeCommand(17, bytes("00" + wire)), command);
    assert.deepEqual(decodeCommand(17, bytes(wire)), command);
  });
}

Deno.test("decodeCommand takes an AMF3 object behind the switch marker", () => {
  const wire = concatBytes([bytes("00 02 0001 78 00 3ff0000000000000 05 11 06 03 79")]);
  assert.deepEqual(decodeCommand(17, wire).args, ["y"]);
});

Deno.test("decodeCommand takes a missing or odd transaction ID as 0", () => {
  assert.equal(decodeCommand(20, encodeAmf0Values(["onBWDone"])).transactionId, 0);
  assert.equal(decodeCommand(20, encodeAmf0Values(["x", null, null])).transactionId, 0);
});

const deepObject = concatBytes([
  encodeAmf0Values(["x", 0]),
  ...Array.from({ length: 10_000 }, () => bytes("03 0001 61")),
]);

const BAD_COMMANDS: {
  name: string;
  payload: Uint8Array;
  type?: number;
  error: typeof ProtocolError | typeof FormatError | typeof LimitError;
}[] = [
  { name: "an empty payload", payload: bytes(""), error: ProtocolError },
  { name: "a number for a name", payload: encodeAmf0Values([1, 1]), error: ProtocolError },
  { name: "an empty name", payload: encodeAmf0Values(["", 1]), error: ProtocolError },
  { name: "a name that is cut off", payload: bytes("02 ffff 6161"), error: FormatError },
  { name: "a reference out of range", payload: bytes("02 0001 78 07 0009"), error: FormatError },
  { name: "an unknown format byte", type: 17, payload: bytes("07 02 0001 78"), error: ProtocolError },
  { name: "objects nested 10,000 deep", payload: deepObject, error: LimitError },
];

for (const { name, payload, type = 20, error } of BAD_COMMANDS) {
  Deno.test(`decodeCommand refuses ${name}`, () => {
    assert.throws(() => decodeCommand(type, payload), error);
  });
}

const METADATA = encodeAmf0Values(["onMetaData", { width: 1280 }]);
const DATA_CASES = [
  { name: "plain", type: 18, payload: METADATA, action: "relay" },
  { name: "@setDataFrame", type: 18, payload: wrapDataFrame(METADATA), action: "set" },
  {
    name: "@clearDataFrame",
    type: 18,
    payload: concatBytes([encodeAmf0Values(["@clearDataFrame"]), METADATA]),
    action: "clear",
  },
  {
    name: "@setDataFrame in AMF3",
    type: 15,
    payload: concatBytes([bytes("00"), wrapDataFrame(METADATA)]),
    action: "set",
  },
] as const;

for (const { name, type, payload, action } of DATA_CASES) {
  Deno.test(`unwrapDataMessage takes ${name} off`, () => {
    assert.deepEqual(unwrapDataMessage(type, { timestamp: 5, payload }), {
      action,
      timestamp: 5,
      payload: METADATA,
    });
  });
}

Deno.test("wrapDataFrame writes @setDataFrame as AMF0 does", () => {
  assert.deepEqual(wrapDataFrame(METADATA), concatBytes([encodeAmf0Values(["@setDataFrame"]), METADATA]));
});

const AGGREGATE = bytes(
  "09 000002 0003e8 00 000000 1701 0000000d" + "08 000001 0003f0 00 000000 af 0000000c" +
    "12 000000 0003f1 00 000000 0000000b",
);
const PARTS = [
  { messageTypeId: 9, timestamp: 50, payload: bytes("1701") },
  { messageTypeId: 8, timestamp: 58, payload: bytes("af") },
  { messageTypeId: 18, timestamp: 59, payload: bytes("") },
];

Deno.test("splitAggregate moves the times of all parts by that of the first", () => {
  assert.deepEqual([...splitAggregate({ timestamp: 50, payload: AGGREGATE })], PARTS);
});

Deno.test("splitAggregate forgives a missing last back pointer, and wraps times at 2^32", () => {
  assert.deepEqual([...splitAggregate({ timestamp: 50, payload: AGGREGATE.slice(0, -4) })], PARTS);
  const times = [...splitAggregate({ timestamp: 0xfffffffe, payload: AGGREGATE })].map((part) =>
    part.timestamp
  );
  assert.deepEqual(times, [0xfffffffe, 6, 7]);
});

Deno.test("splitAggregate reads the upper byte of times", () => {
  const [, part] = splitAggregate({
    timestamp: 0,
    payload: bytes("08 000000 000000 00 000000 0000000b" + "08 000000 000001 02 000000 0000000b"),
  });
  assert.equal(part?.timestamp, 0x02000001);
});

Deno.test("splitAggregate refuses parts that are cut off, wherever that is", () => {
  // parts end at 13, 29 and 44; the back pointer behind each may be cut off or missing
  const ends = [-4, 13, 29, 44];
  for (let length = 0; length < AGGREGATE.length; length++) {
    const split = () => [...splitAggregate({ timestamp: 0, payload: AGGREGATE.slice(0, length) })];
    const whole = ends.findIndex((end) => length >= end && length <= end + 4);
    if (whole >= 0) assert.equal(split().length, whole, `length ${length}`);
    else assert.throws(split, ProtocolError, `length ${length}`);
  }
});
