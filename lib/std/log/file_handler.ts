import { BaseHandler, type BaseHandlerOptions } from "./base_handler.ts";
import { type LevelName, LogLevels } from "./levels.ts";
import type { LogRecord } from "./logger.ts";

/** `a` appends, `w` starts the file anew, `x` fails if there is a file. */
export type LogMode = "a" | "w" | "x";

export interface FileHandlerOptions extends BaseHandlerOptions {
  filename: string;
  /** `a` when absent. */
  mode?: LogMode;
  /** Bytes held back before they are written; 4096 when absent. */
  bufferSize?: number;
}

/**
 * Writes records to a file through a buffer, which a record above ERROR, `flush`, `destroy` and the end of
 * the process empty. Call `setup` before the first record.
 */
export class FileHandler extends BaseHandler {
  protected readonly openOptions: Deno.OpenOptions;
  protected readonly filename: string;
  protected readonly mode: LogMode;
  #file: Deno.FsFile | undefined;
  readonly #buffer: Uint8Array;
  readonly #encoder = new TextEncoder();
  #used = 0;
  readonly #onUnload = () => this.destroy();

  constructor(levelName: LevelName, options: FileHandlerOptions) {
    super(levelName, options);
    this.filename = options.filename;
    this.mode = options.mode ?? "a";
    this.#buffer = new Uint8Array(options.bufferSize ?? 4096);
    this.openOptions = {
      write: true,
      append: this.mode === "a",
      truncate: this.mode !== "a",
      create: this.mode !== "x",
      createNew: this.mode === "x",
    };
  }

  override setup(): void {
    this.reopen();
    addEventListener("unload", this.#onUnload);
  }

  override handle(logRecord: LogRecord): void {
    super.handle(logRecord);
    if (logRecord.level > LogLevels.ERROR) this.flush();
  }

  override log(msg: string): void {
    const bytes = this.#encoder.encode(msg + "\n");
    if (this.#used + bytes.length > this.#buffer.length) this.flush();
    if (bytes.length > this.#buffer.length) {
      this.#write(bytes);
    } else {
      this.#buffer.set(bytes, this.#used);
      this.#used += bytes.length;
    }
  }

  flush(): void {
    const used = this.#used;
    this.#used = 0;
    this.#write(this.#buffer.subarray(0, used));
  }

  override destroy(): void {
    removeEventListener("unload", this.#onUnload);
    try {
      this.flush();
    } finally {
      this.#file?.close();
      this.#file = undefined;
    }
  }

  /** Closes the file, if open, and opens the one that has its name now. */
  protected reopen(): void {
    this.#file?.close();
    this.#file = undefined;
    this.#file = Deno.openSync(this.filename, this.openOptions);
  }

  #write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.#file !== undefined;) {
      at += this.#file.writeSync(bytes.subarray(at));
    }
  }
}
