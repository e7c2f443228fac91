/**
 * Other programs, run for a bounded time with their output kept: what every end-to-end test does.
 *
 * @module
 */

/** How a program is started. */
export interface RunOptions {
  /** Arguments after the program name. */
  readonly args: readonly string[];
  /** Time after which the program is killed and the run counts as failed, in ms. @default 30000 */
  readonly timeoutMs?: number;
  /** Variables added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory; this process's own by default. */
  readonly cwd?: string;
}

/** What a program left behind. */
export interface RunResult {
  /** Exit status; 128 plus the number where a signal ended the program. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether `timeoutMs` passed and the program was killed. */
  readonly timedOut: boolean;
}

/** A program that runs beside the test. */
export interface RunningProcess extends AsyncDisposable {
  readonly pid: number;
  /** Settles when the program has ended; never rejects. */
  readonly result: Promise<RunResult>;
  /** What was written to standard error until now. */
  readonly stderrText: string;
  /** What was written to standard output until now. */
  readonly stdoutText: string;
  /** Sends a signal; ignored after the end. */
  kill(signal?: Deno.Signal): void;
}

/** Starts `program` and gathers its output as text; disposing it kills it and waits for its end. */
export function startProcess(program: string, options: RunOptions): RunningProcess {
  const child = new Deno.Command(program, {
    args: [...options.args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...(options.env === undefined ? {} : { env: { ...options.env } }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  }).spawn();
  let hasEnded = false;
  let timedOut = false;
  const kill = (signal: Deno.Signal): void => {
    if (hasEnded) return;
    try {
      child.kill(signal);
    } catch (error) {
      // It ended between the last turn of the event loop and now.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  };
  const timer = setTimeout(() => {
    timedOut = true;
    kill("SIGKILL");
  }, options.timeoutMs ?? 30_000);
  const stdout = new TextSink(child.stdout);
  const stderr = new TextSink(child.stderr);
  const result = (async (): Promise<RunResult> => {
    const [status] = await Promise.all([child.status, stdout.ended, stderr.ended]);
    hasEnded = true;
    clearTimeout(timer);
    return { code: status.code, stdout: stdout.text, stderr: stderr.text, timedOut };
  })();
  return {
    pid: child.pid,
    result,
    get stdoutText() {
      return stdout.text;
    },
    get stderrText() {
      return stderr.text;
    },
    kill: (signal = "SIGTERM") => kill(signal),
    async [Symbol.asyncDispose]() {
      kill("SIGKILL");
      await result;
    },
  };
}

/** Runs `program` to its end. */
export async function runProcess(program: string, options: RunOptions): Promise<RunResult> {
  return await startProcess(program, options).result;
}

/**
 * Runs `program` to its end and returns its standard output.
 *
 * @throws {Error} With its standard error, if the exit status is not 0 or the time was up.
 */
export async function runToSuccess(program: string, options: RunOptions): Promise<string> {
  const result = await runProcess(program, options);
  if (result.code !== 0 || result.timedOut) {
    throw new Error(
      `Cannot run ${program} ${options.args.join(" ")}: status ${result.code}` +
        `${result.timedOut ? " (time was up)" : ""}\n${result.stderr.slice(-2_000)}`,
    );
  }
  return result.stdout;
}

/** Resident memory of process `pid`, in bytes; Linux only. */
export function residentBytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(status);
  if (match === null) throw new Error(`Cannot read resident memory: /proc/${pid}/status has no VmRSS`);
  return Number(match[1]) * 1024;
}

/** Processor time that process `pid` has used, in ms; Linux only, where a tick is 10 ms. */
export function processorMs(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

class TextSink {
  readonly ended: Promise<void>;
  #text = "";

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.ended = this.#read(stream);
  }

  get text(): string {
    return this.#text;
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) this.#text += part;
  }
}
