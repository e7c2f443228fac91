import { ConfigSchema, writeSample } from "#server/config";
import type { CommandContext } from "./command_context.ts";
import type { CommandLine } from "./command_line.ts";

/** `crtmp config` */
export async function run(_line: CommandLine, context: CommandContext): Promise<number> {
  const schema = new ConfigSchema({ applications: await context.loadApplications() });
  context.print(writeSample(schema.rows).trimEnd());
  return 0;
}
