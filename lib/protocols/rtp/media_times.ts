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

/** Where the times of the tracks of one sender begin: shared by its {@link MediaTimes}. */
export class SessionTimes {
  #startMs: number | undefined;
  #ntpStartMs: number | undefined;
  #announcedUs: number | undefined;

  /** Time since the first packet of any track, in microseconds. */
  arrivalUs(nowMs: number): number {
    this.#startMs ??= nowMs;
    return Math.round((nowMs - this.#startMs) * 1000);
  }

  /** Where the start lies that was announced for all tracks; the first one asked about lies at `atUs`. */
  announcedUs(atUs: number): number {
    return this.#announcedUs ??= atUs;
  }

  /** Where `ntpMs` of the sender's wall clock lies; the first one asked about lies at `atUs`. */
  wallUs(ntpMs: number, atUs: number): number {
    this.#ntpStartMs ??= ntpMs - atUs / 1000;
    return Math.round((ntpMs - this.#ntpStartMs) * 1000);
  }
}

/**
 * Times of one track in microseconds of its session. Before a sender report has come a track begins when its first
 * packet arrives, so that media is never withheld; afterwards the reports put the tracks in step.
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

  /** Unwraps a timestamp; the first one places the track. */
  unwrap(timestamp: number, nowMs: number): number {
    const ticks = this.#timestamps.advance(timestamp);
    if (!this.#isPlaced) this.#place(ticks, this.#firstUs(ticks, nowMs));
    return ticks;
  }

  /** The sender says that all tracks begin together, this one at `timestamp`; holds until the first packet. */
  announce(timestamp: number): void {
    this.#announced = timestamp;
  }

  /** Time of an unwrapped timestamp, in microseconds from the start of the session; may be negative. */
  timeUs(ticks: number): number {
    return this.#zeroUs + Math.round((ticks - this.#zeroTicks) * 1_000_000 / this.#clockRate);
  }

  /** Puts the track where a sender report says. */
  synchronize(report: RtcpSenderReport, nowMs: number): void {
    if (report.ntpMs <= 0) return;
    const ticks = this.#timestamps.near(report.rtpTimestamp);
    if (this.#timestamps.value === undefined) this.#timestamps.advance(report.rtpTimestamp);
    const presentUs = this.#isPlaced ? this.timeUs(ticks) : this.#session.arrivalUs(nowMs);
    const wantedUs = this.#session.wallUs(report.ntpMs, presentUs);
    const apartUs = Math.abs(wantedUs - presentUs);
    if (!this.#isPlaced || apartUs > TOLERANCE_US && apartUs < MAX_CORRECTION_US) {
      this.#place(ticks, wantedUs);
    }
    this.#isSynchronized = true;
  }

  /** The source changed: the next packet places the track anew. */
  restart(): void {
    this.#timestamps.reset();
    this.#announced = undefined;
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
