import type { ByteSource } from "#bytes";
import type { Clock } from "#clock";
import { errorMessage, FormatError } from "#errors";
import type { Logger } from "#log";
import { MEDIA_EXTENSIONS } from "#mediaformats";
import type { Demuxer, SeekIndex } from "#media";
import {
  type FileSource,
  findInRoots,
  type FoundFile,
  type IndexStore,
  type MediaFile,
  type MediaRoot,
} from "#storage";
import { IndexBuilds } from "./index_builds.ts";
import { fileNamesOf } from "./media_name.ts";
import type { OpenFile, PlaySettings } from "./open_file.ts";

/** Longest wait of a seek for the index of its file, in ms. */
export const INDEX_WAIT_MS = 20_000;

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
  /** Finds out what a file is, and opens it; closes the source where it throws. */
  readonly openMedia: (source: ByteSource, name: string) => Promise<Demuxer>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A file of a library that is open for one reader. */
export interface LibraryFile extends OpenFile {
  readonly settings: PlaySettings;
}

/** The media files of one application, in one or more folders. */
export class MediaLibrary {
  readonly #options: MediaLibraryOptions;
  readonly #builds: IndexBuilds;
  #isClosed = false;

  constructor(options: MediaLibraryOptions) {
    this.#options = options;
    this.#builds = new IndexBuilds(options.log);
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

  /** Names of all files, folder by folder, each once; bounded by `MAX_LISTED_FILES` a folder. */
  async list(): Promise<string[]> {
    const names = new Set<string>();
    for (const { openRoot } of this.#options.storages) {
      const listing = await (await openRoot())?.list({ extensions: MEDIA_EXTENSIONS });
      for (const { name } of listing?.files ?? []) names.add(name);
    }
    return [...names];
  }

  /** Builds the indexes that are missing, one after another; ends early where the library is closed. */
  async buildIndexes(): Promise<void> {
    for (const storage of this.#options.storages) {
      if (!storage.isIndexedAtStart) continue;
      const root = await storage.openRoot();
      const listing = await root?.list({ extensions: MEDIA_EXTENSIONS });
      for (const file of listing?.files ?? []) {
        if (root === undefined || this.#isClosed) return;
        await this.#buildIndex(storage, { root, file });
      }
    }
  }

  async #buildIndex(storage: MediaStorage, found: FoundFile): Promise<void> {
    try {
      const { demuxer } = await this.#open(storage, found);
      const needsIndex = !demuxer.canSeek;
      demuxer.close();
      if (needsIndex) await this.#wantIndex(storage, found);
    } catch (error) {
      this.#options.log.warning(`Cannot read "${found.file.name}": ${errorMessage(error)}`);
    }
  }

  /** Ends what goes on in the background, and writes counts out. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#builds.stop();
    for (const { indexes } of this.#options.storages) await indexes[Symbol.asyncDispose]();
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
      wantIndex: () => this.#wantIndex(storage, found),
    });
  }

  async #demux(
    { indexes }: MediaStorage,
    { file, source }: { readonly file: MediaFile; readonly source: FileSource },
  ): Promise<Demuxer> {
    try {
      return await this.#options.openMedia(source, file.name);
    } catch (error) {
      const isOld = this.#options.clock.wallMs() - file.mtimeMs >= GROWTH_QUIET_MS;
      if (error instanceof FormatError && isOld) await indexes.rejectFile(file, error.message);
      throw error;
    }
  }

  #wantIndex({ indexes }: MediaStorage, { root, file }: FoundFile): Promise<SeekIndex | undefined> {
    if (!indexes.canBuild) return Promise.resolve(undefined);
    return this.#builds.want({
      file,
      open: async () => await this.#options.openMedia(await root.openFile(file), file.name),
      keep: (index) => indexes.writeIndex(file, index),
    });
  }
}

interface OpenLibraryFileOptions {
  readonly name: string;
  readonly settings: PlaySettings;
  readonly demuxer: Demuxer;
  readonly source: FileSource;
  readonly clock: Clock;
  readonly wantIndex: () => Promise<SeekIndex | undefined>;
}

class OpenLibraryFile implements LibraryFile {
  readonly name: string;
  readonly settings: PlaySettings;
  readonly demuxer: Demuxer;
  readonly #options: OpenLibraryFileOptions;
  #indexed: Promise<boolean> | undefined;

  constructor(options: OpenLibraryFileOptions) {
    this.name = options.name;
    this.settings = options.settings;
    this.demuxer = options.demuxer;
    this.#options = options;
    // playing starts meanwhile
    if (!this.demuxer.canSeek) this.#index();
  }

  async whenSeekable(): Promise<boolean> {
    if (this.demuxer.canSeek) return true;
    const patience = Promise.withResolvers<boolean>();
    using _timer = this.#options.clock.after(INDEX_WAIT_MS, () => patience.resolve(false));
    return await Promise.race([this.#index(), patience.promise]);
  }

  async mayGrow(): Promise<boolean> {
    const { mtimeMs } = await this.#options.source.refresh();
    return this.#options.clock.wallMs() - mtimeMs < GROWTH_QUIET_MS;
  }

  #index(): Promise<boolean> {
    return this.#indexed ??= this.#options.wantIndex().then((index) => {
      if (index !== undefined) this.demuxer.useIndex?.(index);
      return index !== undefined;
    });
  }
}
