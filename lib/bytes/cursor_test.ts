import assert from "node:assert/strict";
import fc from "fast-check";
import { BitReader, ByteReader, bytesEqual, ByteWriter, concatBytes, hexOf } from "./mod.ts";

/** Each kind of value: how it is written, how it is read, and its size in bytes. */
const VALUES = {
  u8: { value: fc.integer({ min: 0, max: 0xff }), size: 1 },
  u16: { value: fc.integer({ min: 0, max: 0xffff }), size: 2 },
  u24: { value: fc.integer({ min: 0, max: 0xffffff }), size: 3 },
  u32: { value: fc.integer({ min: 0, max: 0xffffffff }), size: 4 },
  u32Le: { value: fc.integer({ min: 0, max: 0xffffffff }), size: 4 },
  i16: { value: fc.integer({ min: -0x8000, max: 0x7fff }), size: 2 },
  f64: { value: fc.double(), size: 8 },
} as const;

type Kind = keyof typeof VALUES;
const KINDS = Object.keys(VALUES) as Kind[];

const anyValue = fc.oneof(
  ...KINDS.map((kind) => fc.record({ kind: fc.constant(kind), value: VALUES[kind].value })),
);

Deno.test("ByteReader reads what ByteWriter wrote, and stays where it was when the input is short", () => {
  fc.assert(fc.property(fc.array(anyValue), fc.nat(30), (values, capacity) => {
    const writer = new ByteWriter(capacity);
    for (const { kind, value } of values) writer[kind](value);
    const bytes = writer.take();
    assert.equal(bytes.length, values.reduce((sum, { kind }) => sum + VALUES[kind].size, 0));
    const reader = new ByteReader(bytes);
    for (const { kind, value } of values) assert.ok(Object.is(reader[kind]("value"), value));
    assert.equal(reader.remaining, 0);

    for (const { kind } of values.slice(-1)) {
      const short = new ByteReader(bytes.subarray(bytes.length - VALUES[kind].size + 1));
      assert.throws(() => short[kind]("value"), {
        name: "FormatError",
        message: `Cannot read value: need ${VALUES[kind].size} bytes at offset 0, have ${short.length}`,
      });
      assert.equal(short.offset, 0);
    }
  }));
});

Deno.test("ByteReader reads from the middle of a larger memory, and from shared memory", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(8));
  shared.set([0, 0, 0x68, 0x69, 0xff, 1, 2, 3]);
  const reader = new ByteReader(shared.subarray(2, 5));
  assert.equal(reader.peekU8("text"), 0x68);
  assert.equal(reader.utf8(2, "text"), "hi");
  assert.deepEqual([reader.offset, reader.remaining, reader.length], [2, 1, 3]);
  reader.skip(1, "rest");
  assert.throws(() => reader.skip(1, "rest"), { name: "FormatError", offset: 3 });
  assert.throws(() => reader.peekU8("rest"), { name: "FormatError", offset: 3 });
  assert.equal(reader.offset, 3);
});

Deno.test("ByteReader gives views, not copies", () => {
  const bytes = Uint8Array.of(1, 2, 3, 4);
  const view = new ByteReader(bytes).bytes(2, "front");
  bytes[0] = 9;
  assert.deepEqual(view, Uint8Array.of(9, 2));
});

Deno.test("ByteWriter gives its bytes away, lends a view, and starts again", () => {
  const writer = new ByteWriter(2);
  const view = writer.u16(0x0102).view();
  const taken = writer.take();
  writer.u16(0x0304);
  assert.deepEqual([taken, view], [Uint8Array.of(1, 2), Uint8Array.of(3, 4)], "taken is owned, view is lent");
  assert.equal(writer.reset().length, 0);
  assert.throws(() => writer.u16(0).patchU32(0, 1), {
    name: "RangeError",
    message: "Cannot patch offset 0 of 2",
  });
});

Deno.test("ByteWriter writes text as the runtime's codec does", () => {
  const text = fc.oneof(fc.string({ maxLength: 80 }), fc.string({ unit: "binary", maxLength: 80 }));
  fc.assert(fc.property(text, fc.nat(10), (text, capacity) => {
    const bytes = new ByteWriter(capacity).u8(1).utf8(text).u8(2).take();
    assert.deepEqual(bytes, Uint8Array.of(1, ...new TextEncoder().encode(text), 2));
  }));
});

Deno.test("BitReader reads any run of bits as the bits say", () => {
  fc.assert(fc.property(
    fc.uint8Array({ minLength: 1, maxLength: 20 }),
    fc.array(fc.integer({ min: 0, max: 32 }), { maxLength: 20 }),
    (bytes, counts) => {
      const text = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
      const reader = new BitReader(bytes);
      let at = 0;
      for (const count of counts) {
        if (at + count > text.length) {
          assert.throws(() => reader.bits(count, "bits"), {
            name: "FormatError",
            message: `Cannot read bits: need ${count} bits at bit ${at}, have ${text.length - at}`,
          });
          break;
        }
        assert.equal(reader.bits(count, "bits"), count === 0 ? 0 : parseInt(text.slice(at, at + count), 2));
        at += count;
        assert.equal(reader.bitOffset, at);
      }
    },
  ));
});

Deno.test("BitReader skips more than one read takes, and reads flags", () => {
  const reader = new BitReader(Uint8Array.of(0, 0, 0, 0, 0, 0, 0b0000_0101));
  reader.skip(53, "padding");
  assert.deepEqual([reader.flag("a"), reader.flag("b"), reader.flag("c")], [true, false, true]);
  assert.equal(reader.remaining, 0);
  assert.throws(() => reader.flag("d"), { name: "FormatError" });
});

Deno.test("concatBytes, bytesEqual and hexOf agree on what bytes are", () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 9 })), (parts) => {
    const joined = concatBytes(parts);
    assert.equal(hexOf(joined), parts.map(hexOf).join(""));
    assert.equal(hexOf(joined), joined.toHex());
    assert.ok(bytesEqual(joined, concatBytes([joined])));
    if (joined.length === 0) return;
    const other = joined.slice();
    other[other.length - 1]! ^= 1;
    assert.equal(bytesEqual(joined, other), false);
    assert.equal(bytesEqual(joined, joined.subarray(1)), false);
  }));
});
