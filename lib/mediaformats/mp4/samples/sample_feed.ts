import type { MediaTrack } from "#media";

/** Samples of one track in decode order, one at a time; fields are those of the present sample. */
export interface SampleFeed {
  /** Whether there is a present sample; otherwise no field means anything. */
  readonly hasSample: boolean;
  /** Place in the file, in bytes. */
  readonly offset: number;
  /** In bytes. */
  readonly size: number;
  /** Decoding time, in ticks, with all edits. */
  readonly dtsTicks: number;
  /** Presentation time, in ticks, with all edits. */
  readonly ptsTicks: number;
  /** In ticks; 0 where unknown. */
  readonly durationTicks: number;
  readonly isKeyFrame: boolean;
  /** Needed by the decoder only: outside of its edit. */
  readonly isDiscarded: boolean;
  /** No other sample needs it. */
  readonly isDisposable: boolean;
  /** Goes to the next sample. */
  next(): void;
}

/** One track and where its samples come from. */
export interface FeedOfTrack {
  readonly track: MediaTrack;
  readonly feed: SampleFeed;
}

/**
 * The track whose sample is decoded next, the place in the file breaking ties.
 *
 * @param isHeld Tracks that are left out, by position.
 * @returns Its position; -1 where none has a sample.
 */
export function earliestFeed(tracks: readonly FeedOfTrack[], isHeld: readonly boolean[]): number {
  let best = -1, bestTime = Infinity, bestOffset = 0;
  for (let i = 0; i < tracks.length; i++) {
    const { feed, track } = tracks[i]!;
    if (!feed.hasSample || isHeld[i]) continue;
    const time = feed.dtsTicks / track.timescale;
    if (best >= 0 && (time > bestTime || time === bestTime && feed.offset >= bestOffset)) continue;
    best = i;
    bestTime = time;
    bestOffset = feed.offset;
  }
  return best;
}
