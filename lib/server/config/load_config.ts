import { ConfigError, errorMessage, LimitError } from "#errors";
import { dirname } from "node:path";
import type { ConfigSource } from "./config_schema.ts";

/** The largest configuration file that is read. */
const MAX_CONFIG_BYTES = 1024 * 1024;

/**
 * Reads a configuration file.
 *
 * @param path A TOML file.
 * @returns Its text, and itself as a source for `ConfigSchema`: relative paths start in its folder.
 * @throws {ConfigError} If it cannot be read, or is no TOML by its name.
 * @throws {LimitError} If it is larger than 1 MiB.
 */
export async function loadConfig(path: string): Promise<{ toml: string; source: ConfigSource }> {
  if (/\.(lua|xml)$/i.test(path)) {
    throw new ConfigError(`Cannot load ${path}: this version reads TOML files only`);
  }
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_CONFIG_BYTES) {
      throw new LimitError("MAX_CONFIG_BYTES", { value: size, limit: MAX_CONFIG_BYTES });
    }
    return { toml: await Deno.readTextFile(path), source: { name: path, folder: dirname(path) } };
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
