import { LiveTimes } from "#bridges/ingest";
import type { Clock } from "#clock";
import type { Packet } from "#media";

/** How often it is looked for what is due, in ms. */
const TICK_MS = 20;
/** Packets later than this are no jitter: all that follow are as late, in ms. */
const LATE_MS = 500;
/** A lane that has this much waits no longer for the others to begin, in microseconds. */
const MAX_START_WAIT_US = 10_000_000;
/** A lane with this much ahead wants no more, in microseconds. */
const ENOUGH_US = 15_000_000;
/** The same in bytes. */
const ENOUGH_BYTES = 48 * 1024 * 1024;

/** What a `PacedPackets` is made of. */
export interface PacedPacketsOptions {
  readonly clock: Clock;
  /** Takes a packet when it is due. */
  readonly publish: (packet: Packet) => void;
  /** `publish` threw. */
  readonly failed: (error: Error) => void;
}

/** Packets of one playlist that wait for their time. */
export class PacedLane {
  /** @ignore */
  readonly waiting: Packet[] = [];
  readonly #times = new LiveTimes();
  readonly #owner: PacedPackets;
  #head = 0;
  #bytes = 0;
  #early: Packet[] | undefined = [];
  #wake: (() => void) | undefined;

  /** @ignore */
  constructor(owner: PacedPackets) {
    this.#owner = owner;
  }

  /** Takes packets in decoding order; they wait until each lane has some, since times of all begin with the first. */
  push(packets: readonly Packet[]): void {
    if (this.#early === undefined) return this.#place(packets);
    this.#early.push(...packets);
    this.#owner.begin();
  }

  /** @ignore What came before it began. */
  get early(): readonly Packet[] {
    return this.#early ?? [];
  }

  /** @ignore Counts times from `startUs`, in microseconds. */
  begin(startUs: number): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    this.#times.begin(startUs);
    this.#place(early);
  }

  #place(packets: readonly Packet[]): void {
    for (const packet of packets) {
      this.#bytes += packet.payload.length;
      this.waiting.push(this.#times.place(packet));
    }
  }

  /** The next one; `undefined` while there is none. */
  get next(): Packet | undefined {
    return this.waiting[this.#head];
  }

  /** Takes the next one away. */
  shift(): void {
    this.#bytes -= this.waiting[this.#head++]!.payload.length;
    // in steps: each shift of the array would move all of it
    if (this.#head >= 512 || this.#head === this.waiting.length) {
      this.waiting.splice(0, this.#head), this.#head = 0;
    }
    if (!this.#isFull) this.#wake?.();
  }

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.next === undefined;
  }

  /** Resolves when more is wanted, or `signal` aborts. */
  async room(signal: AbortSignal): Promise<void> {
    if (!this.#isFull || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    signal.addEventListener("abort", resolve as () => void, { once: true });
    await promise;
    signal.removeEventListener("abort", resolve as () => void);
    this.#wake = undefined;
  }

  get #isFull(): boolean {
    const first = this.next;
    if (first === undefined) return false;
    return this.waiting.at(-1)!.dtsUs - first.dtsUs > ENOUGH_US || this.#bytes > ENOUGH_BYTES;
  }
}

/**
 * Publishes what comes a segment at a time as it was meant: each packet at its time, lanes merged by decoding time.
 *
 * Where packets come too late, all that follows is as much later: nothing is hurried afterwards.
 */
export class PacedPackets implements Disposable {
  readonly #options: PacedPacketsOptions;
  readonly #lanes: PacedLane[] = [];
  readonly #timer: Disposable;
  #whenDrained: (() => void) | undefined;
  /** When a packet of time 0 was due, monotonic, in ms. */
  #originMs: number | undefined;

  constructor(options: PacedPacketsOptions) {
    this.#options = options;
    this.#timer = options.clock.every(TICK_MS, () => this.#tick());
  }

  /** A lane for one playlist. */
  lane(): PacedLane {
    const lane = new PacedLane(this);
    this.#lanes.push(lane);
    return lane;
  }

  /** Whether all has been published. */
  get isEmpty(): boolean {
    return this.#lanes.every(({ isEmpty }) => isEmpty);
  }

  /** Resolves when all has been published, since no more will come; never, where that is given up. */
  drained(): Promise<void> {
    this.#beginAll();
    return new Promise((resolve) => {
      if (this.isEmpty) resolve();
      else this.#whenDrained = resolve;
    });
  }

  /** @ignore Begins once each lane has a packet, or one of them has waited for long. */
  begin(): void {
    const isAwaited = ({ early }: PacedLane): boolean => early.length === 0;
    const hasWaited = ({ early }: PacedLane): boolean =>
      early.length > 0 && early.at(-1)!.dtsUs - early[0]!.dtsUs > MAX_START_WAIT_US;
    if (this.#lanes.some(isAwaited) && !this.#lanes.some(hasWaited)) return;
    this.#beginAll();
  }

  #beginAll(): void {
    const starts = this.#lanes.flatMap(({ early }) => early.slice(0, 1)).map(({ dtsUs }) => dtsUs);
    if (starts.length === 0) return;
    const startUs = Math.min(...starts);
    for (const lane of this.#lanes) lane.begin(startUs);
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  #tick(): void {
    const { clock, publish, failed } = this.#options;
    const nowMs = clock.nowMs();
    try {
      for (let lane = this.#earliest(); lane !== undefined; lane = this.#earliest()) {
        const packet = lane.next!;
        const lateMs = nowMs - ((this.#originMs ??= nowMs - packet.dtsUs / 1000) + packet.dtsUs / 1000);
        if (lateMs < 0) return;
        if (lateMs > LATE_MS) this.#originMs += lateMs;
        lane.shift();
        publish(packet);
      }
      this.#whenDrained?.();
    } catch (error) {
      this.#timer[Symbol.dispose]();
      failed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #earliest(): PacedLane | undefined {
    let earliest: PacedLane | undefined;
    for (const lane of this.#lanes) {
      if (lane.next !== undefined && (earliest === undefined || lane.next.dtsUs < earliest.next!.dtsUs)) {
        earliest = lane;
      }
    }
    return earliest;
  }
}
