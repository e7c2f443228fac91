import { ConfigError, errorMessage, FormatError, LimitError } from "#errors";
import { link, mkdir, open, realpath, rename, stat, unlink } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { codeOf, isMissing, systemFault } from "./_system_fault.ts";
import { AppendFile } from "./append_file.ts";
import { fileNameFault, numberedName } from "./file_names.ts";
import { FileSource, type MediaFile } from "./file_source.ts";
import { type FileListing, listFiles, type ListFilesOptions } from "./list_files.ts";

/** Most names that are tried for a file that gets a number because its own name is taken. */
export const MAX_NUMBERED_NAMES = 10_000;

/** Open files that are remembered for sharing before those given back are looked for. */
const MAX_REMEMBERED_FILES = 64;

/** A folder of media files. */
export interface MediaRootOptions {
  /** How configuration, logs and errors call it. */
  readonly name: string;
  /** Path of the folder. */
  readonly folder: string;
  /** For people. @default {""} */
  readonly description?: string;
  /** Whether a link within the folder may lead out of it. @default {false} */
  readonly allowLinksOut?: boolean;
  /** Whether the folder is made if it is not there. @default {false} */
  readonly create?: boolean;
}

/** What happens where a file that is to be written exists. */
export type OnExisting =
  /** `AlreadyExists` is thrown. */
  | "fail"
  /** The new one gets a number: `name_1.flv`. */
  | "number"
  /** A new file takes the name; who reads the old one reads on. */
  | "replace"
  /** Writing goes on at its end. */
  | "append";

/**
 * One folder with media files, and the wall around it: no name leads out of it.
 *
 * Names come from the network. They are allow-listed (see `fileNameFault`), joined, and what they lead to, links
 * followed, is checked to lie under the folder and to be a regular file. No error holds a path of this machine.
 */
export class MediaRoot {
  /** How configuration, logs and errors call it. */
  readonly name: string;
  /** For people. */
  readonly description: string;
  /** Its path on this machine, links followed; never told to a peer. */
  readonly folder: string;
  readonly #allowLinksOut: boolean;
  readonly #opened = new Map<string, FileSource>();

  private constructor(folder: string, options: MediaRootOptions) {
    this.folder = folder;
    this.name = options.name;
    this.description = options.description ?? "";
    this.#allowLinksOut = options.allowLinksOut ?? false;
  }

  /**
   * Opens a folder.
   *
   * @throws {ConfigError} If it is not there, or no folder.
   */
  static async open(options: MediaRootOptions): Promise<MediaRoot> {
    const { name, folder } = options;
    try {
      if (options.create === true) await mkdir(folder, { recursive: true });
      const real = await realpath(folder);
      if ((await stat(real)).isDirectory()) return new MediaRoot(real, options);
    } catch (error) {
      const fault = systemFault(error, `Cannot use folder "${folder}" of media storage "${name}"`);
      throw new ConfigError(errorMessage(fault), { cause: error });
    }
    throw new ConfigError(`Cannot use "${folder}" as media storage "${name}": it is not a folder`);
  }

  /**
   * Finds a file.
   *
   * @param name From the network, decoded: a `%` that is left is refused.
   * @returns `undefined` if nothing is there.
   * @throws {FormatError} If the name is not acceptable, leads out of the folder, in circles, or to something
   * else than a file.
   */
  async find(name: string): Promise<MediaFile | undefined> {
    const what = this.#check(name);
    try {
      const path = await realpath(this.#join(name));
      if (!this.#allowLinksOut) this.#checkUnder(path, what);
      const found = await stat(path);
      if (!found.isFile()) throw new FormatError(`${what}: it is not a regular file`);
      return { name, path, sizeBytes: found.size, mtimeMs: Math.trunc(found.mtimeMs), inode: found.ino };
    } catch (error) {
      if (isMissing(error)) return undefined;
      if (codeOf(error) === "ELOOP") throw new FormatError(`${what}: its links lead in circles`);
      throw error instanceof FormatError ? error : systemFault(error, what);
    }
  }

  /**
   * Opens what `find` found; everybody who has the same file open shares one descriptor.
   *
   * @throws {Error} One of `Deno.errors`, if the system refuses it.
   */
  async openFile(file: MediaFile): Promise<FileSource> {
    const known = this.#opened.get(file.path);
    if (known !== undefined && !known.isReleased && known.identity.inode === file.inode) {
      const shared = known.share();
      // it may have grown since somebody looked
      await shared.refresh();
      return shared;
    }
    const source = await FileSource.open(file.path, file.name);
    if (this.#opened.size >= MAX_REMEMBERED_FILES) {
      for (const [path, each] of this.#opened) if (each.isReleased) this.#opened.delete(path);
    }
    this.#opened.set(file.path, source);
    return source;
  }

  /** Lists the files, names in order, within bounds; what `find` would refuse is left out. */
  list(options: ListFilesOptions = {}): Promise<FileListing> {
    return listFiles(this, options);
  }

  /**
   * Opens a file for writing, and makes the folders it lies in.
   *
   * @param name Checked like those of `find`.
   * @param onExisting What happens where there is one. @default {"fail"}
   * @throws {FormatError} If the name is not acceptable or leads out of the folder.
   * @throws {LimitError} `MAX_NUMBERED_NAMES`, if all those names are taken.
   */
  async create(name: string, onExisting: OnExisting = "fail"): Promise<AppendFile> {
    const path = await this.#place(name);
    const what = `Cannot write "${name}" in media storage "${this.name}"`;
    try {
      if (onExisting === "append") return await this.#openForAppending(name, path);
      if (onExisting === "replace") await unlink(path).catch((error) => ignoreMissing(error));
      if (onExisting !== "number") return await createNew(path, name);
      return await this.#createNumbered(name, path);
    } catch (error) {
      throw error instanceof FormatError || error instanceof LimitError ? error : systemFault(error, what);
    }
  }

  /**
   * Gives a file another name in one step: nobody sees half of it. Close it first, for the sake of Windows.
   *
   * @param name Of a file that is there.
   * @param target `name`: the new one; `replace`: whether it may be taken from another file.
   */
  async rename(name: string, target: { readonly name: string; readonly replace?: boolean }): Promise<void> {
    const what = `Cannot rename "${name}" to "${target.name}" in media storage "${this.name}"`;
    const from = await this.find(name);
    if (from === undefined) throw new Deno.errors.NotFound(`${what}: it is not there`);
    const to = await this.#place(target.name);
    try {
      if (target.replace === true) await rename(from.path, to);
      else await renameExclusively(from.path, to);
    } catch (error) {
      throw systemFault(error, what);
    }
  }

  /** Deletes a file; who reads it reads on. Returns whether it was there. */
  async remove(name: string): Promise<boolean> {
    const file = await this.find(name);
    if (file === undefined) return false;
    try {
      await unlink(this.#join(name));
    } catch (error) {
      if (isMissing(error)) return false;
      throw systemFault(error, `Cannot delete "${name}" in media storage "${this.name}"`);
    }
    return true;
  }

  async #openForAppending(name: string, path: string): Promise<AppendFile> {
    const file = await this.find(name);
    if (file === undefined) return await createNew(path, name);
    return new AppendFile(await open(file.path, "r+"), { name, sizeBytes: file.sizeBytes });
  }

  async #createNumbered(name: string, path: string): Promise<AppendFile> {
    for (let number = 0; number < MAX_NUMBERED_NAMES; number++) {
      const candidate = number === 0 ? name : numberedName(name, number);
      try {
        return await createNew(number === 0 ? path : numberedName(path, number), candidate);
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error;
      }
    }
    throw new LimitError("MAX_NUMBERED_NAMES", {
      value: MAX_NUMBERED_NAMES + 1,
      limit: MAX_NUMBERED_NAMES,
      message:
        `Cannot write "${name}" in media storage "${this.name}": ${MAX_NUMBERED_NAMES} names are taken`,
    });
  }

  /** Makes the folders of `name`, one by one, so that no link leads the next one out. */
  async #place(name: string): Promise<string> {
    const what = this.#check(name);
    const segments = name.split("/");
    const last = segments.pop() ?? "";
    let folder = this.folder;
    for (const segment of segments) {
      try {
        const inner = join(folder, segment);
        await mkdir(inner).catch((error) => {
          if (codeOf(error) !== "EEXIST") throw error;
        });
        folder = await realpath(inner);
      } catch (error) {
        throw systemFault(error, what);
      }
      if (!this.#allowLinksOut) this.#checkUnder(folder, what);
    }
    return join(folder, last);
  }

  #check(name: string): string {
    const fault = fileNameFault(name);
    if (fault !== undefined) {
      throw new FormatError(`Cannot use a name in media storage "${this.name}": ${fault}`);
    }
    if (sep === "\\" && name.includes(":")) {
      throw new FormatError(`Cannot use a name in media storage "${this.name}": it holds a colon`);
    }
    return `Cannot use "${name}" in media storage "${this.name}"`;
  }

  #checkUnder(path: string, what: string): void {
    const way = relative(this.folder, path);
    if (way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way)) {
      throw new FormatError(`${what}: it leads out of the folder`);
    }
  }

  #join(name: string): string {
    return join(this.folder, ...name.split("/"));
  }
}

async function createNew(path: string, name: string): Promise<AppendFile> {
  return new AppendFile(await open(path, "wx+"), { name, sizeBytes: 0 });
}

/** A second name is refused if it exists, where a rename would take it; disks without links get the lesser promise. */
async function renameExclusively(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw error;
    if (await stat(to).then(() => true, () => false)) {
      throw Object.assign(new Error("Cannot take a name that is taken", { cause: error }), {
        code: "EEXIST",
      });
    }
    return await rename(from, to);
  }
  await unlink(from);
}

function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}
