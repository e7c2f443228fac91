import { hexOf } from "#bytes";
import { mkdir, rename, stat, unlink, writeFile } from "node:fs/promises";
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

/** What a side file is to hold, and where. */
export interface SideFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Whether its folder is made: that of media files is not, somebody may have deleted it on purpose. */
  readonly makesFolder: boolean;
}

/** Writes beside and renames: whoever reads sees the old bytes or the new ones, also after a crash. */
export async function replaceFile({ path, bytes, makesFolder }: SideFile): Promise<void> {
  const beside = `${path}.${Deno.pid}.tmp`;
  try {
    if (makesFolder) await mkdir(dirname(path), { recursive: true });
    await writeFile(beside, bytes, { flush: true });
    await rename(beside, path);
  } catch (error) {
    await unlink(beside).catch(() => {});
    throw error;
  }
}
