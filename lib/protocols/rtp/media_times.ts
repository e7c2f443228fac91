import type { RtcpSenderReport } from "./rtcp.ts";
import { WrappingCounter } from "./wrapping_counter.ts";

/** Tracks that are apart by less than this stay as they are, in microseconds: clocks of senders are no better. */
const TOLERANCE_US = 10_000;
/** A start that is announced, and lies further from the first packet than this, is not believed, in microseconds. */
const MAX_START_ERROR_US = 10_000_000;
/** Tracks that begin together do so within this, in microseconds. */
const MAX_START_APART_US = 2_000_000;
/** A sender report further off than this is not believed, in microseconds. */
const MAX_CORRECTION_US = 60_000_000;

/** Timestamps that go back by more than pictures are reordered are of another time line, in microseconds. */
export const MAX_RTP_STEP_BACK_US = 2_000_000;
/** So are those that go ahead by more than this beyond all tracks and the time that has passed, in microseconds. */
export const MAX_RTP_STEP_AHEAD_US = 10_000_000;
/** Least time between the last packet of one time line and the first of the next, in microseconds. */
const NEXT_LINE_GAP_US = 40_000;
/** A sender whose reports move a track by more than this after the first has set its wall clock, in microseconds. */
const MAX_DRIFT_US = 1_000_000;

/** Where the times of the tracks of one sender begin: shared by its {@link MediaTimes}. */
export class SessionTimes {
  #startMs: number | undefined;
  #ntpStartMs: number | undefined;
  #announcedUs: number | undefined;
  #newestUs = -Infinity;

  /** The newest time of any track, in microseconds; `-Infinity` before the first. */
  get newestUs(): number {
    return this.#newestUs;
  }

  /** A track has come to `timeUs`. */
  reach(timeUs: number): void {
    if (timeUs > this.#newestUs) this.#newestUs = timeUs;
  }

  /** Time since the first packet of any track, in microseconds. */
  arrivalUs(nowMs: number): number {
    this.#startMs ??= nowMs;
    return Math.round((nowMs - this.#startMs) * 1000);
  }

  /** Where the start lies that was announced for all tracks; the first one asked about lies at `atUs`. */
  announcedUs(atUs: number): number {
    return this.#announcedUs ??= atUs;
  }

  /** The sender has set its wall clock: what it shows now lies at `atUs`. */
  setWall(ntpMs: number, atUs: number): void {
    this.#ntpStartMs = ntpMs - atUs / 1000;
  }

  /** Where `ntpMs` of the sender's wall clock lies; the first one asked about lies at `atUs`. */
  wallUs(ntpMs: number, atUs: number): number {
    this.#ntpStartMs ??= ntpMs - atUs / 1000;
    return Math.round((ntpMs - this.#ntpStartMs) * 1000);
  }
}

/** A stretch of timestamps, and where it lies. */
interface TimeLine {
  readonly zeroTicks: number;
  readonly zeroUs: number;
  /** Last timestamp on it. */
  readonly lastTicks: number;
}

/**
 * Times of one track in microseconds of its session. Before a sender report has come a track begins when its first
 * packet arrives, so that media is never withheld; afterwards the reports put the tracks in step.
 *
 * Timestamps that jump, and a wall clock that is set, do not: the track goes on behind what came before.
 */
export class MediaTimes {
  readonly #session: SessionTimes;
  readonly #clockRate: number;
  readonly #timestamps = new WrappingCounter(32);
  /** Ticks to subtract, and where that lies. */
  #zeroTicks = 0;
  #zeroUs = 0;
  #isPlaced = false;
  #isSynchronized = false;
  /** Arrival of the newest packet, or of a report before the first, in ms. */
  #lastMs = 0;
  /** The time line before a jump, as long as units of it may be under way. */
  #before: TimeLine | undefined;
  /** Timestamp of the start that was announced for all tracks. */
  #announced: number | undefined;

  /** @param clockRate Of the payload, in Hz. */
  constructor(session: SessionTimes, clockRate: number) {
    this.#session = session;
    this.#clockRate = clockRate;
  }

  /** Whether a sender report has told how this track lies to others. */
  get isSynchronized(): boolean {
    return this.#isSynchronized;
  }

  /** Unwraps a timestamp; the first one places the track, and so does one that jumps. */
  unwrap(timestamp: number, nowMs: number): number {
    const last = this.#timestamps.value;
    const ticks = this.#timestamps.advance(timestamp);
    if (!this.#isPlaced) this.#place(ticks, this.#firstUs(ticks, nowMs));
    else if (last !== undefined) this.#lookForJump(ticks, { last, passedUs: (nowMs - this.#lastMs) * 1000 });
    this.#lastMs = nowMs;
    this.#session.reach(this.timeUs(ticks));
    return ticks;
  }

  #lookForJump(ticks: number, { last, passedUs }: { last: number; passedUs: number }): void {
    const lastUs = this.timeUs(last);
    const stepUs = (ticks - last) * 1_000_000 / this.#clockRate;
    // pictures may be rare where media comes faster than it plays: other tracks tell how far the sender is
    const newestUs = Math.max(lastUs + passedUs, this.#session.newestUs);
    if (stepUs < -MAX_RTP_STEP_BACK_US || lastUs + stepUs > newestUs + MAX_RTP_STEP_AHEAD_US) {
      this.#before = { zeroTicks: this.#zeroTicks, zeroUs: this.#zeroUs, lastTicks: last };
      this.#place(ticks, Math.round(lastUs + Math.max(passedUs, NEXT_LINE_GAP_US)));
    } else if (this.#before !== undefined && ticks - this.#zeroTicks > this.#clockRate) {
      this.#before = undefined;
    }
  }

  /** The sender says that all tracks begin together, this one at `timestamp`; holds until the first packet. */
  announce(timestamp: number): void {
    this.#announced = timestamp;
  }

  /** Time of an unwrapped timestamp, in microseconds from the start of the session; may be negative. */
  timeUs(ticks: number): number {
    const before = this.#before;
    if (before !== undefined && Math.abs(ticks - before.lastTicks) < Math.abs(ticks - this.#zeroTicks)) {
      return before.zeroUs + Math.round((ticks - before.zeroTicks) * 1_000_000 / this.#clockRate);
    }
    return this.#zeroUs + Math.round((ticks - this.#zeroTicks) * 1_000_000 / this.#clockRate);
  }

  /** Puts the track where a sender report says. */
  synchronize(report: RtcpSenderReport, nowMs: number): void {
    if (report.ntpMs <= 0) return;
    const ticks = this.#timestamps.near(report.rtpTimestamp);
    if (this.#timestamps.value === undefined) {
      this.#timestamps.advance(report.rtpTimestamp);
      this.#lastMs = nowMs;
    }
    const presentUs = this.#isPlaced ? this.timeUs(ticks) : this.#session.arrivalUs(nowMs);
    const wantedUs = this.#session.wallUs(report.ntpMs, presentUs);
    const apartUs = Math.abs(wantedUs - presentUs);
    if (this.#isSynchronized && apartUs > MAX_DRIFT_US) {
      this.#session.setWall(report.ntpMs, presentUs);
      return;
    }
    const isBelieved = apartUs < MAX_CORRECTION_US;
    if (!this.#isPlaced || apartUs > TOLERANCE_US && isBelieved) {
      this.#place(ticks, isBelieved ? wantedUs : presentUs);
    }
    this.#isSynchronized = true;
  }

  /** The source changed: the next packet places the track anew. */
  restart(): void {
    this.#timestamps.reset();
    this.#announced = this.#before = undefined;
    this.#isPlaced = this.#isSynchronized = false;
  }

  /** Where the first packet lies: when it came, or where the announced start puts it. */
  #firstUs(ticks: number, nowMs: number): number {
    const arrivalUs = this.#session.arrivalUs(nowMs);
    if (this.#announced === undefined) return arrivalUs;
    const sinceUs = (ticks - this.#timestamps.near(this.#announced)) * 1_000_000 / this.#clockRate;
    if (Math.abs(sinceUs) > MAX_START_ERROR_US) return arrivalUs;
    const atUs = Math.round(this.#session.announcedUs(arrivalUs - sinceUs) + sinceUs);
    return Math.abs(atUs - arrivalUs) > MAX_START_APART_US ? arrivalUs : atUs;
  }

  #place(ticks: number, atUs: number): void {
    this.#zeroTicks = ticks;
    this.#zeroUs = atUs;
    this.#isPlaced = true;
  }
}
