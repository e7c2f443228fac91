import { posix } from "node:path";

/** Where relative paths start. */
export interface Relocation {
  /** `rootDirectory` of the original. */
  readonly rootDirectory: string;
  /** Prepended to all relative paths. */
  readonly folder?: string;
}

/** Relative paths of an application. */
export class Paths {
  readonly #folder: string | undefined;
  readonly #applicationFolder: string;

  /** @param applicationFolder Where those start that belong to the application. */
  constructor({ folder }: Relocation, applicationFolder: string) {
    this.#folder = folder;
    this.#applicationFolder = applicationFolder;
  }

  /** A path that starts in the configuration's folder. */
  atRoot(path: string): string {
    return this.#folder === undefined || isAbsolute(path) ? path : posix.join(this.#folder, path);
  }

  /** A path that starts in the application's folder. */
  atApplication(path: string): string {
    return isAbsolute(path) ? path : this.atRoot(posix.normalize(`${this.#applicationFolder}/${path}`));
  }
}

function isAbsolute(path: string): boolean {
  return /^([/\\]|[a-z]:)/i.test(path);
}
