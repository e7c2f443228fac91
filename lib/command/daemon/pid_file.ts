import { ConfigError, errorMessage } from "#errors";

/** Longest content of a file that is taken for one of ours, in bytes. */
const MAX_PID_BYTES = 32;

/**
 * A file with the number of the process that runs. That process holds a lock on it, which the system takes back
 * when the process ends, however that comes: so a number that was left behind is told from one that is alive, even
 * where another process has it by now.
 */
export class PidFile implements Disposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;

  private constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Takes the file, which is empty until `write`.
   *
   * @throws {ConfigError} If a process that runs has it, or something else is in it.
   */
  static open(path: string): PidFile {
    const file = openLocked(path);
    if (file === undefined) {
      throw new ConfigError(
        `Cannot start: the process of ${path} runs, ${readPid(path) ?? "its number is not known"}`,
      );
    }
    try {
      const text = textOf(path);
      if (text !== undefined && !/^\d*\s*$/.test(text)) {
        throw new ConfigError(`Cannot use ${path} as pid file: something else is in it`);
      }
      file.truncateSync();
      return new PidFile(path, file);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Writes this process's number. */
  write(): void {
    this.#file.writeSync(new TextEncoder().encode(`${Deno.pid}\n`));
  }

  /** Removes the file; one that may not be removed is left, and is nobody's. */
  [Symbol.dispose](): void {
    try {
      Deno.removeSync(this.#path);
    } catch {
      // the folder was writable for who started this process only
    }
    this.#file.close();
  }
}

/**
 * Whose file it is, and whether it runs: `undefined` if nobody does, 0 while the process starts.
 *
 * @throws {ConfigError} If the file cannot be read.
 */
export function runningPid(path: string): number | undefined {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { read: true });
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw new ConfigError(`Cannot read pid file ${path}: ${errorMessage(cause)}`, { cause });
  }
  try {
    return file.tryLockSync(false) ? undefined : readPid(path) ?? 0;
  } finally {
    file.close();
  }
}

/** Opens and locks the file that has the name; `undefined` if somebody else has it. */
function openLocked(path: string): Deno.FsFile | undefined {
  for (;;) {
    let file: Deno.FsFile;
    try {
      file = Deno.openSync(path, { read: true, write: true, create: true });
    } catch (cause) {
      throw new ConfigError(`Cannot write pid file ${path}: ${errorMessage(cause)}`, { cause });
    }
    if (!file.tryLockSync(true)) {
      file.close();
      return undefined;
    }
    // who had it before may have removed it since it was opened
    const isNamed = isSame(file.statSync(), path);
    if (isNamed) return file;
    file.close();
  }
}

function isSame(stat: Deno.FileInfo, path: string): boolean {
  try {
    const named = Deno.statSync(path);
    return named.ino === stat.ino && named.dev === stat.dev;
  } catch {
    return false;
  }
}

function readPid(path: string): number | undefined {
  const text = textOf(path);
  return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined;
}

function textOf(path: string): string | undefined {
  try {
    if (Deno.statSync(path).size > MAX_PID_BYTES) return "longer than any number";
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
