import assert from "node:assert/strict";
import fc from "fast-check";
import { hexOf } from "#bytes";
import { collectingReader, hex, pattern } from "./chunk_rig_test.ts";
import { encodedMessageBytes, encodeMessage, encodeMessageInto, type MessageHeader } from "./chunk_writer.ts";

const HEADER: MessageHeader = {
  chunkStreamId: 6,
  messageTypeId: 9,
  timestamp: 40,
  messageStreamId: 1,
  outboundChunkSize: 128,
};

const CASES: { name: string; header: Partial<MessageHeader>; payload: Uint8Array; wire: string }[] = [
  { name: "one chunk", header: {}, payload: hex("aabb"), wire: "06 000028 000002 09 01000000 aabb" },
  { name: "no payload", header: {}, payload: hex(""), wire: "06 000028 000000 09 01000000" },
  {
    name: "exactly one chunk",
    header: {},
    payload: hex("11*128"),
    wire: "06 000028 000080 09 01000000 11*128",
  },
  {
    name: "a last chunk of one byte",
    header: {},
    payload: hex("11*128 22"),
    wire: "06 000028 000081 09 01000000 11*128 c6 22",
  },
  {
    name: "two-byte basic headers",
    header: { chunkStreamId: 64, outboundChunkSize: 1 },
    payload: hex("aabb"),
    wire: "0000 000028 000002 09 01000000 aa c000 bb",
  },
  {
    name: "three-byte basic headers",
    header: { chunkStreamId: 65_599, outboundChunkSize: 1 },
    payload: hex("aabb"),
    wire: "01ffff 000028 000002 09 01000000 aa c1ffff bb",
  },
  {
    name: "the last timestamp of 24 bits",
    header: { timestamp: 0xfffffe },
    payload: hex("aa"),
    wire: "06 fffffe 000001 09 01000000 aa",
  },
  {
    name: "an extended timestamp, also on type 3",
    header: { timestamp: 0xffffff, outboundChunkSize: 1 },
    payload: hex("aabb"),
    wire: "06 ffffff 000002 09 01000000 00ffffff aa c6 00ffffff bb",
  },
  {
    name: "the last timestamp of 32 bits",
    header: { timestamp: 0xffffffff, messageStreamId: 0xfedcba98 },
    payload: hex("aa"),
    wire: "06 ffffff 000001 09 98badcfe ffffffff aa",
  },
];

for (const { name, header, payload, wire } of CASES) {
  Deno.test(`encodeMessage writes ${name}`, () => {
    const encoded = encodeMessage({ ...HEADER, ...header }, payload);
    assert.equal(hexOf(encoded), hexOf(hex(wire)));
    assert.equal(encodedMessageBytes({ ...HEADER, ...header }, payload.length), encoded.length);
  });
}

Deno.test("encodeMessageInto writes at an offset of shared memory and returns the end", () => {
  const target = new Uint8Array(new SharedArrayBuffer(64), 8, 40);
  const end = encodeMessageInto(target, 3, HEADER, hex("aabb"));
  assert.equal(end, 3 + 14);
  assert.equal(hexOf(target.slice(0, end)), "000000" + hexOf(hex("06 000028 000002 09 01000000 aabb")));
});

Deno.test("encodeMessageInto refuses a target that is too small, and leaves it alone", () => {
  const target = new Uint8Array(13);
  assert.throws(
    () => encodeMessageInto(target, 0, HEADER, hex("aabb")),
    /need 14 bytes at offset 0, have 13/,
  );
  assert.deepEqual(target, new Uint8Array(13));
});

Deno.test("ChunkReader reads what encodeMessage writes", () => {
  fc.assert(
    fc.property(
      fc.record({
        chunkStreamId: fc.integer({ min: 2, max: 65_599 }),
        messageTypeId: fc.constantFrom(8, 9, 18, 20, 22),
        timestamp: fc.oneof(
          fc.nat(0xffffffff),
          fc.integer({ min: 0xfffffe, max: 0x1000001 }),
          fc.integer({ min: 0xfffffffe, max: 0xffffffff }),
        ),
        messageStreamId: fc.nat(0xffffffff),
        outboundChunkSize: fc.constantFrom(1, 2, 127, 128, 4096, 60_000),
      }),
      fc.nat(1500),
      fc.integer({ min: 1, max: 700 }),
      (header, length, step) => {
        const { outboundChunkSize: size } = header;
        const { reader, messages } = collectingReader();
        reader.push(Uint8Array.of(2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, size >> 8, size & 0xff));
        const encoded = encodeMessage(header, pattern(length));
        for (let at = 0; at < encoded.length; at += step) reader.push(encoded.subarray(at, at + step));
        const { outboundChunkSize: _size, ...rest } = header;
        assert.deepEqual(messages, [{ ...rest, payload: pattern(length) }]);
      },
    ),
    { numRuns: 300 },
  );
});
