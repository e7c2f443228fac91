import type { Clock } from "#clock";

/** What one write to a subscriber costs, in microseconds of one core; measured on loopback, Linux. */
const WRITE_COST_US = 6;
/**
 * Hold by the share of a core that unmerged writes would take, in two steps: first audio waits for the next
 * video frame, which costs the picture nothing; where that is not enough, a frame waits for the next one.
 */
const HOLD_STEPS = [
  { fromShare: 0.005, toShare: 0.03, holdMs: 30 },
  { fromShare: 0.12, toShare: 0.20, holdMs: 30 },
];
/** Longest time the adaptive schedule holds a packet, in ms. */
export const MAX_ADAPTIVE_HOLD_MS = 60;
const WINDOW_MS = 250;
/**
 * How much longer audio that waits for its picture may be held: of 30 ms for pictures each 33 ms apart, audio that
 * came just after one would miss the next by 3 ms, and leave alone: an eighth of all writes to 100 players.
 */
const AUDIO_HOLD_RATIO = 4 / 3;

/** How long packets may be held so that one write carries several: ms, or as the load asks. */
export type MergeWrite = number | "adaptive";

/**
 * Decides how long a packet may wait for others before it is written to all subscribers.
 *
 * The load is what writes would cost if nothing were merged: packets times subscribers, over all streams of
 * the process. Latency is spent only when it buys processor time.
 */
export class MergeSchedule {
  readonly #clock: Clock;
  #windowStartMs: number;
  #wantedWrites = 0;
  #adaptiveHoldMs = 0;

  /** @param clock Time for the load. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#windowStartMs = clock.nowMs();
  }

  /** Counts one packet for `subscribers` subscribers. */
  wanted(subscribers: number, nowMs: number): void {
    this.#wantedWrites += subscribers;
    const elapsedMs = nowMs - this.#windowStartMs;
    if (elapsedMs < WINDOW_MS) return;
    const share = this.#wantedWrites * WRITE_COST_US / (elapsedMs * 1000);
    this.#windowStartMs = nowMs;
    this.#wantedWrites = 0;
    const target = holdFor(share);
    // half-way each time: one odd window does not change the rhythm of all streams
    this.#adaptiveHoldMs = (this.#adaptiveHoldMs + target) / 2;
    if (this.#adaptiveHoldMs < 1) this.#adaptiveHoldMs = 0;
  }

  /** Longest time a packet may be held now, in ms. */
  holdMs(merge: MergeWrite): number {
    return merge === "adaptive" ? this.#adaptiveHoldMs : merge;
  }

  /** Now, in ms of the schedule's clock. */
  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** Calls back after `delayMs`. */
  after(delayMs: number, callback: () => void): Disposable {
    return this.#clock.after(delayMs, callback);
  }
}

/** Hold in ms for a share of a core, along `HOLD_STEPS`. */
function holdFor(share: number): number {
  let holdMs = 0;
  for (const step of HOLD_STEPS) {
    const climbed = (share - step.fromShare) / (step.toShare - step.fromShare);
    holdMs += step.holdMs * Math.min(1, Math.max(0, climbed));
  }
  return holdMs;
}

/**
 * When to flush one log.
 *
 * Rounds are tied to the arrival of video: a held frame is flushed with the newest one, which then waits for
 * nothing. Where the next video packet would come too late for the frame that is held, the flush is now.
 * Audio rides along, at most one frame interval longer.
 */
export class FlushTimer {
  readonly #schedule: MergeSchedule;
  readonly #merge: MergeWrite;
  readonly #flush: () => void;
  /** Time of the oldest held anchor packet; of the oldest packet while there is none. */
  #heldSinceMs = -1;
  #hasAnchor = false;
  #isQueued = false;
  #timer: Disposable | undefined;
  #anchorAtMs = -1;
  #anchorIntervalMs = 0;

  /** @param options `merge` as configured; `flush` writes what is held. */
  constructor(schedule: MergeSchedule, options: { merge: MergeWrite; flush: () => void }) {
    this.#schedule = schedule;
    this.#merge = options.merge;
    this.#flush = options.flush;
  }

  /**
   * A packet was appended.
   *
   * @param isAnchor Whether it is of the track that sets the rhythm: video, or audio where there is no video.
   * @param subscribers How many will get it.
   */
  appended(isAnchor: boolean, subscribers: number): void {
    const schedule = this.#schedule;
    const nowMs = schedule.nowMs();
    schedule.wanted(subscribers, nowMs);
    if (isAnchor) this.#beat(nowMs);
    // audio that came before its picture does not shorten the picture's hold: it would cost every third round
    if (this.#heldSinceMs < 0 || (isAnchor && !this.#hasAnchor)) this.#heldSinceMs = nowMs;
    this.#hasAnchor ||= isAnchor;
    if (this.#isQueued) return;
    const holdMs = this.#boundMs();
    const nextAnchorMs = isAnchor
      ? nowMs + this.#anchorIntervalMs
      : this.#anchorAtMs + this.#anchorIntervalMs;
    if (holdMs <= 0 || nextAnchorMs - this.#heldSinceMs > holdMs) this.#flushThisTurn();
    else this.#timer ??= schedule.after(holdMs - (nowMs - this.#heldSinceMs), this.#due);
  }

  /** Stops; what is held stays held. */
  stop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  /** Longest time that what is held now may be. */
  #boundMs(): number {
    const holdMs = this.#schedule.holdMs(this.#merge);
    if (this.#hasAnchor || this.#merge !== "adaptive") return holdMs;
    return Math.min(MAX_ADAPTIVE_HOLD_MS, holdMs * AUDIO_HOLD_RATIO);
  }

  #beat(nowMs: number): void {
    if (this.#anchorAtMs >= 0) {
      const intervalMs = Math.min(1000, nowMs - this.#anchorAtMs);
      // several packets in one read are one beat
      const known = this.#anchorIntervalMs;
      if (intervalMs > 1) {
        this.#anchorIntervalMs = known === 0 ? intervalMs : known + (intervalMs - known) / 8;
      }
    }
    this.#anchorAtMs = nowMs;
  }

  /** After the packets that came in the same read. */
  #flushThisTurn(): void {
    this.#isQueued = true;
    queueMicrotask(this.#flushNow);
  }

  readonly #flushNow = (): void => {
    this.#isQueued = false;
    this.#hasAnchor = false;
    this.#heldSinceMs = -1;
    this.#flush();
  };

  readonly #due = (): void => {
    this.#timer = undefined;
    if (this.#heldSinceMs < 0 || this.#isQueued) return;
    const leftMs = this.#heldSinceMs + this.#boundMs() - this.#schedule.nowMs();
    // a flush since has moved the time; a timer that was stopped and started each time would cost more
    if (leftMs > 1) this.#timer = this.#schedule.after(leftMs, this.#due);
    else this.#flushNow();
  };
}
