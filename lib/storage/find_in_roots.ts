import type { MediaFile } from "./file_source.ts";
import type { MediaRoot } from "./media_root.ts";

/** A file, and the folder it was found in. */
export interface FoundFile {
  readonly root: MediaRoot;
  readonly file: MediaFile;
}

/**
 * Looks for a file in several folders, in their order, under several names, as configured media storages are.
 *
 * @param roots Searched in this order; each for all names before the next.
 * @param names The same file as a player may mean it: `a` and `a.flv`.
 * @returns `undefined` if it is in none.
 * @throws {FormatError} If a name is not acceptable or leads out, see `MediaRoot.find`.
 */
export async function findInRoots(
  roots: readonly MediaRoot[],
  names: readonly string[],
): Promise<FoundFile | undefined> {
  for (const root of roots) {
    for (const name of names) {
      const file = await root.find(name);
      if (file !== undefined) return { root, file };
    }
  }
  return undefined;
}
