import { type Indexer, isMediaFault, type OpenDemuxer } from "#bridges/indexing";
import type { Clock } from "#clock";
import { ClosedError, errorMessage, FormatError } from "#errors";
import type { Logger } from "#log";
import { MEDIA_EXTENSIONS, openMedia } from "#mediaformats";
import type { Demuxer, SeekIndex } from "#media";
import {
  type FileSource,
  findInRoots,
  type FoundFile,
  type IndexStore,
  type MediaFile,
  type MediaRoot,
} from "#storage";
import { fileNamesOf } from "./media_name.ts";
import type { OpenFile, PlaySettings } from "./open_file.ts";

/** Longest wait of a seek for the index of its file, in ms. */
export const INDEX_WAIT_MS = 20_000;

/** Read at once from a file that is played, in bytes: it is most of what a player costs in memory. */
export const PLAY_BLOCK_BYTES = 32_768;

/** A file that did not change for this long does not grow any more, in ms. */
export const GROWTH_QUIET_MS = 5_000;

/** One folder of media files, and how they are played. */
export interface MediaStorage {
  /** The folder; `undefined` while it is not there. */
  readonly openRoot: () => Promise<MediaRoot | undefined>;
  readonly indexes: IndexStore;
  readonly settings: PlaySettings;
  /** Whether its files are found only by who asks for a recording: names in it are those of live streams. */
  readonly isForRecordings: boolean;
  /** Whether `buildIndexes` looks at it. */
  readonly isIndexedAtStart: boolean;
}

/** What a library is made of. */
export interface MediaLibraryOptions {
  /** Searched in this order. */
  readonly storages: readonly MediaStorage[];
  /** Builds the indexes that are missing; shared, and closed by whoever made it. */
  readonly indexer: Indexer;
  /** Opens readers. @default {openMedia} */
  readonly openDemuxer?: OpenDemuxer;
  /** Dates files, and bounds the wait for an index. */
  readonly clock: Clock;
  /** Told of files that cannot be listed or read. */
  readonly log: Logger;
}

/** A file of a library that is open for one reader. */
export interface LibraryFile extends OpenFile {
  readonly settings: PlaySettings;
}

/** A file of a library that was found, and is not open. */
export interface LibraryEntry {
  readonly file: MediaFile;
  readonly settings: PlaySettings;
  /** Opens its bytes, to be closed by the caller. */
  openSource(): Promise<FileSource>;
  /**
   * Opens it for one reader.
   *
   * @throws {FormatError} If it cannot be read.
   */
  open(): Promise<LibraryFile>;
  /** Counts bytes that went out, where the folder counts them. */
  countServed(bytes: number): void;
}

/** The media files of one application, in one or more folders. */
export class MediaLibrary {
  readonly #options: MediaLibraryOptions;

  constructor(options: MediaLibraryOptions) {
    this.#options = options;
  }

  /**
   * Finds and opens a file; see `fileNamesOf` for names.
   *
   * @param name From the network.
   * @param options `isCertain`: a recording is wanted, rather than whatever has this name; `folder` is looked in
   * first.
   * @returns `undefined` if there is none, or the name is no name of a file.
   * @throws {FormatError} If it cannot be read.
   */
  async open(
    name: string,
    options: { readonly isCertain: boolean; readonly folder?: string },
  ): Promise<LibraryFile | undefined> {
    const names = fileNamesOf(name, options.folder);
    for (const storage of this.#options.storages) {
      if (storage.isForRecordings && !options.isCertain) continue;
      const found = await this.#find(await storage.openRoot(), names);
      if (found !== undefined) return await this.#open(storage, found);
    }
    return undefined;
  }

  /**
   * Finds a file by its very name, among recordings too.
   *
   * @param name From the network, decoded.
   * @returns `undefined` if there is none.
   * @throws {FormatError} If the name is not acceptable, or leads out of its folder or to something else than a file.
   */
  async find(name: string): Promise<LibraryEntry | undefined> {
    let fault: FormatError | undefined;
    for (const storage of this.#options.storages) {
      try {
        const root = await storage.openRoot();
        const file = await root?.find(name);
        if (root !== undefined && file !== undefined) return this.#entry(storage, { root, file });
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        fault ??= error;
      }
    }
    if (fault !== undefined) throw fault;
    return undefined;
  }

  /** Names of all files, folder by folder, each once; bounded by `MAX_LISTED_FILES` a folder. */
  async list(): Promise<string[]> {
    const names = new Set<string>();
    for (const { openRoot } of this.#options.storages) {
      const root = await openRoot();
      for (const { name } of root === undefined ? [] : await this.#listFiles(root)) names.add(name);
    }
    return [...names];
  }

  /** Has the files of folders that want it scanned, in the background. */
  async buildIndexes(): Promise<void> {
    for (const { isIndexedAtStart, openRoot, indexes: store } of this.#options.storages) {
      const root = isIndexedAtStart ? await openRoot() : undefined;
      if (root === undefined) continue;
      for (const file of await this.#listFiles(root)) {
        if (await store.readFacts(file) !== undefined) continue;
        // what comes of it is logged; the server may close meanwhile
        this.#options.indexer.scan({ root, file, store }).catch(() => {});
      }
    }
  }

  /** Writes counts out. */
  async close(): Promise<void> {
    for (const { indexes } of this.#options.storages) await indexes[Symbol.asyncDispose]();
  }

  /** A folder that has gone has no files. */
  async #listFiles(root: MediaRoot): Promise<readonly MediaFile[]> {
    try {
      return (await root.list({ extensions: MEDIA_EXTENSIONS })).files;
    } catch (error) {
      this.#options.log.warning(errorMessage(error));
      return [];
    }
  }

  #entry(storage: MediaStorage, found: FoundFile): LibraryEntry {
    const { root, file } = found;
    const { stats } = storage.indexes;
    return {
      file,
      settings: storage.settings,
      openSource: () => root.openFile(file),
      open: () => this.#open(storage, found),
      countServed: (bytes) => stats?.countServed(file.path, bytes),
    };
  }

  async #find(root: MediaRoot | undefined, names: readonly string[]): Promise<FoundFile | undefined> {
    if (root === undefined) return undefined;
    try {
      return await findInRoots([root], names);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#options.log.debug(() => `no recording: ${error.message}`);
      return undefined;
    }
  }

  async #open(storage: MediaStorage, found: FoundFile): Promise<LibraryFile> {
    const { indexes, settings } = storage;
    const { root, file } = found;
    const fault = await indexes.readFault(file);
    if (fault !== undefined) throw new FormatError(fault);
    const source = await root.openFile(file);
    const demuxer = await this.#demux(storage, { file, source });
    indexes.stats?.countOpen(file.path);
    const index = demuxer.scan === undefined ? undefined : await indexes.readIndex(file);
    if (index !== undefined) demuxer.useIndex?.(index);
    return new OpenLibraryFile({
      name: file.name,
      settings,
      demuxer,
      source,
      clock: this.#options.clock,
      countServed: (bytes) => indexes.stats?.countServed(file.path, bytes),
      wantIndex: (isUrgent) => this.#wantIndex(storage, { ...found, isUrgent }),
    });
  }

  async #demux(
    { indexes }: MediaStorage,
    { file, source }: { readonly file: MediaFile; readonly source: FileSource },
  ): Promise<Demuxer> {
    try {
      return await (this.#options.openDemuxer ?? openMedia)(source, {
        name: file.name,
        blockBytes: PLAY_BLOCK_BYTES,
      });
    } catch (error) {
      source.close();
      const isOld = this.#options.clock.wallMs() - file.mtimeMs >= GROWTH_QUIET_MS;
      if (isMediaFault(error) && isOld) await indexes.rejectFile(file, errorMessage(error));
      throw error;
    }
  }

  async #wantIndex(
    { indexes: store }: MediaStorage,
    { root, file, isUrgent }: FoundFile & { readonly isUrgent: boolean },
  ): Promise<SeekIndex | undefined> {
    if (!store.canBuild) return undefined;
    try {
      return await this.#options.indexer.scan({ root, file, store }, { isUrgent });
    } catch (error) {
      if (error instanceof ClosedError) return undefined;
      throw error;
    }
  }
}

interface OpenLibraryFileOptions {
  readonly name: string;
  readonly settings: PlaySettings;
  readonly demuxer: Demuxer;
  readonly source: FileSource;
  readonly clock: Clock;
  readonly countServed: (bytes: number) => void;
  readonly wantIndex: (isUrgent: boolean) => Promise<SeekIndex | undefined>;
}

class OpenLibraryFile implements LibraryFile {
  readonly name: string;
  readonly settings: PlaySettings;
  readonly demuxer: Demuxer;
  readonly #options: OpenLibraryFileOptions;

  constructor(options: OpenLibraryFileOptions) {
    this.name = options.name;
    this.settings = options.settings;
    this.demuxer = options.demuxer;
    this.#options = options;
    // playing starts meanwhile
    if (!this.demuxer.canSeek) void this.#index(false);
  }

  async whenSeekable(): Promise<boolean> {
    if (this.demuxer.canSeek) return true;
    const patience = Promise.withResolvers<boolean>();
    using _timer = this.#options.clock.after(INDEX_WAIT_MS, () => patience.resolve(false));
    return await Promise.race([this.#index(true), patience.promise]);
  }

  countServed(bytes: number): void {
    this.#options.countServed(bytes);
  }

  async mayGrow(): Promise<boolean> {
    const { mtimeMs } = await this.#options.source.refresh();
    return this.#options.clock.wallMs() - mtimeMs < GROWTH_QUIET_MS;
  }

  async #index(isUrgent: boolean): Promise<boolean> {
    const index = await this.#options.wantIndex(isUrgent);
    if (index !== undefined) this.demuxer.useIndex?.(index);
    return index !== undefined;
  }
}
