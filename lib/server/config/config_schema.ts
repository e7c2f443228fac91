import { ConfigError, errorMessage } from "#errors";
import { type OptionFault, type OptionTable, readOptions, type WrittenTable } from "#options";
import { parse as parseToml } from "@std/toml";
import { APPLICATION_OPTIONS, LATER_KEYS } from "./application_options.ts";
import { crossFaults } from "./cross_checks.ts";
import { SERVER_OPTIONS, type ServerConfig } from "./server_options.ts";
import { setOptions } from "./set_options.ts";

/** A kind of application that configurations may name. */
export interface ApplicationDeclaration {
  readonly name: string;
  /** Options of its own, which stand in its entry of `applications`. */
  readonly options?: OptionTable;
  /** Chains that its acceptors may name, beside those of the server. */
  readonly chains?: readonly { readonly name: string }[];
}

/** What a schema knows beside the options of the server itself. */
export interface ConfigSchemaOptions {
  /** Kinds of application there are. @default any kind is accepted */
  readonly applications?: readonly ApplicationDeclaration[];
  /** Names of the chains that acceptors of every application may use. @default any name is accepted */
  readonly chains?: readonly string[];
}

/** Where a configuration comes from. */
export interface ConfigSource {
  /** For messages: the file's path, or what stands for it. */
  readonly name: string;
  /** Where relative paths start; left as they are if absent. */
  readonly folder?: string;
  /** Settings that override the file, each `path=value`, as `--set` takes them. */
  readonly settings?: readonly string[];
}

/** All options there are: those of the server and those that applications declare. */
export class ConfigSchema {
  readonly #applications: Map<string, ApplicationDeclaration> | undefined;
  readonly #chains: readonly string[] | undefined;

  /**
   * @param options Kinds of application and chains.
   * @throws {TypeError} If an application declares an option that every application has.
   */
  constructor(options: ConfigSchemaOptions = {}) {
    this.#chains = options.chains;
    if (options.applications === undefined) return;
    this.#applications = new Map();
    for (const declaration of options.applications) {
      const { name, options: rows = {} } = declaration;
      const taken = Object.keys(rows).find((key) => Object.hasOwn(APPLICATION_OPTIONS, key));
      if (taken !== undefined) {
        throw new TypeError(`Cannot declare options of ${name}: every application has an option ${taken}`);
      }
      this.#applications.set(name, declaration);
    }
  }

  /** The table of all options; rows that applications declare are found through its `moreRows`. */
  get rows(): typeof SERVER_OPTIONS {
    const moreRows = (entry: WrittenTable) => this.#applications?.get(libraryOf(entry))?.options ?? {};
    return { ...SERVER_OPTIONS, applications: { ...SERVER_OPTIONS.applications, moreRows } };
  }

  /** The embedded default: RTMP on 1935, the web plane on 8080. */
  defaults(settings: readonly string[] = []): ServerConfig {
    return this.parse("", { name: "the default configuration", settings });
  }

  /**
   * Reads a configuration.
   *
   * @param written Its text in TOML, or the tables that such a text would give.
   * @param source Where it comes from.
   * @throws {ConfigError} If it is no TOML, or an option is unknown or wrong; names the first one's path,
   * value and nearest valid key.
   */
  parse(written: string | WrittenTable, source: ConfigSource): ServerConfig {
    const { config, faults } = this.check(written, source);
    refuseFaults(faults, source);
    return config;
  }

  /**
   * As `parse`, but tells all that is wrong instead of throwing at the first.
   *
   * @throws {ConfigError} If it is no TOML, or a setting names nothing.
   */
  check(
    written: string | WrittenTable,
    source: ConfigSource,
  ): { config: ServerConfig; faults: readonly OptionFault[] } {
    const tree = typeof written === "string" ? parseTree(written, source) : written;
    const complete = setOptions(tree, { rows: this.rows, settings: source.settings ?? [] });
    const folder = source.folder === undefined ? {} : { folder: source.folder };
    const { options: config, faults } = readOptions(this.rows, complete, {
      ...folder,
      laterKeys: LATER_KEYS,
    });
    if (faults.length > 0) return { config, faults };
    const applications = this.#applications;
    const chains = this.#chains;
    const known = {
      ...applications && { libraries: [...applications.keys()] },
      ...chains && {
        chainsOf: (library: string) => [
          ...chains,
          ...applications?.get(library)?.chains?.map(({ name }) => name) ?? [],
        ],
      },
    };
    return { config, faults: crossFaults(config, known) };
  }
}

/**
 * Ends here if there are faults.
 *
 * @throws {ConfigError} Names the first, and how many more there are.
 */
export function refuseFaults(faults: readonly OptionFault[], source: ConfigSource): void {
  const [first] = faults;
  if (first === undefined) return;
  const others = faults.length === 1 ? "" : ` (and ${faults.length - 1} more)`;
  throw new ConfigError(`Cannot load ${source.name}: ${first.message}${others}`, { path: first.path });
}

function parseTree(toml: string, source: ConfigSource): WrittenTable {
  try {
    return parseToml(toml);
  } catch (cause) {
    throw new ConfigError(`Cannot load ${source.name}: ${errorMessage(cause)}`, { cause });
  }
}

function libraryOf(entry: WrittenTable): string {
  return String(entry["library"] || entry["name"]);
}
