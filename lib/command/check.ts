import { formatServices, serviceRows } from "#server/config";
import type { CommandContext } from "./command_context.ts";
import type { CommandLine } from "./command_line.ts";
import { checkConfig, prepareConfig } from "./prepared_config.ts";

/** `crtmp check`: every fault and warning is a line on standard error; without one, the services table. */
export async function run(line: CommandLine, context: CommandContext): Promise<number> {
  const prepared = await prepareConfig(line.positional[0], { context, settings: line.values("set") });
  const { source, carriers, converted } = prepared;
  const { config, faults } = checkConfig(prepared);
  for (const text of converted?.warnings ?? []) context.printError(`crtmp: ${source.name}: warning: ${text}`);
  for (const { message } of faults) context.printError(`crtmp: ${source.name}: ${message}`);
  if (faults.length > 0) return 1;
  context.print(`${source.name} is right. It asks for these services:`);
  context.print("");
  formatServices(serviceRows(config, carriers)).forEach(context.print);
  return 0;
}
