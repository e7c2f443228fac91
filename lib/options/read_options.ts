import { nearestWord } from "./nearest_word.ts";
import type { ListRow, OptionsOf, OptionTable, ValueRow, WrittenTable } from "./option_row.ts";

/** One thing wrong with what was written. */
export interface OptionFault {
  /** `applications[0].acceptors[1].port` */
  readonly path: string;
  /** Path, what is allowed and the current value, in one sentence. */
  readonly message: string;
}

/** What `readOptions` made of a table. */
export interface ReadOptionsResult<T extends OptionTable> {
  /** Every option: as written where that is allowed, else its default. */
  readonly options: OptionsOf<T>;
  /** What is not allowed, in the order it was written. */
  readonly faults: readonly OptionFault[];
}

/**
 * Checks a table as it was written against its rows, and completes it with defaults.
 *
 * @param rows Which options there are.
 * @param written What a configuration file says; `{}` gives the defaults.
 * @param context `folder` is where relative paths start, unchanged if absent; `path` is where the table
 * stands, for messages; `laterKeys` are keys known to mean something that cannot be had yet.
 */
export function readOptions<T extends OptionTable>(
  rows: T,
  written: unknown,
  context: { folder?: string; path?: string; laterKeys?: ReadonlySet<string> } = {},
): ReadOptionsResult<T> {
  const reader = new OptionReader(rows, context);
  // The reader makes an object with one value a row, which is what OptionsOf says.
  const options = reader.readTable(rows, { written, path: context.path ?? "" }) as OptionsOf<T>;
  return { options, faults: reader.faults };
}

interface Place {
  readonly written: unknown;
  readonly path: string;
}

const MAX_SHOWN_CHARS = 60;

class OptionReader {
  readonly faults: OptionFault[] = [];
  readonly #root: OptionTable;
  readonly #folder: string | undefined;
  readonly #laterKeys: ReadonlySet<string>;

  constructor(root: OptionTable, options: { folder?: string; laterKeys?: ReadonlySet<string> }) {
    this.#root = root;
    this.#folder = options.folder;
    this.#laterKeys = options.laterKeys ?? new Set();
  }

  readTable(rows: OptionTable, { written, path }: Place): Record<string, unknown> {
    const table = isTable(written) ? written : {};
    if (written !== undefined && !isTable(written)) this.#refuse({ written, path }, "a table");
    for (const key of Object.keys(table)) {
      if (!Object.hasOwn(rows, key)) this.#refuseKey(key, { rows, path });
    }
    const options: Record<string, unknown> = {};
    for (const [key, row] of Object.entries(rows)) {
      const place = { written: Object.hasOwn(table, key) ? table[key] : undefined, path: join(path, key) };
      if (row.kind === "value") options[key] = this.#readValue(row, place);
      else if (row.kind === "group") options[key] = this.readTable(row.rows, place);
      else options[key] = this.#readList(row, place);
    }
    return options;
  }

  #readValue(row: ValueRow<unknown>, place: Place): unknown {
    const accepted = place.written === undefined ? row.default : row.accept(place.written);
    if (accepted === undefined && place.written !== undefined) {
      this.#refuse(place, row.allowed);
      return row.default;
    }
    return row.isPath && typeof accepted === "string" ? this.#resolve(accepted) : accepted;
  }

  #readList(row: ListRow<OptionTable>, { written, path }: Place): unknown[] {
    if (written !== undefined && !Array.isArray(written)) {
      this.#refuse({ written, path }, "an array of tables");
    }
    const entries: readonly unknown[] = Array.isArray(written) ? written : row.default;
    return entries.map((entry, at) => {
      const rows = row.moreRows === undefined || !isTable(entry)
        ? row.rows
        : { ...row.rows, ...row.moreRows(entry) };
      return this.readTable(rows, { written: entry, path: `${path}[${at}]` });
    });
  }

  #refuse({ written, path }: Place, allowed: string): void {
    const shown = JSON.stringify(written) ?? String(written);
    const value = shown.length > MAX_SHOWN_CHARS ? shown.slice(0, MAX_SHOWN_CHARS) + "..." : shown;
    const what = path === "" ? "it" : path;
    this.faults.push({ path, message: `${what} must be ${allowed}, current value is ${value}` });
  }

  #refuseKey(key: string, { rows, path }: { rows: OptionTable; path: string }): void {
    const at = join(path, key);
    this.faults.push({ path: at, message: `${at} ${this.#reasonAgainst(key, rows)}` });
  }

  #reasonAgainst(key: string, rows: OptionTable): string {
    if (this.#laterKeys.has(key)) {
      return "is an option of the original server that this version does not have";
    }
    const home = homeOf(key, { rows: this.#root, path: "" });
    if (home !== undefined) return `is not an option there: ${key} belongs ${home}`;
    const nearest = nearestWord(key, Object.keys(rows));
    if (nearest !== undefined) return `is not an option: did you mean ${nearest}?`;
    return `is not an option: there are ${Object.keys(rows).join(", ")}`;
  }

  #resolve(path: string): string {
    const isAbsolute = /^([/\\]|[a-z]:)/i.test(path);
    return this.#folder === undefined || isAbsolute ? path : `${this.#folder.replace(/[/\\]$/, "")}/${path}`;
  }
}

/** Where in the whole tree an option called `key` stands. */
function homeOf(key: string, { rows, path }: { rows: OptionTable; path: string }): string | undefined {
  if (Object.hasOwn(rows, key)) return path === "" ? "at the top, before the first table" : `in ${path}`;
  for (const [name, row] of Object.entries(rows)) {
    if (row.kind === "value") continue;
    const place = row.kind === "list" ? `${join(path, name)}[]` : join(path, name);
    const home = homeOf(key, { rows: row.rows, path: place });
    if (home !== undefined) return home;
  }
  return undefined;
}

function join(path: string, key: string): string {
  const shown = /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
  return path === "" ? shown : `${path}.${shown}`;
}

function isTable(written: unknown): written is WrittenTable {
  return typeof written === "object" && written !== null && !Array.isArray(written) &&
    !(written instanceof Date);
}
