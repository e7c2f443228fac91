import assert from "node:assert/strict";
import { FormatError, LimitError, ProtocolError } from "#errors";
import {
  decodeSharedObject,
  encodeSharedObject,
  MAX_SHARED_OBJECT_EVENTS,
  type SharedObjectMessage,
} from "./shared_object.ts";

const AMF0 = 19;
const AMF3 = 16;
const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));

/** Bytes as Flash Player and its server wrote them, and what they say. */
const CASES: { name: string; type: number; bytes: string; message: SharedObjectMessage }[] = [
  {
    name: "a client connects to a persistent object",
    type: AMF0,
    bytes: "0005 73636f7265 00000000 00000002 00000000 01 00000000",
    message: { name: "score", version: 0, isPersistent: true, events: [{ type: "use" }] },
  },
  {
    name: "a client sets a property",
    type: AMF0,
    bytes: "0001 61 00000007 00000000 00000000 03 0000000f 0004 686f6d65 00 4000000000000000",
    message: {
      name: "a",
      version: 7,
      isPersistent: false,
      events: [{ type: "requestChange", name: "home", value: 2 }],
    },
  },
  {
    name: "all there is for a new client",
    type: AMF0,
    bytes: "0001 61 00000003 00000002 00000000 0b 00000000 08 00000000 04 00000007 0001 78 02 0001 79 " +
      "09 00000003 0001 7a 05 00000003 0001 71",
    message: {
      name: "a",
      version: 3,
      isPersistent: true,
      events: [
        { type: "useSuccess" },
        { type: "clear" },
        { type: "change", name: "x", value: "y" },
        { type: "remove", name: "z" },
        { type: "success", name: "q" },
      ],
    },
  },
  {
    name: "a message for all, in AMF3",
    type: AMF3,
    bytes: "00 0001 61 00000000 00000000 00000000 06 0000000a 02 0003 736179 01 01 05 05",
    message: {
      name: "a",
      version: 0,
      isPersistent: false,
      events: [{ type: "sendMessage", values: ["say", true, null, null] }],
    },
  },
  {
    name: "a status",
    type: AMF0,
    bytes:
      "0001 61 00000000 00000000 00000000 07 0000000c 0003 622e63 0005 6572726f72 0a 00000003 0001 6b 02 00000000",
    message: {
      name: "a",
      version: 0,
      isPersistent: false,
      events: [
        { type: "status", code: "b.c", level: "error" },
        { type: "requestRemove", name: "k" },
        { type: "release" },
      ],
    },
  },
];

for (const { name, type, bytes, message } of CASES) {
  Deno.test(`decodeSharedObject and encodeSharedObject: ${name}`, () => {
    if (name !== "a message for all, in AMF3") {
      assert.equal(encodeSharedObject(type, message).toHex(), hex(bytes).toHex());
    }
    const decodable = name === "a message for all, in AMF3" ? encodeSharedObject(type, message) : hex(bytes);
    assert.deepEqual(decodeSharedObject(type, decodable), message);
  });

  Deno.test(`decodeSharedObject refuses what is cut: ${name}`, () => {
    const whole = encodeSharedObject(type, message);
    for (let length = 0; length < whole.length; length++) {
      try {
        const { events } = decodeSharedObject(type, whole.subarray(0, length));
        assert.ok(events.length < message.events.length, `cut at ${length}`);
      } catch (error) {
        assert.ok(error instanceof FormatError || error instanceof ProtocolError, String(error));
      }
    }
  });
}

Deno.test("decodeSharedObject takes a change of several properties in one event", () => {
  const bytes = hex("0001 61 00000000 00000000 00000000 03 0000000a 0001 78 01 01 0001 79 01 00");
  assert.deepEqual(decodeSharedObject(AMF0, bytes).events, [
    { type: "requestChange", name: "x", value: true },
    { type: "requestChange", name: "y", value: false },
  ]);
});

Deno.test("decodeSharedObject refuses unknown events, lying lengths, other formats, long names and floods", () => {
  const head = "0001 61 00000000 00000000 00000000";
  const wrong: [number, string, new (...args: never[]) => Error][] = [
    [AMF0, `${head} 0c 00000000`, ProtocolError],
    [AMF0, `${head} 03 ffffffff 00`, FormatError],
    [AMF3, `01 ${head}`, ProtocolError],
    [AMF0, `ffff ${"61".repeat(300)}`, LimitError],
    [AMF0, `${head} ${"0100000000".repeat(MAX_SHARED_OBJECT_EVENTS + 1)}`, LimitError],
  ];
  for (const [type, bytes, kind] of wrong) {
    assert.throws(
      () => decodeSharedObject(type, hex(bytes)),
      (error) => error instanceof kind,
      bytes.slice(0, 60),
    );
  }
});
