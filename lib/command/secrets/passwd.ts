import { adobeVerifier, hashPassword } from "#auth";
import { ConfigError } from "#errors";
import type { CommandContext } from "../command_context.ts";
import type { CommandLine } from "../command_line.ts";

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

/** The first line of standard input; from a terminal, unseen. */
async function readPassword(): Promise<string> {
  const isTerminal = Deno.stdin.isTerminal();
  if (isTerminal) {
    Deno.stdout.writeSync(new TextEncoder().encode("Password: "));
    Deno.stdin.setRaw(true);
  }
  try {
    return await readLine();
  } finally {
    if (isTerminal) {
      Deno.stdin.setRaw(false);
      Deno.stdout.writeSync(new TextEncoder().encode("\n"));
    }
  }
}

async function readLine(): Promise<string> {
  const bytes: number[] = [];
  const byte = new Uint8Array(1);
  while (await Deno.stdin.read(byte) === 1 && bytes.length < 4096) {
    const value = byte[0]!;
    if (value === 3) throw new ConfigError("Cannot make a hash: cancelled");
    if (value === 10 || value === 13 || value === 4) break;
    // backspace, as terminals send it
    if (value === 127 || value === 8) bytes.pop();
    else bytes.push(value);
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
