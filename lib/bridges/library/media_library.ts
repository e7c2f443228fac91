import { type Clock, systemClock } from "#clock";
import { errorMessage, FormatError, LimitError } from "#errors";
import { Logger } from "#log";
import { MEDIA_EXTENSIONS, openMedia } from "#mediaformats";
import {
  IndexStore,
  type IndexStoreOptions,
  type MediaFile,
  MediaRoot,
  type MediaRootOptions,
} from "#storage";
import { Indexer } from "./indexer.ts";
import { LibraryFile } from "./library_file.ts";
import { isFault, type OpenDemuxer } from "./scan_file.ts";

/** How long a seek waits for the index of a file without one, in ms. */
export const MAX_SEEK_WAIT_MS = 10_000;

/** One folder of the library, and how what is found out about its files is kept. */
export interface LibraryFolder {
  readonly root: MediaRoot;
  readonly store: IndexStore;
}

/** What a folder is opened from. */
export interface LibraryFolderOptions extends MediaRootOptions, Omit<IndexStoreOptions, "clock" | "log"> {
  /** Whether the indexes of all its files are built from the start on, in the background. @default {false} */
  readonly generateMetaFiles?: boolean;
}

/** What a library is made of. */
export interface MediaLibraryOptions {
  /** Time of scans, waits and counts. @default {systemClock} */
  readonly clock?: Clock;
  /** Told of bad files and of what cannot be written. @default {Logger.silent()} */
  readonly log?: Logger;
  /** How long a seek waits for the index of a file without one, in ms. @default {MAX_SEEK_WAIT_MS} */
  readonly maxSeekWaitMs?: number;
  /** Opens readers; for tests. @default {openMedia} */
  readonly openDemuxer?: OpenDemuxer;
}

/** A file that was found, to be opened or looked at. */
export interface LibraryEntry extends LibraryFolder {
  readonly file: MediaFile;
}

/** Folders of media files that are found, opened with their indexes, and scanned in the background. */
export class MediaLibrary implements AsyncDisposable {
  /** Searched in this order. */
  readonly folders: readonly LibraryFolder[];
  readonly #indexer: Indexer;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #openDemuxer: OpenDemuxer;
  readonly #maxSeekWaitMs: number;
  readonly #abort = new AbortController();
  #listing: Promise<void> = Promise.resolve();

  private constructor(folders: readonly LibraryFolder[], options: Required<MediaLibraryOptions>) {
    this.folders = folders;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#openDemuxer = options.openDemuxer;
    this.#maxSeekWaitMs = options.maxSeekWaitMs;
    this.#indexer = new Indexer(options);
  }

  /**
   * Opens all folders.
   *
   * @throws {ConfigError} If one is not there.
   */
  static async open(
    folders: readonly LibraryFolderOptions[],
    options: MediaLibraryOptions = {},
  ): Promise<MediaLibrary> {
    const {
      clock = systemClock,
      log = Logger.silent(),
      maxSeekWaitMs = MAX_SEEK_WAIT_MS,
      openDemuxer = openMedia,
    } = options;
    const opened: LibraryFolder[] = [];
    for (const folder of folders) {
      opened.push({ root: await MediaRoot.open(folder), store: new IndexStore({ ...folder, clock, log }) });
    }
    const library = new MediaLibrary(opened, { clock, log, maxSeekWaitMs, openDemuxer });
    const generated = opened.filter((_, at) => folders[at]?.generateMetaFiles === true);
    library.#listing = library.#scanAll(generated);
    return library;
  }

  /** Files that wait for their scan, and the one that is being scanned. */
  get waitingScans(): number {
    return this.#indexer.waiting;
  }

  /**
   * Finds a file in the folders, in their order.
   *
   * @param names What it may be called, the likeliest first: `a`, `a.flv`.
   * @returns `undefined` if it is in none.
   * @throws {FormatError} If a name is not acceptable, leads out of its folder or to something else than a file.
   */
  async find(names: readonly string[]): Promise<LibraryEntry | undefined> {
    for (const folder of this.folders) {
      for (const name of names) {
        const file = await folder.root.find(name);
        if (file !== undefined) return { ...folder, file };
      }
    }
    return undefined;
  }

  /**
   * Opens a file for one reader, with its index where there is one.
   *
   * @throws {FormatError} If it cannot be read, now or when it was tried before; the message is fit for a peer.
   */
  async open(entry: LibraryEntry): Promise<LibraryFile> {
    const { root, store, file } = entry;
    const fault = await store.readFault(file);
    if (fault !== undefined) throw new FormatError(fault);
    const source = await root.openFile(file);
    try {
      const demuxer = await this.#openDemuxer(source, { name: file.name });
      const index = demuxer.useIndex === undefined ? undefined : await store.readIndex(file);
      if (index !== undefined) demuxer.useIndex?.(index);
      store.stats?.countOpen(file.path);
      const indexer = this.#indexer;
      const opened = {
        ...entry,
        demuxer,
        source,
        indexer,
        clock: this.#clock,
        maxSeekWaitMs: this.#maxSeekWaitMs,
      };
      if (!demuxer.canSeek && store.canBuild) void indexer.scan(entry).catch(() => {});
      return new LibraryFile(opened);
    } catch (error) {
      source.close();
      if (isFault(error)) {
        this.#log.warning(`Cannot read "${file.name}": ${errorMessage(error)}`);
        await store.rejectFile(file, errorMessage(error));
      }
      if (error instanceof LimitError) throw new FormatError(error.message, { cause: error });
      throw error;
    }
  }

  /** Lists the media files of all folders, by the extensions of containers that are read, within bounds. */
  async list(): Promise<readonly LibraryEntry[]> {
    const entries: LibraryEntry[] = [];
    for (const folder of this.folders) {
      const { files } = await folder.root.list({ extensions: MEDIA_EXTENSIONS, signal: this.#abort.signal });
      entries.push(...files.map((file) => ({ ...folder, file })));
    }
    return entries;
  }

  /** Ends scans, and writes out what was counted. Files that are open stay so. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#indexer[Symbol.asyncDispose]();
    await this.#listing;
    for (const { store } of this.folders) await store[Symbol.asyncDispose]();
  }

  async #scanAll(folders: readonly LibraryFolder[]): Promise<void> {
    const { signal } = this.#abort;
    for (const folder of folders) {
      try {
        const { files } = await folder.root.list({ extensions: MEDIA_EXTENSIONS, signal });
        for (const file of files) {
          signal.throwIfAborted();
          if (await folder.store.readFacts(file) === undefined) void this.#indexer.scan({ ...folder, file });
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#log.warning(`Cannot index media storage "${folder.root.name}": ${errorMessage(error)}`);
      }
    }
  }
}
