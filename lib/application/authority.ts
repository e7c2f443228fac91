import { createHash } from "node:crypto";
import {
  type AccessAction,
  type AccessRules,
  type AdobeAuthenticator,
  type FailedLogins,
  parseAuthQuery,
  type UserTable,
} from "#auth";
import type { Peer, StreamRequest } from "#streaming";

/** What an authority decides by. */
export interface AuthorityOptions {
  /** The users there are now; their file may change. */
  readonly users: () => UserTable;
  /** Who may do what; the first that fits decides. */
  readonly rules: AccessRules;
  /** Public stream names by the key that publishes them. */
  readonly streamKeys: ReadonlyMap<string, string>;
  /** Asks encoders who they are, when they connect. */
  readonly adobe: AdobeAuthenticator;
  /** Whether encoders are asked. */
  readonly isAdobeOffered: boolean;
  /** How programs that publish begin their name: the original's `encoderAgents`. */
  readonly encoderAgents: readonly string[];
  /** Wrong passwords lately, by address. */
  readonly failedLogins: FailedLogins;
}

/** What is said to a connection. */
export type ConnectVerdict =
  | { readonly isAccepted: true; readonly user?: string }
  /**
   * `told` goes to the peer, `reason` into the log: no secrets in either. `redirect` is where to connect instead.
   */
  | {
    readonly isAccepted: false;
    readonly told: string;
    readonly reason: string;
    readonly redirect?: string;
  };

/** What is said to a publish or play; `isSecret` where the name asked for is a key, or may be one that was mistyped. */
export type StreamVerdict =
  | { readonly isGranted: true; readonly streamName: string }
  | {
    readonly isGranted: false;
    readonly reason: string;
    readonly isMissing?: boolean;
    readonly isSecret?: boolean;
  };

/**
 * Who may publish and play in one application, before the application itself is asked: users, keys, rules.
 *
 * Somebody is known by Adobe's challenge when the connection opens, or by `user` and `pass` in the query of the
 * connection or the stream. A stream key stands for the right to publish its stream.
 */
export class Authority {
  readonly #options: AuthorityOptions;
  readonly #keys: ReadonlyMap<string, string>;

  constructor(options: AuthorityOptions) {
    this.#options = options;
    // looked up by digest: how long it takes tells nothing of a key
    this.#keys = new Map([...options.streamKeys].map(([key, name]) => [digestOf(key), name]));
  }

  /** Whether names of streams to publish may be keys, which no log shows. */
  get hasKeys(): boolean {
    return this.#keys.size > 0;
  }

  /** Whether anybody who can connect may publish, as far as it is for rules and keys to say. */
  get isOpen(): boolean {
    return !this.hasKeys && !this.#options.rules.isAbout("publish");
  }

  /** Decides about a connection: an encoder may be asked who it is. */
  async connect(peer: Peer): Promise<ConnectVerdict> {
    const { adobe, encoderAgents, isAdobeOffered, rules, failedLogins } = this.#options;
    const fields = parseAuthQuery(peer.query);
    const isAnswering = fields.get("authmod") === "adobe";
    // where there are keys an encoder may have one, which is known only when it publishes
    const isAsked = !this.hasKeys && rules.wantsUser("publish") && !fields.has("user") &&
      encoderAgents.some((agent) => peer.userAgent.startsWith(agent));
    if (isAdobeOffered && (isAnswering || isAsked)) {
      if (failedLogins.isBlocked(peer.address)) return blocked();
      const answer = adobe.answer(peer.query, peer.address);
      if (answer.isAccepted) return answer;
      if (fields.has("response")) failedLogins.note(peer.address);
      return { isAccepted: false, told: answer.description, reason: answer.reason };
    }
    const login = await this.#login(fields, peer.address);
    if (login.isWrong) return { isAccepted: false, told: login.reason, reason: login.reason };
    return { isAccepted: true, ...(login.user === undefined ? {} : { user: login.user }) };
  }

  /** Decides about a publish; what was asked for may be a key. */
  async publish(request: StreamRequest): Promise<StreamVerdict> {
    const publicName = this.#keys.get(digestOf(request.streamName));
    if (publicName !== undefined) return { isGranted: true, streamName: publicName };
    if (this.hasKeys && !this.#options.rules.isAbout("publish")) {
      return { isGranted: false, reason: "The stream key is not known here", isSecret: true };
    }
    return await this.#decide("publish", request);
  }

  /** Decides about a play; a key is nobody's to play. */
  async play(request: StreamRequest): Promise<StreamVerdict> {
    if (this.#keys.has(digestOf(request.streamName))) {
      return { isGranted: false, reason: "There is no such stream", isMissing: true, isSecret: true };
    }
    return await this.#decide("play", request);
  }

  async #decide(action: AccessAction, { peer, streamName, query }: StreamRequest): Promise<StreamVerdict> {
    const login = await this.#login(parseAuthQuery(query), peer.address);
    if (login.isWrong) return { isGranted: false, reason: login.reason };
    const user = login.user ?? peer.user;
    if (this.#options.rules.allows({ action, user, address: peer.address, streamName })) {
      return { isGranted: true, streamName };
    }
    const who = user === undefined ? "you, who have not said who you are," : `user ${user}`;
    const reason = `No rule lets ${who} ${action} this stream from ${peer.address}`;
    return { isGranted: false, reason, ...(action === "publish" && this.hasKeys ? { isSecret: true } : {}) };
  }

  /** The user that a query names, if it does and the password is right. */
  async #login(
    fields: ReadonlyMap<string, string>,
    address: string,
  ): Promise<{ isWrong: false; user: string | undefined } | { isWrong: true; reason: string }> {
    const [name, password] = [fields.get("user"), fields.get("pass")].map(decoded);
    if (name === undefined || password === undefined) return { isWrong: false, user: undefined };
    const { users, failedLogins } = this.#options;
    if (failedLogins.isBlocked(address)) return { isWrong: true, reason: blocked().reason };
    if (await users().verify(name, password)) return { isWrong: false, user: name };
    failedLogins.note(address);
    return { isWrong: true, reason: "The user or the password is wrong" };
  }
}

function blocked(): { isAccepted: false; told: string; reason: string } {
  const reason = "Too many wrong passwords came from this address; try again in a minute";
  return { isAccepted: false, told: reason, reason };
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}

function decoded(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
