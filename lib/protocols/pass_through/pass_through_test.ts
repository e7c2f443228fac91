import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import { ClosedError, ProtocolError } from "#errors";
import type { Carrier } from "#stack";
import { ScriptedCarrier } from "../../../tests/helpers/scripted_carrier.ts";
import { MAX_PASSING_BYTES, PASS_TIMEOUT_MS, PassThroughProtocol } from "./mod.ts";

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

function open(use: { dial?: () => Promise<Carrier>; idleTimeoutMs?: number } = {}) {
  const clock = new ManualClock();
  const [near, far] = [new ScriptedCarrier(), new ScriptedCarrier()];
  const protocol = new PassThroughProtocol({ clock, dial: () => Promise.resolve(far), ...use });
  protocol.openOn(near);
  return { clock, near, far, protocol };
}

Deno.test("PassThroughProtocol passes both ways, what came before it was connected too", async () => {
  const dialed = Promise.withResolvers<Carrier>();
  const { near, far, clock } = open({ dial: () => dialed.promise });
  assert.equal(near.isPaused, true);
  near.deliver("early");
  dialed.resolve(far);
  await settled();
  assert.equal(near.isPaused, false);
  near.deliver(" late");
  far.deliver("answer");
  assert.deepEqual([far.text, near.text], ["early late", "answer"]);
  far.drop();
  assert.ok(near.closedWith instanceof ClosedError);
  assert.equal(clock.pending, 0);
});

Deno.test("PassThroughProtocol reads one side no faster than the other takes it", async () => {
  const { near, far, clock } = open();
  await settled();
  far.isStuck = true;
  near.deliver("x".repeat(MAX_PASSING_BYTES));
  assert.equal(near.isPaused, false);
  near.deliver("y");
  near.deliver("one read more");
  assert.equal(near.isPaused, true);
  far.isStuck = false;
  far.wake();
  await settled();
  assert.equal(near.isPaused, false);
  assert.equal(far.text.length, MAX_PASSING_BYTES + 14);
  far.isStuck = true;
  near.deliver("z".repeat(MAX_PASSING_BYTES + 1));
  clock.advance(PASS_TIMEOUT_MS);
  await settled();
  assert.ok(far.closedWith instanceof ClosedError && near.closedWith instanceof ClosedError);
  assert.equal(clock.pending, 0);
});

Deno.test("PassThroughProtocol ends where the other side cannot be reached, or is no longer wanted", async () => {
  const { near } = open({ dial: () => Promise.reject(new Error("refused")) });
  await settled();
  assert.ok(near.closedWith instanceof ProtocolError);
  assert.match(near.closedWith.message, /Cannot pass through: refused/);
  const gone = open();
  gone.near.drop();
  await settled();
  assert.ok(gone.far.closedWith instanceof ClosedError);
});

Deno.test("PassThroughProtocol ends when nothing passes for long", async () => {
  const { near, far, clock, protocol } = open({ idleTimeoutMs: 10_000 });
  await settled();
  clock.advance(9_000);
  far.deliver("a");
  clock.advance(9_000);
  assert.ok(!protocol.isClosed);
  clock.advance(10_000);
  assert.ok(near.closedWith instanceof ClosedError);
  assert.equal(clock.pending, 0);
});
