/** Links inside the Markdown pages lead somewhere. */

/** A Markdown page. */
export interface Page {
  /** Path from the top of the checkout. */
  readonly path: string;
  readonly text: string;
}

/**
 * Finds links to files that do not exist and to headings that a page does not have.
 *
 * @param pages All pages; links between them are followed to the heading.
 * @param exists Tells whether a path from the top of the checkout is there.
 */
export async function findLinkFaults(
  pages: readonly Page[],
  exists: (path: string) => Promise<boolean>,
): Promise<string[]> {
  const faults: string[] = [];
  const headings = new Map(pages.map((page) => [page.path, headingsOf(page.text)]));
  for (const page of pages) {
    for (const link of linksOf(page.text)) {
      const [target = "", anchor] = link.split("#");
      const path = target === "" ? page.path : resolve(page.path, target);
      if (!await exists(path)) faults.push(`${page.path} links to ${link}, which does not exist`);
      else if (anchor !== undefined && headings.get(path)?.has(anchor) === false) {
        faults.push(`${page.path} links to ${link}, but ${path} has no such heading`);
      }
    }
  }
  return faults;
}

/** Lists the targets of links to files and headings; those to other sites are left out. */
function linksOf(text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] ?? "")
    .filter((link) => !/^[a-z]+:/.test(link));
}

/** Anchors of the headings of a page, formed as GitHub forms them. */
function headingsOf(text: string): Set<string> {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, "");
  const titles = [...prose.matchAll(/^#+\s+(.*)$/gm)].map((match) => match[1] ?? "");
  return new Set(
    titles.map((title) => title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")),
  );
}

function resolve(from: string, target: string): string {
  const parts = target.startsWith("/") ? [] : from.split("/").slice(0, -1);
  for (const part of decodeURI(target).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}
