import { ConfigError } from "#errors";
import { parseHostPort } from "#uri";
import type { CommandContext } from "../command_context.ts";
import type { CommandLine } from "../command_line.ts";
import { readPassword } from "../secrets/read_password.ts";
import { formatData, formatHelp } from "./answer_table.ts";
import { type Answer, ControlConnection } from "./control_connection.ts";

/** Where a server listens for commands, as the original's sample has it. */
const DEFAULT_ADDRESS = { host: "127.0.0.1", port: 1112 };

/** `crtmp cli`: gives a command to a server that runs; the exit status says whether it succeeded. */
export async function run(line: CommandLine, context: CommandContext): Promise<number> {
  const address = parseHostPort(line.value("address") ?? "127.0.0.1", DEFAULT_ADDRESS);
  const [name = "", ...args] = line.positional;
  const written = [name, ...await Promise.all(args.map(withPassword))].map(escaped).join(" ");
  using connection = await ControlConnection.open(address);
  const user = line.value("user");
  if (user !== undefined) {
    const login = await connection.run(["login", user, await readPassword()].map(quoted).join(" "));
    if (login.status !== "SUCCESS") return refused(login, context);
  }
  const answer = await connection.run(written);
  if (line.has("json")) {
    context.print(JSON.stringify(answer));
    return answer.status === "SUCCESS" ? 0 : 1;
  }
  if (answer.status !== "SUCCESS") return refused(answer, context);
  context.print(answer.description);
  const lines = /^help$/i.test(name) ? formatHelp(answer.data) : formatData(answer.data);
  if (lines.length > 0) context.print("");
  lines.forEach(context.print);
  return 0;
}

function refused({ description }: Answer, context: CommandContext): number {
  context.printError(`crtmp: ${description}`);
  return 1;
}

/** `password=-` is read from standard input: arguments are seen by everybody on the machine. */
async function withPassword(argument: string): Promise<string> {
  const [, key] = /^(\w*password)=-$/i.exec(argument) ?? [];
  return key === undefined ? argument : `${key}=${quoted(await readPassword())}`;
}

/** An argument of the shell as one of the line: spaces in it do not end it. */
function escaped(argument: string): string {
  if (/[\r\n]/.test(argument)) {
    throw new ConfigError("Cannot give this command: an argument has more than one line");
  }
  return /^\w+="/.test(argument) ? argument : argument.replace(/(?<!\\)[ \t]/g, "\\ ");
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}
