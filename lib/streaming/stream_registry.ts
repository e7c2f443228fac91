import type { Clock } from "#clock";
import { MergeSchedule } from "./merge_schedule.ts";
import { SegmentPool } from "./segment.ts";
import { Stream } from "./stream.ts";
import type { StreamContext, StreamOptions, StreamPath } from "./stream.ts";

/** The key of a stream: `appName/streamName`. */
export function formatStreamPath(path: StreamPath): string {
  return `${path.appName}/${path.streamName}`;
}

/**
 * Finds live streams by application and name. A stream exists while it has a publisher or subscribers; its
 * state is freed with the last of them.
 */
export class StreamRegistry {
  readonly #clock: Clock;
  readonly #streams = new Map<string, Stream>();
  /** Free segments of all logs. */
  readonly pool: SegmentPool = new SegmentPool();
  readonly #schedule: MergeSchedule;

  /** Who waits for a publisher, by stream. */
  readonly #awaited = new Map<string, Set<() => void>>();
  readonly #changed: (stream: Stream, isLive: boolean) => void;

  /**
   * Told of a stream that somebody wants to watch and nobody publishes, so that it may be brought from elsewhere;
   * returns how long it may take to come, in ms, 0 if nobody brings it.
   */
  onWanted: (path: StreamPath) => number = () => 0;

  /**
   * @param clock Time for silence, lag and merging.
   * @param changed Told when the publisher of a stream has started or left.
   */
  constructor(clock: Clock, changed: (stream: Stream, isLive: boolean) => void = () => {}) {
    this.#clock = clock;
    this.#changed = changed;
    this.#schedule = new MergeSchedule(clock);
  }

  /** Number of streams. */
  get size(): number {
    return this.#streams.size;
  }

  /** Longest time the adaptive schedule holds a packet now, in ms. */
  get adaptiveHoldMs(): number {
    return this.#schedule.holdMs("adaptive");
  }

  /** The stream at `path`, or `undefined` while nobody publishes or waits for it. */
  find(path: StreamPath): Stream | undefined {
    return this.#streams.get(formatStreamPath(path));
  }

  /**
   * Waits for a publisher without making a stream.
   *
   * @param path Which stream.
   * @param waitMs How long; longer where the stream is brought on demand.
   * @param options `signal`: whoever waits has gone.
   * @returns Whether one is live.
   */
  async whenLive(path: StreamPath, waitMs: number, options: { signal?: AbortSignal } = {}): Promise<boolean> {
    if (this.find(path)?.publisher !== undefined) return true;
    const longestMs = Math.max(waitMs, this.onWanted(path));
    if (longestMs <= 0 || options.signal?.aborted) return false;
    const key = formatStreamPath(path);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const arrived = () => resolve(true);
    const waiting = this.#awaited.get(key) ?? new Set();
    this.#awaited.set(key, waiting.add(arrived));
    using _timer = this.#clock.after(longestMs, () => resolve(false));
    options.signal?.addEventListener("abort", () => resolve(false), { once: true });
    try {
      return await promise;
    } finally {
      waiting.delete(arrived);
      if (waiting.size === 0) this.#awaited.delete(key);
    }
  }

  /** Whether anybody watches the stream at `path`, or waits for it. */
  hasAudience(path: StreamPath): boolean {
    return (this.find(path)?.audienceCount ?? 0) > 0 || this.#awaited.has(formatStreamPath(path));
  }

  /** All streams, oldest first. */
  list(): Stream[] {
    return [...this.#streams.values()];
  }

  /**
   * The stream at `path`, made if need be. The caller publishes or subscribes to it in the same turn: a
   * stream with neither is freed when the next one leaves it.
   *
   * @param options Used where the stream is made.
   */
  open(path: StreamPath, options: StreamOptions): Stream {
    const key = formatStreamPath(path);
    const known = this.#streams.get(key);
    if (known !== undefined) return known;
    const context: StreamContext = {
      clock: this.#clock,
      pool: this.pool,
      schedule: this.#schedule,
      changed: (changed, isLive) => {
        this.#changed(changed, isLive);
        if (isLive) { for (const arrived of this.#awaited.get(key) ?? []) arrived(); }
      },
      wanted: (wanted) => void this.onWanted(wanted),
      emptied: (emptied) => {
        if (this.#streams.get(key) === emptied) this.#streams.delete(key);
        emptied.close();
      },
    };
    const stream = new Stream(path, { options, context });
    this.#streams.set(key, stream);
    return stream;
  }
}
