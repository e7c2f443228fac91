/**
 * Checks every import of the project against the may-import table of `layers/table.ts`.
 *
 * ```sh
 * deno task layers           # fails on an arrow that the table does not allow
 * deno task layers --graph   # prints the arrows that exist, by level
 * ```
 */
import { fileURLToPath, pathToFileURL } from "node:url";
import { type ImportEdge, judgeEdge, unitOf } from "./layers/import_rules.ts";
import { LAYERS } from "./layers/table.ts";
import { isTestFile, listSourceFiles, ROOT } from "./source_files.ts";

/**
 * Reads all imports of `files`, with `deno info`; type-only and dynamic ones count.
 *
 * @param files Paths from the top of the checkout. Files that no entry point reaches are seen as well.
 * @param root Absolute path of the checkout, with a slash at the end.
 */
export async function readImportEdges(files: readonly string[], root: string = ROOT): Promise<ImportEdge[]> {
  const entry = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(
      entry,
      files.map((file) => `import "${pathToFileURL(root + file)}";\n`).join(""),
    );
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--config", `${root}deno.json`, entry],
      stdout: "piped",
      stderr: "piped",
    }).output();
    if (code !== 0) throw new Error(`Cannot read the module graph: ${new TextDecoder().decode(stderr)}`);
    return edgesOf(JSON.parse(new TextDecoder().decode(stdout)) as ModuleGraph, root);
  } finally {
    await Deno.remove(entry);
  }
}

/**
 * Finds import cycles between files; `import type` counts.
 *
 * @returns One line per cycle, as `a.ts -> b.ts -> a.ts`.
 */
export function findCycles(edges: readonly ImportEdge[]): string[] {
  const importsOf = new Map<string, string[]>();
  for (const { from, to } of edges) {
    if (to !== undefined && to !== from) importsOf.set(from, [...(importsOf.get(from) ?? []), to]);
  }
  const cycles: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const start = path.indexOf(file);
    if (start >= 0) cycles.push([...path.slice(start), file].join(" -> "));
    if (start >= 0 || done.has(file)) return;
    path.push(file);
    for (const next of importsOf.get(file) ?? []) visit(next);
    path.pop();
    done.add(file);
  };
  for (const file of importsOf.keys()) visit(file);
  return cycles;
}

/** Draws the arrows between folders that exist, highest level first. */
export function drawGraph(edges: readonly ImportEdge[]): string {
  const arrows = new Map<string, Set<string>>();
  const targetsOf = (file: string): Set<string> => {
    const { name, layer } = unitOf(file);
    const targets = arrows.get(name) ?? new Set();
    if (levelOf(layer) >= 0) arrows.set(name, targets);
    return targets;
  };
  for (const { from, to } of edges) {
    if (isTestFile(from) || to === undefined) continue;
    const target = unitOf(to);
    targetsOf(to);
    if (levelOf(target.layer) >= 0 && target.name !== unitOf(from).name) targetsOf(from).add(target.name);
  }
  const rows = [...arrows].map(([unit, targets]) => ({
    unit,
    level: levelOf(unit.split("/")[0] ?? ""),
    targets: [...targets].sort((a, b) => a.localeCompare(b)),
  }));
  rows.sort((a, b) => b.level - a.level || a.unit.localeCompare(b.unit));
  const width = Math.max(...rows.map((row) => row.unit.length));
  return rows.map(({ unit, level, targets }) =>
    `${level}  ${unit.padEnd(width)}  ${targets.length > 0 ? `-> ${targets.join(", ")}` : ""}`.trimEnd()
  ).join("\n");
}

interface ModuleGraph {
  readonly modules: readonly {
    readonly local?: string;
    readonly dependencies?: readonly {
      readonly specifier: string;
      readonly code?: { readonly specifier?: string; readonly span: Span };
      readonly type?: { readonly specifier?: string; readonly span: Span };
    }[];
  }[];
}

interface Span {
  readonly start: { readonly line: number };
}

function edgesOf(graph: ModuleGraph, root: string): ImportEdge[] {
  const edges: ImportEdge[] = [];
  for (const module of graph.modules) {
    const from = projectPath(module.local ?? "", root);
    if (from === undefined) continue;
    for (const { specifier, code, type } of module.dependencies ?? []) {
      const resolved = code?.specifier ?? type?.specifier ?? "";
      const to = resolved.startsWith("file:") ? projectPath(fileURLToPath(resolved), root) : undefined;
      const line = ((code ?? type)?.span.start.line ?? 0) + 1;
      edges.push({ from, specifier, line, ...(to === undefined ? {} : { to }) });
    }
  }
  return edges;
}

function projectPath(path: string, root: string): string | undefined {
  const normal = path.replaceAll("\\", "/");
  return normal.startsWith(root) ? normal.slice(root.length) : undefined;
}

function levelOf(layer: string): number {
  return LAYERS[layer]?.level ?? -1;
}

if (import.meta.main) {
  const files = await listSourceFiles();
  const edges = await readImportEdges(files);
  if (Deno.args.includes("--graph")) {
    console.log(drawGraph(edges));
  } else {
    const faults = [
      ...edges.flatMap((edge) => judgeEdge(edge).map((fault) => `${edge.from}:${edge.line} ${fault}`)),
      ...findCycles(edges).map((cycle) => `import cycle: ${cycle}`),
    ];
    for (const fault of faults) console.log(fault);
    console.log(`layers: ${files.length} files, ${edges.length} imports, ${faults.length} faults`);
    if (faults.length > 0) Deno.exit(1);
  }
}
