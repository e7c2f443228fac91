import { decodeUtf8, encodeUtf8 } from "#bytes";
import { type Clock, systemClock } from "#clock";
import { errorMessage } from "#errors";
import { decodeSeekIndex, encodeSeekIndex, type MediaStamp, type SeekIndex, thinSeekIndex } from "#media";
import { rename } from "node:fs/promises";
import { systemFault } from "./_system_fault.ts";
import { readSmallFile, replaceFile, sidePath } from "./_side_files.ts";
import { FileStats, type StorageLog } from "./file_stats.ts";
import { formatMeta, type MediaFacts, type MetaRecord, parseMeta } from "./media_facts.ts";
import type { MediaFile } from "./file_source.ts";

/** Largest `.seek` file that is read: what an index of the most rows may take. */
export const MAX_SEEK_FILE_BYTES = 96 * 1024 * 1024;
/** Largest `.meta` file that is read. */
export const MAX_META_FILE_BYTES = 4 * 1024 * 1024;
/** Memory for indexes that were used lately, in bytes. */
export const MAX_CACHED_INDEX_BYTES = 16 * 1024 * 1024;
/** Files whose facts or faults are remembered without looking at the disk. */
const MAX_CACHED_RECORDS = 4096;
/** A file that changed this lately may still be copied here: it is not renamed as a bad one, in ms. */
export const BAD_FILE_QUIET_MS = 60_000;

/** How indexes are kept; the names are those of the original's media storage. */
export interface IndexStoreOptions {
  /** Folder of all side files, which are then named by hash; beside the media files if absent. */
  readonly metaFolder?: string;
  /** Whether openings and served bytes are counted in `.stats` files. @default {false} */
  readonly enableStats?: boolean;
  /** Whether a file that cannot be read gets `.bad` at the end of its name. @default {false} */
  readonly renameBadFiles?: boolean;
  /** Whether indexes come from somebody else, `crtmp index`: none is built or written here. @default {false} */
  readonly externalSeekGenerator?: boolean;
  /** Places to start that are closer than this are left out when an index is read, in microseconds. @default {0} */
  readonly seekGranularityUs?: number;
  /** Told of side files that are damaged or cannot be written. @default nobody is told */
  readonly log?: StorageLog;
  /** Tells how long ago a file changed. @default {systemClock} */
  readonly clock?: Clock;
}

/**
 * Keeps what was found out about media files at some cost: seek indexes (`.seek`), facts or faults (`.meta`), counts
 * (`.stats`).
 *
 * Each is stamped with size and time of the media file and counts only while both agree. Files are written beside
 * and renamed. A damaged one is one line in the log and no more: it is built again. Where nothing can be written,
 * what is known lives in memory, within bounds.
 */
export class IndexStore implements AsyncDisposable {
  /** Counts of use, where they are enabled. */
  readonly stats: FileStats | undefined;
  /** Whether indexes may be built here. */
  readonly canBuild: boolean;
  readonly #options: IndexStoreOptions;
  readonly #log: StorageLog;
  readonly #clock: Clock;
  readonly #indexes = new Map<string, { readonly stamp: MediaStamp; readonly index: SeekIndex }>();
  readonly #records = new Map<string, MetaRecord>();
  #cachedBytes = 0;
  /** Nothing could be written; said once, and not tried again. */
  #isReadOnly = false;

  constructor(options: IndexStoreOptions = {}) {
    this.#options = options;
    this.#log = options.log ?? { warning: () => {} };
    this.#clock = options.clock ?? systemClock;
    this.canBuild = options.externalSeekGenerator !== true;
    if (options.enableStats === true) {
      const { metaFolder } = options;
      this.stats = new FileStats({
        ...(metaFolder === undefined ? {} : { metaFolder }),
        log: this.#log,
        clock: this.#clock,
      });
    }
  }

  /** The index of a file in just this state, thinned to the granularity; `undefined` if it is to be built. */
  async readIndex(file: MediaFile): Promise<SeekIndex | undefined> {
    const cached = this.#indexes.get(file.path);
    if (cached !== undefined && isSameState(cached.stamp, file)) return this.#thin(cached.index);
    const stored = await this.#readSide(file, "seek", decodeSeekIndex);
    if (stored === undefined || !isSameState(stored.stamp, file)) return undefined;
    this.#cacheIndex(file, stored.index);
    return this.#thin(stored.index);
  }

  /** Keeps the index of a file, which was built while it was in just this state. */
  async writeIndex(file: MediaFile, index: SeekIndex): Promise<void> {
    this.#cacheIndex(file, index);
    await this.#writeSide(file, "seek", encodeSeekIndex(index, stampOf(file)));
  }

  /** What is known of a file in just this state. */
  async readFacts(file: MediaFile): Promise<MediaFacts | undefined> {
    return (await this.#readRecord(file))?.facts;
  }

  /** Keeps what a file holds. */
  async writeFacts(file: MediaFile, facts: MediaFacts): Promise<void> {
    await this.#writeRecord(file, { ...stampOf(file), facts });
  }

  /** Why a file in just this state cannot be read, if that was tried before. */
  async readFault(file: MediaFile): Promise<string | undefined> {
    return (await this.#readRecord(file))?.fault;
  }

  /** Why no index of a file in just this state can be built, if that was tried before. */
  async readIndexFault(file: MediaFile): Promise<string | undefined> {
    return (await this.#readRecord(file))?.indexFault;
  }

  /** Remembers that no index of a file can be built, so that nobody scans it again before it changes. */
  async rejectIndex(file: MediaFile, indexFault: string): Promise<void> {
    await this.#writeRecord(file, { ...await this.#readRecord(file), ...stampOf(file), indexFault });
  }

  /**
   * Remembers that a file cannot be read, so that nobody tries again before it changes; or renames it, if that was
   * asked for and nobody wrote to it for `BAD_FILE_QUIET_MS`.
   */
  async rejectFile(file: MediaFile, fault: string): Promise<void> {
    const isQuiet = this.#clock.wallMs() - file.mtimeMs >= BAD_FILE_QUIET_MS;
    if (this.#options.renameBadFiles === true && isQuiet && await this.#renameBad(file, fault)) return;
    await this.#writeRecord(file, { ...stampOf(file), fault });
  }

  /** Writes out the counts. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stats?.[Symbol.asyncDispose]();
  }

  async #renameBad(file: MediaFile, fault: string): Promise<boolean> {
    try {
      await rename(file.path, `${file.path}.bad`);
    } catch (error) {
      this.#log.warning(`Cannot rename "${file.name}" to "${file.name}.bad": ${errorMessage(error)}`);
      return false;
    }
    this.#log.warning(`"${file.name}" is now "${file.name}.bad": ${fault}`);
    return true;
  }

  async #readRecord(file: MediaFile): Promise<MetaRecord | undefined> {
    const cached = this.#records.get(file.path);
    if (cached !== undefined && isSameState(cached, file)) return cached;
    const stored = await this.#readSide(file, "meta", (bytes) => parseMeta(decodeUtf8(bytes)));
    if (stored === undefined || !isSameState(stored, file)) return undefined;
    this.#cacheRecord(file, stored);
    return stored;
  }

  async #writeRecord(file: MediaFile, record: MetaRecord): Promise<void> {
    this.#cacheRecord(file, record);
    await this.#writeSide(file, "meta", encodeUtf8(formatMeta(record)));
  }

  async #readSide<T>(
    file: MediaFile,
    kind: "seek" | "meta",
    decode: (bytes: Uint8Array) => T,
  ): Promise<T | undefined> {
    const maxBytes = kind === "seek" ? MAX_SEEK_FILE_BYTES : MAX_META_FILE_BYTES;
    try {
      const bytes = await readSmallFile(await this.#sidePath(file, kind), maxBytes);
      return bytes === undefined ? undefined : decode(bytes);
    } catch (error) {
      this.#log.warning(`Cannot use the .${kind} file of "${file.name}": ${errorMessage(error)}`);
      return undefined;
    }
  }

  async #writeSide(file: MediaFile, kind: "seek" | "meta", bytes: Uint8Array): Promise<void> {
    if (this.#isReadOnly) return;
    try {
      const path = await this.#sidePath(file, kind);
      await replaceFile({ path, bytes, makesFolder: this.#options.metaFolder !== undefined });
    } catch (error) {
      this.#isReadOnly = true;
      const reason = errorMessage(systemFault(error, `Cannot write the .${kind} file of "${file.name}"`));
      this.#log.warning(`${reason}; what is found out about files is kept in memory only`);
    }
  }

  #sidePath(file: MediaFile, kind: "seek" | "meta"): Promise<string> {
    return sidePath(file.path, { kind, metaFolder: this.#options.metaFolder });
  }

  #thin(index: SeekIndex): SeekIndex {
    return thinSeekIndex(index, this.#options.seekGranularityUs ?? 0);
  }

  #cacheIndex(file: MediaFile, index: SeekIndex): void {
    this.#forgetIndex(file.path);
    this.#indexes.set(file.path, { stamp: stampOf(file), index });
    this.#cachedBytes += bytesOf(index);
    for (const path of this.#indexes.keys()) {
      if (this.#cachedBytes <= MAX_CACHED_INDEX_BYTES) break;
      this.#forgetIndex(path);
    }
  }

  #forgetIndex(path: string): void {
    const known = this.#indexes.get(path);
    if (known === undefined) return;
    this.#indexes.delete(path);
    this.#cachedBytes -= bytesOf(known.index);
  }

  #cacheRecord(file: MediaFile, record: MetaRecord): void {
    this.#records.delete(file.path);
    this.#records.set(file.path, record);
    if (this.#records.size <= MAX_CACHED_RECORDS) return;
    for (const path of this.#records.keys()) {
      this.#records.delete(path);
      break;
    }
  }
}

function stampOf({ sizeBytes, mtimeMs }: MediaStamp): MediaStamp {
  return { sizeBytes, mtimeMs };
}

function isSameState(a: MediaStamp, b: MediaStamp): boolean {
  return a.sizeBytes === b.sizeBytes && a.mtimeMs === b.mtimeMs;
}

function bytesOf(index: SeekIndex): number {
  return index.timesUs.byteLength + index.offsets.byteLength;
}
