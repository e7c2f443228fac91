import { formatServices, serviceRows } from "#server/config";
import type { CommandContext } from "./command_context.ts";
import type { CommandLine } from "./command_line.ts";
import { prepareConfig } from "./prepared_config.ts";

/** `crtmp check`: every fault is a line on standard error; without one, the services table. */
export async function run(line: CommandLine, context: CommandContext): Promise<number> {
  const { schema, toml, source, carriers } = await prepareConfig(line.positional[0], {
    context,
    settings: line.values("set"),
  });
  const { config, faults } = schema.check(toml, source);
  for (const { message } of faults) context.printError(`crtmp: ${source.name}: ${message}`);
  if (faults.length > 0) return 1;
  context.print(`${source.name} is right. It asks for these services:`);
  context.print("");
  formatServices(serviceRows(config, carriers)).forEach(context.print);
  return 0;
}
