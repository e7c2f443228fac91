import { ClosedError } from "#errors";
import type { FileHandle } from "node:fs/promises";
import { systemFault } from "./_system_fault.ts";

/** What an {@link AppendFile} is made on. */
export interface AppendFileOptions {
  /** What errors call it: its name within its folder. */
  readonly name: string;
  /** Where the next bytes go: the size of the file. */
  readonly sizeBytes: number;
}

/**
 * A file that is written from its start to its end, with changes to what was written before.
 *
 * Calls run one after another, in the order they were made; each resolves when the system has the bytes. What
 * could be written only in part is cut off again, so the file always ends with a whole `append`. How much may
 * wait is the caller's bound.
 */
export class AppendFile {
  /** Its name within its folder. */
  readonly name: string;
  readonly #handle: FileHandle;
  #sizeBytes: number;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** @param handle Open for writing; owned from now on. `MediaRoot` makes it. */
  constructor(handle: FileHandle, options: AppendFileOptions) {
    this.#handle = handle;
    this.name = options.name;
    this.#sizeBytes = options.sizeBytes;
  }

  /** Bytes that are whole in the file. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /**
   * Adds `bytes` at the end.
   *
   * @param bytes Borrowed until the call resolves.
   * @throws {LimitError} `DISK_SPACE_BYTES`, if the disk is full: nothing of `bytes` stays in the file.
   */
  append(bytes: Uint8Array): Promise<void> {
    return this.#next(`write ${bytes.length} bytes at the end of`, async () => {
      try {
        await this.#write(bytes, this.#sizeBytes);
      } catch (error) {
        // If this fails as well, the next append writes over it.
        await this.#handle.truncate(this.#sizeBytes).catch(() => {});
        throw error;
      }
      this.#sizeBytes += bytes.length;
    });
  }

  /**
   * Replaces bytes that were written before.
   *
   * @param offset From the start of the file, in bytes.
   * @param bytes Must end within the file; borrowed until the call resolves.
   */
  patch(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#next(`write ${bytes.length} bytes at offset ${offset} of`, async () => {
      if (offset < 0 || offset + bytes.length > this.#sizeBytes) {
        throw new RangeError(
          `Cannot patch "${this.name}": ${bytes.length} bytes at offset ${offset} of ${this.#sizeBytes}`,
        );
      }
      await this.#write(bytes, offset);
    });
  }

  /** Cuts the file off: what is appended next goes to `sizeBytes`, which must not be past the end. */
  truncate(sizeBytes: number): Promise<void> {
    return this.#next(`cut to ${sizeBytes} bytes`, async () => {
      if (sizeBytes < 0 || sizeBytes > this.#sizeBytes) {
        throw new RangeError(`Cannot cut "${this.name}" to ${sizeBytes} bytes: it has ${this.#sizeBytes}`);
      }
      await this.#handle.truncate(sizeBytes);
      this.#sizeBytes = sizeBytes;
    });
  }

  /**
   * Reads what was written before, as a muxer needs that goes on with an older file.
   *
   * @param offset From the start of the file, in bytes.
   * @param into Filled from its start; borrowed until the call resolves.
   * @returns How many bytes were there.
   */
  readAt(offset: number, into: Uint8Array): Promise<number> {
    return this.#next("read", async () => (await this.#handle.read(into, 0, into.length, offset)).bytesRead);
  }

  /** Waits until the disk has what was written. */
  sync(): Promise<void> {
    return this.#next("write out", () => this.#handle.datasync());
  }

  /** Waits for the calls before, and gives the file back. Closing twice is harmless. */
  close(): Promise<void> {
    if (this.#isClosed) return this.#last.then(() => {});
    const closed = this.#next("close", () => this.#handle.close());
    this.#isClosed = true;
    return closed;
  }

  #next<T>(verb: string, task: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new ClosedError(`Cannot ${verb} "${this.name}": it is closed`));
    const done = this.#last.then(task).catch((error) => {
      throw error instanceof RangeError ? error : systemFault(error, `Cannot ${verb} "${this.name}"`);
    });
    this.#last = done.catch(() => {});
    return done;
  }

  async #write(bytes: Uint8Array, offset: number): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      at += (await this.#handle.write(bytes, at, bytes.length - at, offset + at)).bytesWritten;
    }
  }
}
