/**
 * Runs one input within budgets of time and memory.
 *
 * @module
 */

import { FuzzRandom, seedOf } from "./mutate.ts";
import { isBadInput } from "./target.ts";
import type { FuzzTarget } from "./target.ts";

/** Longest time for one input, in ms. */
export const INPUT_BUDGET_MS = 1_500;
/** Most memory that one input may leave behind, in bytes, before the collector ran. */
export const INPUT_BUDGET_BYTES = 192 * 1024 * 1024;

let rejection: unknown;

/** Notes promises that are rejected and that nobody handles; returns the undo. */
export function watchRejections(): Disposable {
  const note = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    rejection = event.reason;
  };
  globalThis.addEventListener("unhandledrejection", note);
  return { [Symbol.dispose]: () => globalThis.removeEventListener("unhandledrejection", note) };
}

/** Runs `bytes`; returns what is wrong with the parser, or `undefined` if it did well. */
export async function runInput(target: FuzzTarget, bytes: Uint8Array): Promise<string | undefined> {
  const first = await tryInput(target, bytes);
  // A budget may be missed because the machine was busy: then a second run is not.
  return first?.startsWith("budget") ? await tryInput(target, bytes) : first;
}

async function tryInput(target: FuzzTarget, bytes: Uint8Array): Promise<string | undefined> {
  rejection = undefined;
  const startMs = performance.now();
  const startBytes = usedBytes();
  try {
    await target.run(bytes, new FuzzRandom(seedOf(bytes)));
  } catch (error) {
    if (!isBadInput(error)) return error instanceof Error ? error.stack ?? error.message : String(error);
  }
  const tookMs = performance.now() - startMs;
  const tookBytes = usedBytes() - startBytes;
  if (rejection !== undefined) return `unhandled rejection: ${String(rejection)}`;
  if (tookMs > INPUT_BUDGET_MS) return `budget: ${bytes.length} bytes took ${Math.round(tookMs)} ms`;
  if (tookBytes > INPUT_BUDGET_BYTES) {
    return `budget: ${bytes.length} bytes took ${tookBytes} bytes of memory`;
  }
  return undefined;
}

function usedBytes(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
