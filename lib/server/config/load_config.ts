import { ConfigError, errorMessage, LimitError } from "#errors";
import { evaluateLuaTables, type LuaTable } from "#lua";
import { dirname } from "node:path";
import { readXmlTables } from "../original/xml_tables.ts";
import type { ConfigSource } from "./config_schema.ts";

/** The largest configuration file that is read. */
const MAX_CONFIG_BYTES = 1024 * 1024;

/** A configuration file as it was read. */
export interface LoadedConfig {
  /** Its text; empty if it is no TOML. */
  readonly toml: string;
  /** Of a file of the original, its global tables, for `convertOriginal`. */
  readonly tables?: Readonly<Record<string, LuaTable>>;
  /** Itself as a source for `ConfigSchema`: relative paths start in its folder. */
  readonly source: ConfigSource;
}

/**
 * Reads a configuration file.
 *
 * @param path A TOML file, or one of the original by its end: `.lua`, which is run, or `.xml`.
 * @throws {ConfigError} If it cannot be read, the Lua file fails, or the XML file is none of the original.
 * @throws {LimitError} If it is larger than 1 MiB.
 */
export async function loadConfig(path: string): Promise<LoadedConfig> {
  const text = await readText(path);
  const source = { name: path, folder: dirname(path) };
  if (/\.lua$/i.test(path)) {
    return { toml: "", tables: await evaluateLuaTables(text, { name: path }), source };
  }
  return /\.xml$/i.test(path)
    ? { toml: "", tables: await readXmlTables(text, path), source }
    : { toml: text, source };
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_CONFIG_BYTES) {
      throw new LimitError("MAX_CONFIG_BYTES", {
        value: size,
        limit: MAX_CONFIG_BYTES,
        message: `Cannot read ${path}: ${size} bytes exceed MAX_CONFIG_BYTES (${MAX_CONFIG_BYTES})`,
      });
    }
    return await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof LimitError) throw cause;
    throw new ConfigError(`Cannot read ${path}: ${reasonOf(cause)}`, { cause });
  }
}

/** The system's reason, without the operation the runtime appends. */
function reasonOf(cause: unknown): string {
  if (cause instanceof Deno.errors.NotFound) return "there is no such file";
  if (cause instanceof Deno.errors.PermissionDenied) return "permission denied";
  return errorMessage(cause).replace(/: \w+ '.*'$/s, "");
}
