import type { ApplicationDefinition } from "#application";
import { errorMessage } from "#errors";
import type { OptionFault, WrittenTable } from "#options";
import {
  type ApplicationDeclaration,
  ConfigSchema,
  type ConfigSource,
  type ConvertedConfig,
  convertOriginal,
  loadConfig,
  type LoadedConfig,
  refuseFaults,
  type ServerConfig,
} from "#server/config";
import { type CommandContext, loadServer, type ServerModule } from "./command_context.ts";

/** What `serve` and `check` start from. */
export interface PreparedConfig {
  readonly server: ServerModule;
  readonly applications: readonly ApplicationDefinition[];
  readonly schema: ConfigSchema;
  /** Text of the file, or the tables it was converted to; empty for the embedded default. */
  readonly written: string | WrittenTable;
  /** What became of a configuration of the original; of others, nothing. */
  readonly converted?: ConvertedConfig;
  readonly source: ConfigSource;
  /** Carrier of each chain, by name. */
  readonly carriers: ReadonlyMap<string, string>;
}

const DEFAULT: LoadedConfig = { toml: "", source: { name: "the default configuration" } };

/**
 * Reads the file, and loads the server and the applications meanwhile.
 *
 * @param path The file, or `undefined` for the embedded default.
 * @param options Where to load from, what `--set` was given, and what relative paths in a file of the original get
 * in front of them.
 * @throws {ConfigError} If the file cannot be read.
 */
export async function prepareConfig(
  path: string | undefined,
  options: { context: CommandContext; settings: readonly string[]; folder?: string },
): Promise<PreparedConfig> {
  const { context, settings, folder } = options;
  const [{ toml, source, tables }, server, applications] = await Promise.all([
    path === undefined ? DEFAULT : loadConfig(path),
    loadServer(context),
    context.loadApplications(),
  ]);
  const summaries = server.chainSummaries(applications);
  const carriers = new Map(summaries.map(({ name, carrier }) => [name, carrier]));
  const chains = summaries.filter(({ application }) => application === undefined).map(({ name }) => name);
  const declarations: readonly ApplicationDeclaration[] = applications;
  const schema = new ConfigSchema({ applications: declarations, chains });
  const chainsOf = (library: string) =>
    summaries.filter(({ application = library }) => application === library).map(({ name }) => name);
  const libraries = applications.map(({ name }) => name);
  const ownOptionsOf = (library: string) =>
    Object.keys(applications.find(({ name }) => name === library)?.options ?? {});
  const known = { libraries, chainsOf, ownOptionsOf, ...folder !== undefined && { folder } };
  const converted = tables && convertOriginal(tables, { name: source.name, ...known });
  return {
    server,
    applications,
    schema,
    written: converted?.written ?? toml,
    ...converted && { converted },
    source: { ...source, settings },
    carriers,
  };
}

/** Checks the options of `prepared`; what is wrong in a file of the original comes first. */
export function checkConfig(
  { schema, written, source, converted }: PreparedConfig,
): { config: ServerConfig; faults: readonly OptionFault[] } {
  const { config, faults } = schema.check(written, source);
  return { config, faults: converted?.faults.length ? converted.faults : faults };
}

/**
 * The configuration of `prepared`.
 *
 * @throws {ConfigError} If something is wrong with it: names the first.
 */
export function parseConfig(prepared: PreparedConfig): ServerConfig {
  const { config, faults } = checkConfig(prepared);
  refuseFaults(faults, prepared.source);
  return config;
}

/** Why a path is no folder that is there: `there is no such folder`; `undefined` if it is one. */
export async function folderFault(path: string): Promise<string | undefined> {
  try {
    return (await Deno.stat(path)).isDirectory ? undefined : "it is no folder";
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? "there is no such folder" : errorMessage(error);
  }
}
