import { createHash } from "node:crypto";
import { type RandomBytes, systemRandomBytes } from "#clock";
import { ConfigError, LimitError } from "#errors";
import { type DigestAlgorithm, digestSecret } from "./digest.ts";
import { isHashed, verifyPassword } from "./password.ts";

/** Users of one table. */
export const MAX_USERS = 100_000;
/** Pairs of name and password that were right lately: checking a hash again would cost 40 ms each time. */
const MAX_REMEMBERED = 1_000;

/** Passwords that wait to be checked; more are refused, since anybody may send them. */
const MAX_WAITING_CHECKS = 64;

/** One user, as a configuration or users file has it. */
export interface User {
  readonly name: string;
  /** A hash by `hashPassword`, or the password in plain. */
  readonly password: string;
  /**
   * `SALT:HASH` for Adobe authentication, by `adobeVerifier`: it cannot be answered from a hash of another kind.
   * Made from the password where that is plain.
   */
  readonly adobe?: string;
}

const NAME = /^[\p{L}\p{N}_.@-]{1,64}$/u;
/** Checked against where there is no such user, so that a wrong name takes as long as a wrong password. */
const NOBODY = "$scrypt$ln=14,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/** Users by name. */
export class UserTable {
  readonly #users = new Map<string, User>();
  readonly #allowsDigest: boolean;
  readonly #salt: string;
  readonly #remembered = new Set<string>();
  readonly #rememberKey: Uint8Array;
  /** One check at a time: each takes 16 MiB and a thread, and anybody may ask for one. */
  #lastCheck: Promise<unknown> = Promise.resolve();
  #waitingChecks = 0;

  /**
   * @param users All of them.
   * @throws {ConfigError} If a name is used twice, or has other characters than letters, digits, and _ . @ -
   * @throws {LimitError} If there are more than `MAX_USERS`.
   */
  constructor(users: readonly User[], randomBytes: RandomBytes = systemRandomBytes) {
    if (users.length > MAX_USERS) {
      throw new LimitError("MAX_USERS", { value: users.length, limit: MAX_USERS });
    }
    for (const user of users) {
      const fault = !NAME.test(user.name)
        ? "is no name: letters, digits and any of _.@-, 64 at most"
        : this.#users.has(user.name)
        ? "is there twice"
        : undefined;
      if (fault !== undefined) {
        throw new ConfigError(`Cannot use users: ${JSON.stringify(user.name)} ${fault}`);
      }
      this.#users.set(user.name, user);
    }
    this.#allowsDigest = users.length > 0 && !users.some(({ password }) => isHashed(password));
    this.#salt = randomBytes(12).toBase64({ alphabet: "base64url" });
    this.#rememberKey = randomBytes(32);
  }

  /** Whether every user can answer Digest: their passwords are known in plain. */
  get allowsDigest(): boolean {
    return this.#allowsDigest;
  }

  /** How many there are. */
  get size(): number {
    return this.#users.size;
  }

  /** Names of those whose password stands in plain. */
  plainNames(): string[] {
    return [...this.#users.values()].filter(({ password }) => !isHashed(password)).map(({ name }) => name);
  }

  /**
   * What proves knowledge of a password in Digest authentication.
   *
   * @returns `undefined` where there is no such user, or only a hash of the password: it answers no digest.
   */
  digestSecret(
    name: string,
    { realm, algorithm }: { realm: string; algorithm: DigestAlgorithm },
  ): string | undefined {
    const user = this.#users.get(name);
    if (user === undefined || isHashed(user.password)) return undefined;
    return digestSecret({ user: name, realm, password: user.password }, algorithm);
  }

  /** Whether there is this user with this password. */
  async verify(name: string, password: string): Promise<boolean> {
    const user = this.#users.get(name);
    const remembered = createHash("sha256").update(this.#rememberKey)
      .update(JSON.stringify([name, password, user?.password])).digest("base64");
    if (this.#remembered.has(remembered)) return true;
    const isRight = await this.#check(user?.password ?? NOBODY, password) && user !== undefined;
    if (isRight) {
      if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
      this.#remembered.add(remembered);
    }
    return isRight;
  }

  async #check(stored: string, password: string): Promise<boolean> {
    if (this.#waitingChecks >= MAX_WAITING_CHECKS) return false;
    this.#waitingChecks++;
    const check = this.#lastCheck.then(() => verifyPassword(stored, password));
    this.#lastCheck = check.catch(() => {});
    try {
      return await check;
    } finally {
      this.#waitingChecks--;
    }
  }

  /**
   * Salt and salted hash for Adobe authentication of `name`.
   *
   * @returns A salt alone where there is no such user, or none that can be authenticated so: the answer to come
   *   is wrong, and tells nobody why.
   */
  adobe(name: string): { readonly salt: string; readonly hash?: string } {
    const user = this.#users.get(name);
    const stored = /^([^:]+):([\w+/]{22}==)$/.exec(user?.adobe ?? "");
    if (stored !== null) return { salt: stored[1]!, hash: stored[2]! };
    // one salt for each name, so that asking twice does not tell who exists
    const salt = md5(this.#salt + name).replace(/[+/=]/g, "").slice(0, 12);
    if (user === undefined || isHashed(user.password)) return { salt };
    return { salt, hash: md5(name + salt + user.password) };
  }
}

/**
 * What a configuration keeps of a password for Adobe authentication: a salt, and base64(md5(name salt password)).
 *
 * @returns `SALT:HASH`. Whoever has it can authenticate as this user, so it is as secret as the password.
 */
export function adobeVerifier(
  user: { readonly name: string; readonly password: string },
  randomBytes: RandomBytes = systemRandomBytes,
): string {
  const salt = randomBytes(9).toBase64({ alphabet: "base64url" });
  return `${salt}:${md5(user.name + salt + user.password)}`;
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("base64");
}
