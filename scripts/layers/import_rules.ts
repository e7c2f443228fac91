/** The rules for one import, as pure functions over the table of `table.ts`. */
import { FAMILIES, LAYERS, SIDEWAYS } from "./table.ts";
import { isTestFile } from "../source_files.ts";

/** One import statement. */
export interface ImportEdge {
  /** Importing file, from the top of the checkout. */
  readonly from: string;
  /** Line of the import, counted from 1. */
  readonly line: number;
  /** What the source says: `#bytes`, `./chunk.ts`, `hono`. */
  readonly specifier: string;
  /** Imported file of the project, absent for packages and `node:` modules. */
  readonly to?: string;
}

/** A folder whose files import each other freely. */
export interface Unit {
  /** `bytes`, `codecs/avc`, `apps/flvplayback`, `std/log`, `main.ts`. */
  readonly name: string;
  /** Row of the table it belongs to: `bytes`, `codecs`, `apps`, `std`, `main.ts`. */
  readonly layer: string;
}

/**
 * Names the unit that a file belongs to.
 *
 * @param path Path from the top of the checkout.
 */
export function unitOf(path: string): Unit {
  const [root = "", first = "", second = ""] = path.split("/");
  if (path === "apps/mod.ts") return { name: "apps", layer: "apps" };
  if (root === "apps") return { name: `apps/${first}`, layer: "apps" };
  if (root !== "lib") return { name: root, layer: root };
  const isFamily = (FAMILIES as readonly string[]).includes(first) || first === "std";
  return { name: isFamily && path.split("/").length > 3 ? `${first}/${second}` : first, layer: first };
}

/**
 * Judges one import.
 *
 * @returns What is wrong with it, as sentences; empty if it is allowed.
 */
export function judgeEdge(edge: ImportEdge): string[] {
  const from = unitOf(edge.from);
  if (from.layer === "tests" || from.layer === "scripts") return [];
  // The program says which version it is.
  if (edge.from === "main.ts" && edge.to === "deno.json") return [];
  const isLinkedPackage = edge.specifier.startsWith("@std/");
  if (edge.to === undefined || isLinkedPackage) return judgePackage(edge, from);
  const to = unitOf(edge.to);
  return [
    ...judgePrivacy(edge, edge.to),
    ...(from.name === to.name ? judgeInside(edge) : judgeAcross(edge, from, to)),
  ];
}

function judgePrivacy(edge: ImportEdge, to: string): string[] {
  const cut = to.lastIndexOf("/") + 1;
  if (!to.slice(cut).startsWith("_")) return [];
  const folder = to.slice(0, cut);
  // what tests share is there for the tests of the folders below as well
  const isRig = to.endsWith("_test.ts") && edge.from.endsWith("_test.ts") && edge.from.startsWith(folder);
  if (isRig || edge.from.slice(0, edge.from.lastIndexOf("/") + 1) === folder) return [];
  return [`imports ${to}, which is private to its folder`];
}

function judgeInside(edge: ImportEdge): string[] {
  if (edge.specifier.startsWith(".") || isTestFile(edge.from)) return [];
  return [`imports its own folder as ${edge.specifier}: inside a folder, imports are relative`];
}

function judgeAcross(edge: ImportEdge, from: Unit, to: Unit): string[] {
  const faults: string[] = [];
  const isRoot = from.layer === "main.ts" || from.layer === "mod.ts" || from.name === "apps";
  if (isTestFile(edge.from) && (to.layer === "tests" || to.layer === "scripts")) return [];
  if (!isRoot && !edge.specifier.startsWith("#")) {
    faults.push(`imports ${edge.specifier}: across folders, imports go through the alias of a mod.ts`);
  }
  if (!edge.to?.endsWith("mod.ts")) {
    faults.push(`imports ${edge.to}: another folder is seen only through its mod.ts`);
  }
  if (isTestFile(edge.from)) return faults;
  const refusal = refuseAcross(from, to);
  return refusal === undefined ? faults : [...faults, refusal];
}

function refuseAcross(from: Unit, to: Unit): string | undefined {
  // The list of the shipped applications.
  if (from.name === "apps" && to.layer === "apps") return undefined;
  if (from.layer === "apps") {
    return to.layer === "mod.ts" ? undefined : `imports ${to.name}: apps import only #crtmp`;
  }
  if (from.layer === "mod.ts") {
    return LAYERS[to.layer] === undefined ? `imports ${to.name}: mod.ts re-exports lib only` : undefined;
  }
  if (from.layer === "main.ts") {
    const isAllowed = to.layer === "command" || to.layer === "apps";
    return isAllowed ? undefined : `imports ${to.name}: main.ts imports only command and apps`;
  }
  if (from.layer === to.layer) {
    const isListed = SIDEWAYS.some(([importer, imported]) => importer === from.name && imported === to.name);
    return isListed ? undefined : `imports ${to.name}: ${from.name} must not import sideways`;
  }
  const mayImport = LAYERS[from.layer]?.mayImport;
  if (mayImport === undefined) return `is in ${from.layer}, which has no row in the may-import table`;
  if (mayImport.includes(to.layer)) return undefined;
  return `imports ${to.name}: ${from.layer} may import only ${mayImport.join(", ") || "nothing"}`;
}

function judgePackage(edge: ImportEdge, from: Unit): string[] {
  const { specifier } = edge;
  if (specifier.startsWith("node:") || isTestFile(edge.from)) return [];
  const isRelative = specifier.startsWith(".") || specifier.startsWith("#");
  if (isRelative) return [`imports ${specifier}, which does not exist`];
  if (from.layer === "std") {
    return specifier.startsWith("@std/")
      ? [`imports ${specifier}: a stand-in imports npm packages only`]
      : [];
  }
  const name = /^(@[^/]+\/[^/]+|[^/]+)/.exec(specifier)?.[0] ?? specifier;
  const packages = LAYERS[from.layer]?.packages ?? [];
  if (packages.includes(name)) return [];
  return [`imports package ${name}: ${from.layer} may import only ${packages.join(", ") || "node: modules"}`];
}
