import { ConfigError } from "#errors";
import { nearestWord } from "#options";
import { parseArgs } from "@std/cli";
import type { CommandContext } from "./command_context.ts";

/** One flag of a command. */
export interface Flag {
  /** What stands for its value in the help; a switch has none. */
  readonly value?: string;
  /** Whether it may be given several times. @default {false} */
  readonly isRepeated?: boolean;
  /** One line for the help. */
  readonly doc: string;
}

/** One command. */
export interface Command {
  readonly name: string;
  /** One line for the overview. */
  readonly about: string;
  /**
   * The arguments it takes, as the help shows them: `[CONFIG]`; in brackets what may be left out; `COMMAND...` takes all
   * that follow.
   */
  readonly positional: readonly string[];
  /** Its flags, by name. */
  readonly flags: Readonly<Record<string, Flag>>;
  /** Loads what runs it: the exit status is what `run` resolves to. */
  readonly load: () => Promise<{ run(line: CommandLine, context: CommandContext): Promise<number> }>;
}

/** Arguments of a command, taken apart. */
export class CommandLine {
  /** The arguments that are no flags, as many as the command takes. */
  readonly positional: readonly string[];
  readonly #flags: ReadonlyMap<string, unknown>;

  constructor(positional: readonly string[], flags: ReadonlyMap<string, unknown>) {
    this.positional = positional;
    this.#flags = flags;
  }

  /** Whether switch `name` was given. */
  has(name: string): boolean {
    return this.#flags.get(name) === true;
  }

  /** The value of flag `name`, or `undefined` if it was not given. */
  value(name: string): string | undefined {
    const value = this.#flags.get(name);
    return typeof value === "string" ? value : undefined;
  }

  /** All arguments as they were given, without the flags in `left`. */
  argsBut(left: Readonly<Record<string, Flag>>): string[] {
    const flags = [...this.#flags].filter(([name]) => !Object.hasOwn(left, name));
    return [
      ...flags.flatMap(([name, value]) =>
        value === true
          ? [`--${name}`]
          : [value].flat().filter((each) => typeof each === "string").map((text) => `--${name}=${text}`)
      ),
      ...this.positional,
    ];
  }

  /** The values of a flag that may be repeated, in the order they were given. */
  values(name: string): readonly string[] {
    const values = this.#flags.get(name);
    return Array.isArray(values) ? values.map(String) : [];
  }
}

const HELP: Flag = { doc: "Print this help" };

/**
 * Takes the arguments of `command` apart.
 *
 * @param command What flags and arguments there are.
 * @param args The arguments after its name.
 * @returns `undefined` if help is asked for.
 * @throws {ConfigError} If a flag is unknown or has no value, or there are too many or too few arguments.
 */
export function parseCommandLine(command: Command, args: readonly string[]): CommandLine | undefined {
  const flags = { ...command.flags, help: HELP };
  const named = (isWanted: (flag: Flag) => boolean) =>
    Object.entries(flags).filter(([, flag]) => isWanted(flag)).map(([name]) => name);
  const unknown: string[] = [];
  const parsed: Record<string, unknown> & { _: (string | number)[] } = parseArgs([...args], {
    alias: { h: "help" },
    boolean: named((flag) => flag.value === undefined),
    string: ["_", ...named((flag) => flag.value !== undefined)],
    collect: named((flag) => flag.isRepeated === true),
    unknown: (arg, key) => {
      if (key !== undefined) unknown.push(arg.replace(/=.*/s, ""));
      return key === undefined;
    },
  });
  if (parsed["help"] === true) return undefined;
  const [first] = unknown;
  if (first !== undefined) throw new ConfigError(unknownFlag(first, Object.keys(flags)));
  const values = new Map(Object.keys(flags).map((name) => [name, parsed[name]]));
  for (const [name, flag] of Object.entries(flags)) {
    if ([values.get(name)].flat().includes("")) {
      throw new ConfigError(`Cannot use --${name}: it needs a value, --${name} ${flag.value}`);
    }
  }
  return new CommandLine(checkedPositional(command, parsed._.map(String)), values);
}

/** The help of `command`, a line each. */
export function helpOf(command: Command): string[] {
  const usage = ["crtmp", command.name, ...command.positional, "[FLAGS]"].join(" ");
  const rows = Object.entries({ ...command.flags, help: HELP }).map(([name, flag]): [string, string] => [
    `--${name}${flag.value === undefined ? "" : ` ${flag.value}`}`,
    flag.doc,
  ]);
  return [`${command.about}.`, "", `Usage: ${usage}`, "", "Flags:", ...columns(rows)];
}

/** Two columns, indented. */
export function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd());
}

function unknownFlag(flag: string, names: readonly string[]): string {
  const nearest = nearestWord(flag.replace(/^-+/, ""), names);
  const hint = nearest === undefined ? "see --help" : `did you mean --${nearest}?`;
  return `Cannot use ${flag}: there is no such flag, ${hint}`;
}

function checkedPositional(command: Command, given: readonly string[]): readonly string[] {
  const extra = given[command.positional.length];
  if (extra !== undefined && !command.positional.at(-1)?.endsWith("...")) {
    throw new ConfigError(`Cannot run ${command.name}: it does not take "${extra}", see --help`);
  }
  const missing = command.positional[given.length];
  if (missing !== undefined && !missing.startsWith("[")) {
    throw new ConfigError(`Cannot run ${command.name}: it needs ${missing}, see --help`);
  }
  return given;
}
