import { FileHandler, type FileHandlerOptions } from "./file_handler.ts";
import type { LevelName } from "./levels.ts";

interface RotatingFileHandlerOptions extends FileHandlerOptions {
  /** A message that would make the file larger than this, in bytes, rotates it first. */
  maxBytes: number;
  /** How many earlier files are kept: `name.1`, the newest, up to `name.<maxBackupCount>`. */
  maxBackupCount: number;
}

/** A file handler that renames its file when it is full and starts a new one. */
export class RotatingFileHandler extends FileHandler {
  readonly #maxBytes: number;
  readonly #maxBackupCount: number;
  readonly #encoder = new TextEncoder();
  #fileBytes = 0;

  constructor(levelName: LevelName, options: RotatingFileHandlerOptions) {
    super(levelName, options);
    this.#maxBytes = options.maxBytes;
    this.#maxBackupCount = options.maxBackupCount;
  }

  override setup(): void {
    if (this.#maxBytes < 1) throw new Error(`"maxBytes" must be >= 1: received ${this.#maxBytes}`);
    if (this.#maxBackupCount < 1) {
      throw new Error(`"maxBackupCount" must be >= 1: received ${this.#maxBackupCount}`);
    }
    super.setup();
    if (this.mode === "a") {
      this.#fileBytes = Deno.statSync(this.filename).size;
      return;
    }
    for (const backup of this.#backups().filter(exists)) {
      if (this.mode === "w") Deno.removeSync(backup);
      else throw new Deno.errors.AlreadyExists(`Backup log file ${backup} already exists`);
    }
  }

  override log(msg: string): void {
    const lengthBytes = this.#encoder.encode(msg).length + 1;
    if (this.#fileBytes + lengthBytes > this.#maxBytes) this.rotateLogFiles();
    super.log(msg);
    this.#fileBytes += lengthBytes;
  }

  rotateLogFiles(): void {
    this.flush();
    const numbers = Array.from({ length: this.#maxBackupCount }, (_, at) => at);
    for (const at of numbers.reverse()) {
      if (exists(this.#backup(at))) Deno.renameSync(this.#backup(at), this.#backup(at + 1));
    }
    this.reopen();
    this.#fileBytes = 0;
  }

  #backups(): string[] {
    return Array.from({ length: this.#maxBackupCount }, (_, at) => this.#backup(at + 1));
  }

  #backup(number: number): string {
    return number === 0 ? this.filename : `${this.filename}.${number}`;
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
