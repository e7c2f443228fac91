import { Authority } from "#application";
import { AccessRules, AdobeAuthenticator, FailedLogins, type User, UserTable } from "#auth";
import type { Clock } from "#clock";
import { ConfigError, errorMessage } from "#errors";
import type { Logger } from "#log";
import { parse } from "@std/toml";
import type { ApplicationConfig, ServerConfig } from "./config/mod.ts";

/** How often the users file is looked at, in ms. */
export const USERS_WATCH_MS = 5_000;

/** What authorities are made with. */
export interface AuthoritiesOptions {
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Users of the configuration and of the users file, which is read again when it changes, and who decides by them for
 * each application.
 */
export class Authorities implements Disposable {
  readonly #config: ServerConfig;
  readonly #options: AuthoritiesOptions;
  readonly #adobe: AdobeAuthenticator;
  readonly #failedLogins: FailedLogins;
  readonly #timer: Disposable | undefined;
  #users: UserTable;
  #seen: string;

  private constructor(config: ServerConfig, text: string, options: AuthoritiesOptions) {
    this.#config = config;
    this.#options = options;
    this.#seen = text;
    this.#users = this.#tableOf(text);
    this.#warnOfPlain();
    const { clock } = options;
    this.#adobe = new AdobeAuthenticator(() => this.#users, { clock });
    this.#failedLogins = new FailedLogins(clock);
    if (config.usersFile !== undefined) {
      this.#timer = clock.every(USERS_WATCH_MS, () => void this.look());
    }
  }

  /**
   * Reads the users.
   *
   * @throws {ConfigError} If the users file cannot be read, or a user cannot be used.
   */
  static async open(config: ServerConfig, options: AuthoritiesOptions): Promise<Authorities> {
    return new Authorities(config, await readUsersFile(config.usersFile), options);
  }

  /** Who decides for the application of `entry`. */
  authorityOf(entry: ApplicationConfig): Authority {
    return new Authority({
      users: () => this.#users,
      rules: new AccessRules(entry.access),
      streamKeys: new Map(entry.streamKeys.map(({ key, name }) => [key, name])),
      adobe: this.#adobe,
      isAdobeOffered: entry.authentication.adobe === "encoders",
      encoderAgents: entry.authentication.encoderAgents,
      failedLogins: this.#failedLogins,
    });
  }

  /** Reads the users file again, and uses it if it changed and is right. */
  async look(): Promise<void> {
    const { log } = this.#options;
    let text: string;
    try {
      text = await readUsersFile(this.#config.usersFile);
      if (text === this.#seen) return;
      this.#seen = text;
      this.#users = this.#tableOf(text);
    } catch (error) {
      const why = errorMessage(error);
      if (this.#seen === why) return;
      if (!(error instanceof ConfigError)) this.#seen = why;
      log.warning(`the users there are stay: ${why}`);
      return;
    }
    log.info(`users file read again: ${this.#users.size} users`);
    this.#warnOfPlain();
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  #tableOf(text: string): UserTable {
    const users: User[] = [...this.#config.users, ...usersOf(text)].map(({ name, password, adobe }) => ({
      name,
      password,
      ...(adobe === "" ? {} : { adobe }),
    }));
    const empty = users.find(({ password }) => password === "");
    if (empty !== undefined) throw new ConfigError(`Cannot use users: ${empty.name} has no password`);
    return new UserTable(users);
  }

  #warnOfPlain(): void {
    const names = this.#users.plainNames();
    if (names.length === 0) return;
    const shown = names.slice(0, 5).join(", ") + (names.length > 5 ? `, and ${names.length - 5} more` : "");
    this.#options.log.warning(`passwords stand in plain: ${shown}; crtmp passwd NAME prints a hash`);
  }
}

async function readUsersFile(path: string | undefined): Promise<string> {
  if (path === undefined) return "";
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new ConfigError(`Cannot read users file ${path}: ${errorMessage(error)}`, { cause: error });
  }
}

/** The tables `[[users]]` of a users file. */
function usersOf(text: string): { name: string; password: string; adobe: string }[] {
  let tree: Record<string, unknown>;
  try {
    tree = parse(text);
  } catch (error) {
    throw new ConfigError(`Cannot read users file: ${errorMessage(error)}`, { cause: error });
  }
  const { users = [], ...others } = tree;
  const [extra] = Object.keys(others);
  if (extra !== undefined) {
    throw new ConfigError(`Cannot use users file: it has ${extra}, and may have users only`);
  }
  if (!Array.isArray(users)) throw new ConfigError("Cannot use users file: users must be [[users]] tables");
  return users.map((user: unknown, index) => {
    const { name, password, adobe = "", ...rest } = Object(user) as Record<string, unknown>;
    const isRight = [name, password, adobe].every((field) => typeof field === "string") &&
      Object.keys(rest).length === 0;
    if (!isRight) {
      throw new ConfigError(
        `Cannot use users file: users[${index}] must have name, password and perhaps adobe, texts`,
      );
    }
    return { name: String(name), password: String(password), adobe: String(adobe) };
  });
}
