/** The configurations that the pages show are right. */
import { type ApplicationDeclaration, ConfigSchema } from "#server/config";
import { errorMessage } from "#errors";
import type { Page } from "./links.ts";

/** A block of TOML; one that is marked `toml ignore` is for an application of the reader's own. */
const TOML_BLOCK = /^```toml\n([\s\S]*?)^```$/gm;

/**
 * Checks every block of TOML in `pages` as `crtmp check` does.
 *
 * @param pages The pages.
 * @param known Applications and chains that there are.
 */
export function findConfigFaults(
  pages: readonly Page[],
  known: { readonly applications: readonly ApplicationDeclaration[]; readonly chains: readonly string[] },
): string[] {
  const schema = new ConfigSchema(known);
  return pages.flatMap(({ path, text }) =>
    [...text.matchAll(TOML_BLOCK)].flatMap(([, toml = ""], index) => {
      const name = `${path}, configuration ${index + 1}`;
      try {
        return schema.check(toml, { name }).faults.map(({ message }) => `${name}: ${message}`);
      } catch (error) {
        return [errorMessage(error)];
      }
    })
  );
}
