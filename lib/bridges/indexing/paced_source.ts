import type { ByteSource } from "#bytes";
import type { Clock } from "#clock";

/** How much of the time somebody who reads a whole file may take. */
export interface PacedSourceOptions {
  /** Measures the work and waits. */
  readonly clock: Clock;
  /** Part of the time that reading and what is done between reads may take: above 0, up to 1. */
  readonly share: () => number;
  /** Ends a wait, and the read with it, with the signal's reason. */
  readonly signal: AbortSignal;
}

/** Shorter waits are saved up, in ms: a timer costs more than they are worth. */
const MIN_WAIT_MS = 2;
/** The longest wait for one read, in ms: a reader that was held up for long need not pay for it. */
const MAX_WAIT_MS = 1000;

/** A source that makes whoever reads it wait, so that a scan of a file leaves the machine to the players. */
export class PacedSource implements ByteSource {
  readonly #source: ByteSource;
  readonly #options: PacedSourceOptions;
  #sinceMs: number;
  #owedMs = 0;

  /** @param source Closed by `close`. */
  constructor(source: ByteSource, options: PacedSourceOptions) {
    this.#source = source;
    this.#options = options;
    this.#sinceMs = options.clock.nowMs();
  }

  /** Bytes known to be there. */
  get sizeBytes(): number {
    return this.#source.sizeBytes;
  }

  /** Waits until the reads before are paid for, then fills `into`. */
  async readAt(offset: number, into: Uint8Array): Promise<number> {
    const { clock, share, signal } = this.#options;
    this.#owedMs += (clock.nowMs() - this.#sinceMs) * (1 / share() - 1);
    if (this.#owedMs >= MIN_WAIT_MS) {
      await this.#wait(Math.min(this.#owedMs, MAX_WAIT_MS));
      this.#owedMs = 0;
    }
    signal.throwIfAborted();
    this.#sinceMs = clock.nowMs();
    return await this.#source.readAt(offset, into);
  }

  /** Closes the source behind it. */
  close(): void {
    this.#source.close();
  }

  async #wait(delayMs: number): Promise<void> {
    const { clock, signal } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    using _timer = clock.after(delayMs, resolve);
    const wake = () => resolve();
    signal.addEventListener("abort", wake);
    await promise;
    signal.removeEventListener("abort", wake);
  }
}
