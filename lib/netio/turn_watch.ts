import type { Clock } from "#clock";

/** How often it is seen that the runtime goes its rounds, in ms, while bytes come in. */
const MARK_MS = 4;
/** Time without a round of the runtime, in ms, after which a connection lets the others go first. */
const OVERDUE_MS = 10;

/**
 * Sees to it that one peer cannot keep the process to itself.
 *
 * A read that finds bytes waiting settles at once, before the runtime looks at other sockets and timers. While
 * a peer sends faster than its bytes are handled, read follows on read, and nobody else gets a turn.
 */
export class TurnWatch implements Disposable {
  readonly #clock: Clock;
  /** When the mark was set that the next round takes away. */
  #markedMs: number | undefined;
  #mark: Disposable | undefined;

  /** @param clock Its timers fire in rounds of the runtime. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether other sockets and timers have waited too long; asked by who would go on reading. */
  isOverdue(): boolean {
    const nowMs = this.#clock.nowMs();
    if (this.#markedMs !== undefined) return nowMs - this.#markedMs >= OVERDUE_MS;
    this.#markedMs = nowMs;
    this.#mark = this.#clock.after(MARK_MS, () => this.#markedMs = undefined);
    return false;
  }

  /** Calls `read` after the others had their turn. */
  defer(read: () => void): void {
    this.#clock.after(0, read);
  }

  /** Stops its timer; it may be asked again. */
  [Symbol.dispose](): void {
    this.#mark?.[Symbol.dispose]();
    this.#markedMs = undefined;
  }
}
