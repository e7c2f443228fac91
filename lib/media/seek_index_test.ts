import { FormatError, LimitError } from "#errors";
import { ByteWriter, crc32 } from "#bytes";
import fc from "fast-check";
import assert from "node:assert/strict";
import {
  decodeSeekIndex,
  encodeSeekIndex,
  findSeekRow,
  MAX_SEEK_INDEX_ROWS,
  type SeekIndex,
  thinSeekIndex,
} from "./mod.ts";

const STAMP = { sizeBytes: 2 ** 41 + 7, mtimeMs: 1_700_000_000_123 };

function indexOf(rows: readonly (readonly [timeUs: number, offset: number])[]): SeekIndex {
  return {
    timesUs: Float64Array.from(rows, ([timeUs]) => timeUs),
    offsets: Float64Array.from(rows, ([, offset]) => offset),
    durationUs: 7_200_000_000,
    scannedBytes: 2 ** 41,
    packetCounts: [216_000, 0, 337_500],
  };
}

const CASES: readonly SeekIndex[] = [
  indexOf([]),
  indexOf([[0, 13]]),
  indexOf([[-21_333, 0], [0, 500], [2_000_000, 2 ** 40], [2_000_001, 2 ** 40 - 5], [2 ** 50, 2 ** 51]]),
  { ...indexOf([[0, 13]]), configOffsets: Float64Array.of(13, 500, 2 ** 40) },
];

Deno.test("decodeSeekIndex gives back what encodeSeekIndex was given", () => {
  for (const index of CASES) {
    assert.deepEqual(decodeSeekIndex(encodeSeekIndex(index, STAMP)), { index, stamp: STAMP });
  }
  const integer = fc.integer({ min: -(2 ** 51), max: 2 ** 51 });
  fc.assert(
    fc.property(fc.array(fc.tuple(integer, integer), { maxLength: 50 }), (rows) => {
      const index = indexOf(rows);
      assert.deepEqual(decodeSeekIndex(encodeSeekIndex(index, STAMP)).index, index);
    }),
    { numRuns: 200 },
  );
});

Deno.test("encodeSeekIndex takes 5 to 8 bytes a row", () => {
  const rows = Array.from(
    { length: 36_000 },
    (_, row) => [row * 1_000_000, row * 325_000 + row % 7] as const,
  );
  assert.ok(encodeSeekIndex(indexOf(rows), STAMP).length < 36_000 * 8);
});

Deno.test("decodeSeekIndex refuses an index cut at any place, or with any byte changed", () => {
  const bytes = encodeSeekIndex(CASES[2]!, STAMP);
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodeSeekIndex(bytes.subarray(0, length)), FormatError, `cut at ${length}`);
    const changed = bytes.slice();
    changed[length]! ^= 0x10;
    assert.throws(() => decodeSeekIndex(changed), FormatError, `changed at ${length}`);
  }
});

Deno.test("decodeSeekIndex checks counts before it takes memory, and numbers before they lose digits", () => {
  const sealed = (fill: (writer: ByteWriter) => ByteWriter): Uint8Array => {
    const writer = fill(new ByteWriter().u32(0x4352_5349).u8(1).u8(0).u8(0).u8(0).u8(0));
    return writer.u32(crc32(writer.view())).take();
  };
  const rows = (high: number[]) => sealed((writer) => writer.u8(0).bytes(Uint8Array.from(high)));
  assert.throws(() => decodeSeekIndex(rows([0x8f, 0xff, 0xff, 0x7f])), LimitError);
  assert.throws(
    () => decodeSeekIndex(rows([0x80 + 100, 0])),
    /need at least 25600 bytes at offset 12, have 0/,
  );
  assert.throws(() => decodeSeekIndex(rows(Array(20).fill(0xff))), /exceeds 2\^53/);
  assert.throws(() => decodeSeekIndex(sealed((writer) => writer.u8(0xff).u8(0x7f))), LimitError);
});

Deno.test("encodeSeekIndex refuses what could not be read back", () => {
  const tall = { ...CASES[0]!, timesUs: new Float64Array(MAX_SEEK_INDEX_ROWS + 1) };
  assert.throws(() => encodeSeekIndex(tall, STAMP), LimitError);
  assert.throws(() => encodeSeekIndex(indexOf([[0.5, 0]]), STAMP), RangeError);
});

Deno.test("findSeekRow finds the newest row at or before a time, else the first", () => {
  const index = indexOf([[0, 0], [1000, 1], [1000, 2], [3000, 3]]);
  const rows = [-5, 0, 999, 1000, 2999, 3000, Infinity].map((timeUs) => findSeekRow(index, timeUs));
  assert.deepEqual(rows, [0, 0, 0, 2, 2, 3, 3]);
  assert.equal(findSeekRow(indexOf([]), 0), -1);
});

Deno.test("thinSeekIndex keeps rows a granularity apart, the first always", () => {
  const index = indexOf([[-10, 0], [500, 1], [1000, 2], [1900, 3], [2000, 4], [9000, 5]]);
  const thin = thinSeekIndex(index, 1000);
  assert.deepEqual([...thin.timesUs], [-10, 1000, 2000, 9000]);
  assert.deepEqual([...thin.offsets], [0, 2, 4, 5]);
  assert.deepEqual(thin.packetCounts, index.packetCounts);
  assert.equal(thinSeekIndex(index, 1), index);
});
