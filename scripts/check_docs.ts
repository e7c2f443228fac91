/**
 * Checks the documentation: docstrings of everything exported and module docs; links, named files,
 * configurations and the chain table of the pages. The examples of both run as tests.
 *
 * ```sh
 * deno task docs
 * ```
 */
import { ACCEPTOR_CHAINS, CLIENT_CHAINS, OUTBOUND_CHAINS, WEB_CHAINS } from "#server";
import { APPLICATIONS } from "../apps/mod.ts";
import { findChainFaults } from "./docs/chains.ts";
import { findConfigFaults } from "./docs/configs.ts";
import { findLinkFaults, type Page } from "./docs/links.ts";
import { findNameFaults } from "./docs/names.ts";
import { findDocFaults } from "./docs/rules.ts";
import { lintDocumentation, readDocumentation } from "./docs/tree.ts";
import { listSourceFiles, ROOT } from "./source_files.ts";

/** Pages at the top of the checkout, and the folder with more of them. */
const PAGES = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "docs"];

async function listPages(path: string): Promise<string[]> {
  const stat = await Deno.stat(ROOT + path).catch(() => undefined);
  if (stat === undefined) return [];
  if (stat.isFile) return path.endsWith(".md") ? [path] : [];
  const pages: string[] = [];
  for await (const entry of Deno.readDir(ROOT + path)) {
    pages.push(...await listPages(`${path}/${entry.name}`));
  }
  return pages.sort();
}

/** Lists the entry points that `deno.json` exports: what a library user sees. */
async function listPublicEntries(): Promise<string[]> {
  const config = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`)) as {
    exports: Record<string, string>;
  };
  return Object.values(config.exports).map((path) => path.replace(/^\.\//, ""));
}

if (import.meta.main) {
  const sources = await listSourceFiles(["mod.ts", "lib"]);
  const entries = sources.filter((path) => /(^|\/)mod\.ts$/.test(path) && !path.startsWith("lib/std/"));
  const pagePaths = (await Promise.all(PAGES.map(listPages))).flat();
  const pages: Page[] = await Promise.all(
    pagePaths.map(async (path) => ({ path, text: await Deno.readTextFile(ROOT + path) })),
  );
  const exists = (path: string): Promise<boolean> => Deno.stat(ROOT + path).then(() => true, () => false);
  const read = (path: string) => Deno.readTextFile(ROOT + path).catch(() => undefined);
  const ownChains = APPLICATIONS.flatMap(({ chains = [] }) => chains);
  const architecture = pages.find(({ path }) => path === "ARCHITECTURE.md");
  const faults = [
    ...findDocFaults(await readDocumentation(entries)),
    ...await lintDocumentation(await listPublicEntries()),
    ...await findLinkFaults(pages, exists),
    ...await findNameFaults(pages, { exists, read }),
    ...findConfigFaults(pages, {
      applications: APPLICATIONS,
      chains: ACCEPTOR_CHAINS.map(({ name }) => name),
    }),
    ...findChainFaults(architecture ?? { path: "ARCHITECTURE.md", text: "" }, [
      ...ACCEPTOR_CHAINS,
      ...ownChains,
      ...WEB_CHAINS,
      ...OUTBOUND_CHAINS,
      ...CLIENT_CHAINS,
    ]),
  ];
  for (const fault of faults) console.log(fault);
  console.log(`docs: ${entries.length} modules, ${pages.length} pages, ${faults.length} faults`);
  if (faults.length > 0) Deno.exit(1);
}
