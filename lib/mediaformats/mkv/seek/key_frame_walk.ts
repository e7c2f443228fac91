import type { BlockPlace } from "../cluster/block_place.ts";
import type { ClusterPlace, SegmentCursor, SegmentVisitor } from "../cluster/segment_cursor.ts";
import type { TickScale } from "../tick_scale.ts";
import type { MkvTrack } from "../track.ts";

/** A frame to start from, and where it stands. */
export interface FoundFrame {
  readonly timeUs: number;
  readonly cluster: ClusterPlace;
  /** Of its SimpleBlock or BlockGroup, in bytes from the start of the file. */
  readonly offset: number;
}

/** Times of one track. */
export class TrackTimes {
  readonly #scale: TickScale;
  readonly #delayTicks: number;
  /** Of the track. */
  readonly trackNumber: number;
  /** Whether each frame is a key frame, whatever the file says. */
  readonly isAllKeyFrames: boolean;

  constructor(track: MkvTrack, scale: TickScale) {
    this.#scale = scale;
    this.#delayTicks = scale.fileTicksOf(track.entry.codecDelayNs);
    this.trackNumber = track.entry.trackNumber;
    this.isAllKeyFrames = track.kind !== "video";
  }

  /** Presentation time of a block or cue, in microseconds. */
  toUs(fileTicks: number): number {
    return this.#scale.toUs((fileTicks - this.#delayTicks) * this.#scale.step);
  }
}

/** What a walk looks for. */
export interface KeyFrameWalkOptions {
  /** The newest key frame at or before this time is wanted, in microseconds. */
  readonly targetUs: number;
  /** Where to end, in bytes from the start of the file. @default {Infinity} */
  readonly untilOffset?: number;
  /** Whether to look on for a first key frame after the target, where there is none before. @default {false} */
  readonly acceptsLater?: boolean;
  /** Time of a key frame that is known to be the one. */
  readonly exactUs?: number;
}

/** No frame that is stored after one this much behind the target is presented before it. */
const REORDER_MARGIN_US = 1_000_000;

/** Looks at the heads of blocks for the newest key frame at or before a time. */
export class KeyFrameWalk implements SegmentVisitor {
  /** The newest key frame found at or before the target. */
  best: FoundFrame | undefined;
  /** The first key frame found. */
  first: FoundFrame | undefined;
  /** Whether no better one can follow. */
  isDone = false;
  /** Of the first block seen, of any track: whether the walk began where it should. */
  firstClusterOffset = -1;
  /** The cursor whose blocks these are. */
  cursor: SegmentCursor | undefined;
  readonly #times: TrackTimes;
  readonly #options: KeyFrameWalkOptions;

  constructor(times: TrackTimes, options: KeyFrameWalkOptions) {
    this.#times = times;
    this.#options = options;
  }

  /** Nothing but clusters is wanted. */
  bytesWanted(): number {
    return 0;
  }

  /** Nothing but clusters is wanted. */
  element(): void {}

  /** Looks at a block. */
  block(place: BlockPlace): void {
    if (this.firstClusterOffset < 0) this.firstClusterOffset = this.cursor!.cluster.offset;
    const { targetUs, untilOffset = Infinity, acceptsLater = false, exactUs } = this.#options;
    if (place.offset >= untilOffset) {
      this.isDone = true;
      return;
    }
    if (place.trackNumber !== this.#times.trackNumber) return;
    const timeUs = this.#times.toUs(place.ticks);
    if (this.#times.isAllKeyFrames || place.isKeyFrame) {
      const found = { timeUs, cluster: this.cursor!.cluster, offset: place.offset };
      this.first ??= found;
      if (timeUs <= targetUs) this.best = found;
      this.isDone = timeUs > targetUs || timeUs === exactUs;
    } else if (timeUs > targetUs + REORDER_MARGIN_US && !(acceptsLater && this.first === undefined)) {
      this.isDone = true;
    }
  }
}
