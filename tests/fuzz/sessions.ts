/**
 * Recorded sessions and saved failing inputs, as files beside this one.
 *
 * @module
 */

/** Folder of recorded sessions; `record.ts` writes them. */
export const SESSIONS: URL = new URL("./sessions/", import.meta.url);
/** Folder of inputs that once failed. */
export const CRASHES: URL = new URL("./crashes/", import.meta.url);

/** Reads all files of `folder` whose name starts with `prefix`, in order of their names. */
export async function readInputs(folder: URL, prefix: string): Promise<Uint8Array[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isFile && entry.name.startsWith(prefix) && entry.name.endsWith(".bin")) names.push(entry.name);
  }
  return await Promise.all(names.sort().map((name) => Deno.readFile(new URL(name, folder))));
}
