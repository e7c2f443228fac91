import type { ByteSource } from "#bytes";
import { ClosedError } from "#errors";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { systemFault } from "./_system_fault.ts";

/** A pipe that nobody writes to would be waited for; systems without such pipes have no such flag. */
const READ_WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** What tells one state of a file from another. */
export interface FileIdentity {
  readonly sizeBytes: number;
  /** Time of the last change, in ms since 1970, whole. */
  readonly mtimeMs: number;
  /** Number of the file on its disk; 0 where the system has none. */
  readonly inode: number;
}

/** A file that was found in a media folder. */
export interface MediaFile extends FileIdentity {
  /** Within the folder, parts joined by `/`. */
  readonly name: string;
  /** On this machine, links followed; never told to a peer. */
  readonly path: string;
}

/**
 * A file as a source: reads at any place, any number at a time, without moving a common position.
 *
 * The file may grow: a read past the size that is known asks the system. One descriptor serves all who `share`
 * it; the last to close gives it back, once all reads in flight have ended.
 */
export class FileSource implements ByteSource {
  readonly #file: SharedFile;
  #isClosed = false;

  private constructor(file: SharedFile) {
    this.#file = file;
    file.users++;
  }

  /**
   * Opens a regular file for reading.
   *
   * @param path Where it is: checked by the caller, see `MediaRoot` for names from outside.
   * @param label What errors call it, since a path is nobody else's business. @default {path}
   * @throws {Error} One of `Deno.errors`, if the system refuses it.
   */
  static async open(path: string, label: string = path): Promise<FileSource> {
    const what = `Cannot open "${label}"`;
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, READ_WITHOUT_WAITING);
      const identity = await readIdentity(handle);
      if (identity === undefined) throw new Deno.errors.IsADirectory(`${what}: it is not a regular file`);
      return new FileSource(new SharedFile(handle, { identity, label }));
    } catch (error) {
      await handle?.close();
      throw error instanceof Deno.errors.IsADirectory ? error : systemFault(error, what);
    }
  }

  /** Size when the file was last looked at, in bytes. */
  get sizeBytes(): number {
    return this.#file.identity.sizeBytes;
  }

  /** The file's state when it was last looked at: at opening, by `refresh`, or by a read past its end. */
  get identity(): FileIdentity {
    return this.#file.identity;
  }

  /** Whether the file was given back by everyone who shared it and no read is in flight. */
  get isReleased(): boolean {
    return this.#file.isReleased;
  }

  /**
   * A second source on the same descriptor, to be closed by itself.
   *
   * @throws {ClosedError} If the file was given back; while somebody else uses it, a closed source still shares.
   */
  share(): FileSource {
    if (this.#file.isReleased) this.#check("share");
    return new FileSource(this.#file);
  }

  /** Asks the system for the file's size and time of change now. */
  async refresh(): Promise<FileIdentity> {
    this.#check("look at");
    return await this.#file.use(() => this.#file.refresh());
  }

  /**
   * Fills `into` from `offset` on.
   *
   * @returns How many bytes were there: fewer than `into` holds only at the end of the file.
   * @throws {ClosedError} After `close`.
   */
  async readAt(offset: number, into: Uint8Array): Promise<number> {
    this.#check("read");
    return await this.#file.use(() => this.#file.readAt(offset, into));
  }

  /** Gives the file back; reads in flight end first. Closing twice is harmless. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#file.users--;
    this.#file.releaseIfIdle();
  }

  #check(verb: string): void {
    if (this.#isClosed) throw new ClosedError(`Cannot ${verb} "${this.#file.label}": it is closed`);
  }
}

/** A descriptor and who uses it. */
class SharedFile {
  readonly label: string;
  identity: FileIdentity;
  users = 0;
  isReleased = false;
  readonly #handle: FileHandle;
  #inFlight = 0;

  constructor(handle: FileHandle, { identity, label }: { identity: FileIdentity; label: string }) {
    this.#handle = handle;
    this.identity = identity;
    this.label = label;
  }

  async use<T>(task: () => Promise<T>): Promise<T> {
    this.#inFlight++;
    try {
      return await task();
    } catch (error) {
      throw systemFault(error, `Cannot read "${this.label}"`);
    } finally {
      this.#inFlight--;
      this.releaseIfIdle();
    }
  }

  async readAt(offset: number, into: Uint8Array): Promise<number> {
    let filled = 0;
    // what a file says of places in it may be more than the system takes: nothing is there
    while (filled < into.length && Number.isSafeInteger(offset + into.length)) {
      const { bytesRead } = await this.#handle.read(into, filled, into.length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    const end = offset + filled;
    const isNews = filled < into.length ? end !== this.identity.sizeBytes : end > this.identity.sizeBytes;
    if (isNews) await this.refresh();
    return filled;
  }

  async refresh(): Promise<FileIdentity> {
    this.identity = await readIdentity(this.#handle) ?? this.identity;
    return this.identity;
  }

  releaseIfIdle(): void {
    if (this.users > 0 || this.#inFlight > 0 || this.isReleased) return;
    this.isReleased = true;
    // Nothing was written: what a close could still say concerns nobody.
    this.#handle.close().catch(() => {});
  }
}

async function readIdentity(handle: FileHandle): Promise<FileIdentity | undefined> {
  const stat = await handle.stat();
  if (!stat.isFile()) return undefined;
  return { sizeBytes: stat.size, mtimeMs: Math.trunc(stat.mtimeMs), inode: stat.ino };
}
