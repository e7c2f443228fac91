import { ConfigError, errorMessage } from "#errors";
import type { CommandContext } from "../command_context.ts";
import type { CommandLine } from "../command_line.ts";
import { projectFiles } from "./templates.ts";

/** What becomes of characters that names of applications have not. */
const NOT_IN_NAMES = /[^\p{L}\p{N}_.~-]+/gu;

/** `crtmp init`: a server with an application of one's own, and a test of it; nothing is replaced. */
export async function run(line: CommandLine, context: CommandContext): Promise<number> {
  const folder = line.positional[0]!.replace(/(?<=.)[/\\]+$/, "");
  const name = nameOf(folder);
  const isLua = line.has("lua");
  const files = projectFiles({ name, version: context.version, isLua });
  await Deno.mkdir(folder, { recursive: true });
  const present = await presentOf(folder, files.map(([file]) => file));
  if (present !== undefined) {
    throw new ConfigError(`Cannot write ${present}: it exists; another folder is needed`);
  }
  for (const [file, text] of files) {
    const path = `${folder}/${file}`;
    try {
      await Deno.writeTextFile(path, text, { createNew: true });
    } catch (cause) {
      throw new ConfigError(`Cannot write ${path}: ${errorMessage(cause)}`, { cause });
    }
    context.print(path);
  }
  context.print("");
  context.print(`cd ${folder}`);
  context.print("deno task test    # what the application decides");
  context.print(isLua ? "crtmp serve crtmp.toml" : "deno task serve   # RTMP on 1935, web on 8080");
  return 0;
}

/** The application's name: that of the folder. */
function nameOf(folder: string): string {
  const last =
    (folder === "." || folder === ".." ? Deno.realPathSync(folder) : folder).split(/[/\\]/).at(-1) ?? "";
  return last.replace(NOT_IN_NAMES, "-").replace(/^[.-]+|[.-]+$/g, "") || "app";
}

async function presentOf(folder: string, files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    const path = `${folder}/${file}`;
    const isThere = await Deno.lstat(path).then(() => true, () => false);
    if (isThere) return path;
  }
  return undefined;
}
