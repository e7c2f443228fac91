import { ConfigError } from "#errors";
import type { OptionTable, WrittenTable } from "#options";
import { parse as parseToml } from "@std/toml";

type Tree = Record<string, unknown>;

/**
 * Writes settings such as `web.port=8000` or `applications.flvplayback.streaming.mergeWriteMs=20` into a
 * table as it was written; entries of arrays go by their name or number.
 *
 * Whether the option exists and takes the value is checked later, with all others.
 *
 * @param written Left as it is.
 * @param options `rows` of the table and the `settings`.
 * @throws {ConfigError} If a setting has no `=`, or names an entry there is none of.
 */
export function setOptions(
  written: WrittenTable,
  options: { rows: OptionTable; settings: readonly string[] },
): WrittenTable {
  const tree: Tree = structuredClone(written);
  for (const setting of options.settings) {
    const at = setting.indexOf("=");
    if (at <= 0) throw new ConfigError(`Cannot set "${setting}": write PATH=VALUE`);
    const keys = setting.slice(0, at).trim().replace(/\[(\d+)\]/g, ".$1").split(".");
    setOption(tree, { rows: options.rows, keys, value: parseValue(setting.slice(at + 1).trim()) });
  }
  return tree;
}

function setOption(
  tree: Tree,
  { rows, keys, value }: { rows: OptionTable; keys: string[]; value: unknown },
): void {
  const [key = "", ...rest] = keys;
  if (key === "__proto__") throw new ConfigError("Cannot set __proto__: __proto__ is not an option");
  if (rest.length === 0) {
    tree[key] = value;
    return;
  }
  const row = Object.hasOwn(rows, key) ? rows[key] : undefined;
  if (row?.kind !== "list") {
    const nested = isTree(tree[key]) ? tree[key] : {};
    tree[key] = nested;
    setOption(nested, { rows: row?.kind === "group" ? row.rows : {}, keys: rest, value });
    return;
  }
  const entries: unknown[] = Array.isArray(tree[key]) ? tree[key] : structuredClone([...row.default]);
  tree[key] = entries;
  const [which = "", ...inner] = rest;
  const entry = entries.find((entry, at) =>
    String(at) === which || (isTree(entry) && entry["name"] === which)
  );
  if (!isTree(entry) || inner.length === 0) {
    const names = entries.map((entry, at) => isTree(entry) ? String(entry["name"] ?? at) : String(at));
    throw new ConfigError(`Cannot set ${keys.join(".")}: ${key} has ${names.join(", ") || "no entry"}`);
  }
  setOption(entry, { rows: row.rows, keys: inner, value });
}

/** A value in TOML; what is none is a text without its quotes. */
function parseValue(text: string): unknown {
  try {
    return parseToml(`value = ${text}`)["value"];
  } catch {
    return text;
  }
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
