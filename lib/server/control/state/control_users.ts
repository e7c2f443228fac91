import { adobeVerifier, hashPassword, type User, UserTable } from "#auth";
import { ConfigError } from "#errors";

/** Users a command has made. */
export const MAX_CONTROL_USERS = 10_000;

/** Where a user comes from. */
export type UserSource = "configuration" | "usersFile" | "command";

/** What users are made with. */
export interface ControlUsersOptions {
  /** Users of configuration and users file there are now, by name. */
  readonly others: () => ReadonlyMap<string, UserSource>;
  /** The users changed: they are to be kept and known. Throws if they cannot be kept. */
  readonly changed: (users: readonly User[]) => void;
}

/** Users that commands add and remove, beside those of the configuration and its users file. */
export class ControlUsers {
  readonly #options: ControlUsersOptions;
  #users: readonly User[];

  /** @param users Those that were kept. */
  constructor(users: readonly User[], options: ControlUsersOptions) {
    this.#options = options;
    this.#users = users;
  }

  /** Those that commands have made. */
  get own(): readonly User[] {
    return this.#users;
  }

  /** All users, with where they come from. */
  list(): { readonly name: string; readonly source: UserSource }[] {
    const others = this.#options.others();
    return [
      ...[...others].map(([name, source]) => ({ name, source })),
      ...this.#users.filter(({ name }) => !others.has(name)).map(({ name }) => ({
        name,
        source: "command" as const,
      })),
    ];
  }

  /**
   * Adds a user; the password is kept as hashes.
   *
   * @throws {ConfigError} If there is one of that name, or the name cannot be used.
   * @throws {LimitError} If the password is too long.
   */
  async add(name: string, password: string): Promise<void> {
    if (password === "") throw new ConfigError("Cannot add user: the password is empty");
    // says what is wrong with a name
    new UserTable([{ name, password: "" }]);
    const user = { name, password: await hashPassword(password), adobe: adobeVerifier({ name, password }) };
    const known = this.list().find((each) => each.name === name);
    if (known !== undefined) {
      throw new ConfigError(`Cannot add user ${name}: there is one, of ${sourceName(known.source)}`);
    }
    if (this.#users.length >= MAX_CONTROL_USERS) {
      throw new ConfigError(`Cannot add user ${name}: there are MAX_CONTROL_USERS (${MAX_CONTROL_USERS})`);
    }
    this.#use([...this.#users, user]);
  }

  /**
   * Removes a user whom a command has made.
   *
   * @throws {ConfigError} If there is none of that name.
   */
  remove(name: string): void {
    const known = this.list().find((each) => each.name === name);
    if (known === undefined) throw new ConfigError(`Cannot remove user ${name}: there is none`);
    if (known.source !== "command") {
      throw new ConfigError(`Cannot remove user ${name}: it stands in ${sourceName(known.source)}`);
    }
    this.#use(this.#users.filter((user) => user.name !== name));
  }

  #use(users: readonly User[]): void {
    const before = this.#users;
    this.#users = users;
    try {
      this.#options.changed(users);
    } catch (error) {
      this.#users = before;
      throw error;
    }
  }
}

const SOURCE_NAMES: Readonly<Record<UserSource, string>> = {
  configuration: "the configuration",
  usersFile: "the users file",
  command: "a command",
};

function sourceName(source: UserSource): string {
  return SOURCE_NAMES[source];
}
