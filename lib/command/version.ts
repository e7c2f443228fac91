import type { CommandContext } from "./command_context.ts";
import type { CommandLine } from "./command_line.ts";
import manifest from "../../deno.json" with { type: "json" };

/** The program's version. */
export const VERSION: string = manifest.version;

/** `crtmp version` */
export function run(_line: CommandLine, context: CommandContext): Promise<number> {
  const { os, arch } = Deno.build;
  context.print(`crtmp ${VERSION} (deno ${Deno.version.deno}, ${os} ${arch})`);
  return Promise.resolve(0);
}
