import fc from "fast-check";
import assert from "node:assert/strict";
import { concatBytes } from "#bytes";
import { ProtocolError } from "#errors";
import { FrameReader } from "./_frame_reader.ts";
import { frameOf } from "./frame_rig_test.ts";
import { OPCODE, webSocketFrameBytes, webSocketHeaderBytes, writeWebSocketHeaderInto } from "./mod.ts";

const MAX_FRAME = 70_000;
const MAX_MESSAGE = 100_000;

type Found = [kind: "message" | "control", opcode: number, payload: number[]];

function reader(isMasked = true): { reader: FrameReader; found: Found[] } {
  const found: Found[] = [];
  const frames = new FrameReader({
    message: (opcode, payload) => found.push(["message", opcode, [...payload]]),
    control: (opcode, payload) => found.push(["control", opcode, [...payload]]),
  }, { isMasked, maxFrameBytes: MAX_FRAME, maxMessageBytes: MAX_MESSAGE });
  return { reader: frames, found };
}

const { Binary, Close, Continuation, Ping, Pong, Text } = OPCODE;
const big = Array.from({ length: 70_000 }, (_, i) => i & 0xff);

const READ: readonly [name: string, frames: Uint8Array[], found: Found[]][] = [
  ["RFC 6455 5.7 Hello", [Uint8Array.of(0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58)], [
    ["message", Text, [72, 101, 108, 108, 111]],
  ]],
  ["empty message", [frameOf(Binary, [])], [["message", Binary, []]]],
  ["125 bytes", [frameOf(Binary, big.slice(0, 125))], [["message", Binary, big.slice(0, 125)]]],
  ["126 bytes", [frameOf(Binary, big.slice(0, 126))], [["message", Binary, big.slice(0, 126)]]],
  ["fragments with a ping inside", [
    frameOf(Text, [1, 2], { isFinal: false }),
    frameOf(Ping, [9]),
    frameOf(Continuation, [], { isFinal: false }),
    frameOf(Continuation, [3]),
  ], [["control", Ping, [9]], ["message", Text, [1, 2, 3]]]],
  ["pong and close", [frameOf(Pong, []), frameOf(Close, [3, 232])], [
    ["control", Pong, []],
    ["control", Close, [3, 232]],
  ]],
];

for (const [name, frames, expected] of READ) {
  Deno.test(`FrameReader reads at every split: ${name}`, () => {
    const bytes = concatBytes(frames);
    for (let split = 0; split <= bytes.length; split++) {
      const { reader: frameReader, found } = reader();
      frameReader.push(bytes.subarray(0, split));
      frameReader.push(bytes.subarray(split));
      assert.deepEqual(found, expected, `split at ${split}`);
    }
    const { reader: frameReader, found } = reader();
    for (const byte of bytes) frameReader.push(Uint8Array.of(byte));
    assert.deepEqual(found, expected);
  });
}

Deno.test("FrameReader doubles its room for fragments, instead of copying the message for each", () => {
  let joined: Uint8Array | undefined;
  const frames = new FrameReader({ message: (_opcode, payload) => joined = payload, control() {} }, {
    isMasked: true,
    maxFrameBytes: MAX_FRAME,
    maxMessageBytes: MAX_MESSAGE,
  });
  const piece = big.slice(0, 100);
  frames.push(frameOf(Binary, piece, { isFinal: false }));
  for (let i = 0; i < 997; i++) frames.push(frameOf(Continuation, piece, { isFinal: false }));
  frames.push(frameOf(Continuation, piece));
  assert.deepEqual([...joined!], Array.from({ length: 99_900 }, (_, i) => i % 100));
  assert.equal(joined!.buffer.byteLength, 4_096 * 32, "room after five doublings");
});

Deno.test("FrameReader reads lengths of 65,535 and 65,536 bytes and joins fragments up to the limit", () => {
  const { reader: frameReader, found } = reader();
  frameReader.push(frameOf(Binary, big.slice(0, 65_535)));
  frameReader.push(frameOf(Binary, big.slice(0, 65_536)));
  frameReader.push(frameOf(Binary, big.slice(0, 60_000), { isFinal: false }));
  frameReader.push(frameOf(Continuation, big.slice(0, 40_000)));
  assert.deepEqual(found.map(([, , payload]) => payload.length), [65_535, 65_536, 100_000]);
  assert.deepEqual(found[1]![2], big.slice(0, 65_536));
});

const REFUSED: readonly [name: string, bytes: Uint8Array, code: number, reason: RegExp][] = [
  ["not masked", frameOf(Binary, [1], { isMasked: false }), 1002, /not masked/],
  ["RSV1", Uint8Array.of(0xc2, 0x80), 1002, /reserved bit/],
  ["RSV3", Uint8Array.of(0x92, 0x80), 1002, /reserved bit/],
  ["opcode 3", frameOf(3, []), 1002, /opcode 3/],
  ["opcode 7", frameOf(7, []), 1002, /opcode 7/],
  ["opcode 11", frameOf(11, []), 1002, /opcode 11/],
  ["opcode 15", frameOf(15, []), 1002, /opcode 15/],
  ["fragmented ping", frameOf(Ping, [], { isFinal: false }), 1002, /fragmented/],
  ["long ping", Uint8Array.of(0x89, 0xfe), 1002, /125/],
  ["continuation alone", frameOf(Continuation, [1]), 1002, /without a message/],
  [
    "message inside another",
    concatBytes([frameOf(Text, [], { isFinal: false }), frameOf(Text, [])]),
    1002,
    /inside/,
  ],
  ["16-bit length of 125", Uint8Array.of(0x82, 0xfe, 0, 125, 0, 0, 0, 0), 1002, /shortest/],
  [
    "64-bit length of 65,535",
    Uint8Array.of(0x82, 0xff, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0),
    1002,
    /shortest/,
  ],
  [
    "highest bit of a length",
    Uint8Array.of(0x82, 0xff, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    1002,
    /highest/,
  ],
  [
    "frame of 2^40 bytes",
    Uint8Array.of(0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    1009,
    /exceeds 70000/,
  ],
  [
    "message over the limit",
    concatBytes([
      frameOf(Binary, big.slice(0, 60_000), { isFinal: false }),
      frameOf(Continuation, big.slice(0, 40_001)),
    ]),
    1009,
    /100001 bytes exceeds 100000/,
  ],
];

for (const [name, bytes, code, reason] of REFUSED) {
  Deno.test(`FrameReader refuses: ${name}`, () => {
    const refusal = (error: unknown): boolean => {
      assert.ok(error instanceof ProtocolError);
      assert.equal(error.cause, code, error.message);
      assert.match(error.message, reason);
      return true;
    };
    assert.throws(() => reader().reader.push(bytes), refusal);
    const slow = reader().reader;
    assert.throws(() => {
      for (const byte of bytes) slow.push(Uint8Array.of(byte));
    }, refusal);
  });
}

Deno.test("FrameReader of a client refuses masked frames and reads unmasked ones", () => {
  const { reader: frameReader, found } = reader(false);
  frameReader.push(frameOf(Binary, [1, 2], { isMasked: false }));
  assert.deepEqual(found, [["message", Binary, [1, 2]]]);
  assert.throws(() => frameReader.push(frameOf(Binary, [1])), /a server's frame is masked/);
});

Deno.test("FrameReader takes no memory for what is only announced", () => {
  const frames: FrameReader[] = [];
  const start = frameOf(Binary, big.slice(0, 65_536)).slice(0, 20);
  const before = Deno.memoryUsage();
  for (let i = 0; i < 1_000; i++) {
    const { reader: frameReader } = reader();
    frameReader.push(start);
    frames.push(frameReader);
  }
  const after = Deno.memoryUsage();
  assert.equal(frames.length, 1_000);
  assert.ok(after.external - before.external < 8_000_000, `${after.external - before.external} bytes`);
});

Deno.test("FrameReader gives back what was framed, however it is cut", () => {
  const message = fc.record({
    opcode: fc.constantFrom(Text, Binary),
    parts: fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 4 }),
    ping: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 5 }), fc.infiniteStream(fc.integer({ min: 1, max: 200 })), (
      messages,
      cuts,
    ) => {
      const frames: Uint8Array[] = [];
      const expected: Found[] = [];
      for (const { opcode, parts, ping } of messages) {
        parts.forEach((part, i) => {
          frames.push(frameOf(i === 0 ? opcode : Continuation, part, { isFinal: i === parts.length - 1 }));
          if (ping && i < parts.length - 1) {
            frames.push(frameOf(Ping, [i]));
            expected.push(["control", Ping, [i]]);
          }
        });
        expected.push(["message", opcode, [...concatBytes(parts)]]);
      }
      const bytes = concatBytes(frames);
      const { reader: frameReader, found } = reader();
      for (let at = 0; at < bytes.length;) {
        const cut: number = cuts.next().value;
        frameReader.push(bytes.subarray(at, at + cut));
        at += cut;
      }
      assert.deepEqual(found, expected);
    }),
    { numRuns: 200 },
  );
});

Deno.test("FrameReader throws nothing but faults with a close code", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        reader().reader.push(bytes);
      } catch (error) {
        assert.ok(error instanceof ProtocolError && typeof error.cause === "number", String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("writeWebSocketHeaderInto writes into shared memory, with each length form", () => {
  const cases: [number, number[]][] = [
    [0, [0x82, 0]],
    [125, [0x82, 125]],
    [126, [0x82, 126, 0, 126]],
    [65_535, [0x82, 126, 255, 255]],
    [65_536, [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
    [2 ** 40 + 5, [0x82, 127, 0, 0, 1, 0, 0, 0, 0, 5]],
  ];
  for (const [length, header] of cases) {
    const target = new Uint8Array(new SharedArrayBuffer(16));
    assert.equal(writeWebSocketHeaderInto(target, 3, length), header.length);
    assert.deepEqual([...target.subarray(3, 3 + header.length)], header);
    assert.equal(webSocketHeaderBytes(length), header.length);
    assert.equal(webSocketFrameBytes(length), header.length + length);
  }
});
