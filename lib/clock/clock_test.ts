import assert from "node:assert/strict";
import { ManualClock, systemClock, systemRandomBytes } from "./mod.ts";

Deno.test("ManualClock runs timers in the order they fall due, at their own time", () => {
  const clock = new ManualClock();
  const events: string[] = [];
  const note = (name: string) => () => events.push(`${name} at ${clock.nowMs()}`);
  clock.after(30, note("c"));
  clock.after(10, note("a"));
  clock.after(10, note("b"));
  clock.every(20, note("beat"));
  clock.advance(9.5);
  assert.deepEqual(events, []);
  clock.advance(35);
  assert.deepEqual(events, ["a at 10", "b at 10", "beat at 20", "c at 30", "beat at 40"]);
  assert.deepEqual([clock.nowMs(), clock.pending], [44.5, 1]);
});

Deno.test("ManualClock runs what a timer arms, if that falls due too", () => {
  const clock = new ManualClock();
  const events: number[] = [];
  const again = () => {
    events.push(clock.nowMs());
    if (events.length < 4) clock.after(10, again);
  };
  clock.after(10, again);
  clock.advance(100);
  assert.deepEqual(events, [10, 20, 30, 40]);
  assert.equal(clock.pending, 0);
});

Deno.test("ManualClock forgets a timer that is disposed, even by another one of the same time", () => {
  const clock = new ManualClock();
  const events: string[] = [];
  clock.after(5, () => second[Symbol.dispose]());
  const second = clock.after(5, () => events.push("second"));
  const beat = clock.every(5, () => {
    events.push("beat");
    beat[Symbol.dispose]();
  });
  clock.advance(20);
  assert.deepEqual(events, ["beat"]);
  assert.equal(clock.pending, 0);
  beat[Symbol.dispose]();
});

Deno.test("ManualClock moves wall time with its own", () => {
  const clock = new ManualClock();
  const before = clock.wallMs();
  clock.advance(1_500);
  assert.equal(clock.wallMs() - before, 1_500);
});

Deno.test("systemClock runs timers until they are disposed", async () => {
  const events: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  using _never = systemClock.after(3_600_000, () => events.push("never"));
  const started = systemClock.nowMs();
  using _beat = systemClock.every(1, () => {
    if (events.push("beat") === 2) resolve();
  });
  await promise;
  assert.deepEqual(events.slice(0, 2), ["beat", "beat"]);
  assert.ok(systemClock.nowMs() > started);
  assert.ok(systemClock.wallMs() > 1_700_000_000_000);
});

Deno.test("systemRandomBytes fills any length, beyond what one call of the runtime gives", () => {
  for (const length of [0, 1, 65_536, 65_537, 200_000]) {
    const bytes = systemRandomBytes(length);
    assert.equal(bytes.length, length);
    // 64 zero bytes in a row are as good as impossible
    for (let at = 0; at + 64 <= length; at += 64) {
      assert.ok(bytes.subarray(at, at + 64).some((byte) => byte !== 0), `zeros at ${at}`);
    }
  }
});
