import { Authority } from "#application";
import {
  AccessRules,
  AdobeAuthenticator,
  FailedLogins,
  HttpLogin,
  type LoginRealm,
  type User,
  UserTable,
} from "#auth";
import type { Clock } from "#clock";
import { ConfigError, errorMessage } from "#errors";
import type { Logger } from "#log";
import { NO_USERS_FILE, parseUsersFile, type UsersFile } from "./access/users_file.ts";
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
  /** Of the users file. */
  #file: UsersFile;
  /** Users that commands have added; those of a name that stands elsewhere are left out. */
  #added: readonly User[] = [];
  #users: UserTable;
  #realm: LoginRealm;
  #seen: string;
  /** What was last wrong with the users file, said once. */
  #complaint = "";

  private constructor(
    config: ServerConfig,
    { text, file }: { text: string; file: UsersFile },
    options: AuthoritiesOptions,
  ) {
    this.#config = config;
    this.#options = options;
    this.#seen = text;
    this.#file = file;
    this.#users = this.#tableOf(file);
    this.#realm = realmOf(file);
    this.#warnOfPlain();
    const { clock } = options;
    this.#adobe = new AdobeAuthenticator(() => this.#users, { clock });
    this.#failedLogins = new FailedLogins(clock);
    this.login = new HttpLogin({
      users: () => this.#users,
      realm: () => this.#realm,
      failedLogins: this.#failedLogins,
      clock,
    });
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
    const { usersFile } = config;
    const text = await readUsersFile(usersFile);
    const file = usersFile === undefined ? NO_USERS_FILE : await parseUsersFile(text, usersFile);
    return new Authorities(config, { text, file }, options);
  }

  /** Knows users by the `Authorization` header of their requests, in the first realm of the users file. */
  readonly login: HttpLogin;

  /** All users there are now. */
  get users(): UserTable {
    return this.#users;
  }

  /** Wrong passwords lately, by address. */
  get failedLogins(): FailedLogins {
    return this.#failedLogins;
  }

  /** Where users stand that no command has added, by name. */
  get sources(): ReadonlyMap<string, "configuration" | "usersFile"> {
    return new Map([
      ...this.#file.users.map(({ name }) => [name, "usersFile"] as const),
      ...this.#config.users.map(({ name }) => [name, "configuration"] as const),
    ]);
  }

  /**
   * Takes the users that commands have added, in place of those before.
   *
   * @throws {ConfigError} If one cannot be used.
   */
  useAdded(users: readonly User[]): void {
    this.#added = users;
    this.#users = this.#tableOf(this.#file);
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
    const { usersFile = "" } = this.#config;
    try {
      const text = await readUsersFile(usersFile);
      if (text === this.#seen) return;
      this.#seen = text;
      const file = await parseUsersFile(text, usersFile);
      this.#users = this.#tableOf(file);
      this.#file = file;
      this.#realm = realmOf(file);
      this.#complaint = "";
    } catch (error) {
      const why = errorMessage(error);
      if (this.#complaint !== why) log.warning(`the users there are stay: ${why}`);
      this.#complaint = why;
      return;
    }
    log.info(`users file read again: ${this.#users.size} users`);
    this.#warnOfPlain();
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  #tableOf(file: UsersFile): UserTable {
    const configured: User[] = this.#config.users.map(({ name, password, adobe }) => ({
      name,
      password,
      ...(adobe === "" ? {} : { adobe }),
    }));
    const standing = [...configured, ...file.users];
    const names = new Set(standing.map(({ name }) => name));
    const users = [...standing, ...this.#added.filter(({ name }) => !names.has(name))];
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

/** There are realms in the original's files only. */
function realmOf({ realms: [first] }: UsersFile): LoginRealm {
  if (first === undefined) return { name: "crtmp" };
  return { name: first.name, scheme: first.method, users: new Set(first.users) };
}

async function readUsersFile(path: string | undefined): Promise<string> {
  if (path === undefined) return "";
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new ConfigError(`Cannot read users file ${path}: ${errorMessage(error)}`, { cause: error });
  }
}
