import type { Clock } from "#clock";
import { ClosedError, errorMessage } from "#errors";
import type { Logger } from "#log";
import type { SeekIndex } from "#media";
import { openMedia } from "#mediaformats";
import { PacedSource } from "./paced_source.ts";
import { type OpenDemuxer, scanFile, type ScanRequest } from "./scan_file.ts";

/** Most files that wait for a scan; what comes beyond is not scanned now. */
export const MAX_WAITING_SCANS = 20_000;
/** Part of a core that a scan takes while nobody waits for it. */
export const SCAN_SHARE = 0.2;
/** Part of a core that a scan takes while a player waits for its seek. */
export const URGENT_SCAN_SHARE = 0.5;

/** What an indexer needs. */
export interface IndexerOptions {
  /** Paces the scans. */
  readonly clock: Clock;
  /** Told what cannot be scanned. */
  readonly log: Logger;
  /** Opens readers. @default {openMedia} */
  readonly openDemuxer?: OpenDemuxer;
}

interface Job extends ScanRequest {
  isUrgent: boolean;
  readonly done: PromiseWithResolvers<SeekIndex | undefined>;
}

/** Builds indexes in the background: one file at a time, at a part of one core, those that players wait for first. */
export class Indexer implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #openDemuxer: OpenDemuxer;
  /** By path, in the order in which they came. */
  readonly #jobs = new Map<string, Job>();
  readonly #abort = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: IndexerOptions) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#openDemuxer = options.openDemuxer ?? openMedia;
  }

  /** Files that wait, and the one that is being scanned. */
  get waiting(): number {
    return this.#jobs.size;
  }

  /**
   * Scans a file when its turn comes, and keeps what it finds; once, however many ask.
   *
   * @param options `isUrgent`: somebody waits for it.
   * @returns `undefined` where there is no index to be had; the log says why, if it is the file's fault.
   * @throws {ClosedError} If the indexer is closed before the scan has ended.
   */
  scan(request: ScanRequest, options: { readonly isUrgent?: boolean } = {}): Promise<SeekIndex | undefined> {
    const known = this.#jobs.get(request.file.path);
    if (known !== undefined) {
      if (options.isUrgent === true) known.isUrgent = true;
      return known.done.promise;
    }
    if (this.#abort.signal.aborted) return Promise.reject(closed());
    if (this.#jobs.size >= MAX_WAITING_SCANS) return Promise.resolve(undefined);
    const done = Promise.withResolvers<SeekIndex | undefined>();
    // Whoever asked may have gone when the indexer is closed.
    done.promise.catch(() => {});
    this.#jobs.set(request.file.path, { ...request, isUrgent: options.isUrgent ?? false, done });
    this.#running ??= this.#run();
    return done.promise;
  }

  /** Ends the scan that runs, and refuses those that wait. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(closed());
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let job = this.#next(); job !== undefined; job = this.#next()) {
      try {
        this.#abort.signal.throwIfAborted();
        job.done.resolve(await this.#scan(job));
      } catch (error) {
        if (this.#abort.signal.aborted) job.done.reject(closed());
        else {
          this.#log.warning(`Cannot index "${job.file.name}": ${errorMessage(error)}`);
          job.done.resolve(undefined);
        }
      }
      this.#jobs.delete(job.file.path);
    }
    this.#running = undefined;
  }

  #next(): Job | undefined {
    const jobs = [...this.#jobs.values()];
    return jobs.find(({ isUrgent }) => isUrgent) ?? jobs[0];
  }

  async #scan(job: Job): Promise<SeekIndex | undefined> {
    const { store, file } = job;
    if (await store.readFault(file) !== undefined || await store.readIndexFault(file) !== undefined) {
      return undefined;
    }
    const { signal } = this.#abort;
    const share = () => job.isUrgent ? URGENT_SCAN_SHARE : SCAN_SHARE;
    const { index, fault } = await scanFile(job, {
      openDemuxer: this.#openDemuxer,
      wrap: (source) => new PacedSource(source, { clock: this.#clock, share, signal }),
      signal,
    });
    if (fault !== undefined) this.#log.warning(`Cannot index "${file.name}": ${fault}`);
    return index;
  }
}

function closed(): ClosedError {
  return new ClosedError("Cannot index: the indexer is closed");
}
