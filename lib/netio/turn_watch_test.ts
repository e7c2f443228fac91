import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import { TurnWatch } from "./turn_watch.ts";

Deno.test("TurnWatch is never overdue while timers fire in time", () => {
  const clock = new ManualClock();
  const watch = new TurnWatch(clock);
  for (let ms = 0; ms < 100; ms++) {
    assert.equal(watch.isOverdue(), false, `after ${ms} ms`);
    clock.advance(1);
  }
  assert.equal(clock.pending, 1);
  watch[Symbol.dispose]();
  assert.equal(clock.pending, 0);
});

Deno.test("TurnWatch is overdue once time passes and no timer fires, until one does", () => {
  let nowMs = 0;
  let fire = () => {};
  const after = (_delayMs: number, callback: () => void) => {
    fire = callback;
    return { [Symbol.dispose]() {} };
  };
  const watch = new TurnWatch({ nowMs: () => nowMs, wallMs: () => 0, after, every: after });
  assert.equal(watch.isOverdue(), false);
  nowMs = 9;
  assert.equal(watch.isOverdue(), false);
  nowMs = 10;
  assert.equal(watch.isOverdue(), true);
  fire();
  assert.equal(watch.isOverdue(), false, "the others had their turn");
  nowMs = 25;
  assert.equal(watch.isOverdue(), true);
});
