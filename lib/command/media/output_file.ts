import { ConfigError } from "#errors";
import type { Patch } from "#media";
import { AppendFile } from "#storage";
import { open, rename, unlink } from "node:fs/promises";

/** Bytes gathered before they are written. */
const GATHERED_BYTES = 1024 * 1024;

/** A file a command writes: under a name of its own until it is whole. */
export class OutputFile implements AsyncDisposable {
  readonly #path: string;
  readonly #file: AppendFile;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #isWhole = false;

  private constructor(path: string, file: AppendFile) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Begins a file.
   *
   * @param path As it was typed.
   * @param options `isForced`: another file of this name is replaced at the end.
   * @throws {ConfigError} If there is one and it is not to be replaced.
   */
  static async create(path: string, options: { readonly isForced: boolean }): Promise<OutputFile> {
    const existing = await Deno.lstat(path).catch(() => undefined);
    if (existing !== undefined && !(options.isForced && existing.isFile)) {
      const hint = existing.isFile ? "it exists; --force replaces it" : "it exists and is no file";
      throw new ConfigError(`Cannot write "${path}": ${hint}`);
    }
    const handle = await open(partOf(path), "w+").catch((error) => {
      throw new ConfigError(`Cannot write "${path}": ${error.code ?? error.message}`, { cause: error });
    });
    return new OutputFile(path, new AppendFile(handle, { name: path, sizeBytes: 0 }));
  }

  /** Bytes so far. */
  get sizeBytes(): number {
    return this.#file.sizeBytes + this.#gatheredBytes;
  }

  /** Adds bytes at the end; they must not change any more. */
  async append(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    if (this.#gatheredBytes >= GATHERED_BYTES) await this.#write();
  }

  /** Writes the rest and the patches, and gives the file its name. */
  async finish(patches: readonly Patch[]): Promise<void> {
    await this.#write();
    for (const { offset, bytes } of patches) await this.#file.patch(offset, bytes);
    await this.#file.close();
    await rename(partOf(this.#path), this.#path);
    this.#isWhole = true;
  }

  /** Deletes what is not whole. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isWhole) return;
    await this.#file.close();
    await unlink(partOf(this.#path)).catch(() => {});
  }

  async #write(): Promise<void> {
    const parts = this.#gathered;
    const bytes = new Uint8Array(this.#gatheredBytes);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    this.#gathered = [];
    this.#gatheredBytes = 0;
    await this.#file.append(bytes);
  }
}

function partOf(path: string): string {
  return `${path}.part`;
}
