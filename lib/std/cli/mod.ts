/**
 * Stand-in for `jsr:@std/cli` 1.0.27, linked where JSR cannot be reached: `parseArgs` with the options this
 * project uses.
 *
 * Source of the signature: https://jsr.io/@std/cli/1.0.27/parse_args.ts. The real types name each flag;
 * here, as there without literal names, a flag's value is `unknown`.
 *
 * ```ts
 * import { parseArgs } from "@std/cli";
 *
 * const args = parseArgs(["serve", "--rtmp=:1935", "--log-json"], { string: ["rtmp"], boolean: ["log-json"] });
 * console.log(args._, args["rtmp"], args["log-json"]); // [ "serve" ] ":1935" true
 * ```
 *
 * @module
 */

/** How `parseArgs` reads flags. */
export interface ParseOptions {
  /** Short names: `{ h: "help" }` makes `-h` set both. */
  alias?: Record<string, string>;
  /** Flags that take no value; false when absent. */
  boolean?: readonly string[];
  /** Flags whose value stays text; `_` keeps positional arguments text too. */
  string?: readonly string[];
  /** Flags that may be repeated: always an array. */
  collect?: readonly string[];
  /** Called for each argument no other option names; return `false` to leave it out. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** Flags by name, and in `_` the arguments that belong to no flag. */
export type Args = Record<string, unknown> & { _: (string | number)[] };

interface Flag {
  arg: string;
  key: string;
  value: string | undefined;
}

/**
 * Reads command-line arguments: `--key=value`, `--key value`, `--switch`, `-k`, and `--` before the rest.
 *
 * @param args Arguments, without the program's name.
 * @param options Which flags there are.
 */
export function parseArgs(args: string[], options: ParseOptions = {}): Args {
  const parser = new ArgsParser(options);
  const queue = [...args];
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    if (arg === "--") {
      for (const rest of queue.splice(0)) parser.addPositional(rest);
    } else if (/^-{1,2}[^-]/.test(arg)) {
      const [, key = "", value] = /^-{1,2}([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
      const flag: Flag = { arg, key, value };
      if (
        value === undefined && parser.takesValue(key) &&
        queue[0]?.startsWith("-") === false
      ) {
        flag.value = queue.shift();
      }
      parser.addFlag(flag);
    } else {
      if (options.unknown === undefined || options.unknown(arg) !== false) {
        parser.addPositional(arg);
      }
    }
  }
  return parser.result;
}

class ArgsParser {
  readonly result: Args = Object.assign(Object.create(null), { _: [] }) as Args;
  readonly #options: ParseOptions;

  constructor(options: ParseOptions) {
    this.#options = options;
    for (const key of options.boolean ?? []) this.#set(key, false);
    for (const key of options.collect ?? []) this.result[key] = [];
  }

  /** In the real package every flag that is not boolean takes the next argument, known or not. */
  takesValue(key: string): boolean {
    return !this.#isIn("boolean", key);
  }

  addPositional(arg: string): void {
    this.result._.push(this.#isIn("string", "_") ? arg : numberOrText(arg));
  }

  addFlag({ arg, key, value }: Flag): void {
    const isKnown = this.#isIn("boolean", key) || this.#isIn("string", key) ||
      this.#isIn("collect", key);
    if (!isKnown && this.#options.unknown?.(arg, key, value) === false) return;
    if (this.#isIn("boolean", key)) this.#set(key, value !== "false");
    else if (this.#isIn("string", key)) this.#set(key, value ?? "");
    else this.#set(key, value === undefined ? true : numberOrText(value));
  }

  #set(key: string, value: unknown): void {
    for (const name of this.#names(key)) {
      const earlier = this.result[name];
      if (this.#isIn("collect", name)) {
        this.result[name] = [...Array.isArray(earlier) ? earlier : [], value];
      } else this.result[name] = value;
    }
  }

  #isIn(list: "boolean" | "string" | "collect", key: string): boolean {
    return this.#names(key).some((name) => this.#options[list]?.includes(name) ?? false);
  }

  #names(key: string): string[] {
    const pairs = Object.entries(this.#options.alias ?? {});
    const full = pairs.find(([short]) => short === key)?.[1] ?? key;
    return [
      full,
      ...pairs.filter(([, name]) => name === full).map(([short]) => short),
    ];
  }
}

function numberOrText(text: string): string | number {
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}
