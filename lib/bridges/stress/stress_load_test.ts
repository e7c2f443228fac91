import assert from "node:assert/strict";
import { ManualClock } from "#clock";
import { RESPAWN_MS, SILENT_MS, StressLoad, type StressWorker, type Tally } from "./stress_load.ts";

/** A worker that a test holds in its hands. */
class HeldWorker implements StressWorker {
  tally!: Tally;
  readonly over = Promise.withResolvers<void>();

  run(tally: Tally, signal: AbortSignal): Promise<void> {
    this.tally = tally;
    signal.addEventListener("abort", () => this.over.reject(signal.reason));
    return this.over.promise;
  }
}

function rig(options: { count: number; perSecond: number }) {
  const clock = new ManualClock();
  const workers: HeldWorker[] = [];
  const load = new StressLoad({
    ...options,
    clock,
    open: () => {
      const worker = new HeldWorker();
      workers.push(worker);
      return worker;
    },
  });
  load.start();
  return { clock, workers, load };
}

/** Promises that were settled have been heard of. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 10; turns++) await Promise.resolve();
}

Deno.test("a load begins so many connections a second, and no more than it is to hold", async () => {
  const { clock, workers, load } = rig({ count: 25, perSecond: 10 });
  assert.equal(workers.length, 1);
  for (let ms = 0; ms < 1_000; ms += 100) clock.advance(100);
  assert.equal(workers.length, 11);
  for (let ms = 0; ms < 5_000; ms += 100) clock.advance(100);
  assert.equal(workers.length, 25);
  assert.equal(load.report().connecting, 25);
  await load.stop();
  const { connecting, failures } = load.report();
  assert.deepEqual({ connecting, failures }, { connecting: 0, failures: 0 });
});

Deno.test("a load tells who plays, how soon, how much, and who has been left without media", async () => {
  const { clock, workers, load } = rig({ count: 2, perSecond: 1_000 });
  clock.advance(10);
  assert.equal(workers.length, 2);
  clock.advance(30);
  workers[0]!.tally.media(100);
  clock.advance(60);
  workers[1]!.tally.media(50);
  const first = load.report();
  assert.deepEqual([first.active, first.bytes, first.silent, first.longestGapMs], [2, 150, 0, 60]);
  assert.deepEqual(first.startMs, { p50: 40, p99: 40 });
  clock.advance(SILENT_MS);
  workers[1]!.tally.media(50);
  const second = load.report();
  assert.deepEqual([second.active, second.bytes, second.silent], [2, 200, 1]);
  assert.equal(second.longestGapMs, SILENT_MS + 60);
  await load.stop();
});

Deno.test("a connection that ends or fails is counted, and made again after a while", async () => {
  const { clock, workers, load } = rig({ count: 1, perSecond: 1 });
  workers[0]!.over.reject(new Error("refused"));
  await settled();
  assert.equal(workers.length, 1);
  clock.advance(RESPAWN_MS);
  await settled();
  assert.equal(workers.length, 2);
  workers[1]!.over.resolve();
  await settled();
  clock.advance(RESPAWN_MS);
  await settled();
  assert.equal(workers.length, 3);
  const { failures, lastFailure, ends } = load.report();
  assert.deepEqual({ failures, lastFailure, ends }, { failures: 1, lastFailure: "refused", ends: 1 });
  await load.stop();
});
