import { decodeUtf8, encodeUtf8 } from "#bytes";
import type { Clock } from "#clock";
import { errorMessage } from "#errors";
import { readSmallFile, replaceFile, sidePath } from "./_side_files.ts";

/** How often counts that changed are written, in ms. */
export const STATS_PERIOD_MS = 1000;
/** A `.stats` file is three numbers; what is longer is none. */
const MAX_STATS_FILE_BYTES = 4096;

/** How much a file was asked for. */
export interface FileUse {
  readonly openCount: number;
  readonly servedBytes: number;
  /** Time of the newest opening, in ms since 1970. */
  readonly lastAccessMs: number;
}

/** Where storage tells of what went wrong and need not end anything; a `Logger` is one. */
export interface StorageLog {
  /** Takes one sentence. */
  warning(message: string): void;
}

/** What {@link FileStats} needs. */
export interface FileStatsOptions {
  /** One folder for all `.stats` files; beside the media files if absent. */
  readonly metaFolder?: string;
  /** Times the writing, and dates what is counted. */
  readonly clock: Clock;
  /** Told of counts that cannot be written. */
  readonly log: StorageLog;
}

/** Counts how files are used, across restarts: `.stats` files, written a second after a change. */
export class FileStats implements AsyncDisposable {
  readonly #options: FileStatsOptions;
  readonly #uses = new Map<string, FileUse>();
  readonly #changed = new Set<string>();
  #timer: Disposable | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(options: FileStatsOptions) {
    this.#options = options;
  }

  /** Counts an opening of the file at `path`. */
  countOpen(path: string): void {
    this.#add(path, { openCount: 1, servedBytes: 0, lastAccessMs: this.#options.clock.wallMs() });
  }

  /** Counts bytes of the file at `path` that went out. */
  countServed(path: string, bytes: number): void {
    this.#add(path, { openCount: 0, servedBytes: bytes, lastAccessMs: 0 });
  }

  /** What was counted for the file at `path`, in earlier runs as well. */
  async read(path: string): Promise<FileUse> {
    await this.flush();
    return await this.#stored(path);
  }

  /** Writes what changed. */
  flush(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    return this.#work = this.#work.then(() => this.#writeChanged());
  }

  /** Writes what changed, and stops the timer. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
  }

  #add(path: string, use: FileUse): void {
    const pending = this.#uses.get(path);
    this.#uses.set(path, pending === undefined ? use : sum(pending, use));
    this.#changed.add(path);
    this.#timer ??= this.#options.clock.after(STATS_PERIOD_MS, () => void this.flush());
  }

  async #writeChanged(): Promise<void> {
    for (const path of this.#changed) {
      const pending = this.#uses.get(path);
      this.#changed.delete(path);
      this.#uses.delete(path);
      if (pending === undefined) continue;
      try {
        const text = JSON.stringify(sum(await this.#stored(path), pending)) + "\n";
        await replaceFile({
          path: await this.#sidePath(path),
          bytes: encodeUtf8(text),
          makesFolder: this.#options.metaFolder !== undefined,
        });
      } catch (error) {
        this.#options.log.warning(`Cannot write statistics of a file: ${errorMessage(error)}`);
      }
    }
  }

  async #stored(path: string): Promise<FileUse> {
    const bytes = await readSmallFile(await this.#sidePath(path), MAX_STATS_FILE_BYTES);
    return parseUse(bytes === undefined ? "" : decodeUtf8(bytes));
  }

  #sidePath(path: string): Promise<string> {
    return sidePath(path, { kind: "stats", metaFolder: this.#options.metaFolder });
  }
}

/** Counts of a damaged file start again. */
function parseUse(text: string): FileUse {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = {};
  }
  const numberAt = (key: string): number => {
    const number = typeof value === "object" && value !== null ? Reflect.get(value, key) : 0;
    return typeof number === "number" && number > 0 ? number : 0;
  };
  return {
    openCount: numberAt("openCount"),
    servedBytes: numberAt("servedBytes"),
    lastAccessMs: numberAt("lastAccessMs"),
  };
}

function sum(a: FileUse, b: FileUse): FileUse {
  return {
    openCount: a.openCount + b.openCount,
    servedBytes: a.servedBytes + b.servedBytes,
    lastAccessMs: Math.max(a.lastAccessMs, b.lastAccessMs),
  };
}
