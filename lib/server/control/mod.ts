/**
 * Control of a running server (part of layer 6): one table of commands, which parses, carries out and documents them,
 * by whatever way they come.
 *
 * ```ts
 * import { CONTROL_COMMANDS } from "#server/control";
 *
 * const { about, parameters } = CONTROL_COMMANDS.find(({ name }) => name === "getStreamInfo")!;
 * console.log(about, Object.keys(parameters)); // What listStreams says of one [ "id" ]
 * ```
 *
 * @module
 */
export { COMMAND_GROUPS, defineCommand } from "./command.ts";
export type {
  Command,
  CommandContext,
  CommandDefinition,
  CommandGroup,
  CommandResult,
  ParameterTable,
} from "./command.ts";
export { CONTROL_COMMANDS } from "./command_table.ts";
export { ControlCore } from "./control.ts";
export type { ControlAnswer, ControlOutcome } from "./control.ts";
export type { ControlledServer } from "./controlled_server.ts";
export { readArguments } from "./read_arguments.ts";
export type { CommandArguments, ControlRequest } from "./read_arguments.ts";
export { ServerControl } from "./server_control.ts";
export type { ServerControlOptions } from "./server_control.ts";
export { writeCommandReference } from "./reference.ts";
