import assert from "node:assert/strict";
import fc from "fast-check";
import { Laces } from "./lacing.ts";
import type { BlockPlace } from "./block_place.ts";

function placeOf(hex: string, lacing: number): BlockPlace {
  const bytes = Uint8Array.fromHex(hex);
  const fields = { offset: 0, trackNumber: 1, ticks: 0, isKeyFrame: true, durationTicks: -1 };
  return { bytes, start: 0, end: bytes.length, lacing, ...fields };
}

function lengthsOf(hex: string, lacing: number): number[] | undefined {
  const laces = new Laces();
  if (!laces.read(placeOf(hex, lacing))) return undefined;
  return Array.from(
    { length: laces.count },
    (_, lace) => laces.ends[lace]! - (lace === 0 ? laces.start : laces.ends[lace - 1]!),
  );
}

/** Lacing, block from the number of laces on, lengths of the frames; `undefined` where they do not fit. */
const CASES: readonly (readonly [string, number, string, number[] | undefined])[] = [
  ["no lacing", 0, "aabbcc", [3]],
  ["no lacing and no frame", 0, "", [0]],
  ["Xiph, three frames", 1, "02" + "01" + "02" + "aabbbbcccccc", [1, 2, 3]],
  ["Xiph, 255 is 255 and 0", 1, "01" + "ff00" + "aa".repeat(255) + "bb", [255, 1]],
  ["Xiph, one frame", 1, "00" + "aabb", [2]],
  ["Xiph, empty last frame", 1, "01" + "02" + "aabb", [2, 0]],
  ["Xiph, more than there is", 1, "01" + "03" + "aabb", undefined],
  ["Xiph, sizes cut off", 1, "02" + "ff", undefined],
  ["Xiph, nothing", 1, "", undefined],
  ["fixed size, two frames", 2, "01" + "aabb", [1, 1]],
  ["fixed size that does not divide", 2, "01" + "aabbcc", undefined],
  ["EBML, sizes that rise and fall", 3, "03" + "82" + "c0" + "be" + "aaaabbbbbbcc" + "dd", [2, 3, 2, 0]],
  ["EBML, size of two bytes", 3, "01" + "4002" + "aabb" + "cc", [2, 1]],
  ["EBML, a negative size", 3, "02" + "81" + "80" + "aabb", undefined],
  ["EBML, more than there is", 3, "01" + "90" + "aabb", undefined],
  ["EBML, 2^56 - 2 bytes", 3, "01" + "01fffffffffffffe" + "aabb", undefined],
  ["EBML, a size that is not told", 3, "01" + "ff" + "aabb", undefined],
  ["EBML, sizes cut off", 3, "ff" + "80", undefined],
];

for (const [name, lacing, hex, lengths] of CASES) {
  Deno.test(`Laces reads ${name}`, () => assert.deepEqual(lengthsOf(hex, lacing), lengths));
}

Deno.test("Laces places frames inside the block, whatever the sizes say", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.integer({ min: 0, max: 3 }), (bytes, lacing) => {
      const laces = new Laces();
      const place = placeOf(bytes.toHex(), lacing);
      if (!laces.read(place)) {
        assert.equal(laces.count, 0);
        return;
      }
      let at = laces.start;
      for (let lace = 0; lace < laces.count; lace++) {
        assert.ok(laces.ends[lace]! >= at && laces.ends[lace]! <= place.end);
        at = laces.ends[lace]!;
      }
      assert.equal(at, place.end);
    }),
  );
});
