import { ConfigError } from "#errors";
import type { LuaTable, LuaValue } from "#lua";
import type { OptionFault, WrittenTable } from "#options";
import { convertApplication, type KnownHere } from "./convert_application.ts";
import type { Relocation } from "./paths.ts";
import { APPENDER_KEYS, APPLICATIONS_KEYS, TOP_KEYS } from "./key_tables.ts";
import { entriesOf, Findings, type OriginalEntry, readKeys, sameValues } from "./original_key.ts";

/** What is known where a configuration of the original is converted. */
export interface ConvertOptions extends KnownHere {
  /** The file, for messages. */
  readonly name: string;
  /** Prepended to relative paths, which otherwise stay so. */
  readonly folder?: string;
}

/** A configuration of the original as one of ours. */
export interface ConvertedConfig {
  /** The tables that a TOML file would give. */
  readonly written: WrittenTable;
  /** A line for each key that has no effect, or another one. */
  readonly warnings: readonly string[];
  /** What is wrong. */
  readonly faults: readonly OptionFault[];
}

/** fileHistorySize of a file of which the original kept all. */
const MOST_HISTORY_FILES = 1000;

/**
 * Says what a configuration of the original asks for in our own options.
 *
 * Nothing is opened but what it names: there is no web plane unless it has our table `web`.
 *
 * @param tables Global tables of the file, as `evaluateLuaTables` gives them.
 * @throws {ConfigError} If there is no `configuration` among them.
 */
export function convertOriginal(
  tables: Readonly<Record<string, LuaTable>>,
  options: ConvertOptions,
): ConvertedConfig {
  const path = "configuration";
  const written = Object.entries(tables).find(([name]) => name.toLowerCase() === path)?.[1];
  if (written === undefined) {
    throw new ConfigError(`Cannot load ${options.name}: it sets no table configuration`);
  }
  const findings = new Findings();
  const values = readKeys(TOP_KEYS, { written, path, findings });
  const place = { path, findings };
  const result: Record<string, unknown> = { web: webOf(values["web"]) };
  const appenders = entriesOf(values["logAppenders"], { path: `${path}.logAppenders` })
    .map((entry) => appenderOf(entry, findings));
  if (appenders.length > 0) result["logAppenders"] = appenders;
  Object.assign(result, applicationsOf(values["applications"], { ...place, options }));
  return { written: result, warnings: findings.warnings, faults: findings.faults };
}

function webOf(written: LuaValue | undefined): Record<string, unknown> {
  return written === undefined ? { enabled: false } : { ...Object(written) };
}

function appenderOf({ written, path }: OriginalEntry, findings: Findings): Record<string, unknown> {
  const values = readKeys(APPENDER_KEYS, { written, path, findings });
  const { type, level, colored, fileHistorySize } = values;
  const result: Record<string, unknown> = sameValues(APPENDER_KEYS, values);
  const types = ["console", "coloredConsole", "file"];
  const kind = types.find((each) => each.toLowerCase() === String(type).toLowerCase());
  if (kind !== undefined) result["type"] = kind === "console" && colored === true ? "coloredConsole" : kind;
  else if (type !== undefined) {
    findings.refuse(
      `${path}.type`,
      `must be one of ${types.join(", ")}, current value is ${JSON.stringify(type)}`,
    );
  }
  if (typeof level === "number" && ![0, 1, 2, 3, 4, 5, 6].includes(level)) {
    findings.refuse(`${path}.level`, `must be 0-6, current value is ${level}`);
  } else result["level"] = level;
  if (fileHistorySize !== undefined) {
    result["fileHistorySize"] = fileHistorySize === 0 ? MOST_HISTORY_FILES : fileHistorySize;
  }
  return result;
}

function applicationsOf(
  written: LuaValue | undefined,
  { path: above, findings, options }: { path: string; findings: Findings; options: ConvertOptions },
): Record<string, unknown> {
  const path = `${above}.applications`;
  if (written === undefined) return {};
  const { rootDirectory } = readKeys(APPLICATIONS_KEYS, { written, path, findings, mayHold: "tables" });
  const relocation: Relocation = {
    rootDirectory: typeof rootDirectory === "string" ? rootDirectory : ".",
    ...options.folder !== undefined && { folder: options.folder },
  };
  const converted = entriesOf(written, { path, rows: APPLICATIONS_KEYS })
    .map((entry) => convertApplication(entry, { findings, known: options, relocation }));
  const applications = converted.flatMap(({ application }) => application ?? []);
  if (applications.length === 0 && findings.faults.length === 0) {
    findings.refuse(path, "must have an application that there is here");
  }
  const files = converted.flatMap(({ usersFile }) => usersFile ?? []);
  const [first] = files;
  for (const { path: place, file } of files) {
    if (file !== first?.file) {
      findings.warn(place, `has no effect: one users file serves all applications, which is ${first?.file}`);
    }
  }
  return { applications, ...first !== undefined && { usersFile: first.file } };
}
