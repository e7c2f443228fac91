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
  /** Time after which the program is killed, in ms; a hang is a failure with its output, not silence. */
  readonly timeoutMs?: number;
}

/** Exit status of a program that was killed because its time was over. */
const TIMED_OUT_CODE = 124;

/** Exit status where the program does not exist. */
const NOT_FOUND_CODE = 127;

/**
 * Runs a command to its end, or to the end of its time.
 *
 * @param command Program and arguments; `deno` stands for the running deno.
 */
export async function runCommand(
  command: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutcome> {
  const startedMs = performance.now();
  const seconds = (): number => (performance.now() - startedMs) / 1000;
  let child: Deno.ChildProcess;
  try {
    child = spawn(command, options);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const output = `Cannot run ${command[0]}: no such program\n`;
    return { code: NOT_FOUND_CODE, output, stdout: "", seconds: seconds() };
  }
  const deadline = new AbortController();
  const timer = options.timeoutMs === undefined ? undefined : setTimeout(() => {
    child.kill("SIGKILL");
    deadline.abort();
  }, options.timeoutMs);
  const [all, out] = [new TextCollector(), new TextCollector()];
  await Promise.all([
    collect(child.stdout, { into: [all, out], signal: deadline.signal, ...options }),
    collect(child.stderr, { into: [all], signal: deadline.signal, ...options }),
  ]);
  const { code } = await child.status;
  clearTimeout(timer);
  if (!deadline.signal.aborted) return { code, output: all.text, stdout: out.text, seconds: seconds() };
  const note = `\nStopped after ${seconds().toFixed(0)} s: its time was over\n`;
  return { code: TIMED_OUT_CODE, output: all.text + note, stdout: out.text, seconds: seconds() };
}

function spawn([program = "", ...args]: readonly string[], options: CommandOptions): Deno.ChildProcess {
  return new Deno.Command(program === "deno" ? Deno.execPath() : program, {
    args,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

interface CollectOptions {
  readonly into: readonly TextCollector[];
  /** Ends the reading, for programs of the program may hold its output open. */
  readonly signal: AbortSignal;
  readonly isShown?: boolean;
}

async function collect(stream: ReadableStream<Uint8Array>, options: CollectOptions): Promise<void> {
  const sink = new WritableStream<Uint8Array>({
    async write(chunk) {
      for (const collector of options.into) collector.push(chunk);
      if (options.isShown === true) await Deno.stdout.write(chunk);
    },
  });
  try {
    await stream.pipeTo(sink, { signal: options.signal });
  } catch (error) {
    if (!options.signal.aborted) throw error;
  }
}

class TextCollector {
  readonly #decoder = new TextDecoder();
  text = "";

  push(chunk: Uint8Array): void {
    this.text += this.#decoder.decode(chunk, { stream: true });
  }
}
