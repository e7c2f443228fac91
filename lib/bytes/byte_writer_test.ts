import assert from "node:assert/strict";
import { BitReader, ByteReader, ByteWriter } from "./mod.ts";

Deno.test("ByteWriter grows at every write, wherever the first allocation ends", () => {
  for (let capacity = 0; capacity <= 40; capacity++) {
    const writer = new ByteWriter(capacity);
    writer.u8(1).u16(0x0203).u24(0x040506).u32(0x0708090a).u32Le(0x0e0d0c0b).i16(-2).f64(1)
      .bytes(new Uint8Array([0xaa, 0xbb])).utf8("é").patchU32(6, 0xffffffff);
    const hex = "01020304050" + "6ffffffff" + "0b0c0d0e" + "fffe" + "3ff0000000000000" + "aabb" + "c3a9";
    assert.equal(writer.take().toHex(), hex, `first allocation of ${capacity} bytes`);
    assert.equal(writer.length, 0);
  }
});

Deno.test("ByteReader reads back what ByteWriter wrote and refuses to read on", () => {
  const bytes = new ByteWriter().u24(0x800000).i16(-2).utf8("\ufeffa").take();
  const reader = new ByteReader(bytes);
  assert.equal(reader.i24("number"), -8_388_608);
  assert.equal(reader.i16("number"), -2);
  assert.equal(reader.utf8(4, "text"), "\ufeffa");
  assert.throws(() => reader.u16("end"), {
    name: "FormatError",
    message: "Cannot read end: need 2 bytes at offset 9, have 0",
    offset: 9,
  });
});

Deno.test("BitReader reads the Exp-Golomb codes of H.264 table 9-2 and 9-3", () => {
  // 1 010 011 00100 00101 00110 00111, the codes of 0 to 6
  const bytes = new Uint8Array([0b10100110, 0b01000010, 0b10011000, 0b11100000]);
  const unsigned = new BitReader(bytes);
  assert.deepEqual(Array.from({ length: 7 }, () => unsigned.ue("code")), [0, 1, 2, 3, 4, 5, 6]);
  const signed = new BitReader(bytes);
  assert.deepEqual(Array.from({ length: 7 }, () => signed.se("code")), [0, 1, -1, 2, -2, 3, -3]);
  assert.throws(() => new BitReader(new Uint8Array(8)).ue("code"), {
    name: "FormatError",
    message: "Cannot read code: Exp-Golomb prefix exceeds 32 bits",
  });
});
