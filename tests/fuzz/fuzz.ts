/**
 * Mutates recorded sessions and feeds them to every parser, in this process.
 *
 * ```sh
 * deno task fuzz 60            # seconds
 * deno task fuzz 60 --seed 7 --only rtmp
 * ```
 *
 * Failing inputs are kept under `tests/fuzz/crashes`, where the unit tests run them for ever after.
 *
 * @module
 */

import { FuzzRandom, mutate, seedOf } from "./mutate.ts";
import { runInput, watchRejections } from "./run_input.ts";
import { CRASHES } from "./sessions.ts";
import type { FuzzTarget } from "./target.ts";
import { listTargets } from "./targets.ts";

const DEFAULT_SECONDS = 30;
const INPUTS_PER_TURN = 50;

interface FuzzArguments {
  readonly seconds: number;
  readonly seed: number;
  readonly only: string;
}

function parseArguments(args: readonly string[]): FuzzArguments {
  const valueOf = (flag: string): string | undefined => {
    const at = args.indexOf(flag);
    return at < 0 ? undefined : args[at + 1];
  };
  const seconds = Number(args[0] ?? DEFAULT_SECONDS);
  if (!(seconds > 0)) throw new TypeError(`Cannot fuzz for "${args[0]}" seconds: must be a number above 0`);
  const seed = Number(valueOf("--seed") ?? crypto.getRandomValues(new Uint32Array(1))[0]);
  return { seconds, seed, only: valueOf("--only") ?? "" };
}

async function saveCrash(target: FuzzTarget, bytes: Uint8Array): Promise<string> {
  const name = `${target.name}-${seedOf(bytes).toString(16).padStart(8, "0")}.bin`;
  await Deno.mkdir(CRASHES, { recursive: true });
  await Deno.writeFile(new URL(name, CRASHES), bytes);
  return name;
}

if (import.meta.main) {
  const { seconds, seed, only } = parseArguments(Deno.args);
  const targets = (await listTargets()).filter((target) => target.name.includes(only));
  console.log(`fuzz: ${seconds} s, seed ${seed}, ${targets.map((target) => target.name).join(" ")}`);
  using _watch = watchRejections();
  const random = new FuzzRandom(seed);
  const counts = new Map<string, number>();
  const failures = new Map<string, string>();
  const endMs = performance.now() + seconds * 1_000;
  while (performance.now() < endMs && targets.length > 0) {
    const target = random.pick(targets);
    for (let i = 0; i < INPUTS_PER_TURN && performance.now() < endMs; i++) {
      const bytes = mutate(random.pick(target.seeds), random, target.seeds);
      const failure = await runInput(target, bytes);
      counts.set(target.name, (counts.get(target.name) ?? 0) + 1);
      if (failure === undefined) continue;
      const [what = ""] = failure.split("\n");
      const known = `${target.name}: ${what.replace(/\d+/g, "n")}`;
      if (failures.has(known)) continue;
      failures.set(known, failure);
      console.log(`FAILED ${await saveCrash(target, bytes)}: ${failure}\n`);
    }
  }
  for (const [name, count] of counts) console.log(`${name}: ${count} inputs`);
  console.log(`fuzz: ${failures.size} failures, seed ${seed}`);
  if (failures.size > 0) Deno.exit(1);
}
