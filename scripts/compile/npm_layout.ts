/** Where each npm package goes in a flat `node_modules`, as npm itself would place it. */
import { join } from "node:path";
import { type NpmPackage, packageAt, type RuntimeModules } from "./module_graph.ts";

/** One copy of a package. */
export interface PlacedPackage {
  /** Folder in the tree, such as `node_modules/hono`. */
  readonly folder: string;
  /** Absolute path of the installed package. */
  readonly source: string;
}

interface PackageManifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Packages by the name under which they are imported. */
type Names = ReadonlyMap<string, string>;

/**
 * Places the packages that the program reaches: the first version of each name at the top, other versions
 * inside the packages that need them. Type packages are left out.
 *
 * @throws {Error} If the program itself imports two versions of one package.
 */
export async function layOutPackages(modules: RuntimeModules): Promise<PlacedPackage[]> {
  const { npmPackages, npmRoots } = modules;
  const needs = new Map<string, Names>();
  const top = new Map<string, string>();
  for (const key of npmRoots) {
    const { name } = packageAt(npmPackages, key);
    if (top.has(name)) throw new Error(`Cannot lay out ${key}: the program also imports ${top.get(name)}`);
    top.set(name, key);
  }
  const reached = new Set(npmRoots);
  for (const key of reached) {
    const names = await neededNames(npmPackages, key);
    needs.set(key, names);
    for (const [name, dependency] of names) {
      if (!top.has(name)) top.set(name, dependency);
      reached.add(dependency);
    }
  }
  const placed: PlacedPackage[] = [];
  const place = (name: string, key: string, parent: string, outer: Names): void => {
    const folder = `${parent}node_modules/${name}`;
    placed.push({ folder, source: packageAt(npmPackages, key).localPath });
    const missing = [...needs.get(key) ?? []].filter(([needed, dependency]) =>
      outer.get(needed) !== dependency
    );
    const visible = new Map([...outer, ...missing]);
    for (const [needed, dependency] of missing) place(needed, dependency, `${folder}/`, visible);
  };
  for (const [name, key] of top) place(name, key, "", top);
  return placed.sort((a, b) => a.folder < b.folder ? -1 : 1);
}

/** The packages that `key` needs, by the name it imports them under, which `npm:` aliases change. */
async function neededNames(packages: ReadonlyMap<string, NpmPackage>, key: string): Promise<Names> {
  const { dependencies, localPath } = packageAt(packages, key);
  const text = await Deno.readTextFile(join(localPath, "package.json"));
  const manifest = JSON.parse(text) as PackageManifest;
  const written = {
    ...manifest.peerDependencies,
    ...manifest.optionalDependencies,
    ...manifest.dependencies,
  };
  const names = new Map<string, string>();
  for (const dependency of dependencies) {
    const { name, localPath: folder } = packageAt(packages, dependency);
    if (name.startsWith("@types/")) continue;
    // An optional package of another platform is in the table, but not on the disk.
    if (!(await exists(folder)) && name in (manifest.optionalDependencies ?? {})) continue;
    const aliases = Object.keys(written).filter((alias) =>
      alias === name && !written[alias]?.startsWith("npm:") || written[alias]?.startsWith(`npm:${name}@`)
    );
    for (const alias of aliases.length > 0 ? aliases : [name]) names.set(alias, dependency);
  }
  return names;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
