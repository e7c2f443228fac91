import { timingSafeEqual } from "node:crypto";
import { type Clock, type RandomBytes, systemRandomBytes } from "#clock";
import { decodeUtf8 } from "#bytes";
import {
  type DigestAlgorithm,
  type DigestCredentials,
  digestResponse,
  formatDigestChallenge,
  MAX_AUTH_HEADER_LENGTH,
  parseDigestCredentials,
} from "./digest.ts";
import { DigestNonces } from "./digest_nonces.ts";
import type { FailedLogins } from "./failed_logins.ts";
import type { UserTable } from "./user_table.ts";

/** An area that users log in to. */
export interface LoginRealm {
  readonly name: string;
  /** The only scheme that is offered. @default every one that its users can answer */
  readonly scheme?: "Basic" | "Digest";
  /** Those who may. @default everybody who is known */
  readonly users?: ReadonlySet<string>;
}

/** What a login is made of. */
export interface HttpLoginOptions {
  /** The users there are now; their file may change. */
  readonly users: () => UserTable;
  /** What they log in to now. */
  readonly realm: () => LoginRealm;
  /** Wrong passwords lately, by address. */
  readonly failedLogins: FailedLogins;
  /** Time of nonces. */
  readonly clock: Clock;
  /** Part of nonces. @default {systemRandomBytes} */
  readonly randomBytes?: RandomBytes;
}

/** The request that says who it comes from. */
export interface HttpLoginRequest {
  readonly method: string;
  /** Its address as sent. */
  readonly uri: string;
  /** Where it comes from, without port. */
  readonly address: string;
}

/** Who it is; or why that is not known: `isStale` where only the nonce was too old. */
export type HttpLoginVerdict =
  | { readonly isKnown: true; readonly user: string }
  | { readonly isKnown: false; readonly isStale: boolean; readonly reason: string };

/** In the order they are offered: many clients know MD5 only, and take what they read last. */
const OFFERED: readonly DigestAlgorithm[] = ["SHA-256", "MD5"];

const WRONG = { isKnown: false, isStale: false, reason: "The user or the password is wrong" } as const;
const STALE = { isKnown: false, isStale: true, reason: "The nonce is too old, or was used before" } as const;

/**
 * Who sends a request, by its `Authorization` header: Basic (RFC 7617) and Digest (RFC 7616, and RFC 2069 for clients
 * without `qop`), as HTTP and RTSP have them. Digest is offered where every password is known in plain.
 */
export class HttpLogin {
  readonly #options: HttpLoginOptions;
  readonly #nonces: DigestNonces;

  constructor(options: HttpLoginOptions) {
    this.#options = options;
    this.#nonces = new DigestNonces(options.clock, options.randomBytes ?? systemRandomBytes);
  }

  /** Whether there are users at all. */
  get hasUsers(): boolean {
    return this.#options.users().size > 0;
  }

  /**
   * What `WWW-Authenticate` offers, one header each.
   *
   * @param isStale Whether the answer before was right but for its nonce.
   */
  challenges(isStale: boolean): string[] {
    const realm = this.#options.realm();
    const { hasDigest, hasBasic } = this.#offerOf(realm);
    const digests = OFFERED.map((algorithm) => {
      const nonce = this.#nonces.issue();
      return { realm: realm.name, nonce, algorithm, hasQop: true, opaque: undefined, isStale };
    });
    return [
      ...hasDigest ? digests.map(formatDigestChallenge) : [],
      ...hasBasic ? [`Basic realm="${realm.name.replace(/["\\]/g, "\\$&")}"`] : [],
    ];
  }

  /** Who says so in `authorization`, the value of the header. */
  async verify(authorization: string, request: HttpLoginRequest): Promise<HttpLoginVerdict> {
    const { failedLogins } = this.#options;
    if (failedLogins.isBlocked(request.address)) {
      const reason = "Too many wrong passwords came from this address; try again in a minute";
      return { isKnown: false, isStale: false, reason };
    }
    const verdict = await this.#check(authorization, request);
    const isWrong = !verdict.isKnown && !verdict.isStale;
    if (isWrong) failedLogins.note(request.address);
    return verdict;
  }

  /** A realm of Digest whose users cannot answer it takes Basic. */
  #offerOf({ scheme }: LoginRealm): { hasDigest: boolean; hasBasic: boolean } {
    const hasDigest = scheme !== "Basic" && this.#options.users().allowsDigest;
    return { hasDigest, hasBasic: scheme !== "Digest" || !hasDigest };
  }

  async #check(authorization: string, request: HttpLoginRequest): Promise<HttpLoginVerdict> {
    const realm = this.#options.realm();
    const { hasDigest, hasBasic } = this.#offerOf(realm);
    const basic = hasBasic ? parseBasicCredentials(authorization) : undefined;
    const digest = hasDigest ? parseDigestCredentials(authorization) : undefined;
    const user = basic?.user ?? digest?.user;
    if (user === undefined || realm.users?.has(user) === false) return WRONG;
    if (digest !== undefined) return this.#checkDigest(digest, { ...request, realm: realm.name });
    const isRight = await this.#options.users().verify(user, basic!.password);
    return isRight ? { isKnown: true, user } : WRONG;
  }

  #checkDigest(
    digest: DigestCredentials,
    { method, uri, realm }: HttpLoginRequest & { readonly realm: string },
  ): HttpLoginVerdict {
    const { user, nonce, algorithm, count } = digest;
    if (digest.realm !== realm || !OFFERED.includes(algorithm) || !isAbout(digest.uri, uri)) return WRONG;
    const secret = this.#options.users().digestSecret(user, { realm, algorithm });
    const response = digestResponse(secret ?? "", { method, uri: digest.uri, nonce, algorithm, count });
    if (!isSame(response, digest.response) || secret === undefined) return WRONG;
    if (!this.#nonces.isFresh(nonce)) return STALE;
    if (count !== undefined && !this.#nonces.use(nonce, Number.parseInt(count.nc, 16))) return STALE;
    return { isKnown: true, user };
  }
}

/** User and password of an `Authorization` header of scheme `Basic`: RFC 7617; `undefined` for any other. */
export function parseBasicCredentials(text: string): { user: string; password: string } | undefined {
  if (text.length > MAX_AUTH_HEADER_LENGTH) return undefined;
  const encoded = /^Basic +([\w+/=-]+)$/i.exec(text)?.[1];
  if (encoded === undefined) return undefined;
  try {
    const login = decodeUtf8(Uint8Array.fromBase64(encoded));
    const colon = login.indexOf(":");
    return colon < 0 ? undefined : { user: login.slice(0, colon), password: login.slice(colon + 1) };
  } catch {
    return undefined;
  }
}

/**
 * Whether a digest was made for this address, or one above it: clients differ in whether they name the host, the
 * query, and the track.
 */
function isAbout(digestUri: string, uri: string): boolean {
  const [path, above] = [pathOf(uri), pathOf(digestUri)];
  return path === above || above !== "" && path.startsWith(`${above}/`);
}

function pathOf(uri: string): string {
  return uri.replace(/^[a-z]+:\/\/[^/?]*/i, "").replace(/\?.*$/s, "").replace(/\/+$/, "");
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(new TextEncoder().encode(a), new TextEncoder().encode(b));
}
