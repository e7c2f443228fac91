import type { AcceptorOwner } from "#application";
import type { OptionsOf, OptionTable, ValueRow } from "#options";
import type { ControlledServer } from "./controlled_server.ts";
import type { LiveStreams } from "./reports/live_streams.ts";
import type { ShutdownKeys } from "./shutdown_keys.ts";

/** What a command does, for the order in references. */
export const COMMAND_GROUPS = [
  "The server",
  "Streams",
  "Connections",
  "Pull, push and record",
  "Names of streams",
  "Users",
] as const;

/** One of COMMAND_GROUPS. */
export type CommandGroup = typeof COMMAND_GROUPS[number];

/** What a command gives. */
export interface CommandResult {
  /** One sentence for people, without its full stop; no secrets. */
  readonly description: string;
  /** What JSON can hold. @default {null} */
  readonly data?: unknown;
  /** Whether whoever gave it wants to leave. @default {false} */
  readonly isLast?: boolean;
}

/** What a command works on. */
export interface CommandContext {
  readonly server: ControlledServer;
  /** Whose acceptor the command came by; `undefined` for none. */
  readonly owner: AcceptorOwner | undefined;
  /** What is live, by its number. */
  readonly live: LiveStreams;
  readonly shutdownKeys: ShutdownKeys;
  /** All commands, for help. */
  readonly commands: readonly Command[];
}

/** Parameters of a command: values only. */
export type ParameterTable = Readonly<Record<string, ValueRow<unknown>>>;

/** One command: a row of the table that parses, carries out and documents them all. */
export interface Command {
  readonly name: string;
  readonly group: CommandGroup;
  /** One or two sentences. */
  readonly about: string;
  readonly parameters: ParameterTable;
  /** Keys that must be given. */
  readonly required: readonly string[];
  /** The parameter that a word without key is: `getStreamInfo 5`. */
  readonly word?: string;
  /** Carries it out, with arguments that were checked; a house error says what is wrong. */
  run(
    args: Readonly<Record<string, unknown>>,
    context: CommandContext,
  ): CommandResult | Promise<CommandResult>;
}

/** A command as it is written: its arguments have the types of its parameters. */
export interface CommandDefinition<P extends ParameterTable>
  extends Omit<Command, "parameters" | "required" | "run"> {
  /** @default none */
  readonly parameters?: P;
  /** @default none */
  readonly required?: readonly (keyof P & string)[];
  readonly word?: keyof P & string;
  /** Carries it out; `given` has what was written, without defaults. */
  run(
    args: OptionsOf<P & OptionTable> & { readonly given: Readonly<Record<string, unknown>> },
    context: CommandContext,
  ): CommandResult | Promise<CommandResult>;
}

/** Makes a row of the table. */
export function defineCommand<const P extends ParameterTable = Record<never, never>>(
  { parameters, required = [], ...definition }: CommandDefinition<P>,
): Command {
  return {
    ...definition,
    parameters: parameters ?? {},
    required,
    // the arguments were read by these very rows
    run: (args, context) => definition.run(args as Parameters<typeof definition.run>[0], context),
  };
}
