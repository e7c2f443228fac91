/**
 * Checks that a release tag, the version in `deno.json` and the changelog agree.
 *
 * ```sh
 * deno run --allow-read scripts/release/check_tag.ts v1.2.3
 * ```
 */
import { ROOT } from "../source_files.ts";

/** What a release is made of. */
export interface Release {
  /** Name of the tag, as `v1.2.3`. */
  readonly tag: string;
  /** Version in `deno.json`. */
  readonly version: string;
  /** Text of `CHANGELOG.md`. */
  readonly changelog: string;
}

/** Finds what does not agree. */
export function findReleaseFaults({ tag, version, changelog }: Release): string[] {
  const faults: string[] = [];
  if (tag !== `v${version}`) faults.push(`tag ${tag} does not match version ${version} of deno.json`);
  if (!changelog.includes(`\n## [${version}]`)) faults.push(`CHANGELOG.md has no section [${version}]`);
  return faults;
}

if (import.meta.main) {
  const { version } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`)) as { version: string };
  const changelog = await Deno.readTextFile(`${ROOT}CHANGELOG.md`);
  const faults = findReleaseFaults({ tag: Deno.args[0] ?? "", version, changelog });
  for (const fault of faults) console.log(fault);
  if (faults.length > 0) Deno.exit(1);
}
