import type { ByteSource } from "#bytes";
import { SegmentCursor, type SegmentVisitor } from "../cluster/segment_cursor.ts";
import { CursorDriver } from "../cursor_driver.ts";
import { lastRowAtOrBefore, type TimedPlaces } from "../time_columns.ts";
import {
  type FoundFrame,
  KeyFrameWalk,
  type KeyFrameWalkOptions,
  type TrackTimes,
} from "./key_frame_walk.ts";

/** What a search knows of the file. */
export interface SearchedFile {
  readonly source: ByteSource;
  /** Of the first cluster, in bytes from the start of the file. */
  readonly firstCluster: number;
  /** End of the segment; Infinity where it does not say. */
  readonly segmentEnd: number;
  /** Of the leading track. */
  readonly times: TrackTimes;
}

/** Places of clusters by time: from Cues, or from an index. */
export interface SeekPoints extends TimedPlaces {
  /** Whether each key frame of the leading track is among them. */
  readonly isComplete: boolean;
}

const BLOCK_BYTES = 262_144;
/** Clusters are walked from here on, rather than halved. */
const MIN_SPAN_BYTES = 1_048_576;
/** How far back to look first where a cluster has no key frame; doubled each time. */
const FIRST_STEP_BACK_BYTES = 4_194_304;

/**
 * Finds the newest key frame at or before a time.
 *
 * With points, one binary search; what they say is checked, and followed up to the frame, since Cues need not name
 * each key frame. Without, clusters are found by halving the file: from any place, the next Cluster ID that its
 * first child confirms. The frame found is one that was read as a key frame of the leading track, and none after it
 * is at or before the time.
 */
export class KeyFrameSearch {
  readonly #file: SearchedFile;

  constructor(file: SearchedFile) {
    this.#file = file;
  }

  /**
   * @returns The first key frame where none is at or before `targetUs`; `undefined` where there is none at all.
   */
  async find(targetUs: number, points: SeekPoints | undefined): Promise<FoundFrame | undefined> {
    const byPoints = points === undefined ? undefined : await this.#findByPoints(targetUs, points);
    return byPoints ?? await this.#findByHalving(targetUs);
  }

  async #findByPoints(targetUs: number, points: SeekPoints): Promise<FoundFrame | undefined> {
    let row = lastRowAtOrBefore(points.times, targetUs);
    let untilOffset = Infinity;
    for (let back = 1; row >= 0; back *= 2) {
      const start = points.places[row]!;
      const exact = points.isComplete ? { exactUs: points.times[row]! } : {};
      const walk = await this.#walk(start, { targetUs, untilOffset, ...exact });
      // no cluster where the point says
      if (walk.firstClusterOffset !== start) return undefined;
      if (walk.best !== undefined) return walk.best;
      untilOffset = Math.min(untilOffset, start);
      row -= back;
    }
    return undefined;
  }

  async #findByHalving(targetUs: number): Promise<FoundFrame | undefined> {
    const { firstCluster, segmentEnd, source } = this.#file;
    let low = firstCluster;
    let high = Math.min(segmentEnd, source.sizeBytes);
    while (high - low > MIN_SPAN_BYTES) {
      const middle = low + Math.floor((high - low) / 2);
      const cluster = await this.#clusterFrom(middle, high);
      if (cluster !== undefined && cluster.timeUs <= targetUs) low = cluster.offset;
      else high = middle;
    }
    for (let back = FIRST_STEP_BACK_BYTES, untilOffset = Infinity; low > firstCluster; back *= 2) {
      const { best } = await this.#walk(low, { targetUs, untilOffset });
      if (best !== undefined) return best;
      untilOffset = Math.min(untilOffset, low);
      const earlier = low - back <= firstCluster ? undefined : await this.#clusterFrom(low - back, low);
      low = earlier?.offset ?? firstCluster;
    }
    const { best, first } = await this.#walk(firstCluster, { targetUs, acceptsLater: true });
    return best ?? first;
  }

  async #walk(offset: number, options: KeyFrameWalkOptions): Promise<KeyFrameWalk> {
    const walk = new KeyFrameWalk(this.#file.times, options);
    const cursor = this.#cursor(walk);
    walk.cursor = cursor;
    cursor.jump(offset);
    await this.#driver().run(cursor, () => walk.isDone);
    return walk;
  }

  /** The first cluster at or after `offset` and before `until`. */
  async #clusterFrom(offset: number, until: number): Promise<{ offset: number; timeUs: number } | undefined> {
    const cursor = this.#cursor(NOTHING_WANTED);
    cursor.search(offset);
    await this.#driver().run(cursor, () => cursor.isInCluster || cursor.offset >= until);
    if (!cursor.isInCluster) return undefined;
    return { offset: cursor.cluster.offset, timeUs: this.#file.times.toUs(cursor.cluster.ticks) };
  }

  #cursor(visitor: SegmentVisitor): SegmentCursor {
    const cursor = new SegmentCursor(visitor, { headsOnly: true, maxJunkBytes: Infinity });
    cursor.segmentEnd = this.#file.segmentEnd;
    return cursor;
  }

  #driver(): CursorDriver {
    return new CursorDriver(this.#file.source, { blockBytes: BLOCK_BYTES });
  }
}

const NOTHING_WANTED: SegmentVisitor = {
  bytesWanted: () => 0,
  element() {},
  block() {},
};
