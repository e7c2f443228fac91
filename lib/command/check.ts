import { formatServices, type ServerConfig, serviceRows } from "#server/config";
import { dirname } from "node:path";
import type { CommandContext } from "./command_context.ts";
import type { CommandLine } from "./command_line.ts";
import { checkConfig, folderFault, prepareConfig } from "./prepared_config.ts";

/** `crtmp check`: every fault and warning is a line on standard error; without one, the services table. */
export async function run(line: CommandLine, context: CommandContext): Promise<number> {
  const prepared = await prepareConfig(line.positional[0], { context, settings: line.values("set") });
  const { source, carriers, converted } = prepared;
  const { config, faults } = checkConfig(prepared);
  for (const text of converted?.warnings ?? []) context.printError(`crtmp: ${source.name}: warning: ${text}`);
  const messages = faults.length > 0 ? faults.map(({ message }) => message) : await logFaults(config);
  for (const message of messages) context.printError(`crtmp: ${source.name}: ${message}`);
  if (messages.length > 0) return 1;
  context.print(`${source.name} is right. It asks for these services:`);
  context.print("");
  formatServices(serviceRows(config, carriers)).forEach(context.print);
  return 0;
}

/** What would keep log files from being opened. */
async function logFaults({ logAppenders }: ServerConfig): Promise<string[]> {
  const faults: string[] = [];
  for (const [index, { fileName }] of logAppenders.entries()) {
    const fault = fileName === undefined ? undefined : await folderFault(dirname(fileName));
    if (fault === undefined) continue;
    faults.push(
      `logAppenders[${index}].fileName cannot be written, current value is "${fileName}": ${fault}`,
    );
  }
  return faults;
}
