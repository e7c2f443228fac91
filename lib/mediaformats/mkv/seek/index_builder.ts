import { MAX_SEEK_INDEX_ROWS, type SeekIndex } from "#media";
import type { BlockPlace } from "../cluster/block_place.ts";
import type { SegmentCursor, SegmentVisitor } from "../cluster/segment_cursor.ts";
import type { TickScale } from "../tick_scale.ts";
import { TimeColumns } from "../time_columns.ts";
import type { MkvTrack } from "../track.ts";
import { TrackTimes } from "./key_frame_walk.ts";

/** What is learned of one track. */
interface TrackCount {
  readonly times: TrackTimes;
  /** Length of a frame, in microseconds; 0 where it is not told. */
  readonly frameUs: number;
  packets: number;
  lastUs: number;
  /** End of the last block, in microseconds. */
  endUs: number;
}

/** Counts blocks and notes key frames, by their heads alone. */
export class IndexBuilder implements SegmentVisitor {
  /** The cursor whose blocks these are. */
  cursor: SegmentCursor | undefined;
  readonly #scale: TickScale;
  readonly #byNumber = new Map<number, TrackCount>();
  readonly #counts: readonly TrackCount[];
  readonly #leading: TrackCount | undefined;
  readonly #rows = new TimeColumns();
  #startUs = Infinity;

  /** @param options `leading`: the track whose key frames are noted. */
  constructor(
    tracks: readonly MkvTrack[],
    options: { scale: TickScale; leading: MkvTrack | undefined },
  ) {
    const { scale, leading } = options;
    this.#scale = scale;
    this.#counts = tracks.map((track) => ({
      times: new TrackTimes(track, scale),
      frameUs: track.entry.defaultDurationNs / 1000,
      packets: 0,
      lastUs: Infinity,
      endUs: -Infinity,
    }));
    for (const count of this.#counts) this.#byNumber.set(count.times.trackNumber, count);
    this.#leading = leading === undefined ? undefined : this.#counts[leading.index];
  }

  /** Nothing but clusters is wanted. */
  bytesWanted(): number {
    return 0;
  }

  /** Nothing but clusters is wanted. */
  element(): void {}

  /** Takes a block. */
  block(place: BlockPlace): void {
    const count = this.#byNumber.get(place.trackNumber);
    if (count === undefined) return;
    const frames = place.lacing === 0 || place.start >= place.bytes.length
      ? 1
      : place.bytes[place.start]! + 1;
    count.packets += frames;
    const timeUs = count.times.toUs(place.ticks);
    if (timeUs < this.#startUs) this.#startUs = timeUs;
    const lengthUs = place.durationTicks > 0
      ? this.#scale.toUs(place.durationTicks * this.#scale.step)
      : count.frameUs > 0
      ? frames * count.frameUs
      : Math.max(0, timeUs - count.lastUs);
    count.lastUs = timeUs;
    count.endUs = Math.max(count.endUs, timeUs + lengthUs);
    if (count === this.#leading && (place.isKeyFrame || count.times.isAllKeyFrames)) this.#note(timeUs);
  }

  /** @param scannedBytes Up to where was read. */
  toIndex(scannedBytes: number): SeekIndex {
    const { times, places } = this.#rows.toRising();
    const endUs = this.#counts.reduce((latest, { endUs }) => Math.max(latest, endUs), -Infinity);
    return {
      timesUs: times,
      offsets: places,
      durationUs: endUs > this.#startUs ? Math.round(endUs - this.#startUs) : 0,
      scannedBytes,
      packetCounts: this.#counts.map(({ packets }) => packets),
    };
  }

  /** Where each frame is a key frame, one in a cluster will do: others are found from there. */
  #note(timeUs: number): void {
    const { offset } = this.cursor!.cluster;
    const rows = this.#rows;
    if (timeUs <= rows.lastTime || rows.length >= MAX_SEEK_INDEX_ROWS) return;
    if (this.#leading!.times.isAllKeyFrames && offset === rows.lastPlace) return;
    rows.push(timeUs, offset);
  }
}
