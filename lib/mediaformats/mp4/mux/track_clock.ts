import { FormatError } from "#errors";
import type { MediaPacket, MuxTrack, Packet } from "#media";
import { type FrameSamples, frameSamplesOf } from "./frame_samples.ts";
import type { Sample } from "../write/sample.ts";
import type { SampleEntry } from "../entries/sample_entry.ts";

/** Ticks of a second where nothing says better: whole milliseconds and MPEG-TS times are exact. */
const DEFAULT_TIMESCALE = 90_000;
/** Above it 32-bit durations end after minutes: nanoseconds are written as microseconds. */
const MAX_TIMESCALE = 10_000_000;
const MICROSECONDS = 1_000_000;
/** An audio packet this near to the end of the one before follows on it: RTMP rounds to 1 ms. */
const GRID_TOLERANCE_US = 1_000;
/** Decoding times that go back further are another stream, or a broken one. */
const MAX_BACK_US = 10_000_000;
const MAX_I32 = 0x7fff_ffff;

/**
 * Gives the packets of one track their times.
 *
 * Packets of a track with a timescale keep their ticks. Others are rounded to the nearest tick, each by itself, so
 * that no error adds up; audio within 1 ms of where the packet before it ends begins there, so that whole
 * milliseconds become whole frames again. Decoding times that go back, up to 10 s, are held at the one before.
 */
export class TrackClock {
  /** Ticks per second. */
  readonly timescale: number;
  readonly #track: MuxTrack;
  readonly #isExact: boolean;
  readonly #samplesOf: FrameSamples;
  readonly #sampleRate: number;
  readonly #timeOffsetUs: number;
  readonly #timeOffsetTicks: number;
  #lastDtsTicks = -Infinity;
  #gridTicks: number | undefined;

  /**
   * @param entry What is known of the track.
   * @param options `timeOffsetUs`: added to all times, in microseconds.
   */
  constructor(entry: SampleEntry, { timeOffsetUs = 0 }: { readonly timeOffsetUs?: number } = {}) {
    const { track, sampleRate } = entry;
    this.#track = track;
    const own = track.timescale ?? 0;
    this.#isExact = Number.isInteger(own) && own > 0 && own <= MAX_TIMESCALE;
    this.#sampleRate = track.kind === "audio" ? sampleRate : 0;
    this.timescale = this.#isExact
      ? own
      : own > MAX_TIMESCALE
      ? MICROSECONDS
      : this.#sampleRate || DEFAULT_TIMESCALE;
    this.#samplesOf = frameSamplesOf(track.codec, entry.codecConfig);
    this.#timeOffsetUs = timeOffsetUs;
    this.#timeOffsetTicks = this.ticksOf(timeOffsetUs);
  }

  /**
   * Takes the next packet of the track, in decode order.
   *
   * @throws {FormatError} If its times cannot be written.
   */
  sampleOf(packet: Packet | MediaPacket): Sample {
    const frameTicks = this.#frameTicks(packet);
    const exact = this.#isExact && "dtsTicks" in packet ? packet : undefined;
    const ticks = exact !== undefined
      ? exact.dtsTicks + this.#timeOffsetTicks
      : this.#gridded(packet.dtsUs + this.#timeOffsetUs);
    const ptsTicks = exact !== undefined
      ? exact.ptsTicks + this.#timeOffsetTicks
      : packet.ptsUs === packet.dtsUs
      ? ticks
      : this.ticksOf(packet.ptsUs + this.#timeOffsetUs);
    const dtsTicks = Math.max(ticks, this.#lastDtsTicks);
    this.#check(dtsTicks - ticks, ptsTicks - dtsTicks);
    this.#lastDtsTicks = dtsTicks;
    this.#gridTicks = frameTicks > 0 && !this.#isExact ? dtsTicks + frameTicks : undefined;
    const { isKeyFrame, payload } = packet;
    return { dtsTicks, ptsTicks, durationTicks: exact?.durationTicks || frameTicks, isKeyFrame, payload };
  }

  /** The nearest tick to a time in microseconds. */
  ticksOf(timeUs: number): number {
    return Math.round(timeUs * this.timescale / MICROSECONDS);
  }

  #check(backTicks: number, compositionOffsetTicks: number): void {
    const { kind, trackId } = this.#track;
    if (backTicks > this.ticksOf(MAX_BACK_US)) {
      throw new FormatError(
        `Cannot write ${kind} track ${trackId}: decoding time goes back by ${backTicks} ticks of 1/${this.timescale} s`,
      );
    }
    if (Math.abs(compositionOffsetTicks) > MAX_I32) {
      throw new FormatError(
        `Cannot write ${kind} track ${trackId}: shown ${compositionOffsetTicks} ticks after it is decoded, at most ${MAX_I32}`,
      );
    }
  }

  #frameTicks(packet: Packet): number {
    if (this.#sampleRate === 0) return 0;
    return Math.round(this.#samplesOf(packet.payload) * this.timescale / this.#sampleRate);
  }

  #gridded(dtsUs: number): number {
    const grid = this.#gridTicks;
    if (grid !== undefined) {
      const asideUs = Math.abs(grid * MICROSECONDS / this.timescale - dtsUs);
      if (asideUs < GRID_TOLERANCE_US) return grid;
    }
    return this.ticksOf(dtsUs);
  }
}
