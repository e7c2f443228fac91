import { FormatError, LimitError } from "#errors";
import { type EbmlElement, nameOf, uintAt, UNKNOWN_SIZE, vintAt, vintLength } from "../ebml.ts";
import { ELEMENT_ID } from "../element_id.ts";
import { MAX_MKV_BLOCK_BYTES, MAX_MKV_JUNK_BYTES } from "../limits.ts";
import {
  BLOCK_HEAD_BYTES,
  type BlockPlace,
  emptyPlace,
  readBlockGroup,
  readSimpleBlock,
} from "./block_place.ts";
import { judgeCluster } from "./cluster_search.ts";

/** Where a cluster stands, so that reading can go on inside it. */
export interface ClusterPlace {
  /** Of the Cluster element, in bytes from the start of the file. */
  readonly offset: number;
  /** End of the cluster; Infinity where it does not say. */
  readonly end: number;
  /** Timestamp, in segment ticks; -1 where it was not read. */
  readonly ticks: number;
}

/** Who is told what a cursor meets. */
export interface SegmentVisitor {
  /**
   * Most bytes of a top-level element that is wanted whole; 0 to pass over it.
   *
   * @throws {LimitError} If nothing can be read without it, and it is too large.
   */
  bytesWanted(id: number, size: number): number;
  /** A top-level element that was wanted; a view of what the cursor was shown. */
  element(element: EbmlElement): void;
  /** A block; `place` and its bytes are the cursor's. */
  block(place: BlockPlace): void;
}

/** How a cursor reads. */
export interface SegmentCursorOptions {
  /** Whether payloads need not be there. @default {false} */
  readonly headsOnly?: boolean;
  /** Most bytes skipped in search of a cluster. @default {MAX_MKV_JUNK_BYTES} */
  readonly maxJunkBytes?: number;
}

type Level = "document" | "segment" | "cluster" | "lost" | "ended";

/**
 * Walks the elements of a Matroska document, over whatever bytes it is shown: one step, one element. It does no
 * I/O and keeps no bytes, so a file and a live stream are read by the same code.
 *
 * Clusters of unknown size end at the next top-level element: RFC 9559 section 5. What is damaged is left, and
 * reading goes on at the next cluster.
 */
export class SegmentCursor {
  /** Of the element that comes next, in bytes from the start of the file. */
  offset = 0;
  /** Bytes from `offset` on that the next step needs, after a step that returned false. */
  neededBytes = 1;
  /** Start of the segment's content, from which positions count. */
  segmentStart = 0;
  /** End of the segment; Infinity where it does not say. */
  segmentEnd = Infinity;
  /** Bytes that belonged to no element. */
  junkBytes = 0;
  /** Where the first of them was; -1 for none. */
  junkOffset = -1;
  /** Blocks that could not be read: no time, no track number. */
  brokenBlocks = 0;
  readonly #visitor: SegmentVisitor;
  readonly #headsOnly: boolean;
  readonly #maxJunkBytes: number;
  #level: Level = "document";
  #clusterOffset = -1;
  #clusterEnd = Infinity;
  #clusterTicks = -1;
  #lostAt = 0;
  /** The header read last. */
  #id = 0;
  #size = 0;
  #headerBytes = 0;
  readonly #place: BlockPlace = emptyPlace();

  constructor(visitor: SegmentVisitor, options: SegmentCursorOptions = {}) {
    this.#visitor = visitor;
    this.#headsOnly = options.headsOnly ?? false;
    this.#maxJunkBytes = options.maxJunkBytes ?? MAX_MKV_JUNK_BYTES;
  }

  /** Whether the segment has ended; nothing more is read then. */
  get isEnded(): boolean {
    return this.#level === "ended";
  }

  /** Whether the cursor stands in a cluster whose time it knows. */
  get isInCluster(): boolean {
    return this.#level === "cluster" && this.#clusterTicks >= 0;
  }

  /** Whether a cluster comes next or was entered: the description of the file is over. */
  get isPastHead(): boolean {
    return this.#clusterOffset >= 0;
  }

  /** The cluster it is in or was in last. */
  get cluster(): ClusterPlace {
    return { offset: this.#clusterOffset, end: this.#clusterEnd, ticks: this.#clusterTicks };
  }

  /** Goes to a top-level element of the segment. */
  jump(offset: number): void {
    this.offset = offset;
    this.#level = "segment";
    this.neededBytes = 1;
  }

  /** Goes to a block inside a cluster that was visited before. */
  enter(cluster: ClusterPlace, offset: number): void {
    this.jump(offset);
    this.#level = "cluster";
    this.#clusterOffset = cluster.offset;
    this.#clusterEnd = cluster.end;
    this.#clusterTicks = cluster.ticks;
  }

  /** Goes to the next cluster at or after `offset`, wherever in an element that is. */
  search(offset: number): void {
    this.jump(offset);
    this.#lose(0);
  }

  /**
   * Takes one step.
   *
   * @param view Bytes of the file.
   * @param viewOffset Of its first byte, in bytes from the start of the file.
   * @returns Whether it went on; else `neededBytes` bytes from `offset` on are missing.
   * @throws {FormatError} If the document is not Matroska, or there is too much junk.
   * @throws {LimitError} If an element is too large.
   */
  step(view: Uint8Array, viewOffset: number): boolean {
    const at = this.offset - viewOffset;
    if (this.#level === "ended") return false;
    if (this.#level === "cluster" && this.offset >= this.#clusterEnd) this.#level = "segment";
    if (this.#level !== "lost" && this.offset >= this.segmentEnd) {
      this.#level = "ended";
      return false;
    }
    if (at < 0 || at >= view.length) return this.#needs(1);
    if (this.#level === "lost") return this.#search(view, at);
    if (!this.#readHeader(view, at)) return this.#isLost;
    if (this.#level === "cluster") return this.#stepInCluster(view, at);
    return this.#level === "segment" ? this.#stepInSegment(view, at) : this.#stepInDocument(view, at);
  }

  get #isLost(): boolean {
    return this.#level === "lost";
  }

  #needs(bytes: number): false {
    this.neededBytes = bytes;
    return false;
  }

  /** Reads ID and size; false if they are not whole, or if there are none and the cursor is lost now. */
  #readHeader(view: Uint8Array, at: number): boolean {
    const have = view.length - at;
    const idLength = vintLength(view[at]!);
    if (idLength > 4) return this.#break("no element");
    if (have <= idLength) return this.#needs(idLength + 1);
    const sizeLength = vintLength(view[at + idLength]!);
    if (sizeLength > 8) return this.#break("no size of an element");
    const headerBytes = idLength + sizeLength;
    if (have < headerBytes) return this.#needs(headerBytes);
    let id = view[at]!;
    for (let index = 1; index < idLength; index++) id = id * 256 + view[at + index]!;
    this.#id = id;
    this.#size = vintAt(view, { at: at + idLength, length: sizeLength });
    this.#headerBytes = headerBytes;
    return true;
  }

  /** What is here cannot be: searches the next cluster, or refuses a document that has not begun. */
  #break(found: string): false {
    if (this.#level === "document") {
      throw new FormatError(`Cannot read Matroska: ${found} at offset ${this.offset}`, {
        offset: this.offset,
      });
    }
    this.#lose(1);
    return false;
  }

  #lose(skip: number): true {
    this.#level = "lost";
    this.#lostAt = this.offset;
    if (skip > 0 && this.junkOffset < 0) this.junkOffset = this.offset;
    this.offset += skip;
    this.junkBytes += skip;
    return true;
  }

  #skip(bytes: number): true {
    this.offset += bytes;
    return true;
  }

  #stepInDocument(view: Uint8Array, at: number): boolean {
    const { Ebml, Segment, Void, Crc32 } = ELEMENT_ID;
    if (this.#id === Segment) {
      this.segmentStart = this.offset + this.#headerBytes;
      this.segmentEnd = this.#size === UNKNOWN_SIZE ? Infinity : this.segmentStart + this.#size;
      this.#level = "segment";
      return this.#skip(this.#headerBytes);
    }
    const isFirst = this.offset === 0;
    if (this.#id === Ebml ? !isFirst : isFirst || this.#id !== Void && this.#id !== Crc32) {
      const expected = isFirst ? "an EBML header" : "a Segment";
      const message = `Cannot read Matroska: element ${nameOf(this.#id)} at offset ${this.offset}`;
      throw new FormatError(`${message}, expected ${expected}`, { offset: this.offset });
    }
    return this.#takeWhole(view, at);
  }

  #stepInSegment(view: Uint8Array, at: number): boolean {
    switch (this.#id) {
      case ELEMENT_ID.Cluster: {
        const start = this.offset + this.#headerBytes;
        this.#clusterOffset = this.offset;
        this.#clusterEnd = this.#size === UNKNOWN_SIZE ? Infinity : start + this.#size;
        this.#clusterTicks = -1;
        this.#level = "cluster";
        return this.#skip(this.#headerBytes);
      }
      case ELEMENT_ID.Ebml:
      case ELEMENT_ID.Segment:
        // a second document: what it holds has times and tracks of its own
        this.#level = "ended";
        return false;
      case ELEMENT_ID.Timestamp:
      case ELEMENT_ID.SimpleBlock:
      case ELEMENT_ID.BlockGroup:
        // the size of the cluster before was wrong: too small, or never filled in
        if (this.#clusterOffset < 0) return this.#lose(1);
        this.#clusterEnd = Infinity;
        this.#level = "cluster";
        return true;
      default:
        // behind the first cluster, what nobody knows is rather damage: the next cluster is found either way
        if (this.#clusterOffset >= 0 && !TOP_LEVEL.has(this.#id)) return this.#lose(1);
        return this.#takeWhole(view, at);
    }
  }

  /** Gives a top-level element to the visitor, or passes over it. */
  #takeWhole(view: Uint8Array, at: number): boolean {
    if (this.#size === UNKNOWN_SIZE) {
      this.#break(`element ${nameOf(this.#id)} without a size`);
      return true;
    }
    const bytes = this.#headerBytes + this.#size;
    if (this.#size > this.#visitor.bytesWanted(this.#id, this.#size)) return this.#skip(bytes);
    if (view.length - at < bytes) return this.#needs(bytes);
    const content = view.subarray(at + this.#headerBytes, at + bytes);
    const offset = this.offset + this.#headerBytes;
    this.#skip(bytes);
    this.#visitor.element({ id: this.#id, content, offset });
    return true;
  }

  #stepInCluster(view: Uint8Array, at: number): boolean {
    switch (this.#id) {
      case ELEMENT_ID.SimpleBlock:
      case ELEMENT_ID.BlockGroup:
        return this.#takeBlock(view, at);
      case ELEMENT_ID.Timestamp:
        return this.#takeTimestamp(view, at);
      default:
        if (ENDS_CLUSTER.has(this.#id)) {
          this.#level = "segment";
          return true;
        }
        if (this.#isTooLong() || this.#size > MAX_MKV_BLOCK_BYTES) return this.#lose(1);
        return this.#skip(this.#headerBytes + this.#size);
    }
  }

  /** Whether the element cannot be part of the cluster. */
  #isTooLong(): boolean {
    return this.#size === UNKNOWN_SIZE || this.offset + this.#headerBytes + this.#size > this.#clusterEnd;
  }

  #takeTimestamp(view: Uint8Array, at: number): boolean {
    if (this.#size > 8 || this.#isTooLong()) return this.#lose(1);
    const bytes = this.#headerBytes + this.#size;
    if (view.length - at < bytes) return this.#needs(bytes);
    this.#clusterTicks = uintAt(view, { at: at + this.#headerBytes, length: this.#size });
    return this.#skip(bytes);
  }

  #takeBlock(view: Uint8Array, at: number): boolean {
    if (this.#isTooLong()) return this.#lose(1);
    if (this.#size > MAX_MKV_BLOCK_BYTES) {
      const limits = { value: this.#size, limit: MAX_MKV_BLOCK_BYTES };
      const message = `Cannot accept block at offset ${this.offset}: ${this.#size} bytes exceed ` +
        `MAX_MKV_BLOCK_BYTES (${MAX_MKV_BLOCK_BYTES})`;
      throw new LimitError("MAX_MKV_BLOCK_BYTES", { ...limits, message });
    }
    const bytes = this.#headerBytes + this.#size;
    const isSimple = this.#id === ELEMENT_ID.SimpleBlock;
    const needed = isSimple && this.#headsOnly
      ? this.#headerBytes + Math.min(this.#size, BLOCK_HEAD_BYTES)
      : bytes;
    if (view.length - at < needed) return this.#needs(needed);
    const place = this.#place;
    place.bytes = view;
    place.start = at + this.#headerBytes;
    place.end = at + bytes;
    place.offset = this.offset;
    place.ticks = this.#clusterTicks;
    this.offset += bytes;
    const isRead = isSimple ? readSimpleBlock(place) : readBlockGroup(place);
    if (isRead && this.#clusterTicks >= 0) this.#visitor.block(place);
    else this.brokenBlocks++;
    return true;
  }

  /** Looks for a Cluster that its first child confirms; each byte is looked at once, but for candidates. */
  #search(view: Uint8Array, start: number): boolean {
    let at = start;
    let verdict: boolean | undefined = false;
    for (;;) {
      at = view.indexOf(0x1f, at);
      if (at < 0) break;
      verdict = judgeCluster(view, at);
      if (verdict !== false) break;
      at++;
    }
    const skipped = (at < 0 ? view.length : at) - start;
    this.#skip(skipped);
    this.junkBytes += skipped;
    if (this.offset - this.#lostAt > this.#maxJunkBytes) {
      const lostAt = this.#lostAt;
      throw new FormatError(
        `Cannot read Matroska: no cluster in ${this.offset - lostAt} bytes from offset ${lostAt} on`,
        { offset: lostAt },
      );
    }
    if (verdict === true) this.#level = "segment";
    else this.#needs(verdict === undefined ? view.length - at + 1 : 1);
    return verdict === true;
  }
}

/** Elements of a segment that are passed over between clusters. */
const TOP_LEVEL = new Set<number>([
  ELEMENT_ID.SeekHead,
  ELEMENT_ID.Info,
  ELEMENT_ID.Tracks,
  ELEMENT_ID.Cues,
  ELEMENT_ID.Tags,
  ELEMENT_ID.Chapters,
  ELEMENT_ID.Attachments,
  ELEMENT_ID.Void,
  ELEMENT_ID.Crc32,
]);
/** Elements that cannot be part of a cluster, so that one of unknown size ends before them. */
const ENDS_CLUSTER = new Set<number>([
  ELEMENT_ID.Cluster,
  ELEMENT_ID.SeekHead,
  ELEMENT_ID.Info,
  ELEMENT_ID.Tracks,
  ELEMENT_ID.Cues,
  ELEMENT_ID.Tags,
  ELEMENT_ID.Chapters,
  ELEMENT_ID.Attachments,
  ELEMENT_ID.Ebml,
  ELEMENT_ID.Segment,
]);
