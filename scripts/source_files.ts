/** The project's own TypeScript files, for the checks that look at all of them. */
import { fileURLToPath } from "node:url";

/** Absolute path of the checkout, with a slash at the end. */
export const ROOT: string = fileURLToPath(new URL("../", import.meta.url)).replaceAll("\\", "/");

/** Folders that hold source files, and the source files of the top level. */
export const SOURCE_ROOTS = ["main.ts", "mod.ts", "lib", "apps", "scripts", "tests"] as const;

const SKIPPED_FOLDERS = new Set(["node_modules", "fixtures", "dist", ".git"]);

/**
 * Lists source files, sorted, as paths from the top of the checkout with forward slashes.
 *
 * @param roots Files and folders to walk; those that do not exist are left out.
 */
export async function listSourceFiles(roots: readonly string[] = SOURCE_ROOTS): Promise<string[]> {
  const files: string[] = [];
  for (const root of roots) await collect(root, files);
  return files.sort();
}

/** True for files that run only under `deno test` or `deno bench`. */
export function isTestFile(path: string): boolean {
  return /_(test|bench)\.tsx?$/.test(path) || path.startsWith("tests/");
}

async function collect(path: string, files: string[]): Promise<void> {
  const stat = await Deno.stat(ROOT + path).catch(() => undefined);
  if (stat === undefined) return;
  if (stat.isFile) {
    if (/\.tsx?$/.test(path)) files.push(path);
    return;
  }
  for await (const entry of Deno.readDir(ROOT + path)) {
    if (entry.isDirectory && SKIPPED_FOLDERS.has(entry.name)) continue;
    await collect(`${path}/${entry.name}`, files);
  }
}
