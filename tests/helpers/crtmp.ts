/**
 * Commands of crtmp that end by themselves, run as a user runs them.
 *
 * @module
 */

import { runProcess, type RunResult, runToSuccess } from "./process.ts";
import { serverCommand } from "./server.ts";

/** Runs `crtmp` with arguments to its end. */
export function runCrtmp(...args: string[]): Promise<RunResult> {
  const [program = "", ...rest] = serverCommand();
  return runProcess(program, { args: [...rest, ...args], timeoutMs: 60_000 });
}

/** The same for a command that must succeed; returns its standard output. */
export function crtmpOutput(...args: string[]): Promise<string> {
  const [program = "", ...rest] = serverCommand();
  return runToSuccess(program, { args: [...rest, ...args], timeoutMs: 60_000 });
}
