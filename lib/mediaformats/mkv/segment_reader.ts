import { FormatError } from "#errors";
import type { MediaPacket, MediaSummary } from "#media";
import { BlockPackets } from "./cluster/block_packets.ts";
import type { BlockPlace } from "./cluster/block_place.ts";
import { SegmentCursor, type SegmentVisitor } from "./cluster/segment_cursor.ts";
import type { EbmlElement } from "./ebml.ts";
import { SegmentHead } from "./head/segment_head.ts";
import { TagMap } from "./head/tag_map.ts";
import { TickScale } from "./tick_scale.ts";
import { makeTracks, type MkvTrack } from "./track.ts";

/** Joins what is read of one segment: first its description, then packets. */
export class SegmentReader implements SegmentVisitor {
  readonly cursor: SegmentCursor = new SegmentCursor(this);
  readonly head: SegmentHead = new SegmentHead();
  /** Of the segment, once its description is over. */
  scale: TickScale = new TickScale(1_000_000);
  /** Once the description is over. */
  tracks: readonly MkvTrack[] = [];
  #blocks = new BlockPackets([], this.scale);
  #isBegun = false;

  /** Packets made of the blocks read. */
  get blocks(): BlockPackets {
    return this.#blocks;
  }

  /** Whether `begin` was called. */
  get isBegun(): boolean {
    return this.#isBegun;
  }

  /** The track that seeking goes by: the first video, else the first audio, else the first. */
  get leading(): MkvTrack | undefined {
    const { tracks } = this;
    return tracks.find(({ kind }) => kind === "video") ?? tracks.find(({ kind }) => kind === "audio") ??
      tracks[0];
  }

  /** What of the description is wanted; nothing once it is over. */
  bytesWanted(id: number, size: number): number {
    return this.#isBegun ? 0 : this.head.bytesWanted(id, size);
  }

  /** Takes a part of the description. */
  element(element: EbmlElement): void {
    if (!this.#isBegun) this.head.element(element);
  }

  /** Takes a block. */
  block(place: BlockPlace): void {
    this.#blocks.block(place);
  }

  /**
   * Ends the description: from now on blocks become packets.
   *
   * @throws {FormatError} If there are no tracks.
   */
  begin(): void {
    const { offset } = this.cursor;
    if (this.head.tracks.length === 0) {
      throw new FormatError(
        `Cannot read Matroska: no tracks before offset ${offset}, nor where a SeekHead points`,
        {
          offset,
        },
      );
    }
    this.scale = new TickScale(this.head.description.timestampScale);
    this.tracks = makeTracks(this.head.tracks);
    this.#blocks = new BlockPackets(this.tracks, this.scale);
    this.#isBegun = true;
  }

  /**
   * What is known of the file.
   *
   * @param first Its first packets, which tell the start and what configurations do not.
   */
  describe(first: readonly MediaPacket[]): MediaSummary {
    const { scale, head: { tags, description } } = this;
    const tracks = this.tracks.map((track) => {
      const firstFrame = first.find(({ trackIndex }) => trackIndex === track.index)?.payload;
      return track.describe({ scale, tags, firstFrame });
    });
    const startUs = first.reduce((earliest, { ptsUs }) => Math.min(earliest, ptsUs), Infinity);
    const shownTags = new TagMap();
    shownTags.setAll(description.tags);
    shownTags.setAll(tags.file);
    return {
      formatName: "matroska,webm",
      tracks,
      startUs: startUs === Infinity ? 0 : startUs,
      ...(description.duration === undefined
        ? {}
        : { durationUs: Math.trunc(description.duration * description.timestampScale / 1000) }),
      tags: shownTags.toRecord(),
    };
  }
}
