/**
 * Rewrites `deno.json` so that `@std/...` comes from JSR and not from the stand-ins of `lib/std`, which are
 * then left out of what is published. For the release and for CI; not to be committed.
 *
 * ```sh
 * deno run --allow-read --allow-write scripts/release/unlink.ts
 * ```
 */
import { ROOT } from "../source_files.ts";

/** The parts of `deno.json` that change. */
export interface ProjectConfig {
  links?: readonly string[];
  lock?: boolean;
  publish?: { readonly exclude?: readonly string[] };
}

/** Returns `config` without the links; the lock file, made with them, is not used. */
export function withoutLinks(config: ProjectConfig): ProjectConfig {
  const { links: _, ...rest } = config;
  const exclude = [...config.publish?.exclude ?? [], "lib/std"];
  return { ...rest, lock: false, publish: { ...config.publish, exclude } };
}

if (import.meta.main) {
  const path = `${ROOT}deno.json`;
  const config = JSON.parse(await Deno.readTextFile(path)) as ProjectConfig;
  await Deno.writeTextFile(path, JSON.stringify(withoutLinks(config), undefined, 2) + "\n");
}
