import { ClosedError } from "#errors";
import type { Demuxer, MediaPacket, SeekResult } from "#media";

/**
 * A place in one file: reads and seeks of a demuxer, one after the other whatever order they are asked in.
 */
export class MediaCursor {
  readonly #demuxer: Demuxer;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** @param demuxer Owned from now on. */
  constructor(demuxer: Demuxer) {
    this.#demuxer = demuxer;
  }

  /** The next packets, in decode order; none at the end of what is there. */
  read(): Promise<readonly MediaPacket[]> {
    return this.#next(() => this.#demuxer.read());
  }

  /** Goes to the newest key frame at or before `timeUs` of the file's own time. */
  seek(timeUs: number): Promise<SeekResult> {
    return this.#next(() => this.#demuxer.seek(timeUs));
  }

  /** Closes the file once what runs has ended. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    void this.#last.then(() => this.#demuxer.close());
  }

  #next<T>(task: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new ClosedError("Cannot read the file: it is closed"));
    const done = this.#last.then(task);
    this.#last = done.catch(() => {});
    return done;
  }
}
