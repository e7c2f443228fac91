import type { Clock, RandomBytes } from "#clock";
import { ClosedError, errorMessage, ProtocolError } from "#errors";
import type { Logger } from "#log";
import { Backoff, STEADY_MS } from "./backoff.ts";

/** What a relay is doing. */
export type RelayState = "idle" | "connecting" | "standing" | "waiting";

/** One attempt, as seen by who makes it. */
export interface RelayAttempt {
  /** Aborted when the relay is stopped, or takes too long to stand. */
  readonly signal: AbortSignal;
  /** Publishing or playing was granted: there is no deadline any more. */
  stand(text: string): void;
  /** Whether it was. */
  readonly isStanding: boolean;
}

/** How an attempt ended that did not fail. */
export interface RelayEnd {
  /** For the log. */
  readonly reason: string;
  /** Whether the other side wants it to come again without a wait. @default {false} */
  readonly isAtOnce?: boolean;
}

/** What a `RelayLoop` is made of. */
export interface RelayLoopOptions {
  /** Time of attempts and waits. */
  readonly clock: Clock;
  /** Where the jitter of waits comes from. */
  readonly randomBytes: RandomBytes;
  /** Prefixed with what is relayed. */
  readonly log: Logger;
  /** Time from the start of an attempt until it stands, in ms. */
  readonly connectTimeoutMs: number;
  /** Whether another attempt follows one that ended. */
  readonly isKeptAlive: boolean;
  /** Whether there is still something to relay. */
  readonly isWanted: () => boolean;
  /** Makes one attempt; resolves when it has ended, rejects with why it failed. */
  readonly attempt: (attempt: RelayAttempt) => Promise<RelayEnd>;
}

/** Makes attempts, one after the other, with waits between them that grow while they fail. */
export class RelayLoop {
  readonly #options: RelayLoopOptions;
  readonly #backoff: Backoff;
  #state: RelayState = "idle";
  #abort: AbortController | undefined;
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #isAsked = false;
  #failure: string | undefined;
  #lastReason = "";
  #repeats = 0;

  constructor(options: RelayLoopOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.randomBytes);
  }

  /** What it is doing. */
  get state(): RelayState {
    return this.#state;
  }

  /** Why the last attempt failed; `undefined` where it did not, and before the first has ended. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Begins, if it is wanted; one that runs goes on. */
  start(): void {
    this.#isAsked = true;
    if (this.#running !== undefined || !this.#options.isWanted()) return;
    this.#isAsked = false;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      this.#state = "idle";
      // asked while the last attempt ended
      if (this.#isAsked) this.start();
    });
  }

  /** Resolves when nothing is under way; at once if nothing is. */
  get settled(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  /** Ends the attempt that is under way; resolves when nothing is. The loop ends if nothing is wanted any more. */
  async stop(reason: string): Promise<void> {
    this.#abort?.abort(new ClosedError(reason));
    this.#wake?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { isWanted, isKeptAlive } = this.#options;
    while (isWanted()) {
      this.#isAsked = false;
      const { stoodMs, isAtOnce } = await this.#attempt();
      if (!isWanted() || !isKeptAlive) return;
      if (isAtOnce && stoodMs >= STEADY_MS) continue;
      await this.#wait(this.#backoff.next(stoodMs));
    }
  }

  async #attempt(): Promise<{ stoodMs: number; isAtOnce: boolean }> {
    const { clock, connectTimeoutMs, isWanted } = this.#options;
    const abort = this.#abort = new AbortController();
    let standsSinceMs: number | undefined;
    this.#state = "connecting";
    using deadline = clock.after(connectTimeoutMs, () => {
      abort.abort(new ProtocolError(`Cannot connect: no answer in ${connectTimeoutMs} ms`));
    });
    const outcome = await this.#options.attempt({
      signal: abort.signal,
      stand: (text) => {
        deadline[Symbol.dispose]();
        standsSinceMs = clock.nowMs();
        this.#state = "standing";
        this.#options.log.info(text);
      },
      get isStanding() {
        return standsSinceMs !== undefined;
      },
    }).then(
      (end) => ({ isFailure: false, isAtOnce: false, ...end }),
      (error) => {
        const cause = abort.signal.aborted ? abort.signal.reason : error;
        return { isFailure: true, isAtOnce: false, reason: reasonOf(cause) };
      },
    );
    const stoodMs = standsSinceMs === undefined ? 0 : clock.nowMs() - standsSinceMs;
    this.#failure = outcome.isFailure ? outcome.reason : undefined;
    this.#tell(outcome, { stoodMs, isOver: !isWanted() });
    return { stoodMs, isAtOnce: outcome.isAtOnce };
  }

  /** One clear line; the same one again only the 2nd, 4th, 8th, ... time. */
  #tell(
    outcome: { isFailure: boolean; reason: string },
    { stoodMs, isOver }: { stoodMs: number; isOver: boolean },
  ): void {
    const { log } = this.#options;
    if (isOver || !outcome.isFailure) return log.info(`has ended: ${outcome.reason}`);
    const isAgain = outcome.reason === this.#lastReason && stoodMs < STEADY_MS;
    this.#repeats = isAgain ? this.#repeats + 1 : 1;
    this.#lastReason = outcome.reason;
    const text = `has failed${this.#repeats === 1 ? "" : `, ${this.#repeats} times`}: ${outcome.reason}`;
    if ((this.#repeats & (this.#repeats - 1)) === 0) log.warning(text);
    else log.debug(text);
  }

  async #wait(ms: number): Promise<void> {
    this.#state = "waiting";
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    using _timer = this.#options.clock.after(ms, resolve);
    await promise;
    this.#wake = undefined;
  }
}

/** What a call failed with, and why the connection under it ended. */
function reasonOf(error: unknown): string {
  const text = errorMessage(error);
  if (!(error instanceof ClosedError) || error.cause === undefined) return text;
  const cause = reasonOf(error.cause);
  return text.includes(cause) ? text : `${text}: ${cause}`;
}

/** What an attempt fails with whose connection has ended. */
export function lost(error: Error): Error {
  return error instanceof ClosedError
    ? new ClosedError(`Cannot go on, connection lost: ${errorMessage(error)}`)
    : error;
}
