import type { FramePlace } from "./constant_rate.ts";
import type { VbrHeader } from "../vbr_header.ts";

/** A place that may be in the midst of a frame. */
export interface TablePlace extends FramePlace {
  /** Whether it may be; absent for no. */
  readonly isLost?: boolean;
}

/** What a place in the table is looked up for. */
interface TableSearch {
  readonly targetTicks: number;
  readonly durationTicks: number;
  readonly frameTicks: number;
  /** The first frame. */
  readonly start: FramePlace;
  /** Offset of the frame with the header: places count from there. */
  readonly vbrOffset: number;
}

/**
 * Where about a time lies, by the table of a VBR header. Its entries are places at equal distances in time, rounded
 * by the encoder, so times from here on are off by up to a percent of the file.
 *
 * @returns A place, `isLost` where it may be in the midst of a frame, with the time of a frame at or before the
 *   target.
 */
export function placeByTable(vbr: VbrHeader, search: TableSearch): TablePlace {
  const { targetTicks, durationTicks, frameTicks, start, vbrOffset } = search;
  const { places } = vbr;
  const entryTicks = durationTicks / Math.max(1, places.length);
  const entry = Math.min(Math.floor(targetTicks / entryTicks), places.length - 1);
  const offset = entry <= 0 ? 0 : vbrOffset + places[entry]!;
  if (offset <= start.offset) return start;
  const ticks = Math.floor(entry * entryTicks / frameTicks) * frameTicks;
  return { offset, ticks, isLost: true };
}
