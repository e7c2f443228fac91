import { mp3FrameTicks } from "#codecs/mp3";
import { findSeekRow, type SeekIndex } from "#media";
import type { FrameWalk } from "../frame_walk.ts";
import { isCertainStart, type Mp3Head } from "../head.ts";
import { frameTicksAt, usOf } from "../timeline.ts";
import type { ConstantRate, FramePlace } from "./constant_rate.ts";
import { placeByTable, type TablePlace } from "./time_table.ts";

/** A time, and what is known of the file it is searched in. */
export interface FrameSearch {
  readonly targetTicks: number;
  readonly head: Mp3Head;
  /** Of a file of constant bit rate. */
  readonly rate: ConstantRate | undefined;
  readonly index: SeekIndex | undefined;
  /** Of the whole file, where it is known. */
  readonly durationTicks: number | undefined;
}

/**
 * Finds the frame that is heard at a time: the last one that begins at or before it.
 *
 * @param walk Used, and left anywhere.
 */
export async function findFrame(walk: FrameWalk, search: FrameSearch): Promise<FramePlace> {
  const { head } = search;
  const first = { offset: head.firstOffset, ticks: 0 };
  const start = await placeBefore(search, first);
  return await walkTo(walk, search, start) ?? await walkTo(walk, search, first) ?? first;
}

/** A frame at or before the time, as near as can be told: by index, rate, table. */
async function placeBefore(search: FrameSearch, first: FramePlace): Promise<TablePlace> {
  const { targetTicks, head, index, rate, durationTicks } = search;
  const row = index === undefined ? -1 : findSeekRow(index, usOf(targetTicks));
  if (index !== undefined && row >= 0) {
    return { offset: index.offsets[row]!, ticks: frameTicksAt(index.timesUs[row]!) };
  }
  const { frameTicks, vbr, vbrOffset } = head;
  if (rate !== undefined) {
    const place = await rate.frameAt(Math.min(Math.floor(targetTicks / frameTicks), rate.frames - 1));
    if (place !== undefined) return place;
  }
  if (vbr === undefined || durationTicks === undefined) return first;
  return placeByTable(vbr, { targetTicks, durationTicks, frameTicks, start: first, vbrOffset });
}

/** Goes frame by frame from `start`; `undefined` if there is none. */
async function walkTo(
  walk: FrameWalk,
  { targetTicks, head }: FrameSearch,
  start: TablePlace,
): Promise<FramePlace | undefined> {
  let place: FramePlace | undefined;
  let { ticks } = start;
  walk.goTo(start.offset, {
    isLost: start.isLost ?? false,
    isInSync: isCertainStart(head, start.offset),
  });
  while (await walk.advance()) {
    place = { offset: walk.frameOffset, ticks };
    ticks += mp3FrameTicks(walk.view, walk.cursor.frameStart);
    if (ticks > targetTicks) break;
  }
  return place;
}
