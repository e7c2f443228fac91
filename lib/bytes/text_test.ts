import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeUtf8, encodeUtf8, utf8Length } from "./text.ts";

const CASES = [
  "",
  "onMetaData",
  "é",
  "a".repeat(64),
  "a".repeat(65),
  "a".repeat(63) + "é",
  "\ufeffx",
  "日本",
  "\ud800",
];

Deno.test("encodeUtf8 and decodeUtf8 agree with the runtime's codec", () => {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for (const text of CASES) assert.deepEqual(encodeUtf8(text), new TextEncoder().encode(text));
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 80 }), (text) => {
    assert.deepEqual(encodeUtf8(text), new TextEncoder().encode(text));
  }));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
    assert.equal(decodeUtf8(bytes), decoder.decode(bytes));
  }));
});

Deno.test("utf8Length counts what encodeUtf8 makes, lone surrogates too", () => {
  const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.array(fc.nat(0xffff)).map(fromUnits));
  for (const text of CASES) assert.equal(utf8Length(text), encodeUtf8(text).length);
  fc.assert(fc.property(anyText, (text) => assert.equal(utf8Length(text), encodeUtf8(text).length)));
});

function fromUnits(units: number[]): string {
  return String.fromCharCode(...units);
}
