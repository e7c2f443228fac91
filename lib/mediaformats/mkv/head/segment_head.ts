import { FormatError, LimitError } from "#errors";
import { childrenOf, type EbmlElement, nameOf, uintOf } from "../ebml.ts";
import { ELEMENT_ID } from "../element_id.ts";
import {
  MAX_MKV_CUES_BYTES,
  MAX_MKV_HEAD_BYTES,
  MAX_MKV_HEAD_ELEMENTS,
  MAX_MKV_SEEK_ENTRIES,
  MAX_MKV_TRACKS,
} from "../limits.ts";
import { checkEbmlHeader } from "./ebml_header.ts";
import { PLAIN_SEGMENT, readSegmentInfo, type SegmentDescription } from "./segment_description.ts";
import { TagMap } from "./tag_map.ts";
import { readTags, type SegmentTags } from "./tags.ts";
import { readTrackEntry, TRACK_TYPE, type TrackEntry } from "./track_entry.ts";

/** Elements that are read, wherever they stand. */
const WANTED = new Set<number>([
  ELEMENT_ID.Ebml,
  ELEMENT_ID.SeekHead,
  ELEMENT_ID.Info,
  ELEMENT_ID.Tracks,
  ELEMENT_ID.Tags,
  ELEMENT_ID.Cues,
]);
/** Those without which nothing can be read. */
const ESSENTIAL = new Set<number>([ELEMENT_ID.Ebml, ELEMENT_ID.Info, ELEMENT_ID.Tracks]);
const KNOWN_TRACK_TYPES = new Set<number>(Object.values(TRACK_TYPE));

/** What comes before the clusters, or is pointed to from there: gathered as its elements are met. */
export class SegmentHead {
  /** What the segment says of itself. */
  description: SegmentDescription = PLAIN_SEGMENT;
  /** Tracks that can be read, in the order of the file; empty until Tracks was met. */
  tracks: readonly TrackEntry[] = [];
  /** Content of Cues, a view of what was read. */
  cues: Uint8Array | undefined;
  readonly tags: SegmentTags = { file: new TagMap(), tracks: new Map() };
  /** Positions that SeekHeads name, in bytes from the start of the segment's content, by element. */
  readonly seekPositions = new Map<number, number>();
  readonly #met = new Set<number>();
  #elements = 0;
  #seekEntries = 0;

  /** Whether an element of this kind was met. */
  has(id: number): boolean {
    return this.#met.has(id);
  }

  /**
   * Most bytes of a top-level element that is to be given to `element`.
   *
   * @throws {LimitError} If it is essential and too large, or there are too many elements.
   */
  bytesWanted(id: number, size: number): number {
    if (++this.#elements > MAX_MKV_HEAD_ELEMENTS) {
      const what = "elements before the clusters";
      throw new LimitError("MAX_MKV_HEAD_ELEMENTS", {
        ...{ what, value: this.#elements, limit: MAX_MKV_HEAD_ELEMENTS },
      });
    }
    // a second one of a kind says the same again, but for Tags and SeekHeads
    const isRepeated = this.#met.has(id) && id !== ELEMENT_ID.Tags && id !== ELEMENT_ID.SeekHead;
    if (!WANTED.has(id) || isRepeated) return 0;
    const limit = id === ELEMENT_ID.Cues ? MAX_MKV_CUES_BYTES : MAX_MKV_HEAD_BYTES;
    if (size > limit && ESSENTIAL.has(id)) {
      const what = `element ${nameOf(id)}`;
      throw new LimitError("MAX_MKV_HEAD_BYTES", { what, value: size, limit: MAX_MKV_HEAD_BYTES });
    }
    return size > limit ? 0 : limit;
  }

  /**
   * Reads a top-level element.
   *
   * @param element Borrowed, but for Cues.
   * @throws {FormatError} If it is essential and malformed.
   */
  element(element: EbmlElement): void {
    const { id } = element;
    if (this.#met.has(id) && ESSENTIAL.has(id)) return;
    this.#met.add(id);
    switch (id) {
      case ELEMENT_ID.Ebml:
        checkEbmlHeader(element);
        break;
      case ELEMENT_ID.Info:
        this.description = readSegmentInfo(element);
        break;
      case ELEMENT_ID.Tracks:
        this.tracks = readTracks(element);
        break;
      case ELEMENT_ID.Cues:
        this.cues = element.content;
        break;
      case ELEMENT_ID.Tags:
        forgive(() => readTags(element, this.tags));
        break;
      case ELEMENT_ID.SeekHead:
        forgive(() => this.#readSeekHead(element));
    }
  }

  /** RFC 9559 section 5.1.1. */
  #readSeekHead(element: EbmlElement): void {
    for (const seek of childrenOf(element)) {
      if (seek.id !== ELEMENT_ID.Seek || ++this.#seekEntries > MAX_MKV_SEEK_ENTRIES) continue;
      let id = 0;
      let position = -1;
      for (const field of childrenOf(seek)) {
        if (field.id === ELEMENT_ID.SeekId) id = field.content.length <= 4 ? uintOf(field) : 0;
        else if (field.id === ELEMENT_ID.SeekPosition) position = uintOf(field);
      }
      if (id !== 0 && position >= 0 && !this.seekPositions.has(id)) this.seekPositions.set(id, position);
    }
  }
}

function readTracks(element: EbmlElement): TrackEntry[] {
  const tracks: TrackEntry[] = [];
  const numbers = new Set<number>();
  for (const child of childrenOf(element)) {
    if (child.id !== ELEMENT_ID.TrackEntry) continue;
    const entry = readTrackEntry(child);
    // a second track of the same number has no blocks: they are the first one's
    if (!KNOWN_TRACK_TYPES.has(entry.trackType) || entry.codecId === "" || numbers.has(entry.trackNumber)) {
      continue;
    }
    if (tracks.length === MAX_MKV_TRACKS) {
      const what = `tracks at offset ${element.offset}`;
      throw new LimitError("MAX_MKV_TRACKS", { what, value: tracks.length + 1, limit: MAX_MKV_TRACKS });
    }
    numbers.add(entry.trackNumber);
    tracks.push(entry);
  }
  return tracks;
}

/** What is not needed to play may be malformed. */
function forgive(read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
}
