/** Lays out a program as a tree that runs without a network: its modules as one, `deno.json`, pruned `node_modules`. */
import { dirname, extname, isAbsolute, join, relative } from "node:path";
import { bundleProgram } from "./bundle.ts";
import { layOutPackages, type PlacedPackage } from "./npm_layout.ts";
import { packageAt, readRuntimeModules, type RuntimeModules } from "./module_graph.ts";

/** The parts of a program's `deno.json` that packing reads. */
export interface ProgramConfig {
  readonly name: string;
  readonly version: string;
  readonly tasks?: Readonly<Record<string, string | { readonly command?: string }>>;
  readonly links?: readonly string[];
  /** `include` lists modules of workers, and files and folders read at run time: `deno compile` knows it too. */
  readonly compile?: { readonly include?: readonly string[] };
  readonly [key: string]: unknown;
}

/** A tree as laid out. */
export interface ProgramTree {
  readonly config: ProgramConfig;
  /** Every file, relative to the tree's folder, with forward slashes, sorted. */
  readonly files: readonly string[];
  readonly sizeBytes: number;
  /** Addresses of modules that are not in the tree, since they come from the network. */
  readonly remote: readonly string[];
}

/** Fields of `deno.json` that mean something at run time; tasks, lint rules and the like stay behind. */
const RUNTIME_FIELDS = [
  "name",
  "version",
  "exports",
  "unstable",
  "links",
  "imports",
  "scopes",
  "compilerOptions",
  "compile",
] as const;

const MODULE_EXTENSIONS = new Set([".ts", ".tsx", ".mts", ".js", ".jsx", ".mjs"]);
const UNUSED_PACKAGE_FILE = /\.(d\.[cm]?ts|map|md|markdown|tsbuildinfo)$/i;

/** Reads `deno.json` of the program in `folder`. */
export async function readConfig(folder: string): Promise<ProgramConfig> {
  return JSON.parse(await Deno.readTextFile(join(folder, "deno.json"))) as ProgramConfig;
}

/**
 * Reads the flags with which the task `serve` runs `main.ts`, so that every way to start has the same
 * permissions.
 *
 * @throws {Error} If there is no such task, or a flag would need quoting in a shell.
 */
export function runtimeFlags(config: ProgramConfig): string[] {
  const task = config.tasks?.["serve"];
  const command = typeof task === "string" ? task : task?.command ?? "";
  const flags = /^deno run (.*?)\s*main\.ts\b/.exec(command)?.[1]?.split(/\s+/).filter((flag) => flag !== "");
  if (flags === undefined) {
    throw new Error(
      `Cannot read the flags of task serve: it is not "deno run FLAGS main.ts", but "${command}"`,
    );
  }
  const odd = flags.find((flag) => !/^-[\w,.:/=-]+$/.test(flag));
  if (odd !== undefined) throw new Error(`Cannot pass on flag ${odd} of task serve: it needs quoting`);
  return flags;
}

/** The main module of a tree. */
export const MAIN_MODULE = "main.js";

/**
 * Lays out what the program in the folder `program` needs at run time in the empty folder `tree`.
 *
 * What `main.ts` loads becomes one module in its place. Modules of workers and assets keep their places, so that
 * `import.meta.url` of `main.ts` leads to them. npm packages go into a flat `node_modules` for
 * `"nodeModulesDir": "manual"`.
 */
export async function layOutProgram(program: string, tree: string): Promise<ProgramTree> {
  const folder = await Deno.realPath(program);
  const config = await readConfig(folder);
  const included: string[] = [];
  for (const path of config.compile?.include ?? []) included.push(...await listFiles(join(folder, path)));
  const workers = included.filter((path) => MODULE_EXTENSIONS.has(extname(path)));
  const main = await readRuntimeModules(folder, ["main.ts"]);
  const others = await readRuntimeModules(folder, workers.map((path) => relative(folder, path)));
  for (const path of main.files) placeIn(folder, path);
  const external = main.npmSpecifiers;
  await bundleProgram({ folder, entry: "main.ts", external, output: join(tree, MAIN_MODULE) });
  const links = (config.links ?? []).map((link) => join(folder, link, "deno.json"));
  for (const path of new Set([...others.files, ...included, ...links])) {
    const place = placeIn(folder, path);
    // The tree has a deno.json of its own; a program that reads its version from it finds it there.
    if (place !== "deno.json") await copyInto(path, join(tree, place));
  }
  const modules = { ...main, npmRoots: [...new Set([...main.npmRoots, ...others.npmRoots])].sort() };
  for (const placed of await layOutPackages(modules)) await copyPackage(placed, tree);
  await writeJson(join(tree, "deno.json"), runtimeConfig(config));
  await writeJson(join(tree, "package.json"), packageManifest(modules));
  const files: string[] = [];
  let sizeBytes = 0;
  for (const path of await listFiles(tree)) {
    files.push(relative(tree, path).replaceAll("\\", "/"));
    sizeBytes += (await Deno.stat(path)).size;
  }
  return { config, files, sizeBytes, remote: others.remote };
}

/** Where `path` goes in the tree. */
function placeIn(folder: string, path: string): string {
  const place = relative(folder, path);
  if (!place.startsWith("..") && !isAbsolute(place)) return place;
  throw new Error(`Cannot pack ${path}: it is outside ${folder}`);
}

function runtimeConfig(config: ProgramConfig): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const field of RUNTIME_FIELDS) if (config[field] !== undefined) kept[field] = config[field];
  // A workspace of its own: that of a deno.json further up is not asked.
  return { ...kept, workspace: [], nodeModulesDir: "manual", lock: false };
}

/** Without it, a `package.json` further up that names the same package would bring the user's own copy of it. */
function packageManifest({ npmRoots, npmPackages }: RuntimeModules): Record<string, unknown> {
  const dependencies: Record<string, string> = {};
  for (const key of npmRoots) {
    const { name, version } = packageAt(npmPackages, key);
    dependencies[name] = version;
  }
  return { private: true, dependencies };
}

async function writeJson(path: string, value: Record<string, unknown>): Promise<void> {
  await Deno.writeTextFile(path, JSON.stringify(value, undefined, 2) + "\n");
}

async function copyPackage({ folder, source }: PlacedPackage, tree: string): Promise<void> {
  for (const path of await listFiles(source)) {
    const place = relative(source, path);
    if (!UNUSED_PACKAGE_FILE.test(place)) await copyInto(path, join(tree, folder, place));
  }
}

async function copyInto(source: string, target: string): Promise<void> {
  await Deno.mkdir(dirname(target), { recursive: true });
  await Deno.copyFile(source, target);
}

/** Lists the files at and below `path`, sorted. */
async function listFiles(path: string): Promise<string[]> {
  const stat = await Deno.stat(path);
  if (stat.isFile) return [path];
  const files: string[] = [];
  for await (const entry of Deno.readDir(path)) {
    files.push(...await listFiles(join(path, entry.name)));
  }
  return files.sort();
}
