import { closestTime, type Timeline } from "../timeline.ts";
import type { CutUnit, TsAccessUnit, TsStream } from "./access_unit.ts";

/** Time between units where nothing tells it: 25 a second. */
const USUAL_DURATION_TICKS = 3600;
/** Differences of times above this are gaps. */
const MAX_DURATION_TICKS = 90_000;

/**
 * Gives the units of one stream their times: those of their PES packets, unwrapped; the ones in between follow
 * by the duration of the unit before, exact over any number of them.
 */
export class UnitClock {
  readonly #stream: TsStream;
  readonly #timeline: Timeline;
  #previous: number | undefined;
  /** Where the next unit is due, not rounded. */
  #due = 0;
  /** Time between units as it was seen. */
  #seenDuration = USUAL_DURATION_TICKS;

  constructor(stream: TsStream, timeline: Timeline) {
    this.#stream = stream;
    this.#timeline = timeline;
  }

  /** Returns the unit with its times. */
  time(unit: CutUnit): TsAccessUnit {
    const { packet, duration } = unit;
    const hasOwnTime = !unit.isFollower && packet.pts !== undefined;
    let dtsTicks: number;
    let ptsTicks: number;
    if (hasOwnTime) {
      dtsTicks = this.#timeline.unwrap(packet.dts ?? packet.pts!, this.#previous);
      ptsTicks = packet.dts === undefined ? dtsTicks : closestTime(packet.pts!, dtsTicks);
      this.#learn(dtsTicks);
      this.#due = dtsTicks;
    } else {
      // data without times belongs to the media it comes with
      const isOfMedia = this.#previous === undefined || this.#stream.kind === "data";
      if (isOfMedia) this.#due = this.#timeline.newest ?? this.#due;
      dtsTicks = ptsTicks = Math.round(this.#due);
    }
    this.#previous = dtsTicks;
    this.#due += duration ?? this.#seenDuration;
    return {
      stream: this.#stream,
      ptsTicks,
      dtsTicks,
      hasOwnTime,
      durationTicks: Math.round(duration ?? 0),
      isKeyFrame: unit.isKeyFrame,
      payload: unit.payload,
      ...(unit.nalUnits === undefined ? {} : { nalUnits: unit.nalUnits }),
      offset: packet.offset,
      isDamaged: unit.isDamaged,
      isDiscontinuity: packet.isDiscontinuity && !unit.isFollower,
    };
  }

  #learn(dtsTicks: number): void {
    const difference = dtsTicks - (this.#previous ?? dtsTicks);
    if (difference > 0 && difference <= MAX_DURATION_TICKS) this.#seenDuration = difference;
  }
}
