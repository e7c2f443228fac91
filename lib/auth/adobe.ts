import { createHash, timingSafeEqual } from "node:crypto";
import { type Clock, type RandomBytes, systemRandomBytes } from "#clock";
import type { UserTable } from "./user_table.ts";

/** How long a challenge may be answered, in ms; clients connect again at once. */
export const CHALLENGE_TIMEOUT_MS = 60_000;
/** Challenges that may be open; the oldest is forgotten first. */
export const MAX_CHALLENGES = 10_000;

/** What the server says to a connect. */
export type AdobeAnswer =
  | { readonly isAccepted: true; readonly user: string }
  /** `description` is what the encoder understands; `reason` is for the log. */
  | { readonly isAccepted: false; readonly description: string; readonly reason: string };

interface Challenge {
  readonly user: string;
  readonly address: string;
  readonly salt: string;
  readonly hash: string | undefined;
  readonly dueMs: number;
}

const REJECT = "[ AccessManager.Reject ] :";

/**
 * Adobe's challenge for encoders, `authmod=adobe`, which takes three connections: who asks, is challenged, answers.
 *
 * A challenge is answered once, soon, and from the address that got it. Whether a user exists cannot be learned.
 */
export class AdobeAuthenticator {
  readonly #users: () => UserTable;
  readonly #clock: Clock;
  readonly #randomBytes: RandomBytes;
  readonly #challenges = new Map<string, Challenge>();

  /**
   * @param users The users at the time of asking; their file may change.
   * @param options Time and randomness of challenges.
   */
  constructor(
    users: () => UserTable,
    options: { readonly clock: Clock; readonly randomBytes?: RandomBytes },
  ) {
    this.#users = users;
    this.#clock = options.clock;
    this.#randomBytes = options.randomBytes ?? systemRandomBytes;
  }

  /**
   * Answers a connect.
   *
   * @param query What followed `?` in its application or URL; nothing of it goes into `reason` but a user's name.
   * @param address Where it comes from.
   */
  answer(query: string, address: string): AdobeAnswer {
    const fields = parseAuthQuery(query);
    const user = fields.get("user") ?? "";
    if (fields.get("authmod") !== "adobe" || user === "") {
      return {
        isAccepted: false,
        description: `${REJECT} [ code=403 need auth; authmod=adobe ] : `,
        reason: "asked for user and password",
      };
    }
    if (!/^[\p{L}\p{N}_.@-]{1,64}$/u.test(user)) return this.#failed("", "a name that no user has");
    const response = fields.get("response");
    return response === undefined ? this.#challenge(user, address) : this.#check({
      user,
      response,
      address,
      own: fields.get("challenge") ?? "",
      opaque: fields.get("opaque") ?? "",
    });
  }

  #challenge(user: string, address: string): AdobeAnswer {
    const { salt, hash } = this.#users().adobe(user);
    const opaque = this.#randomBytes(12).toBase64({ alphabet: "base64url" });
    this.#forgetOld();
    const dueMs = this.#clock.nowMs() + CHALLENGE_TIMEOUT_MS;
    this.#challenges.set(opaque, { user, address, salt, hash, dueMs });
    const fields = `?reason=needauth&user=${user}&salt=${salt}&challenge=${opaque}&opaque=${opaque}`;
    return {
      isAccepted: false,
      description: `${REJECT} [ authmod=adobe ] : ${fields}`,
      reason: `user ${user} is challenged`,
    };
  }

  #check(
    answer: { user: string; response: string; address: string; own: string; opaque: string },
  ): AdobeAnswer {
    const challenge = this.#challenges.get(answer.opaque);
    this.#challenges.delete(answer.opaque);
    const { user, address } = answer;
    const isKnown = challenge !== undefined && challenge.user === user && challenge.address === address &&
      challenge.dueMs > this.#clock.nowMs();
    if (!isKnown) return this.#failed(answer.opaque, `user ${user} answers no challenge that is open`);
    if (challenge.hash === undefined) return this.#failed(answer.opaque, `user ${user} is not known here`);
    const expected = createHash("md5").update(challenge.hash + answer.opaque + answer.own).digest("base64");
    const [given, right] = [answer.response, expected].map((text) =>
      createHash("sha256").update(text).digest()
    );
    if (!timingSafeEqual(given!, right!)) return this.#failed(answer.opaque, `user ${user}: wrong password`);
    return { isAccepted: true, user };
  }

  #failed(opaque: string, reason: string): AdobeAnswer {
    const safe = /^[\w-]{0,32}$/.test(opaque) ? opaque : "";
    return {
      isAccepted: false,
      description: `${REJECT} [ authmod=adobe ] : ?reason=authfailed&opaque=${safe}`,
      reason,
    };
  }

  #forgetOld(): void {
    const nowMs = this.#clock.nowMs();
    for (const [opaque, { dueMs }] of this.#challenges) {
      if (dueMs > nowMs && this.#challenges.size < MAX_CHALLENGES) break;
      this.#challenges.delete(opaque);
    }
  }
}

/** Fields of a query as encoders write them: split at `&`, then at the first `=`; nothing is decoded. */
export function parseAuthQuery(query: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const part of query.split(/[&?]/).slice(0, 64)) {
    const at = part.indexOf("=");
    if (at > 0 && !fields.has(part.slice(0, at))) fields.set(part.slice(0, at), part.slice(at + 1));
  }
  return fields;
}
