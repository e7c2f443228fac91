/** The chain table of the architecture page is that of the program. */
import type { Page } from "./links.ts";

/** A chain as the table shows it; `ChainDeclaration` has it. */
export interface ShownChain {
  readonly name: string;
  readonly tags: readonly string[];
  readonly about: string;
}

/** The heading above the table. */
const HEADING = "## Chain table";

/**
 * Compares the rows under the heading "Chain table" with `chains`.
 *
 * @param page The page that has the table.
 * @param chains All chains, in the order of the table.
 */
export function findChainFaults(page: Page, chains: readonly ShownChain[]): string[] {
  const shown = rowsUnder(page.text, HEADING);
  const wanted = chains.map(formatRow);
  return [
    ...wanted.filter((row) => !shown.includes(row)).map((row) => `${page.path} lacks the chain ${row}`),
    ...shown.filter((row) => !wanted.includes(row)).map((row) =>
      `${page.path} shows no chain there is: ${row}`
    ),
  ];
}

function formatRow({ name, tags, about }: ShownChain): string {
  return `| \`${name}\` | \`${tags.join(" <-> ")}\` | ${about} |`;
}

/** The rows of the first table under `heading`, each with single spaces around its cells. */
function rowsUnder(text: string, heading: string): string[] {
  const [, after = ""] = text.split(`\n${heading}\n`);
  const [section = ""] = after.split(/^## /m);
  const lines = section.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) => line.replaceAll(/\s*\|\s*/g, " | ").trim());
}
