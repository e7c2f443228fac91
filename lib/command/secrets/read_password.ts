import { ConfigError } from "#errors";

/** The first line of standard input; from a terminal, unseen. */
export async function readPassword(): Promise<string> {
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
    if (value === 3) throw new ConfigError("Cannot read the password: cancelled");
    if (value === 10 || value === 13 || value === 4) break;
    // backspace, as terminals send it
    if (value === 127 || value === 8) bytes.pop();
    else bytes.push(value);
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
