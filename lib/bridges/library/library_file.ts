import type { Clock } from "#clock";
import type { Demuxer } from "#media";
import type { FileSource } from "#storage";
import type { Indexer } from "./indexer.ts";
import type { ScanRequest } from "./scan_file.ts";

/** A file that nobody wrote to for this long is taken to be complete, in ms. */
export const COMPLETE_AFTER_MS = 10_000;

/** What a file of the library is made of. */
export interface LibraryFileOptions extends ScanRequest {
  /** Reads the file from `source`. */
  readonly demuxer: Demuxer;
  /** Owned by `demuxer`. */
  readonly source: FileSource;
  readonly indexer: Indexer;
  readonly clock: Clock;
  /** How long a seek may wait for the file's index, in ms. */
  readonly maxSeekWaitMs: number;
}

/** A media file that is open for one reader. */
export class LibraryFile {
  /** Within its folder, parts joined by `/`. */
  readonly name: string;
  /** Closed by whoever reads. */
  readonly demuxer: Demuxer;
  readonly #options: LibraryFileOptions;

  constructor(options: LibraryFileOptions) {
    this.#options = options;
    this.name = options.file.name;
    this.demuxer = options.demuxer;
  }

  /** Size of the file when it was last looked at, in bytes. */
  get sizeBytes(): number {
    return this.#options.source.sizeBytes;
  }

  /**
   * Waits until seeking works: not at all where the format allows it, else until the file's index is there.
   *
   * @returns Whether it works; not where the index takes too long, cannot be built or is to come from elsewhere.
   */
  async whenSeekable(): Promise<boolean> {
    const { demuxer, indexer, store, clock, maxSeekWaitMs } = this.#options;
    if (demuxer.canSeek) return true;
    if (demuxer.scan === undefined || demuxer.useIndex === undefined || !store.canBuild) return false;
    const scanned = indexer.scan(this.#options, { isUrgent: true }).catch(() => undefined);
    const late = Promise.withResolvers<undefined>();
    using _timer = clock.after(maxSeekWaitMs, () => late.resolve(undefined));
    const index = await Promise.race([scanned, late.promise]);
    if (index !== undefined) demuxer.useIndex(index);
    return demuxer.canSeek;
  }

  /** Whether the file is being written, so that its end may move. */
  async mayGrow(): Promise<boolean> {
    const { source, clock } = this.#options;
    const { sizeBytes } = source;
    const now = await source.refresh();
    return now.sizeBytes !== sizeBytes || clock.wallMs() - now.mtimeMs < COMPLETE_AFTER_MS;
  }

  /** Counts bytes that went out to a player, where the folder counts them. */
  countServed(bytes: number): void {
    this.#options.store.stats?.countServed(this.#options.file.path, bytes);
  }
}
