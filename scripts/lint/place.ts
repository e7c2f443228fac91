/** Where a linted file stands in the checkout: most house rules hold only in some folders. */
import { isTestFile, ROOT } from "../source_files.ts";

/**
 * Returns the path of a linted file from the top of the checkout, with forward slashes.
 *
 * @param filename As the linter gives it: absolute, or already relative.
 */
export function placeOf(filename: string): string {
  const path = filename.replaceAll("\\", "/");
  return path.startsWith(ROOT) ? path.slice(ROOT.length) : path.replace(/^\.\//, "");
}

/**
 * True for files that ship: `lib/`, `apps/`, `main.ts` and `mod.ts`, without tests and benches.
 *
 * The stand-ins of `lib/std` have the names and signatures of the packages they stand for.
 */
export function isShipped(place: string): boolean {
  return /^(lib\/(?!std\/)|apps\/|main\.ts$|mod\.ts$)/.test(place) && !isTestFile(place);
}
