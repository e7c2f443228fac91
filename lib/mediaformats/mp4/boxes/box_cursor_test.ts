import { FormatError } from "#errors";
import assert from "node:assert/strict";
import { box, chars, u32, u64, zeros } from "../rig_test.ts";
import { concatBytes } from "#bytes";
import { BoxBody } from "./box_body.ts";
import { BoxCursor, readBoxHead } from "./box_cursor.ts";

function bodyOf(bytes: Uint8Array): BoxBody {
  return new BoxBody(bytes, { type: "test", start: 0, end: bytes.length, fileOffset: 1000 });
}

function walk(bytes: Uint8Array): string[] {
  const cursor = new BoxCursor(bodyOf(bytes));
  const found: string[] = [];
  while (cursor.next()) found.push(`${cursor.type} ${cursor.start} ${cursor.bodyStart} ${cursor.end}`);
  return found;
}

Deno.test("BoxCursor walks over boxes of all sizes", () => {
  const large = concatBytes([u32(1), chars("larg"), u64(20), zeros(4)]);
  const toEnd = concatBytes([u32(0), chars("rest"), zeros(3)]);
  const bytes = concatBytes([box("aaaa"), box("bbbb", zeros(5)), large, toEnd]);
  assert.deepEqual(walk(bytes), ["aaaa 0 8 8", "bbbb 8 16 21", "larg 21 37 41", "rest 41 49 52"]);
});

Deno.test("BoxCursor ends a box that is too long with its parent, and the walk where no head fits", () => {
  assert.deepEqual(walk(concatBytes([u32(100), chars("long"), zeros(2)])), ["long 0 8 10"]);
  assert.deepEqual(walk(concatBytes([box("aaaa"), zeros(4)])), ["aaaa 0 8 8"]);
  assert.deepEqual(walk(concatBytes([u32(1), chars("larg"), zeros(4)])), []);
});

Deno.test("readBoxHead refuses sizes below the head's own, with the offset in the file", () => {
  for (const size of [2, 7]) {
    const bytes = concatBytes([u32(size), chars("tiny"), zeros(8)]);
    assert.throws(
      () => readBoxHead(bytes, { at: 0, fileOffset: 1000 }),
      (error: FormatError) =>
        error instanceof FormatError && error.offset === 1000 && /"tiny": size/.test(error.message),
    );
  }
  const large = concatBytes([u32(1), chars("larg"), u64(15)]);
  assert.throws(() => readBoxHead(large, { at: 0, fileOffset: 0 }), /size 15 at offset 0, its head has 16/);
});

Deno.test("BoxBody reads every kind of field and never leaves its box", () => {
  const body = bodyOf(concatBytes([
    ...[Uint8Array.of(1, 0, 2, 0xff, 0xfe, 0, 0, 3), u32(4, -5), u64(2 ** 40), u64(-3), chars("four")],
    chars("text\0junk"),
  ]));
  assert.deepEqual([body.u8("a"), body.u16("b"), body.i16("c"), body.u24("d")], [1, 2, -2, 3]);
  assert.deepEqual([body.u32("e"), body.i32("f"), body.u64("g"), body.i64("h")], [4, -5, 2 ** 40, -3]);
  assert.equal(body.fourCc("i"), "four");
  assert.equal(body.fork().text(), "text");
  assert.equal(body.remaining, 9);
  assert.throws(
    () => body.take(10, "tail"),
    /Cannot read tail of "test": need 10 bytes at offset 1036, have 9/,
  );
});
