import assert from "node:assert/strict";
import { concatBytes } from "#bytes";
import { FormatError } from "#errors";
import { element, text, uint, vint } from "./_film_test.ts";
import { bigIntOf, childrenOf, floatOf, textOf, uintOf, UNKNOWN_SIZE, vintAt, vintLength } from "./ebml.ts";

/** Variable-size integers: hexadecimal and value. RFC 8794 section 4.4 has the first rows. */
const VINTS: readonly (readonly [string, number])[] = [
  ["82", 2],
  ["4002", 2],
  ["200002", 2],
  ["10000002", 2],
  ["80", 0],
  ["fe", 126],
  ["407f", 127],
  ["7ffe", 16_382],
  ["01fffffffffffffe", 2 ** 56 - 2],
  ["ff", UNKNOWN_SIZE],
  ["7fff", UNKNOWN_SIZE],
  ["01ffffffffffffff", UNKNOWN_SIZE],
];

Deno.test("vintAt reads integers of one to eight bytes, and sizes that are not told", () => {
  for (const [hex, value] of VINTS) {
    const bytes = Uint8Array.fromHex(`00${hex}`);
    assert.equal(vintLength(bytes[1]!), hex.length / 2, hex);
    assert.equal(vintAt(bytes, { at: 1, length: hex.length / 2 }), value, hex);
  }
  assert.equal(vintLength(0), 9);
});

Deno.test("childrenOf gives children with their places", () => {
  const content = concatBytes([uint(0xd7, 1), text(0x536e, "name")]);
  const children = [...childrenOf({ id: 0xae, content, offset: 100 })];
  assert.deepEqual(children.map(({ id, offset }) => [id, offset]), [[0xd7, 102], [0x536e, 106]]);
  assert.equal(uintOf(children[0]!), 1);
  assert.equal(textOf(children[1]!), "name");
});

Deno.test("childrenOf refuses children that are no elements or larger than their parent", () => {
  const faults: readonly (readonly [string, RegExp])[] = [
    ["d7", /no ID and size in the 1 bytes at offset 7/],
    ["00810000", /no ID and size/],
    ["08000000000000", /no ID and size/],
    ["d700", /no ID and size/],
    ["d78201", /0xD7 at offset 7: its size is 2, its parent has 1 bytes left/],
    ["d7ff01", /0xD7 at offset 7: its size is unknown/],
    ["d701fffffffffffffe01", /its size is 7205759403792794\d, its parent has 1 bytes left/],
  ];
  for (const [hex, message] of faults) {
    const parent = { id: 0xae, content: Uint8Array.fromHex(hex), offset: 7 };
    assert.throws(() => [...childrenOf(parent)], (error) => {
      assert.ok(error instanceof FormatError);
      assert.match(error.message, message);
      assert.equal(error.offset, 7);
      return true;
    });
  }
});

Deno.test("numbers of every length are read, and text up to its first zero", () => {
  const of = (hex: string) => ({ id: 0, content: Uint8Array.fromHex(hex), offset: 0 });
  assert.equal(uintOf(of("")), 0);
  assert.equal(uintOf(of("0102030405")), 0x0102030405);
  assert.throws(() => uintOf(of("010203040506070809")), /9 bytes/);
  assert.equal(bigIntOf(of("ff")), -1n);
  assert.equal(bigIntOf(of("7fffffffffffffff")), 2n ** 63n - 1n);
  assert.equal(floatOf(of("")), 0);
  assert.equal(floatOf(of("3f800000")), 1);
  assert.equal(floatOf(of("3ff8000000000000")), 1.5);
  assert.throws(() => floatOf(of("3f")), /1 bytes, not 4 or 8/);
  assert.equal(textOf(of("6869006f6f")), "hi");
});

Deno.test("vint and element write what is read", () => {
  for (const value of [0, 1, 126, 127, 16_382, 16_383, 1_000_000]) {
    const bytes = vint(value);
    assert.equal(vintAt(bytes, { at: 0, length: vintLength(bytes[0]!) }), value);
  }
  assert.deepEqual(element(0xec, new Uint8Array(2)).toHex(), "ec820000");
});
