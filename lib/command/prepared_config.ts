import type { ApplicationDefinition } from "#application";
import { type ApplicationDeclaration, ConfigSchema, type ConfigSource, loadConfig } from "#server/config";
import type { CommandContext, ServerModule } from "./command_context.ts";

/** What `serve` and `check` start from. */
export interface PreparedConfig {
  readonly server: ServerModule;
  readonly applications: readonly ApplicationDefinition[];
  readonly schema: ConfigSchema;
  /** Text of the file; empty for the embedded default. */
  readonly toml: string;
  readonly source: ConfigSource;
  /** Carrier of each chain, by name. */
  readonly carriers: ReadonlyMap<string, string>;
}

/**
 * Reads the file, and loads the server and the applications meanwhile.
 *
 * @param path The file, or `undefined` for the embedded default.
 * @param options Where to load from, and what `--set` was given.
 * @throws {ConfigError} If the file cannot be read.
 */
export async function prepareConfig(
  path: string | undefined,
  options: { context: CommandContext; settings: readonly string[] },
): Promise<PreparedConfig> {
  const { context, settings } = options;
  const loadServer = context.loadServer ?? (() => import("#server"));
  const [{ toml, source }, server, applications] = await Promise.all([
    path === undefined ? { toml: "", source: { name: "the default configuration" } } : loadConfig(path),
    loadServer(),
    context.loadApplications(),
  ]);
  const summaries = server.chainSummaries(applications);
  const carriers = new Map(summaries.map(({ name, carrier }) => [name, carrier]));
  const chains = summaries.filter(({ application }) => application === undefined).map(({ name }) => name);
  const declarations: readonly ApplicationDeclaration[] = applications;
  const schema = new ConfigSchema({ applications: declarations, chains });
  return { server, applications, schema, toml, source: { ...source, settings }, carriers };
}
