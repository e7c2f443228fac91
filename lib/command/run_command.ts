import { ClosedError, ConfigError, errorMessage, FormatError, LimitError } from "#errors";
import { nearestWord } from "#options";
import type { CommandContext } from "./command_context.ts";
import { columns, type Command, type CommandLine, helpOf, parseCommandLine } from "./command_line.ts";
import { COMMANDS } from "./commands.ts";

/** Exit status of a command that ran and failed. */
const FAILED = 1;
/** Exit status of a command line that cannot be understood. */
const MISUSED = 2;

/**
 * Runs the command that `args` name.
 *
 * Whatever goes wrong as it may, a port taken or a wrong option, is one line on standard error; an error
 * nobody expected comes with its stack.
 *
 * @param args Command-line arguments, without the program's name.
 * @param context Applications, and where to print.
 * @returns The exit status: 0 done, 1 failed, 2 not understood.
 */
export async function runCommand(args: readonly string[], context: CommandContext): Promise<number> {
  const [name = "", ...rest] = args;
  if (name === "" || /^(-h|--help|help)$/.test(name)) {
    return printHelp(rest, { isAsked: name !== "", context });
  }
  const command = COMMANDS.find((each) => each.name === name.replace(/^--(?=version$)/, ""));
  if (command === undefined) {
    const nearest = nearestWord(name, COMMANDS.map((each) => each.name));
    const hint = nearest === undefined ? "see crtmp --help" : `did you mean "${nearest}"?`;
    context.printError(`crtmp: Cannot run "${name}": there is no such command, ${hint}`);
    return MISUSED;
  }
  let line: CommandLine | undefined;
  try {
    line = parseCommandLine(command, rest);
  } catch (error) {
    context.printError(`crtmp: ${errorMessage(error)}`);
    return MISUSED;
  }
  if (line === undefined) {
    helpOf(command).forEach(context.print);
    return 0;
  }
  return await run(command, { line, context });
}

async function run(
  command: Command,
  { line, context }: { line: CommandLine; context: CommandContext },
): Promise<number> {
  try {
    const { run } = await command.load();
    return await run(line, context);
  } catch (error) {
    context.printError(`crtmp: ${isExpected(error) ? errorMessage(error) : stackOf(error)}`);
    return FAILED;
  }
}

/** Errors whose message says all there is to say. */
function isExpected(error: unknown): boolean {
  const expected = [ConfigError, FormatError, LimitError, ClosedError, ...Object.values(Deno.errors)];
  return expected.some((type) => error instanceof type);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? String(error) : String(error);
}

function printHelp(
  names: readonly string[],
  { isAsked, context }: { isAsked: boolean; context: CommandContext },
): number {
  const command = COMMANDS.find((each) => each.name === names[0]);
  const lines = command === undefined
    ? [
      "crtmp: a media server, live and on demand, for RTMP, HTTP-FLV and WebSocket-FLV.",
      "",
      "Usage: crtmp COMMAND [FLAGS]",
      "",
      "Commands:",
      ...columns(COMMANDS.map((each) => [[each.name, ...each.positional].join(" "), each.about] as const)),
      "",
      "`crtmp COMMAND --help` tells more about one.",
    ]
    : helpOf(command);
  lines.forEach(isAsked ? context.print : context.printError);
  return isAsked ? 0 : MISUSED;
}
