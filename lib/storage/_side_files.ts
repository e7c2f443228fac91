import { hexOf } from "#bytes";
import { mkdir, open, rename, stat, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isMissing } from "./_system_fault.ts";

/** Half of a SHA-256 is more than enough to tell files apart. */
const HASH_BYTES = 16;

/**
 * Where what is known of a media file is kept.
 *
 * @param path Of the media file, links followed.
 * @param where `kind` is seek, meta or stats; `metaFolder` is one folder for all of them, named by hash of `path`:
 *   beside the file if absent.
 */
export async function sidePath(
  path: string,
  { kind, metaFolder }: { kind: "seek" | "meta" | "stats"; metaFolder: string | undefined },
): Promise<string> {
  if (metaFolder === undefined) return `${path}.${kind}`;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(path)));
  return join(metaFolder, `${hexOf(hash.subarray(0, HASH_BYTES))}.${kind}`);
}

/** The whole file, or `undefined` if it is not there or longer than `maxBytes`. */
export async function readSmallFile(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  try {
    const { size } = await stat(path);
    return size > maxBytes ? undefined : await Deno.readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Writes beside and renames: whoever reads `path` sees the old bytes or the new ones, also after a crash. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const beside = `${path}.${Deno.pid}.tmp`;
  try {
    await writeFile(beside, bytes).catch(async (error) => {
      if (!isMissing(error)) throw error;
      await mkdir(dirname(path), { recursive: true });
      await writeFile(beside, bytes);
    });
    const handle = await open(beside, "r+");
    await handle.datasync().finally(() => handle.close());
    await rename(beside, path);
  } catch (error) {
    await unlink(beside).catch(() => {});
    throw error;
  }
}
