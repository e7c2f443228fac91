/** Running a command and keeping what it printed, for the gate and the test run. */

/** How a command ended. */
export interface CommandOutcome {
  /** Exit status; 127 where the program does not exist. */
  readonly code: number;
  /** Everything it printed on both outputs. */
  readonly output: string;
  /** What it printed on standard output only. */
  readonly stdout: string;
  /** Wall time in seconds. */
  readonly seconds: number;
}

/** How to run a command. */
export interface CommandOptions {
  /** Working folder. @default the current one */
  readonly cwd?: string;
  /** Variables set on top of the inherited ones. */
  readonly env?: Record<string, string>;
  /** Also shows the output while it runs. @default false */
  readonly isShown?: boolean;
}

/**
 * Runs a command to its end.
 *
 * @param command Program and arguments; `deno` stands for the running deno.
 */
export async function runCommand(
  command: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutcome> {
  const startedMs = performance.now();
  const [program = "", ...args] = command;
  const chunks: Uint8Array[] = [];
  const stdoutChunks: Uint8Array[] = [];
  const keep = async (stream: ReadableStream<Uint8Array>, isStdout: boolean): Promise<void> => {
    for await (const chunk of stream) {
      chunks.push(chunk);
      if (isStdout) stdoutChunks.push(chunk);
      if (options.isShown === true) await Deno.stdout.write(chunk);
    }
  };
  let code: number;
  try {
    const child = new Deno.Command(program === "deno" ? Deno.execPath() : program, {
      args,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...options.env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    await Promise.all([keep(child.stdout, true), keep(child.stderr, false)]);
    code = (await child.status).code;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    chunks.push(new TextEncoder().encode(`Cannot run ${program}: no such program\n`));
    code = 127;
  }
  const [output, stdout] = [decode(chunks), decode(stdoutChunks)];
  return { code, output, stdout, seconds: (performance.now() - startedMs) / 1000 };
}

function decode(chunks: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
}
