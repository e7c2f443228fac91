import type { LuaTable, LuaValue } from "#lua";
import { nearestWord, type OptionFault } from "#options";

/** What a key of the original may be. */
export type OriginalType = "text" | "flag" | "number" | "texts" | "table" | "any";

/** One key of the original's configuration, and what becomes of it. */
export interface OriginalKey {
  readonly type: OriginalType;
  /** Whether the original does not start without it. */
  readonly isRequired?: boolean;
  /** The option it becomes; none if absent. */
  readonly becomes?: string;
  /** Whether that option has its name and takes its value as it is. */
  readonly isSame?: boolean;
  /** What is said where it is written, after its path: why it has no effect, and what to use. */
  readonly says?: string;
  /** Values with which nothing is lost, so that nothing is said. */
  readonly silentFor?: readonly LuaValue[];
  /** For the reference, where `says` does not tell it. */
  readonly doc?: string;
}

/** The keys of one table. */
export type OriginalKeys = Readonly<Record<string, OriginalKey>>;

/** What was found by the way. */
export class Findings {
  /** One line each: what has no effect. */
  readonly warnings: string[] = [];
  /** What is wrong. */
  readonly faults: OptionFault[] = [];

  /** Notes that what stands at `path` has no effect, or another one. */
  warn(path: string, what: string): void {
    this.warnings.push(`${path} ${what}`);
  }

  /** Notes that what stands at `path` is wrong. */
  refuse(path: string, what: string): void {
    this.faults.push({ path, message: `${path} ${what}` });
  }
}

/** Where a table stands. */
export interface OriginalPlace {
  /** As messages show it: `configuration.applications[1]`, numbered as Lua does. */
  readonly path: string;
  readonly findings: Findings;
}

const MAX_SHOWN_CHARS = 60;

const TYPES: Readonly<Record<OriginalType, { says: string; accepts: (value: LuaValue) => boolean }>> = {
  text: { says: "a text", accepts: (value) => typeof value === "string" },
  flag: { says: "true or false", accepts: (value) => typeof value === "boolean" },
  number: { says: "a number", accepts: (value) => typeof value === "number" },
  table: { says: "a table", accepts: (value) => typeof value === "object" },
  texts: {
    says: "a list of texts",
    accepts: (value) => isList(value) && value.every((entry) => typeof entry === "string"),
  },
  any: { says: "a value", accepts: () => true },
};

/**
 * Takes the keys that `rows` name out of a table, whatever the case of their letters.
 *
 * @param written The table.
 * @param place `mayHold` is what a key that is none of `rows` may hold without being unknown: `tables` are read
 *   by `entriesOf`.
 * @returns Values of the right type, by the key as `rows` write it.
 */
export function readKeys(
  rows: OriginalKeys,
  { written, path, findings, mayHold }: OriginalPlace & {
    readonly written: LuaValue;
    readonly mayHold?: "tables";
  },
): Record<string, LuaValue> {
  const values: Record<string, LuaValue> = {};
  if (typeof written !== "object") {
    findings.refuse(path, `must be a table, current value is ${shown(written)}`);
    return values;
  }
  for (const [key, value] of Object.entries<LuaValue>(written)) {
    const name = Object.keys(rows).find((each) => each.toLowerCase() === key.toLowerCase());
    const row = name === undefined ? undefined : rows[name];
    const at = pathOf(path, key);
    if (name === undefined || row === undefined) {
      if (mayHold !== "tables" || typeof value !== "object") findings.warn(at, unknownKey(key, rows));
    } else if (!TYPES[row.type].accepts(value)) {
      findings.refuse(at, `must be ${TYPES[row.type].says}, current value is ${shown(value)}`);
    } else {
      values[name] = value;
      if (row.says !== undefined && !row.silentFor?.includes(value)) findings.warn(at, row.says);
    }
  }
  for (const [name, { isRequired = false }] of Object.entries(rows)) {
    if (
      isRequired && values[name] === undefined &&
      !findings.faults.some(({ path: at }) => at.startsWith(pathOf(path, name)))
    ) {
      findings.refuse(pathOf(path, name), "must be set");
    }
  }
  return values;
}

/** What a table has under `key`, whatever the case of its letters. */
export function valueOf(written: LuaValue, key: string): LuaValue | undefined {
  if (typeof written !== "object") return undefined;
  return Object.entries<LuaValue>(written).find(([each]) => each.toLowerCase() === key.toLowerCase())?.[1];
}

/** Of `values`, those that mean the same here under the same name. */
export function sameValues(
  rows: OriginalKeys,
  values: Readonly<Record<string, LuaValue>>,
): Record<string, LuaValue> {
  return Object.fromEntries(Object.entries(values).filter(([key]) => rows[key]?.isSame));
}

/** One entry of a table that is a list, or partly one. */
export interface OriginalEntry {
  /** Its name, if it has one rather than a number. */
  readonly name: string | undefined;
  readonly path: string;
  readonly written: LuaValue;
}

/**
 * The entries of a list: numbered ones in their order, then those with a name; what `rows` name is none.
 *
 * @param table An array, or an object if something in it has a name.
 */
export function entriesOf(table: LuaValue | undefined, { path, rows = {} }: {
  readonly path: string;
  readonly rows?: OriginalKeys;
}): OriginalEntry[] {
  if (typeof table !== "object") return [];
  const isKey = (key: string) => Object.keys(rows).some((each) => each.toLowerCase() === key.toLowerCase());
  if (isList(table)) {
    return table.map((written, at) => ({ name: undefined, path: `${path}[${at + 1}]`, written }));
  }
  const isNumber = (key: string) => /^\d+$/.test(key);
  return Object.entries<LuaValue>(table)
    .filter(([key, value]) => !isKey(key) && (isNumber(key) || typeof value === "object"))
    .sort(([a], [b]) =>
      Number(isNumber(b)) - Number(isNumber(a)) || (isNumber(a) ? Number(a) - Number(b) : 0)
    )
    .map(([key, written]) => ({ name: isNumber(key) ? undefined : key, path: pathOf(path, key), written }));
}

/** Whether a value is a list; an empty table is one too. */
export function isList(value: LuaValue | LuaTable): value is readonly LuaValue[] {
  return Array.isArray(value);
}

function unknownKey(key: string, rows: OriginalKeys): string {
  const nearest = nearestWord(key, Object.keys(rows));
  return `is no key that is known here and has no effect${
    nearest === undefined ? "" : `: did you mean ${nearest}?`
  }`;
}

/** `path` and one key more. */
export function pathOf(path: string, key: string): string {
  if (/^\d+$/.test(key)) return `${path}[${key}]`;
  return /^[a-z_]\w*$/i.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

function shown(value: LuaValue): string {
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}...` : text;
}
