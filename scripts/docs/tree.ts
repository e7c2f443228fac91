/** What `deno doc` says about the entry points, in the shape the rules need. */
import { runCommand } from "../run/command.ts";
import { ROOT } from "../source_files.ts";

/** Documentation of one entry point. */
export interface EntryDocumentation {
  /** Path of the `mod.ts` from the top of the checkout. */
  readonly path: string;
  /** Text of the module doc, without tags. */
  readonly moduleDoc: string;
  readonly symbols: readonly DocumentedSymbol[];
}

/** An exported symbol, with all its overloads and merged declarations. */
export interface DocumentedSymbol {
  readonly name: string;
  readonly declarations: readonly Declaration[];
}

/** One declaration of a symbol, as `deno doc --json` prints it. */
export interface Declaration {
  readonly kind: string;
  readonly location: Location;
  readonly jsDoc?: JsDoc;
  readonly def?: {
    readonly methods?: readonly Member[];
    readonly properties?: readonly Member[];
  };
}

/** A method, accessor or field. */
export interface Member {
  readonly name: string;
  readonly location: Location;
  readonly jsDoc?: JsDoc;
  readonly accessibility?: "private" | "protected" | "public" | null;
  readonly isOverride?: boolean;
}

/** A place in a source file. */
export interface Location {
  /** As a file URL. */
  readonly filename: string;
  readonly line: number;
}

interface JsDoc {
  readonly doc?: string;
}

interface DocOutput {
  readonly nodes: Readonly<
    Record<string, { readonly module_doc?: JsDoc; readonly symbols: readonly DocumentedSymbol[] }>
  >;
}

/**
 * Reads the documentation of `entries`.
 *
 * @param entries Paths from the top of the checkout.
 */
export async function readDocumentation(entries: readonly string[]): Promise<EntryDocumentation[]> {
  if (entries.length === 0) return [];
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", ...entries],
    cwd: ROOT,
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (!output.success) throw new Error(`Cannot read docs: ${new TextDecoder().decode(output.stderr)}`);
  const { nodes } = JSON.parse(new TextDecoder().decode(output.stdout)) as DocOutput;
  return Object.entries(nodes).map(([url, node]) => ({
    path: entries.find((entry) => url.endsWith(`/${entry}`)) ?? url,
    moduleDoc: node.module_doc?.doc ?? "",
    symbols: node.symbols,
  }));
}

/**
 * Runs `deno doc --lint` and returns its findings, but for missing docstrings of fields.
 *
 * What is left are types that the public API needs and does not export, and missing explicit types.
 */
export async function lintDocumentation(entries: readonly string[]): Promise<string[]> {
  if (entries.length === 0) return [];
  const { output } = await runCommand(["deno", "doc", "--lint", ...entries], { cwd: ROOT });
  return [...output.matchAll(/^error\[([a-z-]+)\]: (.*)\n\s*--> (.*)$/gm)]
    .filter(([, code]) => code !== "missing-jsdoc")
    .map(([, code, message, place]) =>
      `${place?.replaceAll("\\", "/").replace(ROOT, "")} ${message} (${code})`
    );
}
