/**
 * Makes crtmp one file that needs nothing installed.
 *
 * ```sh
 * deno task compile                                                # ./crtmp for this machine
 * deno task compile --target aarch64-apple-darwin --output dist/crtmp-macos-arm64 --mode deno
 * ```
 *
 * `--mode deno` uses `deno compile`, which needs its runtime `denort`: from DENORT_BIN or by download.
 * `--mode sfx` makes a self-extracting file of this machine's own `deno`; Linux only. The default, `auto`,
 * takes the first where it can be had.
 */
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildNative, TARGETS, whyNoDenort } from "./compile/native.ts";
import { layOutProgram, runtimeFlags } from "./compile/program_tree.ts";
import { buildSelfExtracting } from "./compile/self_extracting.ts";
import { ROOT } from "./source_files.ts";

/** The ways to make one file. */
export const COMPILE_MODES = ["auto", "deno", "sfx"] as const;

/** One of {@linkcode COMPILE_MODES}. */
export type CompileMode = (typeof COMPILE_MODES)[number];

/** What to make. */
export interface CompileOptions {
  /** Folder of the program: `deno.json`, `main.ts` and what they lead to. @default this checkout */
  readonly folder?: string;
  /** Path of the file to make. */
  readonly output: string;
  /** @default "auto" */
  readonly mode?: CompileMode;
  /** @default this machine's */
  readonly target?: string;
  /** Takes the lines that tell what is done. */
  readonly report: (line: string) => void;
}

/**
 * Makes the one file.
 *
 * @throws {Error} If neither way is open, or a step fails; no half-made file is left at `output`.
 */
export async function compile(options: CompileOptions): Promise<void> {
  const startedMs = performance.now();
  const { folder = ROOT, output, mode = "auto", target = Deno.build.target, report } = options;
  const obstacle = mode === "auto" ? await whyNoDenort(target) : undefined;
  const isNative = mode === "deno" || mode === "auto" && obstacle === undefined;
  if (!isNative && (target !== Deno.build.target || Deno.build.os !== "linux")) {
    throw new Error(
      `Cannot make a self-extracting file for ${target}: only for the Linux machine it is made on` +
        (obstacle === undefined ? "" : `, and deno compile has no denort (${obstacle})`),
    );
  }
  if (obstacle !== undefined) {
    report(`No denort for deno compile (${obstacle}; DENORT_BIN is not set): making a self-extracting file`);
  }
  await Deno.mkdir(dirname(resolve(output)), { recursive: true });
  const stage = await Deno.makeTempDir({ prefix: "crtmp-compile-" });
  try {
    const program = join(stage, "program");
    await Deno.mkdir(program);
    const tree = await layOutProgram(folder, program);
    const flags = runtimeFlags(tree.config);
    if (isNative) await buildNative({ folder: program, tree, flags, target, output });
    else await buildSelfExtracting({ stage, tree, flags, output });
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    report(
      `${output}: ${tree.config.version} for ${target}, ${formatSize(await sizeOf(output))}, ` +
        `${tree.files.length} program files of ${formatSize(tree.sizeBytes)}, in ${seconds} s`,
    );
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
}

/** Size of `output`; `deno compile` adds `.exe` where the target wants it. */
async function sizeOf(output: string): Promise<number> {
  const stat = await Deno.stat(output).catch(() => Deno.stat(`${output}.exe`));
  return stat.size;
}

function formatSize(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Reads the command line of `deno task compile`. */
export function parseCompileArgs(args: string[]): Omit<CompileOptions, "report"> {
  const { values } = parseArgs({
    args,
    options: { target: { type: "string" }, output: { type: "string" }, mode: { type: "string" } },
  });
  const mode = COMPILE_MODES.find((known) => known === (values.mode ?? "auto"));
  if (mode === undefined) throw new TypeError(`--mode must be auto, deno or sfx, not "${values.mode}"`);
  const { target = Deno.build.target } = values;
  if (!TARGETS.some((known) => known === target)) {
    throw new TypeError(`--target must be one of ${TARGETS.join(", ")}, not "${target}"`);
  }
  return { mode, target, output: resolve(values.output ?? "crtmp") };
}

if (import.meta.main) {
  try {
    await compile({ ...parseCompileArgs(Deno.args), report: (line) => console.log(line) });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
