import assert from "node:assert/strict";
import { FuzzRandom, mutate } from "./mutate.ts";
import { runInput, watchRejections } from "./run_input.ts";
import { CRASHES, readInputs } from "./sessions.ts";
import type { FuzzTarget } from "./target.ts";
import { listTargets } from "./targets.ts";

/** Enough to notice a broken target; `deno task fuzz` goes on for longer. */
const INPUTS_PER_TARGET = 150;

for (const target of await listTargets()) {
  Deno.test(`fuzz ${target.name}: sessions, once failing inputs and some mutations`, async () => {
    using _watch = watchRejections();
    for (const bytes of target.seeds) await assertDoesWell(target, bytes);
    for (const bytes of await readInputs(CRASHES, `${target.name}-`)) await assertDoesWell(target, bytes);
    const random = new FuzzRandom(1);
    for (let i = 0; i < INPUTS_PER_TARGET; i++) {
      await assertDoesWell(target, mutate(random.pick(target.seeds), random, target.seeds));
    }
  });
}

Deno.test("fuzz driver notices an error outside the five classes, and a budget that is missed", async () => {
  const target = (run: FuzzTarget["run"]): FuzzTarget => ({ name: "made", seeds: [], run });
  const throwing = target(() => {
    throw new TypeError("made up");
  });
  assert.match(await runInput(throwing, new Uint8Array(1)) ?? "", /made up/);
  const hungry: Uint8Array[] = [];
  const greedy = target(() => void hungry.push(new Uint8Array(300 << 20).fill(1)));
  assert.match(await runInput(greedy, new Uint8Array(1)) ?? "", /^budget: 1 bytes took \d+ bytes of memory$/);
});

async function assertDoesWell(target: FuzzTarget, bytes: Uint8Array): Promise<void> {
  const failure = await runInput(target, bytes);
  assert.equal(failure, undefined, `${target.name} on ${bytes.length} bytes`);
}
