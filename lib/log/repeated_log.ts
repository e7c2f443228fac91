import { type Clock, systemClock } from "#clock";
import { LOG_LEVEL, type LogLevel } from "./levels.ts";
import type { Logger, LogMessage } from "./logger.ts";

/** How a `RepeatedLog` counts. */
export interface RepeatedLogOptions {
  /** Level of what is logged. @default {LOG_LEVEL.Warning} */
  readonly level?: LogLevel;
  /** How often each kind is reported at most, in ms. @default {1000} */
  readonly periodMs?: number;
  /** Ends the periods. @default {systemClock} */
  readonly clock?: Clock;
}

/** Kinds told apart at a time; what comes beyond is counted as one kind, so peers cannot fill memory. */
const MAX_KINDS = 64;

/**
 * Logs what may happen thousands of times a second: the first of a kind at once, the others once a period
 * as a count with the newest message.
 *
 * ```ts
 * import { Logger, MemorySink, RepeatedLog } from "#log";
 *
 * const sink = new MemorySink();
 * using refused = new RepeatedLog(new Logger({ sinks: [sink] }));
 * for (let port = 1; port <= 3; port++) refused.add("full", () => `Cannot accept 192.0.2.7:${port}`);
 * console.log(sink.lines()); // [ "WARNING Cannot accept 192.0.2.7:1" ], and a second later "... 2 more ..."
 * ```
 */
export class RepeatedLog implements Disposable {
  readonly #log: Logger;
  readonly #level: LogLevel;
  readonly #periodMs: number;
  readonly #clock: Clock;
  readonly #pending = new Map<string, { count: number; message: LogMessage }>();
  #timer: Disposable | undefined;

  constructor(log: Logger, options: RepeatedLogOptions = {}) {
    this.#log = log;
    this.#level = options.level ?? LOG_LEVEL.Warning;
    this.#periodMs = options.periodMs ?? 1000;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * Counts one event.
   *
   * @param kind What it has in common with the events it is counted with: a fixed word, not a peer's text.
   * @param message Its text; called only if it is the one that gets logged.
   */
  add(kind: string, message: LogMessage): void {
    if (!this.#log.isEnabled(this.#level)) return;
    const key = this.#pending.has(kind) || this.#pending.size < MAX_KINDS ? kind : "";
    const pending = this.#pending.get(key);
    if (pending === undefined) {
      this.#log.log(this.#level, message);
      this.#pending.set(key, { count: 0, message });
      this.#timer ??= this.#clock.after(this.#periodMs, () => this.#report());
    } else {
      pending.count++;
      pending.message = message;
    }
  }

  /** Reports what is counted and not yet reported, and stops the timer. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#report();
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#pending.clear();
  }

  #report(): void {
    this.#timer = undefined;
    for (const [kind, pending] of this.#pending) {
      if (pending.count === 0) {
        this.#pending.delete(kind);
        continue;
      }
      const { count, message } = pending;
      const newest = typeof message === "function" ? message() : message;
      this.#log.log(this.#level, `${newest} (${count} more like it in ${this.#periodMs / 1000} s)`);
      pending.count = 0;
    }
    if (this.#pending.size > 0) this.#timer = this.#clock.after(this.#periodMs, () => this.#report());
  }
}
