import type { GroupRow, ListRow, OptionRow, OptionTable, ValueRow, WrittenTable } from "#options";

const WIDTH = 100;

const HEAD = [
  "Configuration of crtmp: every option there is, with its default.",
  "",
  "Keep what you change and leave out the rest. `crtmp check FILE` tells what is wrong with a file, and",
  "`crtmp serve FILE` starts the server with it. Relative paths start in the folder of the file.",
].map((line) => `# ${line}`.trimEnd());

/**
 * Writes the annotated configuration in TOML: every option with its documentation, what it may be, and its
 * default. Reading it back gives the defaults.
 *
 * @param rows The table of all options.
 */
export function writeSample(rows: OptionTable): string {
  const writer = new SampleWriter();
  writer.writeTable(rows, { written: {}, path: [] });
  return [...HEAD, ...writer.lines].join("\n") + "\n";
}

interface Place {
  readonly written: WrittenTable;
  /** Keys from the top of the file. */
  readonly path: readonly string[];
}

class SampleWriter {
  readonly lines: string[] = [];
  /** Tables whose options were documented once; later entries show only what they set. */
  readonly #documented = new Set<OptionTable>();

  writeTable(rows: OptionTable, { written, path }: Place): void {
    const isFirst = !this.#documented.has(rows);
    this.#documented.add(rows);
    const entries = Object.entries(rows);
    for (const [key, row] of entries) {
      if (row.kind === "value" && (isFirst || Object.hasOwn(written, key))) {
        this.#writeValue(row, { key, written: written[key], isDocumented: isFirst });
      }
    }
    for (const [key, row] of entries) {
      const inner = { written, path: [...path, key] };
      if (row.kind === "group" && isFirst) this.#writeGroup(row, inner);
      if (row.kind === "list") this.#writeList(row, inner);
    }
  }

  #writeValue(
    row: ValueRow<unknown>,
    { key, written, isDocumented }: { key: string; written: unknown; isDocumented: boolean },
  ): void {
    const value = written ?? row.write?.(row.default) ?? row.default;
    const setting = value === undefined
      ? `# ${key} = ${JSON.stringify(row.example)}`
      : `${key} = ${formatValue(value)}`;
    if (!isDocumented) {
      this.lines.push(setting);
      return;
    }
    const lines = wrap(row.doc);
    const isBlankBefore = this.lines.at(-1)?.startsWith("[") !== true;
    this.lines.push(...isBlankBefore ? [""] : [], ...lines, setting + rangeNote(row));
  }

  #writeGroup(row: GroupRow<OptionTable>, { path }: Place): void {
    this.lines.push("", ...heading(row, path), `[${path.join(".")}]`);
    this.writeTable(row.rows, { written: {}, path });
  }

  #writeList(row: ListRow<OptionTable>, { written, path }: Place): void {
    const own = written[path.at(-1) ?? ""];
    const entries: readonly WrittenTable[] = Array.isArray(own) ? own : row.default;
    for (const [at, entry] of entries.entries()) {
      this.lines.push("", ...at === 0 ? heading(row, path) : [], `[[${path.join(".")}]]`);
      this.writeTable(row.rows, { written: entry, path });
    }
  }
}

/** The documentation of a table; a table at the top of the file starts a chapter. */
function heading(row: OptionRow, path: readonly string[]): string[] {
  const doc = wrap(row.doc);
  return path.length > 1 ? doc : ["# " + "-".repeat(WIDTH - 2), ...doc];
}

/** What a value may be, where its default does not show it. */
function rangeNote(row: ValueRow<unknown>): string {
  const isPlain = /^(a text|a path|an array of .*|true or false)$/.test(row.allowed);
  return isPlain
    ? ""
    : `  # ${row.allowed.replace(/^a whole number, /, "").replace(/^a whole number of /, "")}`;
}

function formatValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(formatValue).join(", ")}]`;
  return JSON.stringify(value);
}

/** Text as comment lines of at most WIDTH characters. */
function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = "#";
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = "#";
    }
    line += " " + word;
  }
  return [...lines, line];
}
