import { FormatError } from "#errors";

/** A value of a command line: a text, or where it has commas the texts between them. */
export type CliValue = string | readonly string[];

/** A command line, taken apart. */
export interface CliCommand {
  /** As it was written, in any case of letters. */
  readonly name: string;
  /** Arguments without a key. */
  readonly words: readonly string[];
  /** Arguments `key=value`, by key as it was written. */
  readonly values: ReadonlyMap<string, CliValue>;
}

const KEY = /^[A-Za-z_]\w*$/;
/** What a backslash may stand before. */
const ESCAPABLE = '\\ ,="';

/**
 * Parses a command line as the original takes it: `command key=value,second key2=value`.
 *
 * A backslash makes the next one of `\ ,="` and space itself; a value, or a part of a list, may stand in double quotes.
 * A word before an equals sign that cannot be a key is no key: `pullStream rtmp://HOST/APP/NAME?a=b`.
 *
 * @param line Without its end.
 * @throws {FormatError} If a quote is not closed, a backslash stands before something else, or a key is there twice;
 * the offset is that in the line. No value is in the message.
 */
export function parseCliLine(line: string): CliCommand {
  const parser = new LineParser(line);
  const name = parser.readArgument();
  const words: string[] = [];
  const values = new Map<string, CliValue>();
  for (let argument = parser.readArgument(); argument !== undefined; argument = parser.readArgument()) {
    const { key, items } = argument;
    if (key === undefined) {
      words.push(items.join(","));
      continue;
    }
    if (values.has(key)) throw parser.fault(`key ${key} is there twice`);
    values.set(key, items.length === 1 ? items[0]! : items);
  }
  return { name: name === undefined ? "" : textOf(name), words, values };
}

/** One argument: the items of its list, which mostly is one. */
interface Argument {
  readonly key: string | undefined;
  readonly items: readonly string[];
}

function textOf({ key, items }: Argument): string {
  return key === undefined ? items.join(",") : `${key}=${items.join(",")}`;
}

class LineParser {
  readonly #line: string;
  #at = 0;

  constructor(line: string) {
    this.#line = line;
  }

  /** The next argument, or `undefined` at the end of the line. */
  readArgument(): Argument | undefined {
    while (this.#isSpace()) this.#at++;
    if (this.#at >= this.#line.length) return undefined;
    let key: string | undefined;
    const items: string[] = [];
    let item = "";
    let isPlain = true;
    for (; this.#at < this.#line.length && !this.#isSpace(); this.#at++) {
      const char = this.#line[this.#at]!;
      if (char === '"' && item === "") {
        item = this.#readQuoted();
        isPlain = false;
      } else if (char === "\\") {
        item += this.#readEscaped();
        isPlain = false;
      } else if (char === "=" && key === undefined && items.length === 0 && isPlain && KEY.test(item)) {
        key = item;
        item = "";
      } else if (char === ",") {
        items.push(item);
        item = "";
      } else {
        item += char;
      }
    }
    return { key, items: [...items, item] };
  }

  /** What is wrong where the parser stands. */
  fault(what: string): FormatError {
    return new FormatError(`Cannot read command line: ${what}, at character ${this.#at + 1}`, {
      offset: this.#at,
    });
  }

  #isSpace(): boolean {
    const char = this.#line[this.#at];
    return char === " " || char === "\t";
  }

  /** Leaves the parser on the closing quote. */
  #readQuoted(): string {
    const start = this.#at;
    let text = "";
    for (this.#at++; this.#at < this.#line.length; this.#at++) {
      const char = this.#line[this.#at]!;
      if (char === '"') {
        const next = this.#line[this.#at + 1];
        if (next === undefined || " \t,".includes(next)) return text;
        throw this.fault("a quote ends in the midst of a value");
      }
      text += char === "\\" ? this.#readEscaped() : char;
    }
    this.#at = start;
    throw this.fault("a quote is not closed");
  }

  /** Leaves the parser on the escaped character. */
  #readEscaped(): string {
    const char = this.#line[this.#at + 1];
    if (char === undefined) throw this.fault("it ends with a backslash");
    if (!ESCAPABLE.includes(char)) {
      throw this.fault("a backslash stands before none of backslash, space, comma, = and quote");
    }
    this.#at++;
    return char;
  }
}
