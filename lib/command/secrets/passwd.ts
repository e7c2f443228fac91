import { adobeVerifier, hashPassword } from "#auth";
import { ConfigError } from "#errors";
import type { CommandContext } from "../command_context.ts";
import type { CommandLine } from "../command_line.ts";
import { readPassword } from "./read_password.ts";

/** `crtmp passwd NAME`: reads a password and prints what a configuration keeps of it. */
export async function run(line: CommandLine, context: CommandContext): Promise<number> {
  const name = line.positional[0]!;
  const password = await readPassword();
  if (password === "") throw new ConfigError("Cannot make a hash: the password is empty");
  context.print("[[users]]");
  context.print(`name = ${JSON.stringify(name)}`);
  context.print(`password = ${JSON.stringify(await hashPassword(password))}`);
  context.print(`adobe = ${JSON.stringify(adobeVerifier({ name, password }))}`);
  return 0;
}
