/** Files and constants that the pages name are there. */
import type { Page } from "./links.ts";

/** A file or folder of the checkout, as pages write it: `lib/netio/reactor.ts`. */
const NAMED_PATH = /`((?:apps|docs|lib|scripts|tests)\/[\w./-]*)`/g;

/** A constant of the source, as pages write it. */
const NAMED_CONSTANT = /`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/g;

/** What `findNameFaults` needs of the checkout. */
export interface NameSources {
  /** Tells whether a path from the top of the checkout is there. */
  readonly exists: (path: string) => Promise<boolean>;
  /** Text of a file, or `undefined` where there is none. */
  readonly read: (path: string) => Promise<string | undefined>;
}

/**
 * Finds paths that do not exist, and table rows that name a constant beside a file that does not have it.
 *
 * @param pages The pages.
 * @param sources Looks at the checkout.
 */
export async function findNameFaults(pages: readonly Page[], sources: NameSources): Promise<string[]> {
  const faults: string[] = [];
  for (const { path, text } of pages) {
    for (const line of text.replace(/^```[\s\S]*?^```$/gm, "").split("\n")) {
      const files = matchesOf(line, NAMED_PATH);
      for (const file of files) {
        if (!await sources.exists(file)) faults.push(`${path} names ${file}, which does not exist`);
      }
      const [file] = files;
      if (!line.startsWith("|") || file === undefined) continue;
      const source = await sources.read(file);
      if (source === undefined) continue;
      for (const constant of matchesOf(line, NAMED_CONSTANT)) {
        if (!source.includes(constant)) {
          faults.push(`${path} names ${constant} of ${file}, which has no such name`);
        }
      }
    }
  }
  return faults;
}

function matchesOf(line: string, pattern: RegExp): string[] {
  return [...line.matchAll(pattern)].map((match) => match[1] ?? "");
}
