import type { CommandContext } from "./command_context.ts";
import type { CommandLine } from "./command_line.ts";

/** `crtmp version` */
export function run(_line: CommandLine, context: CommandContext): Promise<number> {
  const { os, arch } = Deno.build;
  context.print(`crtmp ${context.version} (deno ${Deno.version.deno}, ${os} ${arch})`);
  return Promise.resolve(0);
}
