import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import { Pace } from "./pace.ts";

function pace(bufferMs = 5_000): { clock: ManualClock; pace: Pace } {
  const clock = new ManualClock();
  clock.advance(123);
  return { clock, pace: new Pace(clock, { bufferMs }) };
}

Deno.test("Pace lets a buffer go in advance, then real time", () => {
  const { clock, pace: own } = pace();
  assert.ok(own.waitMs(60_000_000) <= 0, "the first one is due");
  assert.equal(own.waitMs(65_000_000), 0);
  assert.equal(own.waitMs(66_000_000), 1_000);
  clock.advance(400);
  assert.equal(own.waitMs(66_000_000), 600);
});

Deno.test("Pace stands still while paused, also over a restart", () => {
  const { clock, pace: own } = pace();
  own.waitMs(0);
  own.pause();
  clock.advance(10_000);
  assert.equal(own.waitMs(6_000_000), 1_000);
  own.resume();
  assert.equal(own.waitMs(6_000_000), 1_000);
  own.pause();
  own.restart();
  assert.equal(own.waitMs(50_000_000), -5_000);
  clock.advance(10_000);
  own.resume();
  assert.equal(own.waitMs(56_000_000), 1_000);
});

Deno.test("Pace takes a larger buffer, never a smaller one", () => {
  const { pace: own } = pace();
  own.waitMs(0);
  own.raiseBuffer(8_000);
  own.raiseBuffer(1_000);
  assert.equal(own.waitMs(8_000_000), 0);
  assert.equal(own.refillMs, 1_000);
  assert.equal(pace(900).pace.refillMs, 300);
});

Deno.test("Pace without a bound never waits", () => {
  const { pace: own } = pace(Infinity);
  own.waitMs(0);
  assert.equal(own.waitMs(36_000_000_000), -Infinity);
});
