import fc from "fast-check";
import assert from "node:assert/strict";
import { concatBytes } from "#bytes";
import { u32 } from "../rig_test.ts";
import { BoxBody } from "../boxes/box_body.ts";
import { RunCursor, RunTable } from "./run_table.ts";

function tableOf(runs: readonly (readonly [number, number])[], isRising: boolean): RunTable {
  const bytes = concatBytes([u32(runs.length), ...runs.map(([count, value]) => u32(count, value))]);
  return new RunTable(new BoxBody(bytes, { type: "stts", start: 0, end: bytes.length, fileOffset: 0 }), {
    isRising,
  });
}

const RUNS = fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: -3, max: 20 })), {
  maxLength: 600,
  size: "max",
});

Deno.test("RunTable finds every sample and every sum as the laid out values have them", () => {
  fc.assert(
    fc.property(RUNS, fc.boolean(), fc.array(fc.nat(1500), { maxLength: 12 }), (runs, isRising, places) => {
      const values = runs.flatMap(([count, value]) =>
        new Array<number>(count).fill(isRising && value < 0 ? 1 : value)
      );
      const table = tableOf(runs, isRising);
      assert.equal(table.samples, values.length);
      assert.equal(table.sum, values.reduce((sum, value) => sum + value, 0));
      assert.equal(table.least, values.length === 0 ? 0 : Math.min(...values));
      assert.equal(table.most, values.length === 0 ? 0 : Math.max(...values));
      const sums = [0];
      for (const value of values) sums.push(sums.at(-1)! + value);
      const walking = new RunCursor(table, { goesOn: false });
      values.forEach((value, sample) => {
        assert.deepEqual([walking.value, walking.sum], [value, sums[sample]]);
        walking.next();
      });
      assert.deepEqual([walking.value, walking.sum], [0, sums.at(-1)]);
      const jumping = new RunCursor(table, { goesOn: false });
      for (const place of places) {
        jumping.goTo(place);
        assert.deepEqual([jumping.value, jumping.sum], [
          values[place] ?? 0,
          sums[Math.min(place, values.length)],
        ]);
      }
      if (!isRising) return;
      for (const sum of places) {
        if (sum >= table.sum) continue;
        const last = sums.slice(0, -1).findLastIndex((before) => before <= sum);
        assert.equal(table.lastSampleAt(sum), last);
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("RunTable takes what the box holds, whatever it declares", () => {
  const bytes = concatBytes([u32(0xffff_ffff), u32(2, 10), u32(0xffff_ffff, 7)]);
  const table = new RunTable(
    new BoxBody(bytes, { type: "stts", start: 0, end: bytes.length, fileOffset: 0 }),
  );
  assert.deepEqual([table.runs, table.samples], [2, 2 + 0xffff_ffff]);
  const cursor = new RunCursor(table, { goesOn: true });
  cursor.goTo(4_000_000_000);
  assert.deepEqual([cursor.value, cursor.sum], [7, 20 + 7 * (4_000_000_000 - 2)]);
  assert.equal(table.lastSampleAt(20 + 7 * 1_000_000_000), 1_000_000_002);
});

Deno.test("RunTable goes on with its last value, where it is asked to", () => {
  const cursor = new RunCursor(tableOf([[2, 10]], true), { goesOn: true });
  cursor.goTo(5);
  assert.deepEqual([cursor.value, cursor.sum], [10, 50]);
  assert.equal(tableOf([[2, 10]], true).lastSampleAt(57), 5);
});
