import assert from "node:assert/strict";
import fc from "fast-check";
import { ManualClock } from "./clock.ts";
import { COARSE_TICK_MS, CoarseClock } from "./coarse_clock.ts";

Deno.test("CoarseClock rings once, never early and at most a tick late", () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 20 }),
    fc.integer({ min: 0, max: 999 }),
    (delays, startMs) => {
      const manual = new ManualClock();
      manual.advance(startMs);
      const clock = new CoarseClock(manual);
      const rung = delays.map(() => [] as number[]);
      for (const [i, delayMs] of delays.entries()) clock.after(delayMs, () => rung[i]!.push(manual.nowMs()));
      for (let i = 0; i < 60; i++) manual.advance(100);
      for (const [i, delayMs] of delays.entries()) {
        assert.equal(rung[i]!.length, 1);
        const lateMs = rung[i]![0]! - startMs - delayMs;
        assert.ok(lateMs >= 0 && lateMs <= 2 * COARSE_TICK_MS, `${lateMs} ms late`);
      }
      assert.equal(manual.pending, 0, "no timer is left");
    },
  ));
});

Deno.test("CoarseClock does not ring a timer that was disposed, by another one of the same tick neither", () => {
  const manual = new ManualClock();
  const clock = new CoarseClock(manual);
  const rung: string[] = [];
  const first = clock.after(1_000, () => rung.push("first"));
  clock.after(1_000, () => {
    rung.push("second");
    third[Symbol.dispose]();
  });
  const third = clock.after(1_000, () => rung.push("third"));
  first[Symbol.dispose]();
  manual.advance(3_000);
  assert.deepEqual(rung, ["second"]);
  assert.equal(manual.pending, 0);
});

Deno.test("CoarseClock repeats until it is disposed, also by its own callback", () => {
  const manual = new ManualClock();
  const clock = new CoarseClock(manual);
  let count = 0;
  const timer = clock.every(1_000, () => {
    if (++count === 3) timer[Symbol.dispose]();
  });
  manual.advance(10_000);
  assert.equal(count, 3);
  assert.equal(manual.pending, 0);
});

Deno.test("CoarseClock takes a timer that is armed by one that rings", () => {
  const manual = new ManualClock();
  const clock = new CoarseClock(manual);
  const rung: number[] = [];
  clock.after(500, () => clock.after(500, () => rung.push(manual.nowMs())));
  manual.advance(5_000);
  assert.equal(rung.length, 1);
  assert.ok(rung[0]! >= 1_000 && rung[0]! <= 1_500, `${rung[0]}`);
});

Deno.test("CoarseClock rings what is due on the very tick it was armed on", () => {
  const manual = new ManualClock();
  const clock = new CoarseClock(manual);
  const rung: number[] = [];
  clock.after(0, () => rung.push(manual.nowMs()));
  clock.after(COARSE_TICK_MS, () => clock.after(0, () => rung.push(manual.nowMs())));
  manual.advance(5_000);
  assert.deepEqual(rung, [COARSE_TICK_MS, 2 * COARSE_TICK_MS]);
  assert.equal(manual.pending, 0);
});
