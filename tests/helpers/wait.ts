/**
 * Waiting for the outside world, always with an end.
 *
 * @module
 */

/** How long to wait and what for. */
export interface WaitOptions {
  /** Named in the error: what did not happen. */
  readonly what: string;
  /** @default 10000 */
  readonly timeoutMs?: number;
  /** Pause between two looks, in ms. @default 20 */
  readonly pollMs?: number;
}

/**
 * Calls `look` until it returns something other than `undefined` or `false`, and returns that.
 *
 * @throws {Error} If the time is up.
 */
export async function waitFor<Found>(
  look: () => Found | undefined | false | Promise<Found | undefined | false>,
  options: WaitOptions,
): Promise<Found> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > endMs) throw new Error(`Waited ${timeoutMs} ms in vain for ${options.what}`);
    await delay(options.pollMs ?? 20);
  }
}

/**
 * Waits for `promise`, but no longer than `timeoutMs`.
 *
 * @throws {Error} If the time is up.
 */
export async function withDeadline<Value>(promise: Promise<Value>, options: WaitOptions): Promise<Value> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Waited ${timeoutMs} ms in vain for ${options.what}`)),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves after `ms` of real time. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Whether something listens on a TCP port of 127.0.0.1. */
export async function isListening(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}
