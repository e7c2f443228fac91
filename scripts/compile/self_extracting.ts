/** One self-extracting file for Linux: a shell head, then a gzip archive of the Deno runtime and the program. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { runCommand } from "../run/command.ts";
import { MAIN_MODULE, type ProgramTree } from "./program_tree.ts";

/** What goes into the file. */
export interface SelfExtractingOptions {
  /** Folder that holds the program's tree as `program`, and nothing else; more is written beside it. */
  readonly stage: string;
  readonly tree: ProgramTree;
  /** Flags of `deno run`. */
  readonly flags: readonly string[];
  /** The `deno` that runs the program; the one that runs this by default. */
  readonly runtime?: string;
  /** Path of the file to make; an existing one is replaced at once. */
  readonly output: string;
}

/** Sizes of a file that was made, in bytes. */
export interface SelfExtractingSizes {
  readonly head: number;
  readonly archive: number;
  readonly runtime: number;
  readonly program: number;
}

/** Name of the unpacked runtime: the name under which the process shows in `ps` and `top`. */
const NAME = "crtmp";

/** The loader that official builds of Deno for Linux need, by architecture. */
const LOADERS = {
  x86_64: "/lib64/ld-linux-x86-64.so.2",
  aarch64: "/lib/ld-linux-aarch64.so.1",
} as const;

/** Level 6 is 3 % smaller than level 3, and 2 s slower to write; unpacking takes the same time. */
const GZIP = "gzip -n -6";

/** Keeps the archive the same, byte for byte, for the same files. */
const REPRODUCIBLE = [
  "--format=gnu",
  "--sort=name",
  "--mtime=@0",
  "--owner=0",
  "--group=0",
  "--numeric-owner",
  "--mode=u=rwX,go=rX",
];

/**
 * Makes the file.
 *
 * @throws {Error} If `tar` or `gzip` is missing or fails.
 */
export async function buildSelfExtracting(options: SelfExtractingOptions): Promise<SelfExtractingSizes> {
  const { stage, tree, output } = options;
  const [remote] = tree.remote;
  if (remote !== undefined) {
    throw new Error(`Cannot pack ${remote}: the file could not load it from the network`);
  }
  const runtime = await Deno.realPath(options.runtime ?? Deno.execPath());
  await Deno.copyFile(runtime, join(stage, NAME));
  await Deno.chmod(join(stage, NAME), 0o755);
  await Deno.writeTextFile(join(stage, "files"), await listNonEmpty(stage, tree));
  const archivePath = join(stage, "archive.tar.gz");
  const tar = ["tar", ...REPRODUCIBLE, "-I", GZIP, "-cf", archivePath, "-C", stage, "files", NAME, "program"];
  const { code, output: said } = await runCommand(tar, { env: { LC_ALL: "C" } });
  if (code !== 0) throw new Error(`Cannot make the archive: ${said.trim()}`);
  const archive = await Deno.readFile(archivePath);
  const runtimeBytes = (await Deno.stat(runtime)).size;
  const head = await formatHead(options, archive, runtimeBytes + tree.sizeBytes);
  await Deno.writeFile(`${output}.new`, head);
  await Deno.writeFile(`${output}.new`, archive, { append: true });
  await Deno.chmod(`${output}.new`, 0o755);
  await Deno.rename(`${output}.new`, output);
  return { head: head.length, archive: archive.length, runtime: runtimeBytes, program: tree.sizeBytes };
}

/** The list by which each start sees that nothing was taken away: every file but empty ones, one a line. */
async function listNonEmpty(stage: string, tree: ProgramTree): Promise<string> {
  const lines = [NAME];
  for (const file of tree.files) {
    if ((await Deno.stat(join(stage, "program", file))).size > 0) lines.push(`program/${file}`);
  }
  return lines.join("\n") + "\n";
}

async function formatHead(
  { tree, flags }: SelfExtractingOptions,
  archive: Uint8Array,
  unpackedBytes: number,
): Promise<Uint8Array> {
  const hash = createHash("sha256").update(archive).digest("hex").slice(0, 16);
  const fields: Record<string, string> = {
    NAME,
    MAIN: MAIN_MODULE,
    VERSION: tree.config.version,
    KEY: `${tree.config.version}-${hash}`,
    MACHINE: Deno.build.arch,
    LOADER: LOADERS[Deno.build.arch],
    UNPACKED_MB: String(Math.ceil(unpackedBytes / 1_000_000)),
    FLAGS: [...flags, "--cached-only", "--no-remote"].join(" "),
  };
  const template = await Deno.readTextFile(new URL("./self_extracting.sh", import.meta.url));
  const text = template.replaceAll(/@([A-Z_]+)@/g, (mark, field: string) => fields[field] ?? mark);
  const headBytes = new TextEncoder().encode(text).length;
  // Written as wide as their marks, so that the head keeps the length that they tell.
  const fit = (mark: string, value: number): string =>
    text.includes(mark) ? String(value).padEnd(mark.length) : "";
  return new TextEncoder().encode(
    text
      .replaceAll("@ARCHIVE_START@", fit("@ARCHIVE_START@", headBytes + 1))
      .replaceAll("@FILE_BYTES@", fit("@FILE_BYTES@", headBytes + archive.length)),
  );
}
