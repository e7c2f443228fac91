import { type ByteSource, SourceWindow } from "#bytes";
import { FormatError, LimitError } from "#errors";
import { BoxBody } from "../boxes/box_body.ts";
import { type BoxHead, LARGE_BOX_HEADER_BYTES, readBoxHead } from "../boxes/box_cursor.ts";
import { BOX } from "../boxes/box_type.ts";
import { type FragmentIndex, readRandomAccess, readSegmentIndex } from "../fragments/fragment_index.ts";
import { MAX_MP4_INDEX_BYTES, MAX_MP4_LEADING_BOXES, MAX_MP4_MOVIE_BYTES } from "../limits.ts";
import {
  type FileTypeBox,
  type MovieBox,
  NO_FILE_TYPE,
  readFileType,
  readMovie,
} from "../movie/movie_box.ts";

/** Holds the movie header of a short file, and the heads of what lies about it in any. */
const BLOCK_BYTES = 65_536;
const MAX_FILE_TYPE_BYTES = 4096;
/** `mfro`, which ends a file: its head, version and flags, the size of `mfra`. */
const MFRO_BYTES = 16;

/** A movie header and where it was. */
export interface FoundMovie {
  readonly movie: MovieBox;
  /** Of `moov`, in memory of its own. */
  readonly body: BoxBody;
  readonly fileType: FileTypeBox;
  /** Where the box after it starts, in bytes. */
  readonly endOffset: number;
}

/** A box of a file. */
interface FoundBox extends BoxHead {
  readonly offset: number;
}

/** Looks at the top-level boxes of a file. */
export class FileOpening {
  readonly #source: ByteSource;
  readonly #window: SourceWindow;

  /** @param source Borrowed. */
  constructor(source: ByteSource) {
    this.#source = source;
    this.#window = new SourceWindow(source, { blockBytes: BLOCK_BYTES });
  }

  /**
   * Finds and reads the movie header, wherever it is, passing over everything else.
   *
   * @throws {FormatError} If there is none, or it is cut off or broken.
   * @throws {LimitError} If it is longer than `MAX_MP4_MOVIE_BYTES`, or more than `MAX_MP4_LEADING_BOXES` boxes
   *   come before it.
   */
  async findMovie(): Promise<FoundMovie> {
    let fileType = NO_FILE_TYPE;
    let offset = 0;
    let last: FoundBox | undefined;
    for (let count = 0; count < MAX_MP4_LEADING_BOXES; count++) {
      const box = await this.#readHead(offset);
      if (box === undefined) throw this.#noMovie(last);
      last = box;
      if (box.type === BOX.FileType && box.sizeBytes <= MAX_FILE_TYPE_BYTES) {
        const body = await this.#readBody(box, MAX_FILE_TYPE_BYTES, "MAX_FILE_TYPE_BYTES");
        if (body !== undefined) fileType = readFileType(body);
      } else if (box.type === BOX.Movie) {
        const body = await this.#readBody(box, MAX_MP4_MOVIE_BYTES, "MAX_MP4_MOVIE_BYTES");
        if (body === undefined) throw this.#cutMovie(box);
        return { movie: readMovie(body, fileType), body, fileType, endOffset: offset + box.sizeBytes };
      }
      offset += box.sizeBytes;
    }
    throw new LimitError("MAX_MP4_LEADING_BOXES", {
      what: `boxes before the movie header, up to offset ${offset}`,
      value: MAX_MP4_LEADING_BOXES + 1,
      limit: MAX_MP4_LEADING_BOXES,
    });
  }

  /** Tables of fragments: `mfra` at the end of the file, or one `sidx` of the whole file before the first `moof`. */
  async findFragmentIndexes(offset: number): Promise<FragmentIndex[]> {
    const { tables, offset: end } = await this.#findRandomAccess();
    if (tables.some(({ ticks }) => ticks.length > 0)) return tables;
    const indexes = await this.#findSegmentIndexes(offset);
    return indexes.filter(({ endOffset, ticks }) => ticks.length > 0 && endOffset >= end);
  }

  async #findRandomAccess(): Promise<{ tables: FragmentIndex[]; offset: number }> {
    const end = this.#source.sizeBytes;
    const none = { tables: [], offset: end };
    const tail = end < MFRO_BYTES ? undefined : await this.#window.read(end - MFRO_BYTES, MFRO_BYTES);
    if (tail === undefined) return none;
    const mfro = new BoxBody(tail, { type: "", start: 4, end: MFRO_BYTES, fileOffset: end - MFRO_BYTES });
    if (mfro.fourCc("type") !== BOX.FragmentRandomAccessOffset) return none;
    mfro.skip(4, "version and flags");
    const offset = end - mfro.u32("size");
    if (offset < 0) return none;
    return await forgiving(none, async () => {
      const box = await this.#readHead(offset);
      if (box?.type !== BOX.FragmentRandomAccess || box.sizeBytes > MAX_MP4_INDEX_BYTES) return none;
      const body = await this.#readBody(box, MAX_MP4_INDEX_BYTES, "MAX_MP4_INDEX_BYTES");
      return body === undefined ? none : { tables: readRandomAccess(body), offset };
    });
  }

  async #findSegmentIndexes(start: number): Promise<FragmentIndex[]> {
    const indexes: FragmentIndex[] = [];
    return await forgiving(indexes, async () => {
      let offset = start;
      for (let count = 0; count < MAX_MP4_LEADING_BOXES; count++) {
        const box = await this.#readHead(offset);
        if (box === undefined || box.type === BOX.MovieFragment) break;
        offset += box.sizeBytes;
        if (box.type !== BOX.SegmentIndex || box.sizeBytes > MAX_MP4_INDEX_BYTES) continue;
        const body = await this.#readBody(box, MAX_MP4_INDEX_BYTES, "MAX_MP4_INDEX_BYTES");
        if (body !== undefined) indexes.push(readSegmentIndex(body, offset));
      }
      return indexes;
    });
  }

  async #readHead(offset: number): Promise<FoundBox | undefined> {
    if (!Number.isSafeInteger(offset) || offset >= this.#source.sizeBytes) return undefined;
    const bytes = this.#window.peek(offset, LARGE_BOX_HEADER_BYTES) ??
      await this.#window.readUpTo(offset, LARGE_BOX_HEADER_BYTES);
    const head = readBoxHead(bytes, { at: 0, fileOffset: offset });
    if (head === undefined) return undefined;
    const sizeBytes = head.sizeBytes === Infinity ? this.#source.sizeBytes - offset : head.sizeBytes;
    return { ...head, sizeBytes, offset };
  }

  /** The body of a box, in memory of its own; `undefined` where the file ends before. */
  async #readBody(box: FoundBox, limit: number, limitName: string): Promise<BoxBody | undefined> {
    const { offset, sizeBytes, headerBytes, type } = box;
    // What is longer than the file is cut off, whatever the limit.
    if (offset + sizeBytes > this.#source.sizeBytes) return undefined;
    if (sizeBytes > limit) {
      throw new LimitError(limitName, { what: `box "${type}" at offset ${offset}`, value: sizeBytes, limit });
    }
    const view = await this.#window.read(offset, sizeBytes);
    if (view === undefined) return undefined;
    const bytes = view.buffer.byteLength > view.length ? view.slice() : view;
    return new BoxBody(bytes, { type, start: headerBytes, end: bytes.length, fileOffset: offset });
  }

  #noMovie(last: FoundBox | undefined): FormatError {
    const { offset, sizeBytes } = last ?? { offset: 0, sizeBytes: 0 };
    return new FormatError(
      `Cannot read MP4: no movie header; the last box has ${sizeBytes} bytes at offset ${offset}, ` +
        `the file has ${this.#source.sizeBytes}`,
      { offset },
    );
  }

  #cutMovie({ offset, sizeBytes }: FoundBox): FormatError {
    const have = this.#source.sizeBytes - offset;
    return new FormatError(
      `Cannot read movie header: need ${sizeBytes} bytes at offset ${offset}, have ${have}`,
      { offset },
    );
  }
}

/** What `task` finds, or `otherwise` where the bytes are broken: an index is of use, not needed. */
async function forgiving<T>(otherwise: T, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (error instanceof FormatError || error instanceof LimitError) return otherwise;
    throw error;
  }
}
