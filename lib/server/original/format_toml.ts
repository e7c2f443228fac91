import type { WrittenTable } from "#options";

/**
 * Writes tables as TOML: values first, then tables and arrays of tables.
 *
 * @param written As a TOML file would give it: texts, numbers, booleans, arrays and tables; `undefined` is left out.
 */
export function formatToml(written: WrittenTable): string {
  return tableLines(written, "").join("\n").trim() + "\n";
}

function tableLines(table: WrittenTable, path: string): string[] {
  const entries = Object.entries(table).filter(([, value]) => value !== undefined);
  const at = (key: string) => path === "" ? keyText(key) : `${path}.${keyText(key)}`;
  const lines: string[] = [];
  for (const [key, value] of entries) {
    if (!isTable(value) && !isTableArray(value)) lines.push(`${keyText(key)} = ${valueText(value)}`);
  }
  for (const [key, value] of entries) {
    if (isTable(value)) {
      lines.push("", `[${at(key)}]`, ...tableLines(value, at(key)));
    } else if (isTableArray(value)) {
      for (const entry of value) {
        lines.push("", `[[${at(key)}]]`, ...tableLines(entry, at(key)));
      }
    }
  }
  return lines;
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(", ")}]`;
  if (isTable(value)) {
    const pairs = Object.entries(value).map(([key, inner]) => `${keyText(key)} = ${valueText(inner)}`);
    return `{ ${pairs.join(", ")} }`;
  }
  return typeof value === "string" ? quoted(value) : String(value);
}

/** Basic strings of TOML take the escapes of JSON, but not a raw DEL. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll("\x7f", "\\u007f");
}

function keyText(key: string): string {
  return /^[\w-]+$/.test(key) ? key : quoted(key);
}

function isTable(value: unknown): value is WrittenTable {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTableArray(value: unknown): value is readonly WrittenTable[] {
  return Array.isArray(value) && value.length > 0 && value.every(isTable);
}
