import assert from "node:assert/strict";
import fc from "fast-check";
import { FormatError } from "#errors";
import {
  annexBToLengthPrefixed,
  findLengthPrefixed,
  findNalUnits,
  lengthPrefixedToAnnexB,
  nalUnitsAt,
  splitAnnexB,
} from "./mod.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));

const CASES = [
  { name: "nothing", annexB: "", units: [] },
  { name: "no start code", annexB: "65 88 84 00 10", units: [] },
  { name: "a start code alone", annexB: "000001", units: [] },
  { name: "four bytes of start code", annexB: "00000001 0910 00000001 41aa", units: ["0910", "41aa"] },
  { name: "three bytes of start code", annexB: "000001 0910 000001 41aa", units: ["0910", "41aa"] },
  { name: "both, mixed", annexB: "00000001 0910 000001 06 00000001 41aa", units: ["0910", "06", "41aa"] },
  { name: "zeros at the end", annexB: "000001 65aa 0000 000001 41aa 000000", units: ["65aa", "41aa"] },
  { name: "many zeros in front", annexB: "0000000000000001 65aa", units: ["65aa"] },
  { name: "what stands before the first start code", annexB: "aabb 000001 65aa", units: ["65aa"] },
  { name: "empty units", annexB: "000001 000001 65aa 000001", units: ["65aa"] },
  { name: "escaped zeros", annexB: "000001 6500000301", units: ["6500000301"] },
  {
    name: "ones that are no start code",
    annexB: "000001 65 01 00 01 0101 000201",
    units: ["65010001010100" + "0201"],
  },
  { name: "a unit of one byte 01", annexB: "000001 01 000001 01", units: ["01", "01"] },
] as const;

for (const { name, annexB, units } of CASES) {
  Deno.test(`findNalUnits finds the units of: ${name}`, () => {
    const bytes = hex(annexB);
    assert.deepEqual(splitAnnexB(bytes).map((unit) => unit.toHex()), units);
    const prefixed = annexBToLengthPrefixed(bytes);
    const ranges = findLengthPrefixed(prefixed);
    assert.deepEqual(nalUnitsAt(prefixed, ranges).map((unit) => unit.toHex()), units);
    assert.deepEqual(splitAnnexB(lengthPrefixedToAnnexB(prefixed)).map((unit) => unit.toHex()), units);
  });
}

Deno.test("findNalUnits finds in any bytes what a search byte by byte finds", () => {
  const few = fc.array(fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 255), { maxLength: 60 });
  fc.assert(
    fc.property(few, (list) => {
      const bytes = new Uint8Array(list);
      const text = bytes.toHex().replaceAll(/../g, "$& ");
      const expected = text.split(/00 00 01 /).slice(1).map((unit) => unit.replace(/(00 )+$/, ""));
      const found = splitAnnexB(bytes).map((unit) => unit.toHex().replaceAll(/../g, "$& "));
      // splitting text finds a code at odd digits too; pairs with blanks keep it at bytes
      assert.deepEqual(found, expected.filter((unit) => unit !== ""));
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("findNalUnits empties and fills the array it is given", () => {
  const into = [7, 8, 9];
  assert.equal(findNalUnits(hex("000001 65"), into), into);
  assert.deepEqual(into, [3, 4]);
});

Deno.test("findLengthPrefixed reads lengths of one to four bytes and passes over empty units", () => {
  for (const nalLengthSize of [1, 2, 3, 4]) {
    const length = (value: number) => value.toString(16).padStart(2 * nalLengthSize, "0");
    const bytes = hex(length(2) + "65aa" + length(0) + length(1) + "41");
    const ranges = findLengthPrefixed(bytes, { nalLengthSize });
    assert.deepEqual(nalUnitsAt(bytes, ranges).map((unit) => unit.toHex()), ["65aa", "41"]);
  }
});

Deno.test("findLengthPrefixed refuses units that are cut off, at each byte", () => {
  const whole = hex("00000002 65aa 00000001 41");
  for (let length = 1; length < whole.length; length++) {
    if (length === 6) continue;
    assert.throws(() => findLengthPrefixed(whole.subarray(0, length)), FormatError, `cut at ${length}`);
  }
  assert.throws(() => findLengthPrefixed(hex("ffffffff 65")), {
    message: "Cannot read NAL unit: need 4294967299 bytes at offset 0, have 5",
  });
});
