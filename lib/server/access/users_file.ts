import type { User } from "#auth";
import { ConfigError, errorMessage } from "#errors";
import { evaluateLuaTables, type LuaTable, type LuaValue } from "#lua";
import { parse } from "@std/toml";

/** Users who may log in to one area; of the original's files only. */
export interface Realm {
  readonly name: string;
  readonly method: "Basic" | "Digest";
  /** Names of users. */
  readonly users: readonly string[];
}

/** What a users file says. */
export interface UsersFile {
  readonly users: readonly User[];
  /** In the order of the file; RTSP takes the first. */
  readonly realms: readonly Realm[];
}

/** What there is without a file. */
export const NO_USERS_FILE: UsersFile = { users: [], realms: [] };

/**
 * Reads the text of a users file: tables `[[users]]` in TOML, or the original's `users.lua` with `users` and
 * `realms`.
 *
 * @param text What is in it.
 * @param path Its name, which decides; for messages too.
 * @throws {ConfigError} If it is neither, or says something else.
 */
export async function parseUsersFile(text: string, path: string): Promise<UsersFile> {
  return /\.lua$/i.test(path) ? await luaUsers(text, path) : { users: tomlUsers(text), realms: [] };
}

function tomlUsers(text: string): User[] {
  let tree: Record<string, unknown>;
  try {
    tree = parse(text);
  } catch (error) {
    throw new ConfigError(`Cannot read users file: ${withoutExcerpt(error)}`);
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
    return {
      name: String(name),
      password: String(password),
      ...adobe !== "" && { adobe: String(adobe) },
    };
  });
}

async function luaUsers(text: string, path: string): Promise<UsersFile> {
  const tables = await evaluateLuaTables(text, { name: path }).catch((error: unknown) => {
    throw new ConfigError(withoutExcerpt(error));
  });
  const table = (name: string): LuaTable =>
    Object.entries(tables).find(([key]) => key.toLowerCase() === name)?.[1] ?? [];
  const users = Object.entries(mapOf(table("users"), { path, name: "users" })).map(([name, password]) => {
    if (typeof password !== "string") refuse(path, `the password of user ${name} must be a text`);
    return { name, password };
  });
  const realms = table("realms");
  if (!isList(realms)) refuse(path, "realms must be a list of tables");
  const names = new Set(users.map(({ name }) => name));
  return { users, realms: realms.map((realm, at) => realmOf(realm, { path, names, at: at + 1 })) };
}

function realmOf(
  value: LuaValue,
  { path, names, at }: { path: string; names: ReadonlySet<string>; at: number },
): Realm {
  const { name, method, users = [] } = mapOf(value, { path, name: `realms[${at}]` });
  if (typeof name !== "string" || name === "") refuse(path, `realms[${at}].name must be a text`);
  const known = (["Basic", "Digest"] as const).find((each) =>
    typeof method === "string" && each.toLowerCase() === method.toLowerCase()
  );
  if (known === undefined) {
    refuse(
      path,
      `realms[${at}].method must be "Basic" or "Digest", current value is ${JSON.stringify(method)}`,
    );
  }
  if (!isList(users)) refuse(path, `realms[${at}].users must be a list of names`);
  const members = users.map((user) => {
    if (typeof user === "string" && names.has(user)) return user;
    refuse(path, `realms[${at}].users names ${JSON.stringify(user)}, who is none of users`);
  });
  return { name, method: known, users: members };
}

/** A table with names for keys; an empty one is a list by its form. */
function mapOf(
  value: LuaValue,
  { path, name }: { path: string; name: string },
): { readonly [key: string]: LuaValue } {
  if (typeof value !== "object") refuse(path, `${name} must be a table`);
  if (!isList(value)) return value;
  if (value.length > 0) refuse(path, `${name} must be a table of key = value`);
  return {};
}

function isList(value: LuaValue): value is readonly LuaValue[] {
  return Array.isArray(value);
}

/** The message without the piece of the file it shows, in which a password may stand. */
function withoutExcerpt(error: unknown): string {
  return errorMessage(error).replace(/\n[^]*| near [^]*/, "");
}

function refuse(path: string, why: string): never {
  throw new ConfigError(`Cannot use ${path}: ${why}`);
}
