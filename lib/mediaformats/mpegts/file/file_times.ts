import type { ByteSource } from "#bytes";
import { MAX_TS_TAIL_BYTES, TS_TIME_ROLLOVER_TICKS, TS_TIMESCALE } from "../limits.ts";
import type { TsReader } from "../reading/ts_reader.ts";
import type { TsAccessUnit } from "../units/access_unit.ts";
import { readBlock } from "./read_block.ts";

/** First and last times of one stream, in ticks. */
interface StreamTimes {
  startTicks: number;
  /** Where its last unit ends. */
  endTicks: number;
  lastDtsTicks: number;
  /** Time between units, as seen last. */
  stepTicks: number;
}

/** Follows the times of the streams with pictures or sound. */
export class TimeSpan {
  readonly #streams: (StreamTimes | undefined)[] = [];

  /** Earliest presentation of all streams, in ticks; `undefined` before the first unit. */
  get startTicks(): number | undefined {
    const starts = this.#streams.flatMap((times) => times?.startTicks ?? []);
    return starts.length === 0 ? undefined : Math.min(...starts);
  }

  /** Latest end of all streams, in ticks; `undefined` before the first unit. */
  get endTicks(): number | undefined {
    const ends = this.#streams.flatMap((times) => times?.endTicks ?? []);
    return ends.length === 0 ? undefined : Math.max(...ends);
  }

  /** Takes a unit into account. */
  take(unit: TsAccessUnit): void {
    const { stream, ptsTicks, dtsTicks, durationTicks } = unit;
    if (stream.kind === "data") return;
    const times = this.#streams[stream.index] ??= {
      startTicks: ptsTicks,
      endTicks: ptsTicks,
      lastDtsTicks: dtsTicks,
      stepTicks: 0,
    };
    if (dtsTicks > times.lastDtsTicks) times.stepTicks = dtsTicks - times.lastDtsTicks;
    times.lastDtsTicks = dtsTicks;
    times.startTicks = Math.min(times.startTicks, ptsTicks);
    times.endTicks = Math.max(times.endTicks, ptsTicks + (durationTicks || times.stepTicks));
  }

  /** Earliest presentation of one stream, in ticks. */
  startOf(index: number): number | undefined {
    return this.#streams[index]?.startTicks;
  }

  /** Where the last unit of one stream ends, in ticks. */
  endOf(index: number): number | undefined {
    return this.#streams[index]?.endTicks;
  }
}

const FIRST_TAIL_BYTES = 262_144;
/** Less than any stream of pictures or sound: with this, and the length of the file, impossible times are told. */
const MIN_PLAUSIBLE_BPS = 4000;

/**
 * Reads the end of a file for the last times in it.
 *
 * @param source Borrowed.
 * @param reader Knows the program; stands anywhere afterwards.
 * @param options `startTicks`: the earliest time of the file.
 * @returns `undefined` if there are none, or none that can be true: a file of several recordings has times that
 *   jump.
 */
export async function readTail(
  source: ByteSource,
  reader: TsReader,
  options: { startTicks: number },
): Promise<TimeSpan | undefined> {
  const size = source.sizeBytes;
  const block = new Uint8Array(FIRST_TAIL_BYTES);
  for (let bytes = FIRST_TAIL_BYTES;; bytes *= 4) {
    const tail = Math.min(bytes, size, MAX_TS_TAIL_BYTES);
    const span = await readSpan(source, reader, {
      block,
      from: size - tail,
      nearTicks: nearTicksOf(options),
    });
    const end = span.endTicks;
    if (end !== undefined) {
      const seconds = (end - options.startTicks) / TS_TIMESCALE;
      return seconds >= 0 && seconds * MIN_PLAUSIBLE_BPS <= size * 8 + MIN_PLAUSIBLE_BPS ? span : undefined;
    }
    if (tail === size || tail === MAX_TS_TAIL_BYTES) return undefined;
  }
}

/** A time such that all times up to 26.5 h after the start are closest to it. */
export function nearTicksOf({ startTicks }: { startTicks: number }): number {
  return startTicks + TS_TIME_ROLLOVER_TICKS / 2 - MAX_EARLY_TICKS;
}

/** Streams may begin this long before the one that was seen first. */
const MAX_EARLY_TICKS = 60 * TS_TIMESCALE;

async function readSpan(
  source: ByteSource,
  reader: TsReader,
  options: { block: Uint8Array; from: number; nearTicks: number },
): Promise<TimeSpan> {
  const span = new TimeSpan();
  reader.jump(options.from, { nearTicks: options.nearTicks });
  for (let at = options.from;;) {
    const bytes = await readBlock(source, { offset: at, block: options.block });
    at += bytes.length;
    for (const unit of bytes.length > 0 ? reader.push(bytes) : reader.flush()) span.take(unit);
    if (bytes.length === 0) return span;
  }
}
