/** One file by `deno compile`, for any target that Deno has. */
import { resolve } from "node:path";
import { runCommand } from "../run/command.ts";
import { MAIN_MODULE, type ProgramTree } from "./program_tree.ts";

/** What `deno compile` is asked for. */
export interface NativeOptions {
  /** Folder of the program's tree. */
  readonly folder: string;
  readonly tree: ProgramTree;
  /** Flags of `deno run`. */
  readonly flags: readonly string[];
  /** Such as `x86_64-unknown-linux-gnu`. */
  readonly target: string;
  readonly output: string;
}

/** How long the download site may take to answer, in ms, before it counts as out of reach. */
const ANSWER_TIMEOUT_MS = 5_000;

/** The targets that Deno publishes its runtime `denort` for. */
export const TARGETS = [
  "aarch64-apple-darwin",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "x86_64-pc-windows-msvc",
  "x86_64-unknown-linux-gnu",
] as const;

/**
 * Finds out whether `deno compile` can have its runtime for `target`: named by `DENORT_BIN`, downloaded
 * before, or there to download now.
 *
 * @returns `undefined` if so, else why not.
 */
export async function whyNoDenort(target: string): Promise<string | undefined> {
  if ((Deno.env.get("DENORT_BIN") ?? "") !== "") return undefined;
  const path = `release/v${Deno.version.deno}/denort-${target}.zip`;
  const { output } = await runCommand(["deno", "info", "--json"]);
  const { denoDir } = JSON.parse(output) as { denoDir: string };
  if (await Deno.stat(`${denoDir}/dl/${path}`).then((stat) => stat.isFile, () => false)) return undefined;
  const url = `https://dl.deno.land/${path}`;
  try {
    const response = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    return response.ok ? undefined : `${url} answers ${response.status}`;
  } catch {
    return `${url} cannot be reached`;
  }
}

/** Makes the file. `compile.include` of the tree's `deno.json` names workers and assets to `deno compile`. */
export async function buildNative(options: NativeOptions): Promise<void> {
  const { folder, flags, target } = options;
  const { code, output } = await runCommand(
    [
      "deno",
      "compile",
      ...flags,
      "--no-check",
      "--target",
      target,
      "--output",
      resolve(options.output),
      MAIN_MODULE,
    ],
    { cwd: folder },
  );
  if (code !== 0) throw new Error(`Cannot run deno compile for ${target}:\n${output.trim()}`);
}
