import { columns } from "../command_line.ts";

/** Widest table; what is wider is written a value a line. */
const MAX_TABLE_CHARS = 120;

type Row = Readonly<Record<string, unknown>>;

/** What a command gives, as people read it: a line each. */
export function formatData(data: unknown): string[] {
  if (data === null || data === undefined || Array.isArray(data) && data.length === 0) return [];
  if (!Array.isArray(data)) return isRow(data) ? tableByKey(data) ?? pairsOf(data) : [textOf(data)];
  if (!data.every(isRow)) return data.map(textOf);
  const table = tableOf(data);
  if (table !== undefined) return table;
  return data.flatMap((row, at) => [...at === 0 ? [] : [""], ...pairsOf(row)]);
}

/** What help gives, without what JSON is for. */
export function formatHelp(data: unknown): string[] {
  if (Array.isArray(data)) {
    return columns(
      data.filter(isRow).map(({ command, description }) => [textOf(command), textOf(description)]),
    );
  }
  const parameters = isRow(data) ? data["parameters"] : undefined;
  if (!Array.isArray(parameters)) return [];
  return parameters.filter(isRow).flatMap(({ name, value, description, mandatory, default: standard }) => {
    const rest = mandatory === true
      ? "needed"
      : standard === undefined || standard === ""
      ? "may be left out"
      : `${textOf(standard)} if absent`;
    return [`  ${name}: ${value}; ${rest}`, `      ${description}`];
  });
}

/** Rows of the same plain values as a table; `undefined` where there are others, or it would be too wide. */
function tableOf(rows: readonly Row[]): string[] | undefined {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const isPlain = rows.every((row) =>
    Object.values(row).every((value) => typeof value !== "object" || value === null)
  );
  if (!isPlain) return undefined;
  const cells = [keys, ...rows.map((row) => keys.map((key) => textOf(row[key])))];
  const widths = keys.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  if (widths.reduce((sum, width) => sum + width + 2, 0) > MAX_TABLE_CHARS) return undefined;
  return cells.map((line) => line.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd());
}

/** A table of tables that are alike, the keys in the first column. */
function tableByKey(row: Row): string[] | undefined {
  const entries = Object.entries(row);
  if (entries.length < 2 || !entries.every(([, value]) => isRow(value))) return undefined;
  return tableOf(entries.map(([key, value]) => ({ "": key, ...value as Row })));
}

/** `key  value`, of tables within tables too. */
function pairsOf(row: Row): string[] {
  const pairs = flattened(row, "");
  const width = Math.max(0, ...pairs.map(([key]) => key.length));
  return pairs.map(([key, value]) => `${key.padEnd(width)}  ${value}`.trimEnd());
}

function flattened(row: Row, prefix: string): [key: string, value: string][] {
  return Object.entries(row).flatMap(([key, value]): [string, string][] => {
    const path = `${prefix}${key}`;
    if (isRow(value) || Array.isArray(value) && value.some(isRow)) return flattened(value as Row, `${path}.`);
    return [[path, textOf(value)]];
  });
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return "-";
  const text = Array.isArray(value) ? value.map(textOf).join(", ") : String(value);
  // names come from peers: nothing of them moves the cursor
  return text.replace(/\p{Cc}/gu, "?");
}

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
