import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import { TurnQueue } from "./turn_queue.ts";

Deno.test("TurnQueue lets one busy connection read at a time, and the others have time between them", () => {
  const clock = new ManualClock();
  const turns = new TurnQueue(clock);
  const reads: string[] = [];
  let isFlooding = true;
  const flood = (name: string) => () => {
    reads.push(`${name} ${clock.nowMs()}`);
    if (isFlooding) turns.wait(flood(name), 40);
  };
  for (const name of ["a", "b", "c"]) turns.wait(flood(name), 40);
  for (let ms = 0; ms < 45; ms++) clock.advance(1);
  assert.deepEqual(reads.splice(0), ["a 10", "b 20", "c 30", "a 40"], "in turn, 10 ms after 40 ms of work");
  isFlooding = false;
  clock.advance(5);
  assert.deepEqual(reads, ["b 50", "c 50", "a 50"], "at once while none of them is busy");
  assert.equal(clock.pending, 0);
});
