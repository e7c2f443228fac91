import type { ApplicationDefinition } from "#application";
import { errorMessage } from "#errors";

/** What commands need of the server. */
export type ServerModule = Pick<typeof import("#server"), "chainSummaries" | "startServer">;

/** What a command is given beside its arguments; tests give other prints. */
export interface CommandContext {
  /** The program's version. */
  readonly version: string;
  /** Loads the kinds of application there are. */
  readonly loadApplications: () => Promise<readonly ApplicationDefinition[]>;
  /** Prints a line on standard output. */
  readonly print: (line: string) => void;
  /** Prints a line on standard error. */
  readonly printError: (line: string) => void;
}

/** A context that brings its own server, as tests do. */
export interface ContextWithServer extends CommandContext {
  /** In place of loading the server. */
  readonly loadServer: () => Promise<ServerModule>;
}

/** The server of a context; it is loaded when it is needed, since commands without it start faster. */
export function loadServer(context: CommandContext | ContextWithServer): Promise<ServerModule> {
  return "loadServer" in context ? context.loadServer() : import("#server");
}

const encoder = new TextEncoder();

/** Prints on the terminal; a reader that went away is no reason to stop. */
export const CONSOLE: Pick<CommandContext, "print" | "printError"> = {
  print: (line) => writeLine(Deno.stdout, line),
  printError: (line) => writeLine(Deno.stderr, line),
};

function writeLine(output: { writeSync(bytes: Uint8Array): number }, line: string): void {
  const bytes = encoder.encode(line + "\n");
  try {
    for (let at = 0; at < bytes.length;) at += output.writeSync(bytes.subarray(at));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return;
    throw new Deno.errors.WriteZero(`Cannot print: ${errorMessage(error)}`, { cause: error });
  }
}
