import fc from "fast-check";
import assert from "node:assert/strict";
import { type ByteRange, readRanges } from "./byte_ranges.ts";

const SIZE = 1000;

const CASES: [header: string | null, wish: string | [start: number, end: number][]][] = [
  [null, "whole"],
  ["bytes=0-499", [[0, 500]]],
  ["bytes=500-", [[500, 1000]]],
  ["bytes=-1", [[999, 1000]]],
  ["bytes=-5000", [[0, 1000]]],
  ["BYTES=1-1", [[1, 2]]],
  ["bytes=999-99999", [[999, 1000]]],
  ["bytes=0-0,-1", [[0, 1], [999, 1000]]],
  ["bytes= 10-19 , , 5-6", [[10, 20], [5, 7]]],
  ["bytes=5-9,0-5", [[0, 10]]],
  ["bytes=1000-", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=1000-1001,-0", "unsatisfiable"],
  ["bytes=5-9,2000-", [[5, 10]]],
  ["bytes=0-,0-", "whole"],
  ["bytes=9-5", "whole"],
  ["bytes=-", "whole"],
  ["bytes=a-b", "whole"],
  ["bytes=1-2-3", "whole"],
  ["bytes=", "whole"],
  ["bytes=,,", "whole"],
  ["bytes", "whole"],
  ["items=0-1", "whole"],
  ["bytes=0-1;2-3", "whole"],
  ["bytes=99999999999999999999-", "whole"],
  [`bytes=${Array.from({ length: 17 }, (_, index) => `${index * 10}-${index * 10}`).join()}`, "whole"],
];

for (const [header, wish] of CASES) {
  Deno.test(`readRanges reads ${header?.slice(0, 40)}`, () => {
    const expected = typeof wish === "string" ? wish : wish.map(([start, end]) => ({ start, end }));
    assert.deepEqual(readRanges(header, SIZE), expected);
  });
}

Deno.test("readRanges finds nothing in what is empty", () => {
  assert.equal(readRanges("bytes=0-", 0), "unsatisfiable");
  assert.equal(readRanges("bytes=-5", 0), "unsatisfiable");
  assert.equal(readRanges(null, 0), "whole");
});

Deno.test("readRanges stays within the whole, without overlap, whatever is asked", () => {
  const number = fc.oneof(fc.nat(1200), fc.constant(""));
  const spec = fc.tuple(number, number).map(([first, last]) => `${first}-${last}`);
  fc.assert(fc.property(fc.array(spec, { minLength: 1, maxLength: 6 }), fc.nat(1100), (specs, size) => {
    const wish = readRanges(`bytes=${specs.join(",")}`, size);
    if (typeof wish === "string") return;
    const sorted = wish.toSorted((a: ByteRange, b: ByteRange) => a.start - b.start);
    sorted.forEach(({ start, end }, index) => {
      assert.ok(start >= 0 && start < end && end <= size);
      assert.ok(index === 0 || sorted[index - 1]!.end <= start);
    });
  }));
});
