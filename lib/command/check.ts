import type { ApplicationDefinition } from "#application";
import { formatServices, type ServerConfig, serviceRows } from "#server/config";
import { dirname } from "node:path";
import type { CommandContext } from "./command_context.ts";
import type { CommandLine } from "./command_line.ts";
import { checkConfig, folderFault, prepareConfig } from "./prepared_config.ts";

/** `crtmp check`: every fault and warning is a line on standard error; without one, the services table. */
export async function run(line: CommandLine, context: CommandContext): Promise<number> {
  const prepared = await prepareConfig(line.positional[0], { context, settings: line.values("set") });
  const { source, carriers, converted, applications } = prepared;
  const { config, faults } = checkConfig(prepared);
  for (const text of converted?.warnings ?? []) context.printError(`crtmp: ${source.name}: warning: ${text}`);
  const messages = faults.length > 0
    ? faults.map(({ message }) => message)
    : [...await logFaults(config), ...await applicationFaults(config, applications)];
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

/** What would keep applications from starting. */
async function applicationFaults(
  { applications }: ServerConfig,
  definitions: readonly ApplicationDefinition[],
): Promise<string[]> {
  const faults: string[] = [];
  for (const [index, entry] of applications.entries()) {
    const kind = entry.library === "" ? entry.name : entry.library;
    const fault = await definitions.find(({ name }) => name === kind)?.check?.(entry);
    if (fault !== undefined) faults.push(`applications[${index}].${fault.key}: ${fault.reason}`);
  }
  return faults;
}
