import type { Clock } from "#clock";
import { ClosedError, errorMessage } from "#errors";

/** How long a worker whose connection ended waits until the next one, in ms. */
export const RESPAWN_MS = 1_000;
/** A worker without media for this long is silent, in ms. */
export const SILENT_MS = 1_000;

/** Most times until media that are kept. */
const MAX_STARTS = 100_000;

/** Where a worker tells what comes. */
export interface Tally {
  /** Some bytes of media came, or went. HOT. */
  media(bytes: number): void;
}

/** One connection of a load: a player or a publisher. */
export interface StressWorker {
  /**
   * Connects and stays until the other side ends it.
   *
   * @throws Whatever ended it that is no end of the stream; an aborted signal's reason.
   */
  run(tally: Tally, signal: AbortSignal): Promise<void>;
}

/** What a load is made of. */
export interface StressLoadOptions {
  /** Connections to hold. */
  readonly count: number;
  /** How many are begun each second. */
  readonly perSecond: number;
  /** Makes the worker of number `index`, from 0. */
  readonly open: (index: number) => StressWorker;
  /** Time of its waits and figures. */
  readonly clock: Clock;
}

/** What a load is, and has done; gaps are of the time since the last report. */
export interface StressReport {
  /** Begun, and without media yet. */
  readonly connecting: number;
  /** With media. */
  readonly active: number;
  /** Of these without media for `SILENT_MS`. */
  readonly silent: number;
  /** Connections that failed, all told. */
  readonly failures: number;
  /** Why the last one did. */
  readonly lastFailure: string | undefined;
  /** Connections whose stream ended, all told. */
  readonly ends: number;
  /** Bytes of media, all told. */
  readonly bytes: number;
  /** Time from connecting to media in ms: of half of all connections at most `p50`, of 99 of 100 at most `p99`. */
  readonly startMs: { readonly p50: number; readonly p99: number };
  /** Longest time that one of them was without media, in ms. */
  readonly longestGapMs: number;
}

/** One place of a load: connection after connection. */
interface Seat {
  sinceMs: number;
  lastMediaMs: number | undefined;
}

/** Many connections to a server, begun one after another, and again where they end. */
export class StressLoad {
  readonly #options: StressLoadOptions;
  readonly #stop = new AbortController();
  readonly #seats = new Set<Seat>();
  readonly #startsMs: number[] = [];
  readonly #runs: Promise<void>[] = [];
  #timer: Disposable | undefined;
  #begun = 0;
  #failures = 0;
  #lastFailure: string | undefined;
  #ends = 0;
  #bytes = 0;
  #longestGapMs = 0;

  constructor(options: StressLoadOptions) {
    this.#options = options;
  }

  /** Begins the first connection, and the others in time. */
  start(): void {
    const { clock, count, perSecond } = this.#options;
    const startedMs = clock.nowMs();
    const beginDue = () => {
      const due = Math.min(count, 1 + Math.floor((clock.nowMs() - startedMs) * perSecond / 1000));
      while (this.#begun < due) this.#runs.push(this.#occupy(this.#begun++));
      if (this.#begun === count) this.#timer?.[Symbol.dispose]();
    };
    this.#timer = clock.every(Math.max(10, 1000 / perSecond), beginDue);
    beginDue();
  }

  /** Ends all connections. */
  async stop(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#stop.abort(new ClosedError("Stopped"));
    await Promise.all(this.#runs);
  }

  /** What it does now. */
  report(): StressReport {
    const nowMs = this.#options.clock.nowMs();
    const active = [...this.#seats].filter(({ lastMediaMs }) => lastMediaMs !== undefined);
    const quietMs = active.map(({ lastMediaMs = nowMs }) => nowMs - lastMediaMs);
    const longestGapMs = quietMs.reduce((a, b) => Math.max(a, b), this.#longestGapMs);
    this.#longestGapMs = 0;
    return {
      connecting: this.#seats.size - active.length,
      active: active.length,
      silent: quietMs.filter((ms) => ms >= SILENT_MS).length,
      failures: this.#failures,
      lastFailure: this.#lastFailure,
      ends: this.#ends,
      bytes: this.#bytes,
      startMs: percentiles(this.#startsMs),
      longestGapMs: Math.round(longestGapMs),
    };
  }

  async #occupy(index: number): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#connect(index);
      if (!signal.aborted) await this.#wait(RESPAWN_MS);
    }
  }

  async #connect(index: number): Promise<void> {
    const { clock, open } = this.#options;
    const seat: Seat = { sinceMs: clock.nowMs(), lastMediaMs: undefined };
    this.#seats.add(seat);
    try {
      await open(index).run({ media: (bytes) => this.#media(seat, bytes) }, this.#stop.signal);
      this.#ends++;
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#failures++;
      this.#lastFailure = errorMessage(error);
    } finally {
      this.#seats.delete(seat);
    }
  }

  #media(seat: Seat, bytes: number): void {
    const nowMs = this.#options.clock.nowMs();
    if (seat.lastMediaMs === undefined) this.#noteStart(nowMs - seat.sinceMs);
    else if (nowMs - seat.lastMediaMs > this.#longestGapMs) this.#longestGapMs = nowMs - seat.lastMediaMs;
    seat.lastMediaMs = nowMs;
    this.#bytes += bytes;
  }

  /** The newest of them are enough where connections come and go for days. */
  #noteStart(ms: number): void {
    if (this.#startsMs.push(ms) > MAX_STARTS) this.#startsMs.splice(0, MAX_STARTS / 2);
  }

  #wait(ms: number): Promise<void> {
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      const over = () => {
        timer[Symbol.dispose]();
        signal.removeEventListener("abort", over);
        resolve();
      };
      const timer = this.#options.clock.after(ms, over);
      signal.addEventListener("abort", over);
    });
  }
}

function percentiles(values: readonly number[]): { p50: number; p99: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0);
  return { p50: at(0.5), p99: at(0.99) };
}
