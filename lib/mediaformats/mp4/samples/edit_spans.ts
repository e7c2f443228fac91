import type { TrackKind } from "#media";
import type { SampleTable, TimingCursor } from "./sample_table.ts";
import { syncIndexBefore } from "./sync_table.ts";

/** One entry of an edit list: ISO/IEC 14496-12, section 8.6.6. */
export interface Edit {
  /** In ticks of the movie; 0 is "to the end". */
  readonly durationTicks: number;
  /** In ticks of the track; -1 for an empty edit. */
  readonly mediaTicks: number;
}

/** A run of samples that an edit plays, with those before and after it that decoders need. */
export interface EditSpan {
  /** Samples from `first` to before `end`. */
  readonly first: number;
  readonly end: number;
  /** Added to the times of the table, in ticks. */
  readonly shiftTicks: number;
  /** Presentation times of the table that are shown, from `shownFrom` to before `shownTo`, in ticks. */
  readonly shownFrom: number;
  readonly shownTo: number;
  /** The sample that ends after `shownFrom` is shown in part, although it begins before: audio. */
  readonly hasPartialStart: boolean;
}

/** An edit list and what it is told against. */
export interface EditList {
  readonly edits: readonly Edit[];
  readonly kind: TrackKind;
  /** Ticks per second of the track. */
  readonly timescale: number;
  /** Ticks per second of the movie. */
  readonly movieTimescale: number;
}

/** What an edit list makes of a track. */
export interface EditedSpans {
  readonly spans: readonly EditSpan[];
  /** Of all edits, empty ones too, in ticks of the track. */
  readonly durationTicks: number;
}

/** All samples as the table has them. */
export function wholeSpan(table: SampleTable): EditSpan {
  return {
    first: 0,
    end: table.count,
    shiftTicks: 0,
    shownFrom: -Infinity,
    shownTo: Infinity,
    hasPartialStart: false,
  };
}

/**
 * Lays an edit list over a track.
 *
 * An edit begins at the sync sample at or before its first one (audio: up to 1 s before), and goes on to the sync
 * sample after its last one, so that all it shows can be decoded; what it does not show is left to be marked.
 * Times of an edit follow on those of the one before. Where the first picture then would not be at 0, or at the
 * end of the empty edits, all are moved there.
 */
export function layEdits(table: SampleTable, list: EditList): EditedSpans {
  const { kind, timescale, movieTimescale } = list;
  const cursor = table.timing();
  const spans: EditSpan[] = [];
  let clock = -table.dtsShift;
  let emptyTicks = 0, totalTicks = 0;
  for (const edit of list.edits) {
    const duration = edit.durationTicks === 0
      ? Infinity
      : Math.round(edit.durationTicks * timescale / movieTimescale);
    const start = clock;
    if (duration < Infinity) clock += duration;
    totalTicks += duration;
    if (edit.mediaTicks === -1 && spans.length === 0) {
      if (duration < Infinity) emptyTicks += duration;
      continue;
    }
    const isFirstAudio = kind === "audio" && spans.length === 0;
    spans.push(spanOf(table, cursor, {
      isAudio: kind === "audio",
      hasPartialStart: isFirstAudio,
      prerollTicks: kind === "audio" ? timescale : 0,
      clock: start,
      from: edit.mediaTicks,
      to: edit.mediaTicks + duration,
    }));
  }
  const late = Math.max(0, earliestShown(table, spans) - emptyTicks);
  return {
    spans: late === 0 || late === Infinity
      ? spans
      : spans.map((span) => ({ ...span, shiftTicks: span.shiftTicks - late })),
    durationTicks: totalTicks,
  };
}

interface SpanRequest {
  readonly isAudio: boolean;
  readonly hasPartialStart: boolean;
  readonly prerollTicks: number;
  /** Decoding time of the first sample shown, in ticks after all edits before. */
  readonly clock: number;
  readonly from: number;
  readonly to: number;
}

function spanOf(table: SampleTable, cursor: TimingCursor, request: SpanRequest): EditSpan {
  const { from, to, clock, hasPartialStart } = request;
  const first = findStart(
    table,
    cursor,
    Math.max(from - request.prerollTicks, request.isAudio ? -table.dtsShift : from),
  );
  cursor.goTo(first);
  let shiftTicks: number | undefined;
  for (; cursor.sample < table.count && shiftTicks === undefined; cursor.next()) {
    const { cts, dts } = cursor;
    if (cts >= from && cts < to) shiftTicks = clock - dts;
    else if (hasPartialStart && cts < from && cts + cursor.duration > from) {
      shiftTicks = clock - (from - cts) - dts;
    } else if (dts - latestGap(table) > to) break;
  }
  if (shiftTicks === undefined) {
    cursor.goTo(first);
    shiftTicks = clock - cursor.dts;
  }
  const end = findEnd(table, cursor, { first, to, isAudio: request.isAudio });
  return { first, end, shiftTicks, shownFrom: from, shownTo: to, hasPartialStart };
}

/** How far decoding can be after presentation. */
function latestGap(table: SampleTable): number {
  return Math.max(0, -table.dtsShift - (table.compositionOffsets?.least ?? 0));
}

/** The sync sample presented at or before `ticks`; where there is none, any sample, or the first. */
function findStart(table: SampleTable, cursor: TimingCursor, ticks: number): number {
  const { sync, dtsShift } = table;
  const last = table.lastSampleAt(ticks - dtsShift);
  if (last < 0) return 0;
  const isReached = (sample: number): boolean => {
    cursor.goTo(sample);
    return cursor.cts <= ticks;
  };
  if (sync !== undefined) {
    for (let i = syncIndexBefore(sync, last); i >= 0; i--) if (isReached(sync[i]!)) return sync[i]!;
  }
  for (let sample = last; sample >= 0; sample--) if (isReached(sample)) return sample;
  return 0;
}

/**
 * Behind the first sync sample that ends at or after the edit; with reordered pictures behind the next one, since
 * pictures of the edit may follow the first.
 */
function findEnd(
  table: SampleTable,
  cursor: TimingCursor,
  { first, to, isAudio }: { first: number; to: number; isAudio: boolean },
): number {
  if (to === Infinity) return table.count;
  const { times, compositionOffsets } = table;
  const latest = Math.max(0, compositionOffsets?.most ?? 0) + times.most;
  cursor.goTo(Math.max(first, table.lastSampleAt(to - latest - table.dtsShift - 1)));
  let toFind = compositionOffsets !== undefined && !isAudio ? 2 : 1;
  for (; cursor.sample < table.count; cursor.next()) {
    if (cursor.cts + cursor.duration >= to && (cursor.isSync || isAudio) && --toFind === 0) {
      return cursor.sample + 1;
    }
  }
  return table.count;
}

/** Earliest time that is shown, with all shifts; `Infinity` where nothing is. */
function earliestShown(table: SampleTable, spans: readonly EditSpan[]): number {
  let earliest = Infinity;
  const cursor = table.timing();
  for (const span of spans) {
    earliest = Math.min(earliest, earliestInSpan(table, cursor, { span, below: earliest }));
  }
  return earliest;
}

/**
 * Earliest time of a span that is shown, in ticks, with its shift.
 *
 * Stops where no later sample can be earlier: composition offsets have a least value.
 *
 * @param options `below`: what is not earlier need not be found.
 */
export function earliestInSpan(
  table: SampleTable,
  cursor: TimingCursor,
  options: { readonly span: EditSpan; readonly below?: number },
): number {
  const { span, below = Infinity } = options;
  const least = table.compositionOffsets?.least ?? 0;
  let earliest = below;
  cursor.goTo(span.first);
  for (; cursor.sample < span.end; cursor.next()) {
    const { cts } = cursor;
    if (cursor.dts + table.dtsShift + least + span.shiftTicks >= earliest) break;
    const isPartial = span.hasPartialStart && cts < span.shownFrom && cts + cursor.duration > span.shownFrom;
    const shown = isPartial ? span.shownFrom : cts;
    if (shown >= span.shownFrom && shown < span.shownTo) {
      earliest = Math.min(earliest, shown + span.shiftTicks);
    }
  }
  return earliest;
}
