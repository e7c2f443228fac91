import { ConfigError } from "#errors";
import { nearestWord, readOptions, type ValueRow } from "#options";
import type { Command } from "./command.ts";

/** A command as somebody gave it. */
export interface ControlRequest {
  /** Name of the command, in any case of letters. */
  readonly name: string;
  /** Values without a key. @default none */
  readonly words?: readonly string[];
  /** Values by key, in any case of letters: typed, or as text. @default none */
  readonly values?: ReadonlyMap<string, unknown>;
}

/** Arguments of a command: defaults, and in `given` what was written only. */
export interface CommandArguments {
  readonly [key: string]: unknown;
  readonly given: Readonly<Record<string, unknown>>;
}

/**
 * Checks what was given to `command` by its table.
 *
 * Text stands for numbers, flags (`1`, `true`, `yes`, `on`) and lists of one.
 *
 * @throws {ConfigError} If a key is unknown, wrong, missing or there twice; names the nearest known one.
 */
export function readArguments(
  command: Command,
  { words = [], values = new Map() }: ControlRequest,
): CommandArguments {
  const given: Record<string, unknown> = {};
  const take = (written: string, value: unknown) => {
    const key = parameterOf(command, written);
    if (Object.hasOwn(given, key)) throw refusal(command, `${key} is there twice`);
    given[key] = typed(command.parameters[key]!, value);
  };
  for (const [key, value] of values) take(key, value);
  for (const [at, word] of words.entries()) {
    if (at > 0 || command.word === undefined) {
      throw refusal(command, `argument ${at + 1} has no key, write KEY=VALUE`);
    }
    take(command.word, word);
  }
  const missing = command.required.find((key) => !Object.hasOwn(given, key));
  if (missing !== undefined) {
    throw refusal(command, `it needs ${missing}: ${command.parameters[missing]!.doc}`);
  }
  const { options, faults } = readOptions(command.parameters, given);
  if (faults[0] !== undefined) throw refusal(command, faults[0].message);
  return { ...options, given };
}

function refusal({ name }: Command, why: string): ConfigError {
  return new ConfigError(`Cannot run ${name}: ${why}`);
}

function parameterOf(command: Command, written: string): string {
  const keys = Object.keys(command.parameters);
  const found = keys.find((key) => key.toLowerCase() === written.toLowerCase());
  if (found !== undefined) return found;
  const nearest = nearestWord(written, keys);
  const hint = keys.length === 0
    ? "it takes none"
    : nearest === undefined
    ? `there are ${keys.join(", ")}`
    : `did you mean ${nearest}?`;
  throw refusal(command, `${JSON.stringify(written)} is no parameter of it, ${hint}`);
}

/** What text stands for where the row takes no text. */
function typed(row: ValueRow<unknown>, written: unknown): unknown {
  const isAccepted = (value: unknown) => row.accept(value) !== undefined;
  if (isAccepted(written)) return written;
  const text = Array.isArray(written) ? written.join(",") : String(written);
  const readings = [
    text,
    ...text.trim() === "" ? [] : [Number(text)],
    ...FLAGS.has(text.toLowerCase()) ? [FLAGS.get(text.toLowerCase())] : [],
    [text],
  ];
  return readings.find(isAccepted) ?? written;
}

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ...["1", "true", "yes", "on"].map((word) => [word, true] as const),
  ...["0", "false", "no", "off"].map((word) => [word, false] as const),
]);
