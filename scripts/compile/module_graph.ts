/** The module graph of a program as `deno info` sees it, cut down to what is loaded at run time. */
import { fileURLToPath, pathToFileURL } from "node:url";
import { join } from "node:path";

/** An installed npm package. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** Absolute path of the installed folder. */
  readonly localPath: string;
  /** Keys of the packages it needs, in the same table. */
  readonly dependencies: readonly string[];
}

/** What a program loads at run time. */
export interface RuntimeModules {
  /** Absolute paths of the local modules, sorted; modules only imported for their types are left out. */
  readonly files: readonly string[];
  /** Addresses of the modules that come from the network, sorted. */
  readonly remote: readonly string[];
  /** Keys of the npm packages that the modules themselves import, sorted. */
  readonly npmRoots: readonly string[];
  /** The specifiers by which they do, as written, sorted. */
  readonly npmSpecifiers: readonly string[];
  /** Every installed npm package by key, such as `hono@4.13.19`. */
  readonly npmPackages: ReadonlyMap<string, NpmPackage>;
}

/** The part of the output of `deno info --json` that is read here. */
export interface DenoGraph {
  readonly roots: readonly string[];
  readonly modules: readonly GraphModule[];
  readonly redirects: Readonly<Record<string, string>>;
  readonly npmPackages?: Readonly<Record<string, NpmPackage>>;
}

interface GraphModule {
  readonly specifier: string;
  readonly local?: string;
  readonly npmPackage?: string;
  readonly error?: string;
  readonly dependencies?: readonly {
    readonly specifier: string;
    readonly code?: { readonly specifier?: string; readonly error?: string };
  }[];
}

/**
 * Reads what `entries` load at run time.
 *
 * @param folder Folder of the program's `deno.json`.
 * @param entries Modules below `folder`, as relative paths: the main module and those of workers.
 * @throws {Error} If a module is missing or has a syntax error.
 */
export async function readRuntimeModules(
  folder: string,
  entries: readonly string[],
): Promise<RuntimeModules> {
  const root = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const lines = entries.map((entry) => `import "${pathToFileURL(join(folder, entry))}";\n`);
    await Deno.writeTextFile(root, lines.join(""));
    // `deno cache` installs what is missing; `deno info` only looks.
    await runDeno(["cache", "--quiet", "--no-check", "--config", join(folder, "deno.json"), root]);
    const text = await runDeno(["info", "--json", "--config", join(folder, "deno.json"), root]);
    return selectRuntimeModules(JSON.parse(text) as DenoGraph);
  } finally {
    await Deno.remove(root);
  }
}

/**
 * Follows the imports that are left after type erasure, from the graph's roots, which are themselves not part
 * of the result.
 *
 * @throws {Error} If a module is missing or has a syntax error.
 */
export function selectRuntimeModules(graph: DenoGraph): RuntimeModules {
  const modules = new Map(graph.modules.map((module) => [module.specifier, module]));
  const seen = new Set<string>(graph.roots);
  const files: string[] = [];
  const remote: string[] = [];
  const npmRoots = new Set<string>();
  const npmSpecifiers = new Set<string>();
  // The set grows while it is walked: a breadth-first search.
  for (const specifier of seen) {
    const module = modules.get(specifier);
    if (module === undefined || module.error !== undefined) {
      throw new Error(`Cannot follow ${specifier}: ${module?.error ?? "it is not in the module graph"}`);
    }
    if (module.npmPackage !== undefined) npmRoots.add(module.npmPackage);
    else if (/^https?:/.test(specifier)) remote.push(specifier);
    else if (module.local !== undefined && !graph.roots.includes(specifier)) {
      files.push(fileURLToPath(specifier));
    }
    for (const { specifier: written, code } of module.dependencies ?? []) {
      if (code === undefined) continue;
      if (code.specifier === undefined) {
        throw new Error(
          `Cannot resolve ${written}, imported by ${specifier}: ${code.error ?? "no reason given"}`,
        );
      }
      let target = code.specifier;
      while (graph.redirects[target] !== undefined) target = graph.redirects[target]!;
      if (target.startsWith("node:")) continue;
      if (modules.get(target)?.npmPackage !== undefined) npmSpecifiers.add(written);
      seen.add(target);
    }
  }
  return {
    files: files.sort(),
    remote: remote.sort(),
    npmRoots: [...npmRoots].sort(),
    npmSpecifiers: [...npmSpecifiers].sort(),
    npmPackages: new Map(Object.entries(graph.npmPackages ?? {})),
  };
}

/**
 * Looks up an installed package by key.
 *
 * @throws {Error} If there is none.
 */
export function packageAt(packages: ReadonlyMap<string, NpmPackage>, key: string): NpmPackage {
  const found = packages.get(key);
  if (found === undefined) throw new Error(`Cannot find npm package ${key} in the module graph`);
  return found;
}

async function runDeno(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (code !== 0) throw new Error(`Cannot run deno ${args[0]}: ${new TextDecoder().decode(stderr).trim()}`);
  return new TextDecoder().decode(stdout);
}
