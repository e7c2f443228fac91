import assert from "node:assert/strict";
import fc from "fast-check";
import { closestTime, Timeline } from "./timeline.ts";

const ROLLOVER = 2 ** 33;

Deno.test("Timeline goes on rising over the rollover", () => {
  const timeline = new Timeline();
  assert.equal(timeline.newest, undefined);
  assert.equal(timeline.unwrap(ROLLOVER - 6_000_000), ROLLOVER - 6_000_000);
  assert.equal(timeline.unwrap(ROLLOVER - 1, ROLLOVER - 6_000_000), ROLLOVER - 1);
  assert.equal(timeline.unwrap(0, ROLLOVER - 1), ROLLOVER);
  // another stream, seen first after the rollover, and one still before it
  assert.equal(timeline.unwrap(900), ROLLOVER + 900);
  assert.equal(timeline.unwrap(ROLLOVER - 900), ROLLOVER - 900);
});

Deno.test("Timeline takes a start within a minute of the rollover for one before zero", () => {
  assert.equal(new Timeline().unwrap(ROLLOVER - 5_400_000), -5_400_000);
  assert.equal(new Timeline().unwrap(ROLLOVER - 5_400_001), ROLLOVER - 5_400_001);
  assert.equal(new Timeline().unwrap(0), 0);
});

Deno.test("Timeline starts near the time that is given", () => {
  assert.equal(new Timeline(3 * ROLLOVER + 50).unwrap(40), 3 * ROLLOVER + 40);
  assert.equal(new Timeline(3 * ROLLOVER + 50).unwrap(ROLLOVER - 40), 3 * ROLLOVER - 40);
});

Deno.test("Timeline unwraps any walk of steps below half of the rollover", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 2 ** 33 - 5_400_001 }),
    fc.array(fc.integer({ min: 2 - 2 ** 32, max: 2 ** 32 - 2 }), { maxLength: 30 }),
    (start, steps) => {
      const timeline = new Timeline();
      let time = timeline.unwrap(start);
      assert.equal(time, start);
      for (const step of steps) {
        const next = time + step;
        const wrapped = ((next % ROLLOVER) + ROLLOVER) % ROLLOVER;
        assert.equal(timeline.unwrap(wrapped, time), next);
        time = next;
      }
    },
  ));
});

Deno.test("closestTime keeps presentation next to decoding", () => {
  assert.equal(closestTime(100, ROLLOVER - 100), ROLLOVER + 100);
  assert.equal(closestTime(ROLLOVER - 100, 100), -100);
});
