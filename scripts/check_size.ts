/**
 * Checks the size budget: lines per file and source files per folder.
 *
 * ```sh
 * deno task size
 * ```
 */
import { isTestFile, listSourceFiles, ROOT } from "./source_files.ts";

/** Lines a file should stay under; above it the file is listed. */
export const TARGET_FILE_LINES = 300;
/** Lines above which the check fails. */
export const MAX_FILE_LINES = 500;
/** Source files in one folder, without tests, benches and `mod.ts`. */
export const MAX_FOLDER_FILES = 12;

/** The mark, near the top of a file, that frees a pure table from the line budget. */
const TABLE_MARK = /^\/\/ size: table$/m;

/** Anything that makes a file more than a table. */
const LOGIC = /^\s*(export\s+)?(default\s+)?(async\s+)?(abstract\s+)?(function|class|if|for|while|switch)\b/m;

/** A file to be measured. */
export interface SizedFile {
  /** Path from the top of the checkout. */
  readonly path: string;
  readonly text: string;
}

/** What the check found. */
export interface SizeFindings {
  /** What breaks the budget. */
  readonly faults: readonly string[];
  /** Files over the target that are still allowed. */
  readonly warnings: readonly string[];
}

/** Measures `files` against the budget. */
export function checkSizes(files: readonly SizedFile[]): SizeFindings {
  const faults: string[] = [];
  const warnings: string[] = [];
  const folderSizes = new Map<string, number>();
  for (const { path, text } of files) {
    const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
    const isTable = TABLE_MARK.test(text.slice(0, 1000));
    if (isTable && LOGIC.test(text)) faults.push(`${path} is marked as a table and has code`);
    if (!isTable && lines > MAX_FILE_LINES) {
      faults.push(`${path} has ${lines} lines, at most ${MAX_FILE_LINES}`);
    } else if (!isTable && lines > TARGET_FILE_LINES && !isTestFile(path)) warnings.push(`${path} ${lines}`);
    if (isTestFile(path) || path.endsWith("/mod.ts")) continue;
    const folder = path.slice(0, Math.max(path.lastIndexOf("/"), 0));
    folderSizes.set(folder, (folderSizes.get(folder) ?? 0) + 1);
  }
  for (const [folder, count] of folderSizes) {
    if (count > MAX_FOLDER_FILES) {
      faults.push(`${folder}/ has ${count} source files, at most ${MAX_FOLDER_FILES}: split it`);
    }
  }
  return { faults, warnings };
}

if (import.meta.main) {
  const paths = await listSourceFiles();
  const files = await Promise.all(
    paths.map(async (path) => ({ path, text: await Deno.readTextFile(ROOT + path) })),
  );
  const { faults, warnings } = checkSizes(files);
  for (const fault of faults) console.log(fault);
  if (warnings.length > 0) {
    console.log(`over the target of ${TARGET_FILE_LINES} lines: ${warnings.join(", ")}`);
  }
  console.log(`size: ${files.length} files, ${faults.length} faults, ${warnings.length} over target`);
  if (faults.length > 0) Deno.exit(1);
}
