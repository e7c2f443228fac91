import { errorMessage } from "#errors";
import type { Logger } from "#log";
import type { Demuxer, SeekIndex } from "#media";
import type { MediaFile } from "#storage";

/** One file whose index is wanted. */
export interface IndexBuild {
  readonly file: MediaFile;
  /** Opens the file for the scan, which closes it. */
  readonly open: () => Promise<Demuxer>;
  /** Takes the index, for others to use later. */
  readonly keep: (index: SeekIndex) => Promise<void>;
}

/** Builds indexes in the background: each file once for all who wait, one file at a time. */
export class IndexBuilds {
  readonly #log: Logger;
  readonly #running = new Map<string, Promise<SeekIndex | undefined>>();
  readonly #stopped = new AbortController();
  #last: Promise<unknown> = Promise.resolve();

  /** @param log Told of files that cannot be scanned. */
  constructor(log: Logger) {
    this.#log = log;
  }

  /** The index of a file, once it is there; `undefined` if it cannot be built. */
  want(build: IndexBuild): Promise<SeekIndex | undefined> {
    const { path, sizeBytes, mtimeMs } = build.file;
    const key = `${path}\0${sizeBytes}\0${mtimeMs}`;
    let running = this.#running.get(key);
    if (running === undefined) {
      running = this.#last.then(() => this.#build(build)).finally(() => this.#running.delete(key));
      this.#running.set(key, running);
      this.#last = running;
    }
    return running;
  }

  /** Ends the build that runs, and starts none. */
  stop(): void {
    this.#stopped.abort();
  }

  async #build({ file, open, keep }: IndexBuild): Promise<SeekIndex | undefined> {
    const { signal } = this.#stopped;
    if (signal.aborted) return undefined;
    try {
      const demuxer = await open();
      try {
        const index = await demuxer.scan?.({ signal });
        if (index !== undefined) await keep(index);
        return index;
      } finally {
        demuxer.close();
      }
    } catch (error) {
      if (!signal.aborted) {
        this.#log.warning(`Cannot build the index of "${file.name}": ${errorMessage(error)}`);
      }
      return undefined;
    }
  }
}
