import { systemClock } from "#clock";

/** Exit status of a program that a signal ended: 128 and the signal's number. */
const STATUS: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143, SIGBREAK: 149 };

/** A signal that asks the server to stop. */
export type StopSignal = "SIGINT" | "SIGTERM" | "SIGBREAK";

/** Windows has no SIGTERM, others have no SIGBREAK. */
const SIGNALS: readonly StopSignal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/**
 * A signal this soon after the first, in ms, is the same one come by two ways: Ctrl-C reaches `deno task` and
 * its program alike, and the first may pass it on.
 */
const ECHO_MS = 100;

/** Waits for SIGINT and SIGTERM, also while the server still starts; the second ends the process at once. */
export class StopSignals implements Disposable {
  /** Resolves to the first signal that comes. */
  readonly first: Promise<StopSignal>;
  readonly #listeners: [StopSignal, () => void][] = [];
  #firstMs: number | undefined;

  constructor() {
    const first = Promise.withResolvers<StopSignal>();
    this.first = first.promise;
    for (const signal of SIGNALS) {
      const listener = (): void => {
        const nowMs = systemClock.nowMs();
        this.#firstMs ??= nowMs;
        if (nowMs - this.#firstMs > ECHO_MS) Deno.exit(STATUS[signal]);
        first.resolve(signal);
      };
      Deno.addSignalListener(signal, listener);
      this.#listeners.push([signal, listener]);
    }
  }

  /** Stops listening. */
  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#listeners.splice(0)) Deno.removeSignalListener(signal, listener);
  }
}
