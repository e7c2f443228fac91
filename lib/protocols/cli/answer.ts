import type { CliCommand } from "./command_line.ts";

/** An answer in the shape of the original. */
export interface CliAnswer {
  readonly status: "SUCCESS" | "FAIL";
  /** For people; no secrets. */
  readonly description: string;
  /** What JSON can hold. */
  readonly data: unknown;
}

/** What became of a command. */
export interface CliOutcome {
  readonly answer: CliAnswer;
  /** Whether the connection ends after it. @default {false} */
  readonly isLast?: boolean;
}

/** A command that was not carried out. */
export function failed(description: string): CliAnswer {
  return { status: "FAIL", description, data: null };
}

/** Who carries out the commands of one connection. */
export interface CliSession {
  /** Carries out one command; what it rejects with ends the connection. */
  run(command: CliCommand): Promise<CliOutcome>;
  /** The connection has ended. */
  ended?(): void;
}

const encoder = new TextEncoder();

/** An answer as the original sends it: JSON on one line, and an empty one. */
export function encodeAnswer({ data, description, status }: CliAnswer): Uint8Array {
  return encoder.encode(`${JSON.stringify({ data: data ?? null, description, status })}\r\n\r\n`);
}
